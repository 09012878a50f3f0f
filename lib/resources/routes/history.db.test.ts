import { beforeAll, beforeEach, expect, test } from 'vitest'
import { type Call, makeUser, startTestApi } from '../../api/testing.ts'
import { unique } from '../../api/testing-cases.ts'
import type { Attempt, UsageEvent } from '../../contract/usage-event.ts'
import { newGatewayId } from '../../publish/testing.ts'
import { pool } from '../../server/db.ts'
import { compactRollups } from '../../usage/compaction.ts'
import { ingest } from '../../usage/ingest.ts'
import { inSequence, pricedEvent } from '../../usage/testing.ts'
import type { TargetHistory } from './history-schema.ts'

const HOUR_MS = 3_600_000
/** Midnight (UTC), three days ago. */
const FROM = Math.floor(Date.now() / (24 * HOUR_MS) - 3) * 24 * HOUR_MS
let call: Call
let token: string
let routeId: string
const providerIds: string[] = []

beforeAll(async () => {
  ;({ call } = await startTestApi())
  token = (await makeUser({ role: 'owner' })).token
  const made = async (path: string, body: unknown) =>
    (await call('POST', path, { token, body })).body.id as string
  for (const name of ['First', 'Second']) {
    providerIds.push(await made('/providers', { name: unique(name), kind: 'sandbox' }))
  }
  const targets = providerIds.map((providerId, priority) => ({ providerId, model: `m${priority}`, priority }))
  routeId = await made('/routes', { name: unique('r'), targets })
})
beforeEach(() =>
  pool.query(
    `TRUNCATE calls, ledger_lines, rollup_minutes, rollup_quarters, rollup_marks, rollup_target_minutes,
       rollup_target_quarters, rollup_target_days`,
  ),
)

const book = (events: UsageEvent[]) => ingest(pool, { gatewayId: newGatewayId(), events: inSequence(events) })
async function read(path: string, query: Record<string, string> = {}): Promise<TargetHistory> {
  const { status, body } = await call('GET', `${path}/history?${new URLSearchParams(query)}`, { token })
  expect(status).toBe(200)
  return body as TargetHistory
}
const ofDays = (days: number, more: Record<string, string> = {}) => ({
  from: new Date(FROM).toISOString(),
  to: new Date(FROM + days * 24 * HOUR_MS).toISOString(),
  ...more,
})

function attempt(target: 0 | 1, more: Partial<Attempt> = {}): Attempt {
  const [ok] = pricedEvent({}).attempts
  if (!ok) throw new Error('no attempt')
  return { ...ok, providerId: providerIds[target] ?? '', model: `m${target}`, latencyMs: 400, ...more }
}
const plain = (at: number, more: Partial<UsageEvent> = {}) =>
  pricedEvent({}, { at, routeId, attempts: [attempt(0)], latencyMs: 400, ...more })
const fallback = (at: number, more: Partial<UsageEvent> = {}) =>
  plain(at, {
    attempts: [attempt(0, { outcome: 'error', reason: 'timeout', latencyMs: 3_000 }), attempt(1)],
    latencyMs: 3_500,
    degraded: { requested: 'm0', served: 'm1', reason: 'timeout', told: 'header' },
    ...more,
  })

test('a route tells its calls, its targets and its fallbacks by the interval', async () => {
  await book([
    plain(FROM + HOUR_MS),
    plain(FROM + HOUR_MS),
    fallback(FROM + 5 * HOUR_MS),
    plain(FROM + 5 * HOUR_MS, { attempts: [], status: 429, code: 'rate_limit_exceeded' }),
    plain(FROM + 5 * HOUR_MS, { routeId: 'route_elsewhere' }),
    plain(FROM + 5 * HOUR_MS, { simulated: true }),
  ])
  const history = await read(`/routes/${routeId}`, ofDays(1, { interval: 'hour' }))
  expect([history.buckets.length, history.values.length]).toEqual([24, 24])
  expect(history.total).toMatchObject({
    calls: 4,
    errors: 0,
    refused: 1,
    attempts: 4,
    failures: { timeout: 1 },
    fallbacks: { timeout: 1 },
    latencyP50Ms: 512,
    latencyP95Ms: 4_096,
  })
  expect(history.values[5]).toMatchObject({ calls: 2, attempts: 2, failures: { timeout: 1 } })
  expect(history.values[2]).toMatchObject({ calls: 0, failures: {}, latencyP50Ms: null })
  expect(history.targets).toMatchObject([
    {
      providerId: providerIds[0],
      model: 'm0',
      total: { attempts: 3, chosenFirst: 3, calls: 2, fallbacks: {} },
    },
    {
      providerId: providerIds[1],
      providerName: expect.stringContaining('Second'),
      model: 'm1',
      total: {
        attempts: 1,
        chosenFirst: 0,
        calls: 1,
        failures: {},
        fallbacks: { timeout: 1 },
        attemptP95Ms: 512,
      },
    },
  ])
  const simulated = await read(`/routes/${routeId}`, ofDays(1, { simulated: 'only' }))
  expect(simulated.total.calls).toBe(1)
})

