import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { TestDatabase } from '../../scripts/testing/postgres.ts'
import { isOfTarget, type PolicyScope, type ScopeType, subjectsOf } from '../contract/policy.ts'
import type { UsageEvent } from '../contract/usage-event.ts'
import { newGatewayId, useTestDatabase } from '../publish/testing.ts'
import { pool } from '../server/db.ts'
import { compactRollups } from './compaction.ts'
import { DAY_MS, HOUR_MS } from './cover.ts'
import { ingest } from './ingest.ts'
import { type SpentRange, spentBySubject } from './spent.ts'
import { inSequence, pricedEvent } from './testing.ts'

const FROM = Math.floor(Date.now() / DAY_MS - 5) * DAY_MS
const TO = FROM + 3 * DAY_MS
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

const book = (events: UsageEvent[]) => ingest(pool, { gatewayId: newGatewayId(), events: inSequence(events) })

/** Some fell over to a second target, some were cut by a crash, some are simulated. */
function callsOfThreeDays(count: number): UsageEvent[] {
  return Array.from({ length: count }, (_, n) => {
    const event = pricedEvent(
      { inputTokens: 10 + (n % 700), outputTokens: n % 90 },
      {
        at: FROM + Math.floor(((TO - FROM) * ((n * 7_919) % count)) / count),
        teamId: n % 7 === 6 ? null : `team_${n % 3}`,
        consumerId: n % 7 === 6 ? null : `cons_${n % 5}`,
        keyId: n % 7 === 6 ? null : `key_${n % 11}`,
        routeId: `route_${n % 13}`,
        endUser: n % 2 === 0 ? null : `somebody-${n % 9}`,
        tags: n % 3 === 0 ? {} : { env: n % 2 === 0 ? 'prod' : 'dev', n: String(n % 4) },
        simulated: n % 17 === 0,
      },
    )
    const [attempt] = event.attempts
    if (!attempt) return event
    if (n % 19 === 0) {
      const cut = { ...attempt, outcome: 'unknown', costPicoUsd: null } as const
      return {
        ...event,
        status: 502,
        code: 'provider_error',
        costPicoUsd: null,
        lines: [],
        attempts: [cut],
        reservedPicoUsd: String(1_000 + n),
      }
    }
    if (n % 5 !== 0) return event
    const other = { ...attempt, model: 'other-model', providerId: `prov_${n % 4}` }
    const costPicoUsd = (2n * BigInt(event.costPicoUsd ?? '0')).toString()
    const lines = [...event.lines, ...event.lines.map((line) => ({ ...line, attempt: 1 }))]
    return { ...event, costPicoUsd, lines, attempts: [attempt, other] }
  })
}

/** As a gateway counts. */
function countedBy(events: readonly UsageEvent[], { scope, startMs, endMs }: SpentRange) {
  const sums = new Map<string, [bigint, bigint]>()
  const add = (subject: string, spent: bigint, held: bigint) => {
    const [before, heldBefore] = sums.get(subject) ?? [0n, 0n]
    sums.set(subject, [before + spent, heldBefore + held])
  }
  for (const event of events) {
    if (event.simulated || event.at < startMs || (endMs !== null && event.at >= endMs)) continue
    for (const { providerId, model, costPicoUsd } of event.attempts) {
      for (const subject of subjectsOf(scope, { ...event, providerId, model }))
        add(subject, BigInt(costPicoUsd ?? '0'), 0n)
    }
    if (isOfTarget(scope) || event.reservedPicoUsd === null) continue
    for (const subject of subjectsOf(scope, { ...event, providerId: null, model: null }))
      add(subject, 0n, BigInt(event.reservedPicoUsd))
  }
  return [...sums].filter(([, [spent, held]]) => spent + held > 0n).sort()
}

const SUBJECTS: Partial<Record<ScopeType, string>> = {
  organization: '',
  team: 'team_1',
  consumer: 'cons_2',
  key: 'key_3',
  user: 'somebody-5',
  route: 'route_4',
  model: 'other-model',
  provider: 'prov_0',
  tag: 'env=prod',
}
const PERIODS: Omit<SpentRange, 'scope'>[] = [
  { startMs: 0, endMs: null },
  { startMs: FROM, endMs: TO },
  { startMs: FROM + 5.5 * HOUR_MS, endMs: FROM + 53.75 * HOUR_MS },
  { startMs: FROM + 30 * HOUR_MS, endMs: FROM + 31 * HOUR_MS },
  { startMs: TO + DAY_MS, endMs: TO + 2 * DAY_MS },
]
const RANGES: SpentRange[] = Object.entries(SUBJECTS).flatMap(([type, id]) =>
  PERIODS.flatMap((period) =>
    [{ type, id, each: false } as PolicyScope, { type, id: null, each: true } as PolicyScope]
      .filter(({ each }) => type !== 'organization' || !each)
      .map((scope) => ({ scope, ...period })),
  ),
)

test('every scope has spent in every period what a gateway counts, before and after the summing', async () => {
  const events = callsOfThreeDays(900)
  await book(events)
  const expected = RANGES.map((range) => countedBy(events, range))
  const found = async () =>
    (await spentBySubject(pool, RANGES)).map((rows) =>
      rows.map(({ subject, spent, held }) => [subject, [spent, held]]).sort(),
    )
  expect(expected.filter((rows) => rows.length > 0).length).toBeGreaterThan(60)
  expect(await found()).toEqual(expected)
  while ((await compactRollups(pool)) > 0);
  expect(await found()).toEqual(expected)
  // What is summed by days is read from there.
  await pool.query('TRUNCATE rollup_hours, rollup_spent')
  for (const scope of [
    { type: 'organization', id: null, each: false },
    { type: 'team', id: null, each: true },
    { type: 'route', id: 'route_4', each: false },
    { type: 'tag', id: null, each: true },
  ] satisfies PolicyScope[]) {
    const range = { scope, startMs: FROM, endMs: TO }
    const [rows = []] = await spentBySubject(pool, [range])
    expect(rows.map(({ subject, spent, held }) => [subject, [spent, held]]).sort()).toEqual(
      countedBy(events, range),
    )
  }
}, 60_000)

test('a batch that comes twice is charged once, and nothing booked is nothing spent', async () => {
  const scope: PolicyScope = { type: 'route', id: null, each: true }
  expect(await spentBySubject(pool, [{ scope, startMs: 0, endMs: null }])).toEqual([[]])
  expect(await spentBySubject(pool, [])).toEqual([])
  const events = callsOfThreeDays(50)
  await book(events)
  const once = await spentBySubject(pool, [{ scope, startMs: 0, endMs: null }])
  await book(events)
  expect(await spentBySubject(pool, [{ scope, startMs: 0, endMs: null }])).toEqual(once)
  expect(once[0]?.length).toBe(13)
})
