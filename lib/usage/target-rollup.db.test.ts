import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { TestDatabase } from '../../scripts/testing/postgres.ts'
import { type Attempt, LEFT_REASONS, type UsageEvent } from '../contract/usage-event.ts'
import { newGatewayId, useTestDatabase } from '../publish/testing.ts'
import { pool } from '../server/db.ts'
import { compactRollups } from './compaction.ts'
import { DAY_MS } from './cover.ts'
import { histogramBucket } from './histogram.ts'
import { keepHouse } from './housekeeping.ts'
import { ingest } from './ingest.ts'
import { inSequence, pricedEvent } from './testing.ts'

const gatewayId = newGatewayId()
/** Two whole days that are over. */
const FROM = Math.floor(Date.now() / DAY_MS - 3) * DAY_MS
let database: TestDatabase

beforeAll(async () => {
  database = await useTestDatabase()
})
afterAll(() => database.drop())
beforeEach(() =>
  pool.query(
    `TRUNCATE calls, ledger_lines, rollup_minutes, rollup_quarters, rollup_hours, rollup_marks,
       rollup_target_minutes, rollup_target_quarters, rollup_target_days`,
  ),
)

const book = (events: readonly UsageEvent[]) => ingest(pool, { gatewayId, events: inSequence(events) })

function attemptAt(target: number, reason: string | null, more: Partial<Attempt> = {}): Attempt {
  const [ok] = pricedEvent({}).attempts
  if (!ok) throw new Error('no attempt')
  const failed = reason === null ? {} : { outcome: 'error' as const, reason, status: 500 }
  return { ...ok, providerId: `prov_${target % 2}`, model: `m${target}`, ...failed, ...more }
}

/** Answered, after as many failures as `n` says. */
function callsOf(count: number, spanMs = 2 * DAY_MS): UsageEvent[] {
  return Array.from({ length: count }, (_, n) => {
    const reasons = ['rateLimit', 'timeout', 'connection'].slice(0, n % 4)
    const failed = reasons.map((reason, index) => attemptAt(index, reason))
    const isRefused = n % 11 === 0
    const attempts = isRefused
      ? []
      : [...failed, attemptAt(failed.length, null, { latencyMs: 1 + n, firstTokenMs: n % 3 ? 7 : null })]
    return pricedEvent(
      {},
      {
        at: FROM + Math.floor((spanMs * ((n * 7_919) % count)) / count),
        routeId: n % 13 === 0 ? null : `route_${n % 3}`,
        simulated: n % 5 === 0,
        attempts,
        ...(isRefused ? { status: 429, code: 'rate_limit_exceeded' } : {}),
        ...(failed.length > 0 && !isRefused
          ? {
              degraded: {
                requested: 'm0',
                served: 'm1',
                reason: reasons.at(-1) ?? '',
                told: 'header' as const,
              },
            }
          : {}),
      },
    )
  })
}

const TOTALS = `sum(calls)::int AS calls, sum(errors)::int AS errors, sum(refused)::int AS refused,
  sum(attempts)::int AS attempts, sum(chosen_first)::int AS first,
  sum((SELECT coalesce(sum(n), 0) FROM unnest(failures) AS n))::int AS failed,
  sum((SELECT coalesce(sum(n), 0) FROM unnest(fallbacks) AS n))::int AS fallbacks,
  sum((SELECT coalesce(sum(n), 0) FROM unnest(latency) AS n))::int AS timed,
  sum((SELECT coalesce(sum(n), 0) FROM unnest(attempt_latency) AS n))::int AS answered,
  sum((SELECT coalesce(sum(n), 0) FROM unnest(attempt_first_token) AS n))::int AS begun`

async function totals(table: string, where = 'true'): Promise<Record<string, number>> {
  return (await pool.query(`SELECT ${TOTALS} FROM ${table} WHERE ${where}`)).rows[0]
}

