import OpenAI from 'openai'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FakeOpenAi, FakePlan } from '../testing/fake-openai.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from '../testing/gateway-under-test.ts'
import { TEST_SECRET, testProvider, testRoute } from '../testing/memory-configuration.ts'
import { countOf } from '../testing/routing-world.ts'
import { seeded, testSeed } from '../testing/seed.ts'

const [ONE, TWO, THREE] = ['sk-of-a-number-0001', 'sk-of-a-number-0002', 'sk-of-a-number-0003'] as const
const KEY_OF_B = 'sk-of-b-number-0001'
const REFUSED: FakePlan = { status: 401, text: `Incorrect API key provided: ${ONE}` }
const limited = (seconds: number): FakePlan => ({
  status: 429,
  headers: { 'retry-after': String(seconds) },
})
const MINUTE = 60_000

let gateway: GatewayUnderTest
let openai: OpenAI
let aheadMs = 0
const clock = { now: () => Date.now() + aheadMs, monotonic: () => performance.now() + aheadMs }

beforeEach(async () => {
  await gateway?.close()
  aheadMs = 0
  gateway = await startGatewayUnderTest({}, {}, {}, clock)
  openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: TEST_SECRET, maxRetries: 0 })
})
afterEach(async () => {
  await until(() => gateway.listener.inFlight() === 0)
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
  expect(keysSeenBy(gateway.b).filter((key) => key !== KEY_OF_B)).toEqual([])
  expect(keysSeenBy(gateway.a)).not.toContain(KEY_OF_B)
  const attempts = gateway.books.events.flatMap((event) => event.attempts)
  expect(attempts).toHaveLength(gateway.a.served.length + gateway.b.served.length)
})
afterAll(() => gateway.close())

/** The route `both`: a provider with these keys, and one with its own that is asked after it. */
function routeOver(keys: readonly string[], fields: Record<string, unknown> = {}, withSpare = true): void {
  const targets = [
    { providerId: 'provider_a', model: 'gpt-fake', priority: 0 },
    ...(withSpare ? [{ providerId: 'provider_b', model: 'gpt-other', priority: 1 }] : []),
  ]
  gateway.configure({
    providers: [
      testProvider({ id: 'provider_a', baseUrl: gateway.a.baseUrl, credentials: { apiKey: keys } }),
      testProvider({ id: 'provider_b', baseUrl: gateway.b.baseUrl, credentials: { apiKey: KEY_OF_B } }),
    ],
    routes: [testRoute({ name: 'both', targets, ...fields })],
  })
}

const keysSeenBy = (vendor: FakeOpenAi): string[] =>
  vendor.served.map(({ headers }) => String(headers.authorization).replace('Bearer ', ''))

const call = (stream = false) => openai.chat.completions.create({ model: 'both', ...HELLO, stream })
const errorOf = (calling: Promise<unknown>): Promise<unknown> => calling.catch((error: unknown) => error)

async function callTimes(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await call()
}

const forgetServed = () => {
  gateway.a.served.length = 0
  gateway.books.events.length = 0
}

describe('several credentials of a provider', () => {
  it('share its calls', async () => {
    routeOver([ONE, TWO, THREE])
    await callTimes(9)
    expect(countOf(keysSeenBy(gateway.a))).toEqual({ [ONE]: 3, [TWO]: 3, [THREE]: 3 })
  })
})

