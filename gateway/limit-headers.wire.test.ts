/** What callers read of limits, to the unit, on a clock that stands still until the test moves it. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import { testProvider, testRoute } from './testing/memory-configuration.ts'
import { testLimit } from './testing/policies.ts'

let gateway: GatewayUnderTest
let nowMs = 1_000_000
const clock = { now: () => 1_750_000_000_000 + nowMs, monotonic: () => nowMs }

beforeAll(async () => {
  gateway = await startGatewayUnderTest({}, {}, undefined, clock)
})
afterAll(() => gateway.close())
afterEach(() => {
  gateway.a.script([])
  expect(gateway.reports).toEqual([])
})

let serial = 0
function give(...limits: ReturnType<typeof testLimit>[]): void {
  serial += 1
  gateway.configure({
    policies: limits.map((limit, index) => ({ ...limit, id: `limit_${serial}_${index}` })),
  })
}

async function ask(afterMs = 0, more: object = {}) {
  nowMs += afterMs
  const answer = await gateway.post({ model: 'chat', max_tokens: 5, ...HELLO, ...more })
  await answer.arrayBuffer()
  await until(() => gateway.listener.inFlight() === 0)
  const read = (name: string) => answer.headers.get(name)
  return { status: answer.status, read, retryAfter: read('retry-after') }
}

it.each([false, true])(
  'counts down, moves with the time, and is there again when it said (stream: %s)',
  async (stream) => {
    give(testLimit({ metric: 'requests', limit: '3', name: 'burst' }))
    const seen = []
    for (const afterMs of [0, 10_000, 10_000, 10_000, 12_500, 17_499, 1]) {
      const { status, read, retryAfter } = await ask(afterMs, { stream })
      seen.push([status, read('ratelimit'), read('x-ratelimit-reset-requests'), retryAfter])
      expect(read('ratelimit-policy')).toBe('"burst";q=3;w=60')
      expect(read('x-ratelimit-limit-requests')).toBe('3')
    }
    expect(seen).toEqual([
      [200, '"burst";r=2;t=60', '1m0s', null],
      [200, '"burst";r=1;t=50', '1m0s', null],
      [200, '"burst";r=0;t=40', '1m0s', null],
      [429, '"burst";r=0;t=30', '50s', '30'],
      [429, '"burst";r=0;t=18', '37.5s', '18'],
      [429, '"burst";r=0;t=1', '20.001s', '1'],
      [200, '"burst";r=0;t=10', '1m0s', null],
    ])
  },
)

it('tells tokens before and after they are known, and the tightest limit in the words of OpenAI', async () => {
  const usage = { prompt_tokens: 30, completion_tokens: 5, total_tokens: 35 }
  gateway.a.script([], { usage })
  give(
    testLimit({ metric: 'tokens', limit: '1000', name: 'wide' }),
    testLimit({ metric: 'outputTokens', limit: '100', name: 'narrow', windowSeconds: 10 }),
  )
  const whole = await ask()
  expect(whole.read('ratelimit-policy')).toBe(
    '"wide";q=1000;qu="tokens";w=60, "narrow";q=100;qu="tokens";w=10',
  )
  expect(whole.read('ratelimit')).toBe('"wide";r=965;t=60, "narrow";r=95;t=10')
  expect(whole.read('x-ratelimit-limit-tokens')).toBe('100')
  expect(whole.read('x-ratelimit-remaining-tokens')).toBe('95')
  expect(whole.read('x-ratelimit-reset-tokens')).toBe('10s')
  expect(whole.read('x-ratelimit-remaining-requests')).toBeNull()
  // A stream begins with what is held for it.
  const bound = JSON.stringify({ model: 'chat', max_tokens: 5, ...HELLO, stream: true }).length + 5
  const stream = await ask(2_000, { stream: true })
  expect(stream.read('ratelimit')).toBe(`"wide";r=${965 - bound};t=58, "narrow";r=90;t=8`)
})

it('tells money and places in whole numbers, with their unit', async () => {
  give(
    testLimit({ metric: 'costUsd', limit: '10000000000000', name: 'ten dollars' }),
    testLimit({ metric: 'concurrency', limit: '4', name: 'at once' }),
  )
  const { read } = await ask()
  expect(read('ratelimit-policy')).toBe(
    '"at once";q=4;qu="concurrent-requests", "ten dollars";q=10000000;qu="micro-usd";w=60',
  )
  expect(read('ratelimit')).toMatch(/^"at once";r=3, "ten dollars";r=9999\d{3};t=60$/)
})

it('is the time of the limit that keeps the caller longest, of several that are reached', async () => {
  give(
    testLimit({ metric: 'requests', limit: '1', name: 'short', windowSeconds: 10 }),
    testLimit({ metric: 'requests', limit: '1', name: 'long', windowSeconds: 300 }),
  )
  await ask()
  const refused = await ask(5_000)
  expect([refused.status, refused.retryAfter]).toEqual([429, '295'])
  expect(refused.read('ratelimit')).toBe('"short";r=0;t=5, "long";r=0;t=295')
  expect(refused.read('x-ratelimit-reset-requests')).toBe('5s')
})

it('keeps what was counted over an edit of the amount, the window and the name', async () => {
  const limit = testLimit({ metric: 'requests', limit: '3', name: 'first', id: 'limit_edited' })
  gateway.configure({ policies: [limit] })
  await ask()
  await ask(20_000)
  gateway.configure({ policies: [{ ...limit, limit: '9', name: 'second' }] })
  expect((await ask(0)).read('ratelimit')).toBe('"second";r=6;t=40')
  gateway.configure({ policies: [{ ...limit, limit: '4', windowSeconds: 600 }] })
  expect((await ask(0)).read('ratelimit')).toBe('"first";r=0;t=580')
  gateway.configure({ policies: [{ ...limit, limit: '4', windowSeconds: 10 }] })
  expect((await ask(0)).read('ratelimit')).toBe('"first";r=0;t=10')
  expect((await ask(0)).status).toBe(429)
  expect((await ask(10_000)).read('ratelimit')).toBe('"first";r=3;t=10')
})

it('lets no name break a line of an answer', async () => {
  const broken = 'n"\r\nx-evil: 1\r\n\r\n'
  gateway.configure({
    policies: [testLimit({ id: 'limit_broken', metric: 'requests', limit: '3', name: broken })],
    providers: [testProvider({ id: 'provider_n', name: broken, baseUrl: gateway.a.baseUrl })],
    routes: [testRoute({ name: broken, targets: [{ providerId: 'provider_n', model: 'gpt-fake' }] })],
  })
  gateway.a.script([], { servedModel: broken })
  const { status, read } = await ask(0, { model: broken })
  expect(status).toBe(200)
  expect(read('x-evil')).toBeNull()
  expect(read('ratelimit')).toBe('"n\\"??x-evil: 1????";r=2;t=60')
  for (const name of ['x-gatehouse-route', 'x-gatehouse-provider', 'x-gatehouse-model'])
    expect(read(name)).toBe('n"??x-evil: 1????')
})
