/** Every metric for every scope, one named and each separately. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { limitMetric, type PolicyScope } from '../lib/contract/policy.ts'
import { costBound } from './limits/cost-bound.ts'
import { limitKey } from './limits/policing.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import { TEST_CONSUMER, TEST_PRICING, TEST_TEAM, testRoute } from './testing/memory-configuration.ts'
import { testLimit } from './testing/policies.ts'

let gateway: GatewayUnderTest
beforeAll(async () => {
  gateway = await startGatewayUnderTest()
})
afterAll(() => gateway.close())

const OUTPUT = 50
const BODY = { model: 'chat', max_tokens: OUTPUT, ...HELLO }
const BYTES = JSON.stringify(BODY).length
/** What one call is held at: it takes less, and the next one no longer fits. */
const AMOUNTS = {
  requests: 1n,
  concurrency: 1n,
  tokens: BigInt(BYTES + OUTPUT),
  inputTokens: BigInt(BYTES),
  outputTokens: BigInt(OUTPUT),
  costUsd: costBound(TEST_PRICING, null, { inputTokens: BYTES, outputTokens: OUTPUT, timeMs: 0 }),
}
const SUBJECTS = {
  organization: '',
  team: TEST_TEAM.id,
  consumer: TEST_CONSUMER.id,
  key: 'key_1',
  user: 'ada',
  route: 'route_chat',
  model: 'model of this case',
  provider: 'provider_a',
  tag: 'env=prod',
} as const
type Type = keyof typeof SUBJECTS

const CASES = limitMetric.options.flatMap((metric) =>
  (Object.keys(SUBJECTS) as Type[]).flatMap((type) =>
    (type === 'organization' ? [false] : [false, true]).map((each) => ({ metric, type, each })),
  ),
)

let serial = 0
it.each(CASES)('$metric of $type, each separately: $each', async ({ metric, type, each }) => {
  serial += 1
  // Of its own model, so that nothing is learned of it yet.
  const model = `model-${serial}`
  const subject = type === 'model' ? model : SUBJECTS[type]
  const scope = (id: string): PolicyScope => ({ type, id: each || id === '' ? null : id, each })
  const limit = testLimit({
    id: `limit_${serial}`,
    metric,
    limit: AMOUNTS[metric].toString(),
    scope: scope(subject),
  })
  const elsewhere = { ...limit, id: `limit_${serial}_elsewhere`, scope: { type, id: 'another', each: false } }
  gateway.configure({
    policies: type === 'organization' ? [limit] : [limit, elsewhere],
    routes: [testRoute({ name: 'chat', targets: [{ providerId: 'provider_a', model }] })],
  })
  const abort = new AbortController()
  const ask = (stream: boolean) =>
    gateway.post(stream ? { ...BODY, stream } : BODY, {
      headers: { 'x-gatehouse-user': 'ada', 'x-gatehouse-tags': 'env=prod' },
      signal: abort.signal,
    })
  const used = (of: typeof limit, subjectOf: string) =>
    gateway.policing.counters.used(limitKey(of, subjectOf), 60_000).used

  gateway.a.script([], metric === 'concurrency' ? { hang: true } : {})
  const before = gateway.a.served.length
  const first = ask(false).then(
    (answer) => answer.status,
    () => 'aborted',
  )
  if (metric === 'concurrency') await until(() => gateway.a.served.length > before)
  else expect(await first).toBe(200)
  const refused = await ask(false)
  expect(refused.status).toBe(429)
  expect(await refused.json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } })
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(gateway.a.served.length).toBe(before + 1)
  expect(used(limit, subject)).toBeGreaterThan(0n)
  expect(used(limit, 'another')).toBe(0n)
  expect(used(elsewhere, 'another')).toBe(0n)
  expect(used(elsewhere, subject)).toBe(0n)
  abort.abort()
  await first
  gateway.a.script([])
})