describe('a credential that its vendor refuses', () => {
  it.each([401, 402, 403])(
    'is left at a %i, and the call goes on with the next one, though such errors are not repeated',
    async (status) => {
      routeOver([ONE, TWO, THREE], { retries: { on: [] } })
      gateway.a.scriptKey(ONE, { status })
      const { response } = await openai.chat.completions.create({ model: 'both', ...HELLO }).withResponse()
      expect(response.headers.get('x-gatehouse-provider')).toBe('provider_a')
      expect(response.headers.get('x-gatehouse-attempts')).toBe('2')
      expect(response.headers.get('x-gatehouse-degraded')).toBeNull()
      expect((await gateway.event()).attempts).toMatchObject([
        { providerId: 'provider_a', status, outcome: 'error', costPicoUsd: '0' },
        { providerId: 'provider_a', status: 200, outcome: 'ok' },
      ])
      await callTimes(6)
      expect(countOf(keysSeenBy(gateway.a))).toEqual({ [ONE]: 1, [TWO]: 4, [THREE]: 3 })
      // Nothing is held against the target.
      const [target] = gateway.balancer.targets()
      expect(target?.window.failed(clock.monotonic())).toBe(0)
    },
  )

  it('is left within a stream’s call too, before its first token', async () => {
    routeOver([ONE, TWO])
    gateway.a.scriptKey(ONE, REFUSED)
    const completion = await openai.chat.completions.stream({ model: 'both', ...HELLO }).finalChatCompletion()
    expect(completion.choices[0]?.message.content).toMatch(/^Hello there.*tokens\.$/)
    expect(keysSeenBy(gateway.a)).toEqual([ONE, TWO])
  })

  it('is tried again by one real call after a minute, two, four, and has its share back when it is taken', async () => {
    routeOver([ONE, TWO])
    gateway.a.scriptKey(ONE, REFUSED)
    await callTimes(4)
    for (const minutes of [1, 2]) {
      forgetServed()
      aheadMs += minutes * MINUTE - 10_000
      await callTimes(4)
      expect(keysSeenBy(gateway.a)).not.toContain(ONE)
      aheadMs += 20_000
      await callTimes(4)
      expect(countOf(keysSeenBy(gateway.a))).toEqual({ [ONE]: 1, [TWO]: 8 })
    }
    forgetServed()
    gateway.a.scriptKey(ONE, {})
    aheadMs += 5 * MINUTE
    await callTimes(8)
    expect(countOf(keysSeenBy(gateway.a))).toEqual({ [ONE]: 4, [TWO]: 4 })
  })

  it('is a try of the route’s: where there is none, the caller hears of it, and the calls after it go elsewhere', async () => {
    routeOver([ONE, TWO], { retries: { attempts: 0 } })
    gateway.a.scriptKey(ONE, REFUSED)
    const error = await errorOf(call())
    expect(error).toMatchObject({ status: 502, code: 'provider_error' })
    expect(String(error)).not.toContain(ONE)
    await callTimes(3)
    aheadMs += 2 * MINUTE
    await callTimes(3)
    expect(countOf(keysSeenBy(gateway.a))).toEqual({ [ONE]: 1, [TWO]: 6 })
  })

  it('with all others refused too: 502, and no call goes out before a minute is over', async () => {
    routeOver([ONE, TWO], {}, false)
    gateway.a.script([], { status: 403 })
    expect(await errorOf(call())).toMatchObject({ status: 502, code: 'provider_error' })
    for (const stream of [false, true]) {
      expect(await errorOf(call(stream))).toMatchObject({
        status: 502,
        code: 'provider_error',
        message: expect.stringContaining('accounts is accepted by provider_a'),
      })
    }
    expect(keysSeenBy(gateway.a)).toEqual([ONE, TWO])
    gateway.a.script([])
    aheadMs += MINUTE + 10_000
    await callTimes(2)
    expect(keysSeenBy(gateway.a)).toEqual([ONE, TWO, ONE, TWO])
  })

  it('with all others refused too: another target takes its place', async () => {
    routeOver([ONE, TWO])
    gateway.a.script([], { status: 402 })
    for (let turn = 0; turn < 4; turn += 1) {
      const { response } = await openai.chat.completions.create({ model: 'both', ...HELLO }).withResponse()
      expect(response.headers.get('x-gatehouse-provider')).toBe('provider_b')
    }
    expect(keysSeenBy(gateway.a)).toEqual([ONE, TWO])
  })

  it('alone with its provider stays what it was: a 502 each time, and each call goes out', async () => {
    routeOver([ONE], { retries: { on: ['rateLimit'] } })
    gateway.a.scriptKey(ONE, REFUSED)
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await errorOf(call())).toMatchObject({ status: 502, code: 'provider_error' })
    }
    expect(keysSeenBy(gateway.a)).toEqual([ONE, ONE, ONE])
  })

  it('is one whose quota is spent, which no waiting cures', async () => {
    routeOver([ONE, TWO])
    const error = { message: 'spent', type: 'insufficient_quota', param: null, code: 'insufficient_quota' }
    gateway.a.scriptKey(ONE, { status: 429, rawBody: JSON.stringify({ error }) })
    await callTimes(4)
    aheadMs += MINUTE - 10_000
    await callTimes(4)
    expect(countOf(keysSeenBy(gateway.a))).toEqual({ [ONE]: 1, [TWO]: 8 })
  })
})

