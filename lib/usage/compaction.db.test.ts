import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { TestDatabase } from '../../scripts/testing/postgres.ts'
import type { RowScope } from '../api/actor.ts'
import type { UsageEvent } from '../contract/usage-event.ts'
import { newGatewayId, useTestDatabase } from '../publish/testing.ts'
import { usageQuery } from '../resources/usage/schema.ts'
import { pool } from '../server/db.ts'
import { compactRollups } from './compaction.ts'
import { DAY_MS, HOUR_MS } from './cover.ts'
import { ingest } from './ingest.ts'
import { queryUsage } from './query.ts'
import { inSequence, pricedEvent, usageEventOf } from './testing.ts'

const ALL: RowScope = { teams: null, ownTeams: null, userId: null }
const SCOPES: RowScope[] = [
  ALL,
  { teams: ['team_1'], ownTeams: [], userId: null },
  { teams: ['team_0', 'team_2'], ownTeams: [], userId: 'user_1' },
  { teams: [], ownTeams: ['team_1'], userId: 'user_1' },
]
/** Three whole days, the last of them over for a day. */
const FROM = Math.floor(Date.now() / DAY_MS - 4) * DAY_MS
const TO = FROM + 3 * DAY_MS
const gatewayId = newGatewayId()
let database: TestDatabase

beforeAll(async () => {
  database = await useTestDatabase()
})
afterAll(() => database.drop())
beforeEach(() =>
  pool.query(
    `TRUNCATE calls, ledger_lines, rollup_minutes, rollup_quarters, rollup_hours, rollup_shifted_hours, rollup_days,
       rollup_marks, rollup_spent, rollup_spent_days`,
  ),
)

const book = (events: UsageEvent[]) => ingest(pool, { gatewayId, events: inSequence(events) })

function callsOfThreeDays(count: number): UsageEvent[] {
  return Array.from({ length: count }, (_, n) =>
    pricedEvent(
      { inputTokens: 10 + (n % 700), outputTokens: n % 90 },
      {
        at: FROM + Math.floor(((TO - FROM) * ((n * 7_919) % count)) / count),
        teamId: n % 7 === 6 ? null : `team_${n % 3}`,
        consumerId: n % 7 === 6 ? null : `cons_${(n % 3) + 3 * (n % 2)}`,
        keyId: `key_${n % 11}`,
        route: `route-${n % 130}`,
        latencyMs: 1 + ((n * 31) % 100_000),
        firstTokenMs: n % 4 === 0 ? null : 5 + (n % 900),
        simulated: n % 13 === 0,
        status: n % 17 === 0 ? 502 : 200,
      },
    ),
  )
}

/** Whatever is asked of these days, by everybody. */
async function everyAnswer(): Promise<unknown[]> {
  const range = { from: new Date(FROM).toISOString(), to: new Date(TO).toISOString() }
  const odd = {
    from: new Date(FROM + 5 * HOUR_MS).toISOString(),
    to: new Date(TO - 100 * 60_000).toISOString(),
  }
  const answers: unknown[] = []
  for (const scope of SCOPES) {
    for (const groupBy of [
      '',
      'team',
      'consumer',
      'route',
      'provider',
      'model',
      'kind',
      'key',
      'team,route',
      'route,model',
    ]) {
      for (const more of [
        { ...range, interval: 'month' },
        { ...odd, interval: 'day', timeZone: 'Asia/Kolkata' },
        { ...range, interval: 'hour', top: '5', simulated: 'include' },
        { ...range, interval: 'hour', top: '3', timeZone: 'Asia/Kolkata' },
        { ...range, interval: 'day', teamId: 'team_1' },
        { ...odd, interval: 'day', route: 'route-7', simulated: 'only' },
        { ...range, interval: 'day', consumerId: 'cons_1' },
      ]) {
        const query = usageQuery.parse({ ...more, ...(groupBy ? { groupBy } : {}) })
        answers.push(await queryUsage(pool, query, { scope, timeZone: 'UTC', now: new Date() }))
      }
    }
  }
  return answers
}

async function compactAll(): Promise<void> {
  while ((await compactRollups(pool)) > 0);
}

