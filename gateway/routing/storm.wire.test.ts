import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { FakePlan } from '../testing/fake-openai.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from '../testing/gateway-under-test.ts'
import { testRoute } from '../testing/memory-configuration.ts'

const LONG = process.env.GATEHOUSE_TEST_LONG === '1'
const TEXT = 'Hello there, this is the fake vendor speaking in tokens.'
let gateway: GatewayUnderTest

beforeAll(async () => {
  gateway = await startGatewayUnderTest({}, {}, {})
})
afterAll(() => gateway.close())
afterEach(() => {
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
})

function routeBoth(fields: object): void {
  const targets = [
    { providerId: 'provider_a', model: 'gpt-fake', priority: 0 },
    { providerId: 'provider_b', model: 'gpt-other', priority: 1 },
  ]
  gateway.configure({ routes: [testRoute({ name: 'both', targets, ...fields })] })
}

interface Seen {
  readonly status: number
  readonly body: string
  readonly model: string | null
}

async function call(stream: boolean): Promise<Seen> {
  const answer = await gateway.post({ model: 'both', ...HELLO, stream })
  return { status: answer.status, body: await answer.text(), model: answer.headers.get('x-gatehouse-model') }
}

function isWholeStream({ status, body }: Seen): boolean {
  const tokens = [...body.matchAll(/"delta":\{"content":"([^"]*)"/g)].map(([, token]) => token)
  // Some vendors leave `[DONE]` out; the reason for the end they give.
  return status === 200 && tokens.join('') === TEXT && body.includes('"finish_reason":"stop"')
}

const calls = LONG ? 6_000 : 500
it('while a target errors, hangs, slows and recovers, callers notice nothing', async () => {
  routeBoth({
    timeouts: { firstTokenMs: 1_000, totalMs: 60_000, idleMs: 30_000 },
    retries: { attempts: 3 },
  })
  const phases: readonly [until: number, plan: FakePlan][] = [
    [0.15, {}],
    [0.4, { status: 500 }],
    [0.6, { hang: true }],
    [0.8, { delayMs: 200 }],
    [1, {}],
  ]
  const inFlight: Promise<Seen>[] = []
  const askedWhileFailing = { from: 0, to: 0 }
  for (let index = 0; index < calls; index += 1) {
    const phase = phases.findIndex(([end]) => index < end * calls)
    gateway.a.script([], phases[phase]?.[1])
    if (index === Math.ceil(0.15 * calls)) askedWhileFailing.from = gateway.a.served.length
    if (index === Math.ceil(0.4 * calls)) askedWhileFailing.to = gateway.a.served.length
    inFlight.push(call(true))
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const seen = await Promise.all(inFlight)
  const bad = seen.filter((one) => !isWholeStream(one))
  expect(bad.length, JSON.stringify(bad.slice(0, 3))).toBeLessThanOrEqual(calls / 1_000)

  // Those that opened its breaker or were under way then, and probes.
  expect(askedWhileFailing.to - askedWhileFailing.from).toBeLessThan(0.25 * 0.4 * calls)
  await expect.poll(async () => (await call(true)).model, { timeout: 20_000, interval: 100 }).toBe('gpt-fake')
  await until(() => gateway.listener.inFlight() === 0)
  // Every call to a vendor is an attempt in the books, and every call is there once.
  const { events } = gateway.books
  expect(events.length).toBeGreaterThan(calls)
  const attempts = events.flatMap((event) => event.attempts)
  expect(attempts.length).toBe(gateway.a.served.length + gateway.b.served.length)
}, 180_000)
