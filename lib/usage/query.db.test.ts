import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestDatabase } from '../../scripts/testing/postgres.ts'
import type { RowScope } from '../api/actor.ts'
import { formatUsd, parseUsd } from '../contract/money.ts'
import type { UsageEvent } from '../contract/usage-event.ts'
import { newGatewayId, useTestDatabase } from '../publish/testing.ts'
import { usageQuery } from '../resources/usage/schema.ts'
import { db, pool } from '../server/db.ts'
import { ingest } from './ingest.ts'
import { queryUsage } from './query.ts'
import { inSequence, pricedEvent, usageEventOf } from './testing.ts'

const ALL: RowScope = { teams: null, ownTeams: null, userId: null }
const DAY_MS = 86_400_000
/** Long past, so that rollups of minutes play no part, save where a test says another time. */
const LATER = new Date('2026-12-31T00:00:00Z')
let database: TestDatabase

beforeAll(async () => {
  database = await useTestDatabase()
})
afterAll(() => database.drop())

function report(query: Record<string, string>, more: { scope?: RowScope; now?: Date } = {}) {
  return queryUsage(pool, usageQuery.parse(query), { scope: ALL, timeZone: 'UTC', now: LATER, ...more })
}

async function book(events: UsageEvent[]): Promise<void> {
  await pool.query('TRUNCATE calls, ledger_lines, rollup_minutes, rollup_quarters')
  for (let at = 0; at < events.length; at += 1_000) {
    await ingest(pool, { gatewayId: newGatewayId(), events: inSequence(events.slice(at, at + 1_000)) })
  }
}

/** One call every 37 minutes from `from` to `to`, each of another cost. */
function callsBetween(from: string, to: string): UsageEvent[] {
  const events: UsageEvent[] = []
  for (let at = Date.parse(from); at < Date.parse(to); at += 37 * 60_000) {
    const n = events.length
    events.push(
      pricedEvent(
        { inputTokens: 1 + n, outputTokens: 3 * n },
        { at, teamId: `team_${n % 3}`, route: `r${n % 2}`, keyId: `key_${n % 5}` },
      ),
    )
  }
  return events
}

test.each([
  ['UTC', '2026-03-01T00:00:00Z', '2026-04-01T00:00:00Z'],
  ['Asia/Kolkata', '2026-02-28T18:30:00Z', '2026-03-31T18:30:00Z'],
  ['America/Los_Angeles', '2026-03-01T08:00:00Z', '2026-04-01T07:00:00Z'],
  ['America/Los_Angeles', '2026-10-20T07:00:00Z', '2026-11-20T08:00:00Z'],
])('in %s from %s the single days add up to the range, and to the books', async (timeZone, from, to) => {
  const events = callsBetween(
    new Date(Date.parse(from) - 2 * DAY_MS).toISOString(),
    new Date(Date.parse(to) + 2 * DAY_MS).toISOString(),
  )
  await book(events)
  const whole = await report({ from, to, interval: 'day', timeZone })
  const inRange = events.filter((event) => event.at >= Date.parse(from) && event.at < Date.parse(to))
  const cost = inRange.reduce((sum, event) => sum + BigInt(event.costPicoUsd ?? 0), 0n)
  expect(whole.total.costUsd).toBe(formatUsd(cost))
  expect(whole.total.requests).toBe(inRange.length)
  expect(whole.buckets).toHaveLength(31)

  let sum = 0n
  let requests = 0
  for (const [index, start] of whole.buckets.entries()) {
    const day = await report({ from: start, to: whole.buckets[index + 1] ?? to, interval: 'hour', timeZone })
    expect(day.total.costUsd).toBe(whole.series[0]?.values[index]?.costUsd)
    sum += parseUsd(day.total.costUsd)
    requests += day.total.requests
  }
  expect(formatUsd(sum)).toBe(whole.total.costUsd)
  expect(requests).toBe(whole.total.requests)
  const months = await report({ from, to, interval: 'month', timeZone })
  expect(months.total).toEqual(whole.total)
})

test('edges between quarter-hours are exact while minutes are kept, and widened openly before', async () => {
  const now = new Date('2026-06-10T12:00:00Z')
  const at = (time: string) => Date.parse(`2026-06-10T${time}Z`)
  await book(
    ['09:06:59', '09:07:00', '09:14:00', '09:20:00', '10:02:59', '10:03:00', '10:14:59'].map((time) =>
      usageEventOf({ at: at(time) }),
    ),
  )
  const range = { from: '2026-06-10T09:07:00Z', to: '2026-06-10T10:03:00Z', interval: 'hour' }
  const exact = await report(range, { now })
  expect([exact.from, exact.to, exact.total.requests]).toEqual([
    '2026-06-10T09:07:00.000Z',
    '2026-06-10T10:03:00.000Z',
    4,
  ])
  const inside = await report({ ...range, from: '2026-06-10T09:07:00Z', to: '2026-06-10T09:14:00Z' }, { now })
  expect(inside.total.requests).toBe(1)
  const old = await report(range)
  expect([old.from, old.to, old.total.requests]).toEqual([
    '2026-06-10T09:00:00.000Z',
    '2026-06-10T10:15:00.000Z',
    7,
  ])
  const minutes = await report(
    { from: '2026-06-10T09:06:00Z', to: '2026-06-10T09:10:00Z', interval: 'minute' },
    { now },
  )
  expect(minutes.series[0]?.values.map((value) => value.requests)).toEqual([1, 1, 0, 0])
})

