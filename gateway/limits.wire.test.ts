import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { limitKey } from './limits/policing.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import { TEST_CONSUMER, TEST_SECRET, TEST_TEAM, testRoute } from './testing/memory-configuration.ts'
import { testLimit } from './testing/policies.ts'

let gateway: GatewayUnderTest

beforeAll(async () => {
  gateway = await startGatewayUnderTest()
})
afterAll(() => gateway.close())
afterEach(() => {
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
  gateway.a.script([])
  gateway.a.served.length = 0
  gateway.b.served.length = 0
})

/** Fresh ids, so that no test meets the counters of another. */
let serial = 0
const fresh = (...limits: ReturnType<typeof testLimit>[]) => {
  serial += 1
  const policies = limits.map((limit, index) => ({ ...limit, id: `limit_${serial}_${index}` }))
  gateway.configure({ policies })
  return policies
}
const used = (limit: ReturnType<typeof testLimit> | undefined, subject = '') =>
  limit ? gateway.policing.counters.used(limitKey(limit, subject), 60_000).used : null

it('admits the whole amount as a burst, refuses the next with the time to wait, and counts down in headers', async () => {
  fresh(testLimit({ metric: 'requests', limit: '3', name: 'three "a" minute' }))
  for (const left of ['2', '1', '0']) {
    const answer = await gateway.post({ model: 'chat', ...HELLO })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-ratelimit-limit-requests')).toBe('3')
    expect(answer.headers.get('x-ratelimit-remaining-requests')).toBe(left)
    expect(answer.headers.get('ratelimit-policy')).toBe('"three \\"a\\" minute";q=3;w=60')
    expect(answer.headers.get('ratelimit')).toMatch(
      new RegExp(`^"three \\\\"a\\\\" minute";r=${left};t=(59|60)$`),
    )
  }
  const refused = await gateway.post({ model: 'chat', ...HELLO })
  expect(refused.status).toBe(429)
  const { error } = (await refused.json()) as { error: Record<string, string> }
  expect(error).toMatchObject({ code: 'rate_limit_exceeded', type: 'rate_limit_error' })
  expect(error.message).toContain('The limit "three "a" minute" of 3 requests in 60 s is reached.')
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(55)
  expect(refused.headers.get('x-ratelimit-remaining-requests')).toBe('0')
  expect(refused.headers.get('x-should-retry')).toBeNull()
  const event = await gateway.event()
  expect(event).toMatchObject({ status: 429, code: 'rate_limit_exceeded', costPicoUsd: '0', attempts: [] })
  expect(gateway.a.served).toHaveLength(3)
})

it('gives room back when the window has passed', async () => {
  fresh(testLimit({ metric: 'requests', limit: '1', windowSeconds: 1 }))
  expect((await gateway.post({ model: 'chat', ...HELLO })).status).toBe(200)
  expect((await gateway.post({ model: 'chat', ...HELLO })).status).toBe(429)
  let status = 0
  const deadline = performance.now() + 5_000
  while (status !== 200 && performance.now() < deadline)
    status = (await gateway.post({ model: 'chat', ...HELLO })).status
  expect(status).toBe(200)
})

it('counts each one separately, and only what its scope names', async () => {
  const [perUser, other] = fresh(
    testLimit({ metric: 'requests', limit: '1', scope: { type: 'user', id: null, each: true } }),
    testLimit({ metric: 'requests', limit: '1', scope: { type: 'team', id: 'team_other', each: false } }),
    testLimit({ metric: 'requests', limit: '9', scope: { type: 'team', id: TEST_TEAM.id, each: false } }),
    testLimit({
      metric: 'requests',
      limit: '9',
      scope: { type: 'consumer', id: TEST_CONSUMER.id, each: false },
    }),
    testLimit({ metric: 'requests', limit: '9', scope: { type: 'tag', id: 'env=prod', each: false } }),
  )
  const as = (user: string) =>
    gateway.post(
      { model: 'chat', ...HELLO },
      { headers: { 'x-gatehouse-user': user, 'x-gatehouse-tags': 'env=prod' } },
    )
  expect((await as('ada')).status).toBe(200)
  const refused = await as('ada')
  expect(refused.status).toBe(429)
  expect(((await refused.json()) as { error: { message: string } }).error.message).toContain(
    'for the user ada',
  )
  expect((await as('grace')).status).toBe(200)
  expect(used(perUser, 'ada')).toBe(1n)
  expect(used(other, 'team_other')).toBe(0n)
})

it('takes one place of those at once for as long as a call is under way, streamed too', async () => {
  const [limit] = fresh(testLimit({ metric: 'concurrency', limit: '2' }))
  gateway.a.script([], { eventDelayMs: 20 })
  const abort = new AbortController()
  const streams = await Promise.all(
    [1, 2].map(() => gateway.post({ model: 'chat', stream: true, ...HELLO }, { signal: abort.signal })),
  )
  expect(streams.map(({ status }) => status)).toEqual([200, 200])
  expect((await gateway.post({ model: 'chat', ...HELLO })).status).toBe(429)
  abort.abort()
  await until(() => gateway.listener.inFlight() === 0)
  expect(used(limit)).toBe(0n)
  expect((await gateway.post({ model: 'chat', ...HELLO })).status).toBe(200)
})

