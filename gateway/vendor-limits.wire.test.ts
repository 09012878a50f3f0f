/** What a vendor allows is kept before it has to refuse: by the limits set on its provider, and by what it says itself. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { ProviderLimit } from '../lib/contract/entities.ts'
import { vendorLimitsOf } from './limits/applicable.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import { testProvider, testRoute } from './testing/memory-configuration.ts'

let gateway: GatewayUnderTest

beforeAll(async () => {
  gateway = await startGatewayUnderTest()
})
afterAll(() => gateway.close())
afterEach(async () => {
  await until(() => gateway.listener.inFlight() === 0)
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
  for (const vendor of [gateway.a, gateway.b]) {
    vendor.script([])
    vendor.served.length = 0
  }
})

let serial = 0
let ids: { chat: string; other: string }

type Limit = Pick<ProviderLimit, 'metric' | 'limit'> & Partial<ProviderLimit>
const whole = (limit: Limit): ProviderLimit => ({
  model: null,
  windowSeconds: limit.metric === 'concurrency' ? null : 60,
  ...limit,
})

/** Providers with fresh ids, so that no test meets the counters of another. */
function allow(limits: readonly Limit[], again = false) {
  if (!again) serial += 1
  ids = { chat: `provider_a${serial}`, other: `provider_b${serial}` }
  const providers = [
    testProvider({ id: ids.chat, name: 'OpenAI', baseUrl: gateway.a.baseUrl, limits: limits.map(whole) }),
    testProvider({ id: ids.other, baseUrl: gateway.b.baseUrl }),
  ]
  gateway.configure({ providers, routes: routesTo(ids) })
  return providers
}

function routesTo({ chat, other }: typeof ids) {
  return [
    testRoute({ name: 'chat', targets: [{ providerId: chat, model: 'gpt-fake' }] }),
    testRoute({
      name: 'both',
      targets: [
        { providerId: chat, model: 'gpt-fake', priority: 0 },
        { providerId: other, model: 'gpt-other', priority: 1 },
      ],
    }),
  ]
}

const post = (model = 'chat', headers: Record<string, string> = {}) =>
  gateway.post({ model, ...HELLO }, { headers })
const served = () => [gateway.a.served.length, gateway.b.served.length]

function used(providers: ReturnType<typeof allow>): bigint[] {
  const provider = providers[0]
  if (!provider) throw new Error('no provider')
  return vendorLimitsOf({ provider, model: 'gpt-fake' }).map(
    ({ key, windowMs }) => gateway.policing.counters.used(key, windowMs).used,
  )
}

async function refusal(answer: Response) {
  const { error } = (await answer.json()) as { error: Record<string, string> }
  const retryAfter = Number(answer.headers.get('retry-after'))
  return { status: answer.status, code: error.code, message: error.message ?? '', retryAfter }
}

it('asks the next target when one has no room, and shows callers no limit of the vendor', async () => {
  allow([{ metric: 'requests', limit: 2 }])
  const answers = [await post('both'), await post('both'), await post('both')]
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(served()).toEqual([2, 1])
  expect(answers[2]?.headers.get('x-gatehouse-degraded')).toBe(
    'requested=gpt-fake; served=gpt-other; reason=rateLimit',
  )
  expect(answers[2]?.headers.get('ratelimit')).toBeNull()
})

it('refuses with the time to wait where no other target is left, and does not ask the vendor', async () => {
  allow([{ metric: 'requests', limit: 1 }])
  expect((await post()).status).toBe(200)
  const refused = await refusal(await post())
  expect(refused).toMatchObject({ status: 429, code: 'provider_rate_limited' })
  expect(refused.message).toBe('The provider OpenAI allows 1 request in 60 s; no more are left now.')
  expect(refused.retryAfter).toBeGreaterThan(50)
  expect(refused.retryAfter).toBeLessThanOrEqual(60)
  expect(await gateway.event()).toMatchObject({
    code: 'provider_rate_limited',
    attempts: [],
    costPicoUsd: '0',
  })
  expect(served()).toEqual([1, 0])
})

it('waits for room that comes soon, unless the call has no time for it', async () => {
  allow([{ metric: 'requests', limit: 1, windowSeconds: 2 }])
  expect((await post()).status).toBe(200)
  const hasty = await refusal(await post('chat', { 'x-gatehouse-timeout-ms': '100' }))
  expect(hasty).toMatchObject({ status: 429, code: 'provider_rate_limited' })
  expect((await post()).status).toBe(200)
  expect(served()).toEqual([2, 0])
})