test('groups carry names, empty intervals, and the costliest first; what is beyond the top is one series', async () => {
  await db.team.create({ data: { id: 'team_1', name: 'Search' } })
  const at = Date.parse('2026-05-01T10:00:00Z')
  const events = Array.from({ length: 130 }, (_, n) =>
    pricedEvent(
      { inputTokens: 1_000 * (n + 1) },
      { at, keyId: `key_${n}`, teamId: n === 129 ? 'team_1' : null },
    ),
  )
  await book(events)
  const range = { from: '2026-05-01T09:00:00Z', to: '2026-05-01T12:00:00Z', interval: 'hour' }
  const byTeam = await report({ ...range, groupBy: 'team,route' })
  expect(byTeam.series.map((series) => [series.key, series.label, series.total.requests])).toEqual([
    [{ team: null, route: 'gpt-4o' }, { team: null, route: 'gpt-4o' }, 129],
    [{ team: 'team_1', route: 'gpt-4o' }, { team: 'Search', route: 'gpt-4o' }, 1],
  ])
  expect(byTeam.series[0]?.values.map((value) => value.requests)).toEqual([0, 129, 0])
  const byKey = await report({ ...range, groupBy: 'key' })
  expect(byKey.series).toHaveLength(101)
  expect(byKey.series[0]?.key).toEqual({ key: 'key_129' })
  expect(byKey.series.at(-1)).toMatchObject({ others: 30, key: { key: null }, total: { requests: 30 } })
  expect(byKey.total).toEqual(byTeam.total)
})

test('simulated calls stay outside unless asked for; unpriced ones are counted and not $0', async () => {
  const at = Date.parse('2026-05-01T10:00:00Z')
  await book([
    pricedEvent({ inputTokens: 1_000_000 }, { at }),
    pricedEvent({ inputTokens: 1_000_000 }, { at, simulated: true }),
    usageEventOf({ at, costPicoUsd: null, unpriced: true }),
  ])
  const range = { from: '2026-05-01T00:00:00Z', to: '2026-05-02T00:00:00Z', interval: 'day' }
  const plain = (await report(range)).total
  expect([plain.requests, plain.costUsd, plain.unpricedRequests]).toEqual([2, '2.5', 1])
  expect((await report({ ...range, simulated: 'include' })).total.costUsd).toBe('5')
  expect((await report({ ...range, simulated: 'only' })).total.requests).toBe(1)
})

test('everybody sees the teams they may, and developers the calls of their own keys', async () => {
  await db.user.create({ data: { id: 'user_d', email: 'd@example.com', name: 'D' } })
  await db.team.createMany({
    data: [
      { id: 'team_x', name: 'X' },
      { id: 'team_y', name: 'Y' },
    ],
  })
  await db.consumer.create({ data: { id: 'cons_x', name: 'x', teamId: 'team_x' } })
  const key = { hash: 'h', prefix: 'gh_x', last4: 'abcd' }
  await db.apiKey.create({ data: { id: 'key_d', name: 'd', consumerId: 'cons_x', userId: 'user_d', ...key } })
  const at = Date.parse('2026-05-01T10:00:00Z')
  await book([
    usageEventOf({ at, teamId: 'team_x', keyId: 'key_d' }),
    usageEventOf({ at, teamId: 'team_x', keyId: 'key_other' }),
    usageEventOf({ at, teamId: 'team_y', keyId: 'key_other' }),
    usageEventOf({ at, teamId: null, keyId: null }),
  ])
  const range = { from: '2026-05-01T00:00:00Z', to: '2026-05-02T00:00:00Z', interval: 'day' }
  const seen = async (scope: RowScope) => (await report(range, { scope })).total.requests
  expect(await seen(ALL)).toBe(4)
  expect(await seen({ teams: ['team_y'], ownTeams: [], userId: 'user_d' })).toBe(1)
  expect(await seen({ teams: [], ownTeams: ['team_x'], userId: 'user_d' })).toBe(1)
  expect(await seen({ teams: ['team_y'], ownTeams: null, userId: 'user_d' })).toBe(2)
  expect(await seen({ teams: [], ownTeams: [], userId: 'user_d' })).toBe(0)
  expect(await seen({ teams: [], ownTeams: null, userId: null })).toBe(0)
})

test('latency is told from histograms: the bound of the bucket, and refusals left out', async () => {
  const at = Date.parse('2026-05-01T10:00:00Z')
  await book([
    ...Array.from({ length: 95 }, () => usageEventOf({ at, latencyMs: 100, firstTokenMs: 40 })),
    ...Array.from({ length: 5 }, () => usageEventOf({ at, latencyMs: 30_000, firstTokenMs: null })),
    usageEventOf({ at, latencyMs: 0, status: 429, code: 'rate_limit_exceeded' }),
  ])
  const { total } = await report({
    from: '2026-05-01T00:00:00Z',
    to: '2026-05-02T00:00:00Z',
    interval: 'day',
  })
  expect(total).toMatchObject({
    requests: 101,
    refused: 1,
    errors: 0,
    latencyP50Ms: 128,
    latencyP95Ms: 128,
    firstTokenP95Ms: 45,
  })
})

test.each([
  [{ groupBy: 'team,consumer,key,route,model' }, 'groupBy'],
  [{ groupBy: 'team,team' }, 'groupBy'],
  [{ groupBy: 'colour' }, 'groupBy'],
  [{ timeZone: 'Mars/Olympus' }, 'timeZone'],
  [{ from: '2026-05-02T00:00:00Z', to: '2026-05-02T00:00:00Z' }, 'from'],
  [{ interval: 'minute', from: '2026-05-02T00:00:00Z', to: '2026-05-02T01:00:00Z' }, 'from'],
  [{ interval: 'hour', from: '2020-05-02T00:00:00Z', to: '2026-05-02T01:00:00Z' }, 'interval'],
])('%j is refused with its path', async (query, path) => {
  await expect(report(query as Record<string, string>)).rejects.toMatchObject({
    status: 400,
    errors: [{ path }],
  })
})
