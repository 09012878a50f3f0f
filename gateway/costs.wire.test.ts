/** Complaints about what gateways say that calls cost, each by its name, through the whole pipeline. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type PriceEntity, type ProviderKind, priceEntity } from '../lib/contract/entities.ts'
import { byEffect, priceScope, selectPricing } from '../lib/contract/price-selection.ts'
import type { FakePlan } from './testing/fake-openai.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import { memoryConfiguration, testProvider, testRoute } from './testing/memory-configuration.ts'

let gateway: GatewayUnderTest

beforeAll(async () => {
  gateway = await startGatewayUnderTest()
})
afterAll(() => gateway.close())
afterEach(() => {
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
  gateway.a.script([])
  gateway.b.script([])
})

interface Setting {
  readonly kind?: ProviderKind
  readonly model?: string
  readonly route?: Record<string, unknown>
}

/** With the choice of a price as it is in earnest: own ones before the catalogue. */
function configure(prices: readonly Record<string, unknown>[], setting: Setting = {}): void {
  const { kind = 'openai', model = 'gpt-5', route = {} } = setting
  const own = new Map<string, PriceEntity[]>()
  for (const [index, given] of prices.entries()) {
    const whole = { type: 'price', id: `price_${index}`, version: 1, providerId: null, providerKind: null }
    const none = { tiers: [], effectiveFrom: 0, contextTokens: null, maxOutputTokens: null }
    const price = priceEntity.parse({ ...whole, ...none, model, ...given })
    own.set(priceScope(price), [...(own.get(priceScope(price)) ?? []), price].sort(byEffect))
  }
  const providers = [
    testProvider({ id: 'provider_a', kind, baseUrl: gateway.a.baseUrl }),
    testProvider({ id: 'provider_b', kind, baseUrl: gateway.b.baseUrl }),
  ]
  const targets = [
    { providerId: 'provider_a', model, priority: 0 },
    { providerId: 'provider_b', model, priority: 1 },
  ]
  gateway.setConfiguration({
    ...memoryConfiguration({ providers, routes: [testRoute({ name: 'chat', targets, ...route })] }),
    pricing: (provider, name, at) => selectPricing(own, provider, name, at),
  })
}

async function booked(plan: FakePlan, body: Record<string, unknown> = {}) {
  gateway.a.script([plan])
  const answer = await gateway.post({ model: 'chat', ...HELLO, ...body })
  const text = await answer.text()
  return { answer, text, event: await gateway.event() }
}

const BOTH_WAYS = [{ stream: true }, { stream: false }]
const usage = (more: Record<string, unknown> = {}) => ({
  prompt_tokens: 1_200,
  completion_tokens: 80,
  total_tokens: 1_280,
  ...more,
})
const linesOf = (event: { lines: readonly { meter: string; quantity: number; costPicoUsd: string }[] }) =>
  event.lines.map(({ meter, quantity, costPicoUsd }) => [meter, quantity, costPicoUsd])

describe('what the vendor told', () => {
  it.each(BOTH_WAYS)(
    'prompt_tokens_details are lost, so that cached tokens are billed in full: %j',
    async (how) => {
      configure([{ rates: { input: '2.5', cacheRead: '1.25', output: '10' } }])
      const told = usage({ prompt_tokens_details: { cached_tokens: 1_000, audio_tokens: null } })
      const { event } = await booked({ usage: told }, how)
      expect(linesOf(event)).toEqual([
        ['input', 200, '500000000'],
        ['cacheRead', 1_000, '1250000000'],
        ['output', 80, '800000000'],
      ])
      expect(event).toMatchObject({ costPicoUsd: '2550000000', usageSource: 'provider' })
    },
  )

  it.each(BOTH_WAYS)('each kind of token at its own price, none of them twice: %j', async (how) => {
    const rates = { input: '1', cacheRead: '2', cacheWrite5m: '3', inputAudio: '4', output: '5' }
    configure([{ rates: { ...rates, reasoning: '6', outputAudio: '7' } }])
    const told = usage({
      prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 200, audio_tokens: 300 },
      completion_tokens_details: {
        reasoning_tokens: 10,
        audio_tokens: 20,
        // Rejected ones are in the total already, and charged as output.
        accepted_prediction_tokens: 5,
        rejected_prediction_tokens: 15,
      },
    })
    const { event } = await booked({ usage: told }, how)
    expect(linesOf(event)).toEqual([
      ['input', 600, '600000000'],
      ['cacheRead', 100, '200000000'],
      ['cacheWrite5m', 200, '600000000'],
      ['inputAudio', 300, '1200000000'],
      ['output', 50, '250000000'],
      ['reasoning', 10, '60000000'],
      ['outputAudio', 20, '140000000'],
    ])
  })

  it.each(BOTH_WAYS)('usage is recounted although the vendor reported it: %j', async (how) => {
    configure([{ rates: { input: '1', output: '1' } }])
    const { event } = await booked({ text: 'one', usage: usage() }, how)
    expect(event.usage).toMatchObject({ inputTokens: 1_200, outputTokens: 80 })
    expect(event.usageSource).toBe('provider')
  })

  it.each(BOTH_WAYS)('parts that exceed their total make a negative line: %j', async (how) => {
    configure([{ rates: { input: '1', cacheRead: '0.1', output: '1' } }])
    const told = usage({ prompt_tokens_details: { cached_tokens: 5_000 } })
    const { event } = await booked({ usage: told }, how)
    expect(linesOf(event)).toEqual([
      ['cacheRead', 1_200, '120000000'],
      ['output', 80, '80000000'],
    ])
    expect(event.usageSource).toBe('estimated')
  })

  it('rounding per token adds up to another sum than the price says', async () => {
    configure([{ rates: { input: '0.0000015', output: '0.0000025' } }])
    const { event } = await booked({ usage: usage({ prompt_tokens: 3, completion_tokens: 3 }) })
    // 4.5 and 7.5 pico-dollars, each rounded once, half to even; a token alone would be 2 and 2.
    expect(linesOf(event)).toEqual([
      ['input', 3, '4'],
      ['output', 3, '8'],
    ])
  })
})