test('each call and each attempt of a route counts once, in both rollups, however often it is sent', async () => {
  const events = callsOf(500)
  const routed = events.filter(({ routeId }) => routeId !== null)
  const attempts = routed.flatMap((event) => event.attempts)
  const expected = {
    calls: routed.length,
    errors: 0,
    refused: routed.filter(({ status }) => status === 429).length,
    attempts: attempts.length,
    first: routed.filter((event) => event.attempts.length > 0).length,
    failed: attempts.filter(({ outcome }) => outcome !== 'ok').length,
    fallbacks: routed.filter(({ degraded }) => degraded).length,
    timed: routed.filter(({ status }) => status === 200).length,
    answered: attempts.filter(({ outcome }) => outcome === 'ok').length,
    begun: attempts.filter(({ outcome, firstTokenMs }) => outcome === 'ok' && firstTokenMs !== null).length,
  }
  await Promise.all([events.slice(0, 300), events.slice(200), events.slice(100, 400)].map(book))
  await book(events)
  for (const table of ['rollup_target_minutes', 'rollup_target_quarters']) {
    expect(await totals(table)).toEqual(expected)
    expect((await totals(table, 'simulated')).calls).toBe(routed.filter(({ simulated }) => simulated).length)
  }
})

test('a failure and a fallback stand at the place of their reason, a time in its bucket', async () => {
  await book([
    pricedEvent(
      {},
      {
        at: FROM,
        latencyMs: 900,
        attempts: [
          attemptAt(0, 'slow'),
          attemptAt(1, 'of-a-later-release'),
          // As an older gateway tells it.
          attemptAt(2, null, { outcome: 'error', code: 'provider_timeout' }),
          attemptAt(3, null, { latencyMs: 40 }),
        ],
        degraded: { requested: 'm0', served: 'm3', reason: 'slow', told: 'none' },
      },
    ),
  ])
  const { rows } = await pool.query(`SELECT * FROM rollup_target_quarters ORDER BY model`)
  const placed = (counts: number[]) => counts.flatMap((n, at) => (n ? [LEFT_REASONS[at]] : []))
  expect(rows.map(({ model, failures }) => [model, ...placed(failures)])).toEqual([
    ['m0', 'slow'],
    ['m1', 'other'],
    ['m2', 'timeout'],
    ['m3'],
  ])
  expect(rows.map(({ fallbacks }) => placed(fallbacks))).toEqual([[], [], [], ['slow']])
  expect(rows.map(({ chosen_first, calls }) => [Number(chosen_first), Number(calls)])).toEqual([
    [1, 0],
    [0, 0],
    [0, 0],
    [0, 1],
  ])
  expect(rows[3].latency[histogramBucket(900)]).toBe(1)
  expect(rows[3].attempt_latency[histogramBucket(40)]).toBe(1)
})

test('days hold what their quarter-hours do, also what is booked late', async () => {
  const events = callsOf(400)
  await book(events.slice(0, 350))
  await compactRollups(pool)
  const days = () => totals('rollup_target_days')
  expect(await days()).toEqual(await totals('rollup_target_quarters'))
  await book(events)
  const { rows } = await pool.query(`SELECT 1 FROM rollup_marks WHERE grain = 'target' AND NOT exact`)
  expect(rows.length).toBeGreaterThan(0)
  await compactRollups(pool)
  expect(await days()).toEqual(await totals('rollup_target_quarters'))
})

test('minutes are kept for two days, quarter-hours for good', async () => {
  await book(callsOf(50, DAY_MS / 2))
  await keepHouse(pool, new Date())
  expect((await totals('rollup_target_minutes')).calls).toBe(null)
  expect((await totals('rollup_target_quarters')).calls).toBeGreaterThan(40)
})

test('a call counts at the target whose refusal stood, where the targets that were asked after it failed', async () => {
  const attempts = [attemptAt(0, null), attemptAt(1, 'serverError'), attemptAt(2, 'connection')]
  await book([pricedEvent({}, { at: FROM, routeId: 'route_1', attempts })])
  const { rows } = await pool.query('SELECT model, calls::int FROM rollup_target_minutes ORDER BY model')
  expect(rows).toEqual([
    { model: 'm0', calls: 1 },
    { model: 'm1', calls: 0 },
    { model: 'm2', calls: 0 },
  ])
})