it('lets calls wait their turn for a place at the vendor, and a caller that leaves takes none', async () => {
  const providers = allow([{ metric: 'concurrency', limit: 1 }])
  gateway.a.script([], { hang: true })
  const [first, second] = [new AbortController(), new AbortController()]
  const leave = (abort: AbortController, stream: boolean) =>
    gateway.post({ model: 'chat', stream, ...HELLO }, { signal: abort.signal }).catch(() => null)
  const calls = [leave(first, true)]
  await until(() => gateway.a.served.length === 1)
  calls.push(leave(second, false))
  await until(() => gateway.policing.queue.waiting === 1)
  const third = post()
  await until(() => gateway.policing.queue.waiting === 2)
  second.abort()
  await until(() => gateway.policing.queue.waiting === 1)
  expect(served()).toEqual([1, 0])
  gateway.a.script([])
  first.abort()
  expect((await third).status).toBe(200)
  await Promise.all(calls)
  expect(served()).toEqual([2, 0])
  await until(() => gateway.listener.inFlight() === 0)
  expect(used(providers)).toEqual([0n])
})

it('does not wait for a place where another target has one', async () => {
  allow([{ metric: 'concurrency', limit: 1 }])
  gateway.a.script([], { eventDelayMs: 50 })
  const stream = await gateway.post({ model: 'chat', stream: true, ...HELLO })
  expect((await post('both')).status).toBe(200)
  expect(served()).toEqual([1, 1])
  await stream.arrayBuffer()
})

it('counts a model apart from the whole account', async () => {
  allow([
    { metric: 'requests', limit: 1, model: 'gpt-other' },
    { metric: 'requests', limit: 2 },
  ])
  expect([(await post()).status, (await post()).status]).toEqual([200, 200])
  expect((await refusal(await post())).message).toContain('allows 2 requests')
})

it('200 calls at once never pass what the vendor allows, and count what it told', async () => {
  gateway.a.script([], { fillCap: true, delayMs: 20 })
  const providers = allow([
    { metric: 'tokens', limit: 20_000 },
    { metric: 'inputTokens', limit: 15_000 },
    { metric: 'outputTokens', limit: 8_000 },
    { metric: 'requests', limit: 150 },
  ])
  const statuses = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const body = { model: 'chat', max_completion_tokens: 100, stream: index % 2 === 0, ...HELLO }
      const answer = await gateway.post(body)
      await answer.arrayBuffer()
      return answer.status
    }),
  )
  await until(() => gateway.listener.inFlight() === 0)
  const input = gateway.a.served.reduce((sum, one) => sum + one.promptTokens, 0)
  const output = gateway.a.served.reduce((sum, one) => sum + one.completionTokens, 0)
  const calls = gateway.a.served.length
  expect(output).toBeLessThanOrEqual(8_000)
  expect(calls).toBeGreaterThan(50)
  expect(used(providers)).toEqual([input + output, input, output, calls].map(BigInt))
  expect(statuses.filter((status) => status === 200)).toHaveLength(calls)
})

it('a call larger than the vendor allows is told so', async () => {
  allow([{ metric: 'tokens', limit: 5 }])
  expect(await refusal(await post())).toMatchObject({
    status: 429,
    code: 'provider_rate_limited',
    message: 'The provider OpenAI allows 5 tokens in 60 s; this call alone is larger: make it smaller.',
  })
  expect(served()).toEqual([0, 0])
})

it('another amount goes on counting where the old one stopped', async () => {
  allow([{ metric: 'requests', limit: 3 }])
  await post()
  await post()
  allow([{ metric: 'requests', limit: 2 }], true)
  expect((await post()).status).toBe(429)
  allow([{ metric: 'requests', limit: 3 }], true)
  expect((await post()).status).toBe(200)
  expect((await post()).status).toBe(429)
})

it('sends nothing before the reset that a vendor without room named', async () => {
  allow([])
  gateway.a.script([
    { headers: { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '42s' } },
  ])
  expect((await post('both')).status).toBe(200)
  expect((await post('both')).status).toBe(200)
  const refused = await refusal(await post())
  expect(refused).toMatchObject({ status: 429, code: 'provider_rate_limited' })
  expect(refused.retryAfter).toBeGreaterThan(35)
  expect(refused.retryAfter).toBeLessThanOrEqual(42)
  expect(served()).toEqual([1, 1])
})

it('waits for a reset that comes soon, and does not mind a vendor that has room', async () => {
  allow([])
  const said = (remaining: string) => ({
    headers: { 'x-ratelimit-remaining-tokens': remaining, 'x-ratelimit-reset-tokens': '200ms' },
  })
  gateway.a.script([said('0'), said('1'), said('1')])
  expect([(await post()).status, (await post()).status, (await post()).status]).toEqual([200, 200, 200])
})