it('counts real tokens once the vendor has told them, streamed and not', async () => {
  const [tokens, input, output] = fresh(
    testLimit({ metric: 'tokens', limit: '100000' }),
    testLimit({ metric: 'inputTokens', limit: '100000' }),
    testLimit({ metric: 'outputTokens', limit: '100000' }),
  )
  const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: TEST_SECRET })
  await openai.chat.completions.create({ model: 'chat', ...HELLO })
  const stream = await openai.chat.completions.create({ model: 'chat', stream: true, ...HELLO })
  for await (const _chunk of stream) {
    // Read to its end.
  }
  await until(() => gateway.listener.inFlight() === 0)
  const [first, second] = gateway.a.served
  const prompt = (first?.promptTokens ?? 0) + (second?.promptTokens ?? 0)
  const completion = (first?.completionTokens ?? 0) + (second?.completionTokens ?? 0)
  expect(used(input)).toBe(BigInt(prompt))
  expect(used(output)).toBe(BigInt(completion))
  expect(used(tokens)).toBe(BigInt(prompt + completion))
})

it('leaves cached input out where the limit says so', async () => {
  const usage = {
    prompt_tokens: 50,
    completion_tokens: 5,
    total_tokens: 55,
    prompt_tokens_details: { cached_tokens: 40 },
  }
  gateway.a.script([], { usage })
  const [all, fewer] = fresh(
    testLimit({ metric: 'tokens', limit: '100000' }),
    testLimit({ metric: 'tokens', limit: '100000', countCachedInput: false }),
  )
  await gateway.post({ model: 'chat', ...HELLO })
  await until(() => gateway.listener.inFlight() === 0)
  expect([used(all), used(fewer)]).toEqual([55n, 15n])
})

it('200 calls at once never pass a limit on tokens, and use it to at least 95 %', async () => {
  gateway.a.script([], { fillCap: true, delayMs: 20 })
  const [limit] = fresh(testLimit({ metric: 'tokens', limit: '20000' }))
  const body = { model: 'chat', max_completion_tokens: 400, ...HELLO }
  // What the vendor makes of these bytes is learned from a few calls first.
  const call = async (index: number) => {
    for (let tries = 0; tries < 40; tries += 1) {
      const { status } = await gateway
        .post(index % 2 ? { ...body, stream: true } : body)
        .then(async (answer) => {
          await answer.arrayBuffer()
          return answer
        })
      if (status !== 429) return status
      if (used(limit) === undefined) return 0
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    return 429
  }
  const statuses = await Promise.all(Array.from({ length: 200 }, (_, index) => call(index)))
  const tally = gateway.a.served.reduce((sum, one) => sum + one.promptTokens + one.completionTokens, 0)
  expect(statuses).toContain(429)
  expect(tally).toBeLessThanOrEqual(20_000)
  expect(tally).toBeGreaterThanOrEqual(19_000)
  expect(used(limit)).toBe(BigInt(tally))
})

it('a limit on one provider or model sends the call to the next target', async () => {
  fresh(
    testLimit({ metric: 'requests', limit: '1', scope: { type: 'provider', id: 'provider_a', each: false } }),
  )
  const first = await gateway.post({ model: 'both', ...HELLO })
  const second = await gateway.post({ model: 'both', ...HELLO })
  expect([first.status, second.status]).toEqual([200, 200])
  expect(second.headers.get('x-gatehouse-degraded')).toBe(
    'requested=gpt-fake; served=gpt-other; reason=limit',
  )
  expect([gateway.a.served.length, gateway.b.served.length]).toEqual([1, 1])
  const alone = await gateway.post({ model: 'chat', ...HELLO })
  expect(alone.status).toBe(429)
})

it('a call that is larger than the limit is told so, and that waiting will not help', async () => {
  fresh(testLimit({ metric: 'tokens', limit: '10' }))
  const refused = await gateway.post({ model: 'chat', max_tokens: 50, ...HELLO })
  expect(refused.status).toBe(429)
  const { error } = (await refused.json()) as { error: { message: string } }
  expect(error.message).toContain('This call alone is larger')
})

it('what was refused elsewhere counts as no request', async () => {
  const [requests] = fresh(
    testLimit({ metric: 'requests', limit: '10' }),
    testLimit({ metric: 'tokens', limit: '10' }),
  )
  expect((await gateway.post({ model: 'chat', max_tokens: 50, ...HELLO })).status).toBe(429)
  await until(() => gateway.listener.inFlight() === 0)
  expect(used(requests)).toBe(0n)
})

it('editing a limit keeps what was counted', async () => {
  const [limit] = fresh(testLimit({ metric: 'requests', limit: '5' }))
  for (let call = 0; call < 3; call += 1) await gateway.post({ model: 'chat', ...HELLO })
  if (!limit) throw new Error('no limit')
  gateway.configure({ policies: [{ ...limit, limit: '3' }] })
  expect((await gateway.post({ model: 'chat', ...HELLO })).status).toBe(429)
  gateway.configure({ policies: [{ ...limit, limit: '4' }] })
  expect((await gateway.post({ model: 'chat', ...HELLO })).status).toBe(200)
  gateway.configure({
    policies: [{ ...limit, enabled: false }],
    routes: [testRoute({ name: 'chat', targets: [{ providerId: 'provider_a', model: 'gpt-fake' }] })],
  })
  const open = await gateway.post({ model: 'chat', ...HELLO })
  expect(open.status).toBe(200)
  expect(open.headers.get('ratelimit')).toBeNull()
})
