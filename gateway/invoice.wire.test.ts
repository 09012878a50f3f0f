/**
 * The vendor's invoice is the books: over calls of every kind, streamed and not, with retries, to the last pico-dollar. The
 * vendor counts with its own sums, which share nothing with ours.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Pricing, Rates } from '../lib/contract/price.ts'
import type { FakePlan, FakeServed } from './testing/fake-openai.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import { testRoute } from './testing/memory-configuration.ts'
import { seeded, testSeed } from './testing/seed.ts'

const LONG = process.env.GATEHOUSE_TEST_LONG === '1'
const CALLS = LONG ? 100_000 : 1_500
const BATCH = 500
const AT_ONCE = 25

let gateway: GatewayUnderTest
const random = seeded(testSeed('invoice'))
const upTo = (most: number) => Math.floor(random() * (most + 1))
const chance = (share: number) => random() < share
const oneOf = <T>(all: readonly T[]): T => all[upTo(all.length - 1)] as T

/** Of a thousandth of a pico-dollar a token, which is 10^-9 USD a million: so fine that lines have to be rounded. */
interface Tariff {
  readonly input: number
  readonly cached: number
  readonly written: number
  readonly audioIn: number
  readonly output: number
  readonly reasoning: number
  readonly audioOut: number
}
const SHORT: Tariff = {
  input: 2_468_101,
  cached: 246_813,
  written: 3_085_127,
  audioIn: 40_000_001,
  output: 9_999_999,
  reasoning: 11_000_003,
  audioOut: 80_000_007,
}
const TIMES_TWO_PLUS = (tariff: Tariff, extra: number) =>
  Object.fromEntries(
    Object.entries(tariff).map(([kind, price]) => [kind, price * 2 + extra]),
  ) as unknown as Tariff
const LONG_PROMPT = TIMES_TWO_PLUS(SHORT, 1)
const PRIORITY = TIMES_TWO_PLUS(SHORT, 3)
const DATED = TIMES_TWO_PLUS(SHORT, 5)
const LONG_FROM = 1_000

const usd = (price: number) => `${price}e-9`
const ratesOf = (tariff: Tariff): Rates => ({
  input: usd(tariff.input),
  cacheRead: usd(tariff.cached),
  cacheWrite5m: usd(tariff.written),
  inputAudio: usd(tariff.audioIn),
  output: usd(tariff.output),
  reasoning: usd(tariff.reasoning),
  outputAudio: usd(tariff.audioOut),
})
const pricing = (tariff: Tariff, more: Partial<Pricing> = {}): Pricing => ({
  version: `price_${tariff.input}@1`,
  rates: ratesOf(tariff),
  tiers: [],
  serviceTiers: {},
  contextTokens: null,
  maxOutputTokens: null,
  ...more,
})

beforeAll(async () => {
  gateway = await startGatewayUnderTest()
  const target = (providerId: string, priority: number) => ({ providerId, model: 'model', priority })
  gateway.configure({
    prices: {
      model: pricing(SHORT, {
        tiers: [{ aboveInputTokens: LONG_FROM, rates: ratesOf(LONG_PROMPT) }],
        serviceTiers: { flex: '0.5', priority: { rates: ratesOf(PRIORITY), tiers: [] } },
      }),
      'model-dated': pricing(DATED),
    },
    routes: [
      testRoute({
        name: 'chat',
        targets: [target('provider_a', 0), target('provider_b', 1)],
        retries: { attempts: 1 },
      }),
    ],
  })
})
afterAll(() => gateway.close())

function anyUsage(): NonNullable<FakePlan['usage']> {
  const prompt = upTo(chance(0.2) ? 3_000 : 900)
  const completion = upTo(400)
  const cached = chance(0.5) ? upTo(prompt) : 0
  const written = chance(0.2) ? upTo(prompt - cached) : 0
  const audioIn = chance(0.1) ? upTo(prompt - cached - written) : 0
  const reasoning = chance(0.4) ? upTo(completion) : 0
  const audioOut = chance(0.1) ? upTo(completion - reasoning) : 0
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: chance(0.1)
      ? null
      : { cached_tokens: cached, cache_write_tokens: written, audio_tokens: audioIn },
    completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: audioOut },
  }
}

