/** Gateways whose clocks jumped, or are wrong: each call is counted once, in the minute that its own clock said. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestDatabase } from '../../scripts/testing/postgres.ts'
import { COUNTS_SQL, renewLease } from '../publish/fleet.ts'
import { leaseOf, newGatewayId, useTestDatabase } from '../publish/testing.ts'
import { usageQuery } from '../resources/usage/schema.ts'
import { pool } from '../server/db.ts'
import { ingest } from './ingest.ts'
import { makePartitions } from './partitions.ts'
import { queryUsage } from './query.ts'
import { inSequence, pricedEvent } from './testing.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** Berlin sets its clocks back at 01:00 and forward at 01:00 UTC. */
const WINTER_TIME = Date.UTC(2026, 9, 25, 1)
const SUMMER_TIME = Date.UTC(2026, 2, 29, 1)
let database: TestDatabase

beforeAll(async () => {
  database = await useTestDatabase()
  await makePartitions(pool, new Date())
})
afterAll(() => database.drop())

test.each([
  ['ahead and back by an hour and a day', Date.now(), [0, HOUR_MS, 0, -HOUR_MS, DAY_MS, 0, -DAY_MS, 0]],
  [
    'over the end of summer time',
    WINTER_TIME,
    [-90, -30, -1, 0, 1, 30, 59, 60, 90].map((n) => n * MINUTE_MS),
  ],
  ['over its begin', SUMMER_TIME, [-90, -30, -1, 0, 1, 30, 59, 60, 90].map((n) => n * MINUTE_MS)],
])('calls of a clock that goes %s stand in their own minute and day, and add up', async (_, base, steps) => {
  await pool.query('TRUNCATE calls, ledger_lines, rollup_minutes, rollup_quarters')
  const gatewayId = newGatewayId()
  await renewLease(pool, leaseOf(gatewayId))
  // As the journal numbers them: in the order in which they came, whatever their dates.
  const events = inSequence(
    steps.flatMap((step) =>
      [0, 20_000, 40_000].map((within) => {
        const at = base + step + within
        return pricedEvent({ inputTokens: 1_000, outputTokens: 10 }, { at })
      }),
    ),
  )
  await ingest(pool, { gatewayId, events })

  for (const [table, sizeMs] of [
    ['rollup_minutes', MINUTE_MS],
    ['rollup_quarters', 15 * MINUTE_MS],
  ] as const) {
    const expected = new Map<number, number>()
    for (const { at } of events) {
      const bucket = Math.floor(at / sizeMs) * sizeMs
      expected.set(bucket, (expected.get(bucket) ?? 0) + 1)
    }
    const { rows } = await pool.query<{ bucket: Date; requests: number }>(
      `SELECT bucket, sum(requests)::int AS requests FROM ${table} GROUP BY bucket ORDER BY bucket`,
    )
    expect(rows.map(({ bucket, requests }) => [bucket.getTime(), requests])).toEqual(
      [...expected].sort(([a], [b]) => a - b),
    )
  }

  const times = events.map(({ at }) => at)
  const from = new Date(Math.min(...times) - 2 * DAY_MS).toISOString()
  const to = new Date(Math.max(...times) + 2 * DAY_MS).toISOString()
  const report = await queryUsage(pool, usageQuery.parse({ from, to, interval: 'day' }), {
    scope: { teams: null, ownTeams: null, userId: null },
    timeZone: 'Europe/Berlin',
    now: new Date(Date.now() + 400 * DAY_MS),
  })
  expect(report.total.requests).toBe(events.length)
  expect(report.total.inputTokens).toBe(1_000 * events.length)
})

test.each([
  ['a day ahead', DAY_MS],
  ['a day behind', -DAY_MS],
  ['in 1970', -Date.now()],
])('a gateway whose clock is %s holds its lease by the clock of the database', async (_, wrongBy) => {
  const gatewayId = newGatewayId()
  await renewLease(pool, leaseOf(gatewayId, { startedAt: Math.max(0, Date.now() + wrongBy) }))
  const { rows } = await pool.query(
    `SELECT lease_until BETWEEN now() AND now() + interval '11 seconds' AS held, ${COUNTS_SQL} AS counts
     FROM gateways WHERE id = $1`,
    [gatewayId],
  )
  expect(rows).toEqual([{ held: true, counts: true }])
})