test('summed by hours and days, every answer is what it was, and the quarter-hours are not read for it', async () => {
  await book(callsOfThreeDays(900))
  const before = await everyAnswer()
  await compactAll()
  expect((await pool.query('SELECT 1 FROM rollup_days')).rows.length).toBeGreaterThan(100)
  expect(await everyAnswer()).toEqual(before)

  await pool.query('TRUNCATE rollup_quarters')
  const range = { from: new Date(FROM).toISOString(), to: new Date(TO).toISOString(), interval: 'hour' }
  for (const groupBy of ['', 'team', 'consumer', 'route', 'provider', 'model', 'kind', 'team,route']) {
    const query = usageQuery.parse({ ...range, ...(groupBy ? { groupBy } : {}), simulated: 'include' })
    const report = await queryUsage(pool, query, { scope: ALL, timeZone: 'UTC', now: new Date() })
    expect([groupBy, report.total.requests]).toEqual([groupBy, 900])
  }

  await pool.query('TRUNCATE rollup_hours')
  const half = 30 * 60_000
  const shifted = { from: new Date(FROM + half).toISOString(), to: new Date(TO - half).toISOString() }
  for (const interval of ['hour', 'day']) {
    for (const groupBy of ['', 'team', 'route', 'provider', 'model', 'kind']) {
      const query = usageQuery.parse({
        ...shifted,
        interval,
        timeZone: 'Asia/Kolkata',
        simulated: 'include',
        ...(groupBy ? { groupBy } : {}),
      })
      const report = await queryUsage(pool, query, { scope: ALL, timeZone: 'UTC', now: new Date() })
      const { rows } = await pool.query<{ requests: number }>(
        'SELECT count(*)::int AS requests FROM calls WHERE at >= $1 AND at < $2',
        [shifted.from, shifted.to],
      )
      expect([interval, groupBy, report.total.requests]).toEqual([interval, groupBy, rows[0]?.requests])
    }
  }
}, 60_000)

test('what is booked late counts at once, and still after the next summing', async () => {
  await book(callsOfThreeDays(100))
  await compactAll()
  const query = usageQuery.parse({
    from: new Date(FROM).toISOString(),
    to: new Date(TO).toISOString(),
    interval: 'day',
  })
  const requests = async () =>
    (
      await queryUsage(
        pool,
        { ...query, simulated: 'include' },
        { scope: ALL, timeZone: 'UTC', now: new Date() },
      )
    ).total.requests
  expect(await requests()).toBe(100)
  await book([usageEventOf({ at: FROM + 30 * HOUR_MS }), usageEventOf({ at: FROM + 31 * HOUR_MS })])
  expect(await requests()).toBe(102)
  await compactAll()
  expect(await requests()).toBe(102)
  const { rows } = await pool.query(
    'SELECT grain, count(*)::int FROM rollup_marks WHERE NOT exact GROUP BY 1',
  )
  expect(rows).toEqual([])
})

test('bookings and summings at once lose nothing and leave no mark that is wrong', async () => {
  const events = callsOfThreeDays(1_200)
  const batches = Array.from({ length: 24 }, (_, n) => events.slice(n * 50, n * 50 + 50))
  const bookAll = async () => {
    for (let batch = batches.shift(); batch; batch = batches.shift()) await book(batch)
  }
  await book(events.slice(0, 1))
  let done = false
  const sumAll = async () => {
    while (!done) await compactRollups(pool)
  }
  const summing = [sumAll(), sumAll()]
  await Promise.all([bookAll(), bookAll(), bookAll()])
  done = true
  await Promise.all(summing)
  await compactAll()
  const { rows } = await pool.query(`SELECT
    (SELECT sum(requests)::int FROM rollup_quarters) AS quarters,
    (SELECT sum(requests)::int FROM rollup_hours WHERE dimension = 'all') AS hours,
    (SELECT sum(requests)::int FROM rollup_days WHERE dimension = 'all') AS days,
    (SELECT sum(requests)::int FROM rollup_days WHERE dimension = 'route' AND team_id <> '*') AS routes`)
  expect(rows).toEqual([{ quarters: 1_200, hours: 1_200, days: 1_200, routes: 1_200 }])
}, 60_000)

test('an hour that may still be booked into is not summed', async () => {
  await book([usageEventOf({ at: Date.now() }), usageEventOf({ at: Date.now() - HOUR_MS })])
  await compactAll()
  const { rows } = await pool.query(
    `SELECT 1 FROM rollup_marks WHERE exact AND bucket + interval '1 hour' > now() - interval '9 minutes'`,
  )
  expect(rows).toEqual([])
})