test('a provider tells its models over all routes', async () => {
  await book([plain(FROM), plain(FROM, { routeId: 'route_elsewhere' }), fallback(FROM + HOUR_MS)])
  const history = await read(`/providers/${providerIds[0]}`, ofDays(1))
  expect(history.total).toMatchObject({ attempts: 3, failures: { timeout: 1 }, calls: 2 })
  expect(history.targets.map(({ model }) => model)).toEqual(['m0'])
  expect((await read(`/providers/${providerIds[1]}`, ofDays(1))).total).toMatchObject({
    attempts: 1,
    calls: 1,
  })
})

test('it answers the same from days that are summed, in any zone, and of the last minutes', async () => {
  const events = Array.from({ length: 200 }, (_, n) =>
    (n % 3 ? plain : fallback)(FROM + Math.floor((n * 48 * HOUR_MS) / 200)),
  )
  await book([...events, plain(Date.now() - 60_000)])
  const asked = [
    ofDays(2, { interval: 'day' }),
    ofDays(2, { interval: 'hour' }),
    ofDays(2, { interval: 'day', timeZone: 'Asia/Kathmandu' }),
    { ...ofDays(3), to: new Date().toISOString(), interval: 'month' },
    { interval: 'minute' },
  ]
  const answers = () => Promise.all(asked.map((query) => read(`/routes/${routeId}`, query)))
  const before = await answers()
  expect(before.map(({ total }) => total.calls)).toEqual([200, 200, 200, 201, 1])
  await compactRollups(pool)
  // From here on a quarter-hour that a day holds is not read.
  await pool.query(`DELETE FROM rollup_target_quarters WHERE bucket < $1`, [
    new Date(FROM + 24 * HOUR_MS).toISOString(),
  ])
  const after = await answers()
  expect(after[0]?.values).toEqual(before[0]?.values)
  expect(after[3]?.total).toEqual(before[3]?.total)
  expect(after[4]?.values).toEqual(before[4]?.values)
})

test('it says who changed the route when, and what of it', async () => {
  await call('PATCH', `/routes/${routeId}`, { token, body: { retries: { attempts: 1 }, maxOutputTokens: 7 } })
  await call('PATCH', `/providers/${providerIds[0]}`, { token, body: { name: unique('renamed') } })
  const { changes } = await read(`/routes/${routeId}`)
  expect(changes).toMatchObject([
    { op: 'create', members: [] },
    { op: 'update', members: ['maxOutputTokens', 'retries'], actorName: expect.any(String) },
  ])
  expect(changes[1]?.revision).toBeGreaterThan(changes[0]?.revision ?? 0)
  expect((await read(`/routes/${routeId}`, ofDays(2))).changes).toEqual([])
  expect((await read(`/providers/${providerIds[0]}`)).changes.at(-1)).toMatchObject({ members: ['name'] })
})

test('a range that can not be is refused, and an unknown route is not there', async () => {
  const refused = async (path: string) => (await call('GET', path, { token })).body
  expect((await refused(`/routes/${routeId}/history?from=2030-01-01T00:00:00Z`)).errors).toEqual([
    expect.objectContaining({ path: 'from' }),
  ])
  expect((await refused(`/routes/${routeId}/history?timeZone=Nowhere`)).errors).toEqual([
    expect.objectContaining({ path: 'timeZone' }),
  ])
  for (const path of ['/routes/route_none/history', '/providers/prov_none/history']) {
    expect((await call('GET', path, { token })).status).toBe(404)
  }
})