describe('when the vendor tells', () => {
  const chunk = (more: Record<string, unknown>) =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'gpt-5', ...more })}\n\n`
  const said = (content: string, more: Record<string, unknown> = {}) =>
    chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }], ...more })
  const end = (more: Record<string, unknown> = {}) =>
    chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], ...more })
  const DONE = 'data: [DONE]\n\n'
  const told = (outputTokens: number) => ({
    prompt_tokens: 9,
    completion_tokens: outputTokens,
    total_tokens: 9 + outputTokens,
    prompt_tokens_details: null,
  })
  const hello = [said('Hel'), said('lo'), said('!')]

  it.each([
    ['in a chunk of its own at the end', [...hello, end(), chunk({ choices: [], usage: told(3) })], 3],
    ['with the finish reason', [...hello, end({ usage: told(3) })], 3],
    ['twice', [...hello, end({ usage: told(3) }), chunk({ choices: [], usage: told(3) })], 3],
    [
      'with every chunk, cumulative (vLLM’s continuous_usage_stats)',
      [said('Hel', { usage: told(1) }), said('lo', { usage: told(2) }), end({ usage: told(2) })],
      2,
    ],
    ['null in all but the last', [...hello, end({ usage: null }), chunk({ choices: [], usage: told(3) })], 3],
    ['under x_groq', [...hello, end({ x_groq: { id: 'r', usage: told(3) } })], 3],
    ['in llama.cpp’s timings', [...hello, end({ timings: { cache_n: 4, prompt_n: 5, predicted_n: 3 } })], 3],
  ])('usage that comes %s is lost, or summed up', async (_name, events, outputTokens) => {
    configure([{ rates: { input: '1', output: '1' } }])
    const { event, text } = await booked({ rawBody: events.join('') + DONE }, { stream: true })
    expect(event.usageSource).toBe('provider')
    expect(event.usage).toMatchObject({ inputTokens: 9, outputTokens })
    expect(text).toContain('data: [DONE]')
  })

  it('usage that came before the content is taken for all of it', async () => {
    configure([{ rates: { input: '1', output: '1' } }])
    const early = said('', { usage: told(0) })
    const { event } = await booked({ rawBody: [early, ...hello, end()].join('') + DONE }, { stream: true })
    expect(event.usageSource).toBe('estimated')
    expect(event.usage).toMatchObject({ inputTokens: 9, outputTokens: 3 })
  })

  it.each(BOTH_WAYS)('a vendor that tells no usage is free: %j', async (how) => {
    configure([{ rates: { input: '1', output: '1' } }])
    const { event } = await booked({ usage: null, text: 'one two three four' }, how)
    expect(event.usageSource).toBe('estimated')
    expect(event.usage.inputTokens).toBeGreaterThan(0)
    expect(event.usage.outputTokens).toBeGreaterThanOrEqual(4)
    expect(BigInt(event.costPicoUsd ?? 0)).toBeGreaterThan(0n)
  })
})

describe('which price', () => {
  const tiers = [{ aboveInputTokens: 200_000, rates: { input: '6', output: '22.5' } }]

  it.each([
    [199_999, '599997000000', '15000000'],
    [200_000, '600000000000', '15000000'],
    [200_001, '1200006000000', '22500000'],
  ])(
    'a long prompt is billed at the short one’s price, or only its excess at the long: %i',
    async (prompt_tokens, input, output) => {
      configure([{ rates: { input: '3', output: '15' }, tiers }])
      const { event } = await booked({ usage: usage({ prompt_tokens, completion_tokens: 1 }) })
      expect(event.lines.map(({ costPicoUsd }) => costPicoUsd)).toEqual([input, output])
    },
  )

  it('cached tokens do not count towards the long price', async () => {
    configure([{ rates: { input: '3', cacheRead: '0', output: '15' }, tiers }])
    const prompt_tokens_details = { cached_tokens: 200_000 }
    const told = usage({ prompt_tokens: 200_001, completion_tokens: 1, prompt_tokens_details })
    expect((await booked({ usage: told })).event.costPicoUsd).toBe('1200028500000')
  })

  it.each(
    BOTH_WAYS.flatMap((how) => [
      { ...how, asked: 'priority', served: 'default', cost: '2000000000' },
      { ...how, asked: 'flex', served: 'flex', cost: '1000000000' },
      { ...how, asked: 'auto', served: 'priority', cost: '3500000000' },
      { ...how, asked: undefined, served: 'default', cost: '2000000000' },
    ]),
  )(
    'the service tier asked for sets the price, not the one served: %j',
    async ({ stream, asked, served, cost }) => {
      const priority = { rates: { input: '2.625', output: '4.375' } }
      configure([{ rates: { input: '1.5', output: '2.5' }, serviceTiers: { flex: '0.5', priority } }])
      const told = usage({ prompt_tokens: 500, completion_tokens: 500 })
      const { event } = await booked({ usage: told, serviceTier: served }, { stream, service_tier: asked })
      expect(event.costPicoUsd).toBe(cost)
      expect(event.attempts).toMatchObject([
        { serviceTier: served, requestedServiceTier: asked ?? null, costPicoUsd: cost },
      ])
    },
  )

  it('the operator’s own rate card is ignored in favour of public prices', async () => {
    configure([{ rates: { input: '7', output: '7' }, providerKind: 'openai' }])
    const { event } = await booked({ usage: usage() })
    expect(event.lines.map(({ priceVersion }) => priceVersion)).toEqual(['price_0@1', 'price_0@1'])
    expect(event.costPicoUsd).toBe('8960000000')
  })

  it('an alias is priced, not the model that was served', async () => {
    configure([
      { model: 'gpt-5', rates: { input: '1', output: '1' } },
      { model: 'gpt-5:2026-01', rates: { input: '2', output: '2' } },
    ])
    const { event } = await booked({ usage: usage(), servedModel: 'gpt-5:2026-01' })
    expect(event.lines[0]?.priceVersion).toBe('price_1@1')
    const other = await booked({ usage: usage(), servedModel: 'a-name-nobody-knows' })
    expect(other.event.lines[0]?.priceVersion).toBe('price_0@1')
  })

  it.each(BOTH_WAYS)('a model without a price costs $0: %j', async (how) => {
    configure([], { kind: 'openai-compatible', model: 'our-own' })
    const { event, answer } = await booked({ usage: usage() }, how)
    expect(event).toMatchObject({ costPicoUsd: null, unpriced: true, lines: [] })
    expect(event.usage.inputTokens).toBe(1_200)
    expect(answer.headers.get('x-gatehouse-cost-usd')).toBeNull()
  })

  it('a server of one’s own costs nothing, because its tokens do', async () => {
    configure([{ rates: { input: '0', output: '0', request: '0.001', second: '3.6' } }])
    const { event } = await booked({ usage: usage(), delayMs: 20 })
    const latencyMs = event.attempts[0]?.latencyMs ?? 0
    expect(event.lines.slice(-2)).toMatchObject([
      { meter: 'request', quantity: 1, unit: 'request', usdPerUnit: '0.001', costPicoUsd: '1000000000' },
      { meter: 'second', quantity: latencyMs, unit: 'millisecond', usdPerUnit: '0.0036' },
    ])
    expect(event.costPicoUsd).toBe((1_000_000_000n + BigInt(latencyMs) * 3_600_000_000n).toString())
  })
})

describe('what the vendor itself says that it charges', () => {
  const told = usage({ cost: 0.00123, cost_details: { upstream_inference_cost: 0.001 }, is_byok: false })
  const broker = { kind: 'openai-compatible', model: 'anyone/any-model' } as const

  it.each(BOTH_WAYS)('is not booked, and the call is unpriced: %j', async (how) => {
    configure([], broker)
    const { event } = await booked(
      { usage: told },
      { ...how, stream_options: how.stream ? { include_usage: true } : undefined },
    )
    expect(event).toMatchObject({ costPicoUsd: '1230000000', unpriced: false })
    expect(event.lines).toMatchObject([
      { meter: 'vendorCost', usdPerUnit: '0.00123', priceVersion: 'vendor' },
    ])
    expect(event.attempts).toMatchObject([{ vendorCostUsd: '0.00123' }])
  })

  it('is told to the caller in the stream', async () => {
    configure([], broker)
    const { text } = await booked({ usage: told }, { stream: true, stream_options: { include_usage: true } })
    expect(text).toContain('"gatehouse_cost_usd":"0.00123"')
  })

  it('goes before the operator’s own price', async () => {
    configure([{ rates: { input: '1', output: '1' } }], broker)
    const { event } = await booked({ usage: told })
    expect(event.costPicoUsd).toBe('1280000000')
    expect(event.attempts).toMatchObject([{ vendorCostUsd: '0.00123' }])
  })
})

describe('calls that are left out', () => {
  const rates = { input: '1', output: '1' }

  it('a client that disconnects in the midst of a stream pays nothing and leaves no row', async () => {
    configure([{ rates }])
    gateway.a.script([{ eventDelayMs: 5, tokens: Array.from({ length: 2_000 }, () => ' word') }])
    const controller = new AbortController()
    const answer = await gateway.post(
      { model: 'chat', ...HELLO, stream: true },
      { signal: controller.signal },
    )
    await answer.body?.getReader().read()
    controller.abort()
    const event = await gateway.event()
    expect(event).toMatchObject({ status: 499, usageSource: 'estimated' })
    expect(BigInt(event.costPicoUsd ?? 0)).toBeGreaterThan(0n)
  })

  it('a failed attempt that the vendor charges for is not in the cost, or is in it twice', async () => {
    configure([{ rates }], { route: { retries: { attempts: 1 } } })
    // Both vendors did the work; the first answer broke off on its way.
    gateway.a.script([{ usage: usage(), failAtByte: 40 }])
    gateway.b.script([{ usage: usage() }])
    const answer = await gateway.post({ model: 'chat', ...HELLO })
    await answer.text()
    const event = await gateway.event()
    expect(event.attempts).toMatchObject([
      { outcome: 'error', usageSource: 'estimated', providerId: 'provider_a' },
      { outcome: 'ok', usageSource: 'provider', costPicoUsd: '1280000000', providerId: 'provider_b' },
    ])
    const [first = '0', second = '0'] = event.attempts.map(({ costPicoUsd }) => costPicoUsd ?? '0')
    expect(BigInt(first)).toBeGreaterThan(0n)
    expect(event.costPicoUsd).toBe((BigInt(first) + BigInt(second)).toString())
    expect(new Set(event.lines.map(({ attempt }) => attempt))).toEqual(new Set([0, 1]))
  })

  it('a refusal leaves no row, or costs something', async () => {
    configure([{ rates, providerKind: 'openai' }], { route: { retries: { attempts: 0 } } })
    const { event } = await booked({ status: 400 })
    expect(event).toMatchObject({ status: 400, costPicoUsd: '0', usageSource: 'none', lines: [] })
    const unknown = await gateway.post({ model: 'no-such-route', ...HELLO })
    await unknown.text()
    expect(await gateway.event()).toMatchObject({ status: 404, costPicoUsd: '0', attempts: [] })
  })

  it('an attempt that failed leaves the next one with its price', async () => {
    configure([{ rates: { ...rates, request: '0.5' } }], { route: { retries: { attempts: 1 } } })
    gateway.a.script([{ status: 500 }])
    gateway.b.script([{ usage: usage() }])
    await (await gateway.post({ model: 'chat', ...HELLO })).text()
    const event = await gateway.event()
    expect(event.attempts.map(({ costPicoUsd }) => costPicoUsd)).toEqual(['0', '501280000000'])
  })
})

it('a server that reads max_tokens alone is not capped by max_completion_tokens', async () => {
  configure([], { kind: 'openai-compatible', model: 'local', route: { maxOutputTokens: 50 } })
  await booked({}, { max_completion_tokens: 900 })
  await until(() => gateway.a.served.length > 0)
  const sent = JSON.parse(gateway.a.served.at(-1)?.body ?? '{}')
  expect([sent.max_tokens, sent.max_completion_tokens]).toEqual([50, 50])
})