function anyPlan(): FakePlan {
  if (chance(0.05)) return { status: oneOf([500, 503, 529]) }
  return {
    usage: anyUsage(),
    text: 'ok then',
    serviceTier: oneOf(['default', 'default', 'flex', 'priority', 'scale']),
    ...(chance(0.1) ? { servedModel: 'model-dated' } : {}),
    ...(chance(0.05) ? { servedModel: 'model-2031-01-01' } : {}),
  }
}

/** What the vendor would charge for one answer, pico-dollars: each kind of token a line, rounded once, half to even. */
function charge({ bill }: FakeServed): bigint {
  if (!bill?.usage) return 0n
  const { prompt_tokens: prompt, completion_tokens: completion } = bill.usage
  const {
    cached_tokens: cached = 0,
    cache_write_tokens: written = 0,
    audio_tokens: audioIn = 0,
  } = bill.usage.prompt_tokens_details ?? {}
  const { reasoning_tokens: reasoning = 0, audio_tokens: audioOut = 0 } =
    bill.usage.completion_tokens_details ?? {}
  const dated = bill.model === 'model-dated'
  const tier = dated ? 'default' : bill.serviceTier
  const tariff = dated ? DATED : tier === 'priority' ? PRIORITY : prompt > LONG_FROM ? LONG_PROMPT : SHORT
  const lines: [tokens: number, price: number][] = [
    [prompt - cached - written - audioIn, tariff.input],
    [cached, tariff.cached],
    [written, tariff.written],
    [audioIn, tariff.audioIn],
    [completion - reasoning - audioOut, tariff.output],
    [reasoning, tariff.reasoning],
    [audioOut, tariff.audioOut],
  ]
  return lines.reduce((sum, [tokens, price]) => sum + line(tokens, price, tier === 'flex'), 0n)
}

function line(tokens: number, price: number, half: boolean): bigint {
  const parts = half ? 2_000n : 1_000n
  const exact = BigInt(tokens) * BigInt(price)
  const [whole, rest] = [exact / parts, (exact % parts) * 2n]
  return rest > parts || (rest === parts && whole % 2n === 1n) ? whole + 1n : whole
}

it(
  `over ${CALLS} mixed calls the vendor’s invoice equals the books`,
  async () => {
    let [invoiced, booked, lines, charged] = [0n, 0n, 0n, 0]
    for (let done = 0; done < CALLS; done += BATCH) {
      gateway.a.script(Array.from({ length: BATCH }, anyPlan))
      // What the first could not serve, the second does.
      gateway.b.script([], { usage: anyUsage(), serviceTier: 'default' })
      let left = BATCH
      const callers = Array.from({ length: AT_ONCE }, async () => {
        while (left > 0) {
          left -= 1
          const stream = chance(0.5)
          const asked = oneOf([undefined, 'auto', 'default', 'flex', 'priority'])
          const include_usage = chance(0.5)
          const answer = await gateway.post({
            model: 'chat',
            ...HELLO,
            stream,
            service_tier: asked,
            ...(stream ? { stream_options: { include_usage } } : {}),
          })
          await answer.text()
          expect(answer.status).toBe(200)
        }
      })
      await Promise.all(callers)
      await until(() => gateway.listener.inFlight() === 0)

      const { events } = gateway.books
      const bills = new Map<string | null, bigint>()
      for (const served of [...gateway.a.served, ...gateway.b.served])
        bills.set(served.requestId, (bills.get(served.requestId) ?? 0n) + charge(served))
      expect(events.length).toBe(BATCH)
      for (const event of events) {
        const cost = BigInt(event.costPicoUsd ?? -1)
        expect(cost, JSON.stringify(event)).toBe(bills.get(event.id))
        expect(event.usageSource).toBe('provider')
        booked += cost
        for (const { costPicoUsd } of event.lines) lines += BigInt(costPicoUsd)
        if (cost > 0n) charged += 1
      }
      for (const bill of bills.values()) invoiced += bill
      expect(gateway.books.faults).toEqual([])
      for (const list of [events, gateway.books.intents, gateway.a.served, gateway.b.served]) list.length = 0
    }
    expect(booked).toBe(invoiced)
    expect(lines).toBe(invoiced)
    expect(charged).toBeGreaterThan(CALLS * 0.95)
    expect(gateway.reports).toEqual([])
  },
  LONG ? 900_000 : 120_000,
)