describe('a credential that its vendor limits', () => {
  it('rests for as long as the vendor asks, while the others carry its calls', async () => {
    routeOver([ONE, TWO])
    gateway.a.scriptKey(ONE, limited(60))
    await callTimes(3)
    gateway.a.scriptKey(ONE, {})
    aheadMs += 50_000
    await callTimes(3)
    expect(countOf(keysSeenBy(gateway.a))).toEqual({ [ONE]: 1, [TWO]: 6 })
    aheadMs += 11_000
    await callTimes(4)
    expect(countOf(keysSeenBy(gateway.a))).toEqual({ [ONE]: 3, [TWO]: 8 })
    expect(gateway.b.served).toEqual([])
  })

  it('rests when it says with an answer that its rate is used up', async () => {
    routeOver([ONE, TWO])
    const headers = { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1m0s' }
    gateway.a.scriptKey(ONE, { headers })
    await callTimes(5)
    expect(countOf(keysSeenBy(gateway.a))).toEqual({ [ONE]: 1, [TWO]: 4 })
  })

  it('with all others limited too: 429 with Retry-After, and no call goes out before the first has room', async () => {
    routeOver([ONE, TWO], {}, false)
    gateway.a.scriptKey(ONE, limited(60))
    gateway.a.scriptKey(TWO, limited(30))
    expect(await errorOf(call())).toMatchObject({ status: 429, code: 'provider_rate_limited' })
    const error = await errorOf(call())
    expect(error).toMatchObject({ status: 429, code: 'provider_rate_limited' })
    const retryAfter = Number((error as InstanceType<typeof OpenAI.APIError>).headers?.get('retry-after'))
    expect(retryAfter).toBeGreaterThan(15)
    expect(retryAfter).toBeLessThanOrEqual(30)
    expect(keysSeenBy(gateway.a)).toEqual([ONE, TWO])
    gateway.a.scriptKey(TWO, {})
    aheadMs += 31_000
    await callTimes(2)
    expect(keysSeenBy(gateway.a)).toEqual([ONE, TWO, TWO, TWO])
  })

  it('beside one that is refused: 429, for it has room again first', async () => {
    routeOver([ONE, TWO], {}, false)
    gateway.a.scriptKey(ONE, REFUSED)
    gateway.a.scriptKey(TWO, limited(30))
    await errorOf(call())
    expect(await errorOf(call())).toMatchObject({ status: 429, code: 'provider_rate_limited' })
  })
})

it('a change of the credentials begins with nothing held against them', async () => {
  routeOver([ONE, TWO])
  gateway.a.script([], REFUSED)
  await callTimes(1)
  gateway.a.script([])
  const changed = { apiKey: [THREE, ONE] }
  gateway.configure({
    providers: [
      testProvider({
        id: 'provider_a',
        baseUrl: gateway.a.baseUrl,
        credentialsVersion: '2',
        credentials: changed,
      }),
      testProvider({ id: 'provider_b', baseUrl: gateway.b.baseUrl, credentials: { apiKey: KEY_OF_B } }),
    ],
    routes: [testRoute({ name: 'both', targets: [{ providerId: 'provider_a', model: 'gpt-fake' }] })],
  })
  await callTimes(2)
  expect(keysSeenBy(gateway.a)).toEqual([ONE, TWO, THREE, ONE])
})

it('a refusal that sixty calls hear at once counts as one, and costs none of them its answer', async () => {
  routeOver([ONE, TWO, THREE])
  gateway.a.scriptKey(ONE, { ...REFUSED, delayMs: 50 })
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => gateway.post({ model: 'both', ...HELLO }).then(({ status }) => status)),
  )
  expect(countOf(answers.map(String))).toEqual({ 200: 60 })
  aheadMs += MINUTE + 10_000
  forgetServed()
  await callTimes(4)
  expect(countOf(keysSeenBy(gateway.a))[ONE]).toBe(1)
})

const TURNS = process.env.GATEHOUSE_TEST_LONG === '1' ? 3_000 : 100
const random = seeded(testSeed('credentials'))
const draw = (below: number): number => Math.floor(random() * below)

it('whatever becomes of each credential: none is asked before its time, and no caller misses one that is ready', async () => {
  // Breaker and retry budget aside: what they keep from a caller is another matter.
  await gateway.close()
  gateway = await startGatewayUnderTest({}, {}, undefined, clock)
  const keys: readonly string[] = [ONE, TWO, THREE]
  routeOver(keys, { retries: { attempts: 3 } }, false)
  /** Monotonic milliseconds: no call before. */
  const notBefore = new Map<string, number>()
  /** And surely one after, though it was refused again and again. */
  const surelyFrom = new Map<string, number>()
  const fates: (() => FakePlan)[] = [
    () => ({}),
    () => ({}),
    () => limited(1 + draw(60)),
    () => ({ status: [401, 402, 403][draw(3)] ?? 401 }),
  ]
  for (let turn = 0; turn < TURNS; turn += 1) {
    const plans = new Map(keys.map((key) => [key, fates[draw(fates.length)]?.() ?? {}] as const))
    for (const [key, plan] of plans) gateway.a.scriptKey(key, plan)
    const ready = keys.filter((key) => (surelyFrom.get(key) ?? 0) <= clock.monotonic())
    forgetServed()
    const before = clock.monotonic()
    const { status } = await gateway.post({ model: 'both', ...HELLO, stream: draw(2) === 0 })
    await until(() => gateway.listener.inFlight() === 0)
    const now = clock.monotonic()
    const seen = keysSeenBy(gateway.a)
    for (const key of seen) {
      expect(notBefore.get(key) ?? 0, `turn ${turn}, ${key}`).toBeLessThanOrEqual(now)
      const { status, headers } = plans.get(key) ?? {}
      const restMs = status === 429 ? Number(headers?.['retry-after']) * 1_000 : MINUTE
      // The gateway heard it some time within the call.
      notBefore.set(key, status === undefined ? 0 : before + restMs)
      surelyFrom.set(key, status === undefined ? 0 : now + (status === 429 ? restMs : 60 * MINUTE))
    }
    if (ready.some((key) => plans.get(key)?.status === undefined)) expect(status, `turn ${turn}`).toBe(200)
    const answered = seen.filter((key) => plans.get(key)?.status === undefined).length
    expect([answered, [200, 429, 502].includes(status)], `turn ${turn}`).toEqual([
      status === 200 ? 1 : 0,
      true,
    ])
    expect(gateway.books.events[0]?.attempts).toHaveLength(seen.length)
    aheadMs += draw(30) * 1_000 + 700
  }
}, 300_000)
