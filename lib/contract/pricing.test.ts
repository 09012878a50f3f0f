import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDecimal, parseUsd } from './money.ts'
import type { Pricing, Rates } from './price.ts'
import { costOfTokens, costOfUnits, priceAttempt, priceUsage, ratesFor } from './pricing.ts'
import { NO_USAGE, type Usage } from './usage.ts'
import { ledgerLine } from './usage-event.ts'

const rate = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 9n }), fc.integer({ min: 0, max: 14 }), fc.boolean())
  .map(([digits, scale, exponent]) =>
    exponent ? `${digits}e-${scale}` : scale === 0 ? `${digits}` : fixed(digits, scale),
  )

function fixed(digits: bigint, scale: number): string {
  const text = digits.toString().padStart(scale + 1, '0')
  return `${text.slice(0, -scale)}.${text.slice(-scale)}`
}

const optional = fc.option(rate, { nil: undefined })
const rates = fc
  .record({
    input: rate,
    output: rate,
    cacheRead: optional,
    cacheWrite5m: optional,
    cacheWrite1h: optional,
    inputAudio: optional,
    reasoning: optional,
    outputAudio: optional,
    request: optional,
  })
  .map(
    (record) =>
      Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Rates,
  )

const pricing = fc.record({ rates, tier: fc.option(rates) }).map(
  ({ rates: base, tier }): Pricing => ({
    version: 'price_x@1',
    rates: base,
    tiers: tier ? [{ aboveInputTokens: 200_000, rates: tier }] : [],
    serviceTiers: {},
    contextTokens: null,
    maxOutputTokens: null,
  }),
)

const STANDARD = { serviceTier: null, latencyMs: 0 }
const part = fc.integer({ min: 0, max: 300_000 })
const usage = fc
  .record({
    plain: part,
    read: part,
    w5: part,
    w1: part,
    audio: part,
    out: part,
    reason: part,
    outAudio: part,
  })
  .map(
    (parts): Usage => ({
      inputTokens: parts.plain + parts.read + parts.w5 + parts.w1 + parts.audio,
      cachedInputTokens: parts.read,
      cacheWrite5mTokens: parts.w5,
      cacheWrite1hTokens: parts.w1,
      inputAudioTokens: parts.audio,
      outputTokens: parts.out + parts.reason + parts.outAudio,
      reasoningTokens: parts.reason,
      outputAudioTokens: parts.outAudio,
    }),
  )

describe('lines', () => {
  test('the sum of the lines is the cost, exactly, and every token stands in exactly one line', () => {
    fc.assert(
      fc.property(pricing, usage, (price, used) => {
        const { lines, costPicoUsd } = priceUsage(price, used, 0, STANDARD)
        expect(lines.reduce((sum, line) => sum + BigInt(line.costPicoUsd), 0n)).toBe(costPicoUsd)
        const tokens = lines.filter((line) => line.unit === null)
        expect(tokens.reduce((sum, line) => sum + line.quantity, 0)).toBe(
          used.inputTokens + used.outputTokens,
        )
        for (const line of lines) ledgerLine.parse(line)
      }),
    )
  })

  test('a line is the exact product rounded once, half to even: never floating point', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000_000 }), rate, (quantity, text) => {
        const { coefficient, scale } = parseDecimal(text)
        const cost = costOfTokens(quantity, text)
        // cost = quantity × coefficient × 10^12 / 10^(scale+6), within half a pico-dollar, even at the half
        const exact = BigInt(quantity) * coefficient * 10n ** 12n
        const unit = 10n ** BigInt(scale + 6)
        const twice = 2n * (exact - cost * unit)
        expect(twice >= -unit && twice <= unit).toBe(true)
        if (twice === unit || twice === -unit) expect(cost % 2n).toBe(0n)
      }),
    )
    // 0.1 + 0.2, and a quantity past 2^53.
    expect(costOfTokens(3, '0.1')).toBe(300_000n)
    expect(costOfTokens(9_007_199_254_740_991, '0.3')).toBe(2_702_159_776_422_297_300_000n)
    expect(costOfTokens(3_602_879_701, '2.5')).toBe(9_007_199_252_500_000n)
    expect(costOfTokens(3_602_879_703, '2.500001')).toBe(9_007_202_860_379_703n)
    expect(costOfTokens(1, '9007199254.740993')).toBe(9_007_199_254_740_993n)
  })

  test('prices with exponents cost what they cost in full', () => {
    expect(costOfTokens(1_000_000, '5.46875e-07')).toBe(546_875n)
    expect(costOfTokens(1, '0.546875')).toBe(546_875n)
    expect(costOfUnits(1, '0.012')).toBe(parseUsd('0.012'))
  })

  test.each([
    [1, '0.0000005', 0n],
    [3, '0.0000005', 2n],
    [5, '0.0000005', 2n],
    [7, '0.0000005', 4n],
  ])('half a pico-dollar goes to even: %i tokens at %s', (quantity, text, expected) => {
    expect(costOfTokens(quantity, text)).toBe(expected)
  })

  test('a kind without a price takes input’s or output’s; reasoning without a price of its own has no line', () => {
    const price: Pricing = {
      version: 'v',
      rates: { input: '1', output: '2' },
      tiers: [],
      serviceTiers: {},
      contextTokens: null,
      maxOutputTokens: null,
    }
    const used = {
      ...NO_USAGE,
      inputTokens: 100,
      cachedInputTokens: 40,
      cacheWrite5mTokens: 10,
      outputTokens: 50,
      reasoningTokens: 30,
    }
    const { lines, costPicoUsd } = priceUsage(price, used, 2, STANDARD)
    expect(lines.map((line) => [line.meter, line.quantity])).toEqual([
      ['input', 50],
      ['cacheRead', 40],
      ['cacheWrite5m', 10],
      ['output', 50],
    ])
    expect(lines.every((line) => line.attempt === 2)).toBe(true)
    expect(costPicoUsd).toBe(200_000_000n)
  })

  test('parts that exceed their total are an error, not a negative line', () => {
    const price: Pricing = {
      version: 'v',
      rates: { input: '1', output: '1' },
      tiers: [],
      serviceTiers: {},
      contextTokens: null,
      maxOutputTokens: null,
    }
    expect(() =>
      priceUsage(price, { ...NO_USAGE, inputTokens: 1, cachedInputTokens: 2 }, 0, STANDARD),
    ).toThrow(RangeError)
    expect(() =>
      priceUsage(price, { ...NO_USAGE, outputTokens: 1, outputAudioTokens: 2 }, 0, STANDARD),
    ).toThrow(RangeError)
  })
})

describe('tiers', () => {
  const price: Pricing = {
    version: 'v',
    rates: { input: '3', output: '15' },
    tiers: [
      { aboveInputTokens: 200_000, rates: { input: '6', output: '22.5' } },
      { aboveInputTokens: 500_000, rates: { input: '9', output: '30' } },
    ],
    serviceTiers: {},
    contextTokens: null,
    maxOutputTokens: null,
  }

  test.each([
    [199_999, 599_997_000_000n + 15_000_000n],
    [200_000, 600_000_000_000n + 15_000_000n],
    [200_001, 1_200_006_000_000n + 22_500_000n],
    [500_000, 3_000_000_000_000n + 22_500_000n],
    [500_001, 4_500_009_000_000n + 30_000_000n],
  ])('a tier is a cliff on the whole input, output too: %i', (inputTokens, expected) => {
    expect(priceUsage(price, { ...NO_USAGE, inputTokens, outputTokens: 1 }, 0, STANDARD).costPicoUsd).toBe(
      expected,
    )
  })

  test('no tier is chosen by output', () => {
    expect(ratesFor(price, 0, null).input).toBe('3')
  })
})

describe('the service tier served', () => {
  const price: Pricing = {
    version: 'price_x@1',
    rates: { input: '2.5', output: '10', request: '0.01' },
    tiers: [{ aboveInputTokens: 1_000, rates: { input: '5', output: '15' } }],
    serviceTiers: {
      flex: '0.5',
      priority: { rates: { input: '4.25', output: '17' }, tiers: [] },
    },
    contextTokens: null,
    maxOutputTokens: null,
  }
  const cost = (serviceTier: string | null, inputTokens = 100) =>
    priceUsage(price, { ...NO_USAGE, inputTokens, outputTokens: 10 }, 0, { serviceTier, latencyMs: 0 })

  test('a factor is on the tokens of the tier by size, and not on what is charged by the call', () => {
    expect(cost('flex').lines).toMatchObject([
      { meter: 'input', usdPerMillion: '1.25', costPicoUsd: '125000000' },
      { meter: 'output', usdPerMillion: '5', costPicoUsd: '50000000' },
      { meter: 'request', usdPerUnit: '0.01', costPicoUsd: '10000000000' },
    ])
    expect(cost('flex', 1_001).lines).toMatchObject([{ usdPerMillion: '2.5' }, { usdPerMillion: '7.5' }])
  })

  test('rates of its own replace the standard ones whole, their tiers too', () => {
    expect(cost('priority', 1_001).lines).toMatchObject([
      { meter: 'input', usdPerMillion: '4.25' },
      { meter: 'output', usdPerMillion: '17' },
    ])
  })

  test.each([null, 'default', 'scale', 'constructor', '__proto__'])(
    'a tier without a price of its own costs what the standard one does: %s',
    (serviceTier) => {
      expect(cost(serviceTier)).toEqual(cost(null))
    },
  )

  test('a product with more decimals than the books take is rounded half to even, and the line says so', () => {
    const fine: Pricing = { ...price, tiers: [], rates: { input: `0.${'0'.repeat(29)}3`, output: '0' } }
    const { lines } = priceUsage(fine, { ...NO_USAGE, inputTokens: 1 }, 0, {
      serviceTier: 'flex',
      latencyMs: 0,
    })
    expect(lines[0]?.usdPerMillion).toBe(`0.${'0'.repeat(29)}2`)
    expect(ledgerLine.safeParse(lines[0]).success).toBe(true)
  })
})

describe('what is not tokens', () => {
  const use = {
    usage: { ...NO_USAGE, inputTokens: 7 },
    usageSource: 'provider',
    serviceTier: null,
    latencyMs: 2_345,
    vendorCostUsd: null,
  } as const
  const price: Pricing = {
    version: 'price_gpu@2',
    rates: { input: '0', output: '0', second: '0.0007' },
    tiers: [],
    serviceTiers: {},
    contextTokens: null,
    maxOutputTokens: null,
  }

  test('time is a line of milliseconds at a thousandth of the price of a second', () => {
    const { lines, costPicoUsd } = priceAttempt(price, use, 0)
    expect(lines).toMatchObject([
      { meter: 'input', quantity: 7, costPicoUsd: '0' },
      {
        meter: 'second',
        quantity: 2_345,
        unit: 'millisecond',
        usdPerUnit: '0.0000007',
        costPicoUsd: '1641500000',
        usdPerMillion: null,
      },
    ])
    expect(costPicoUsd).toBe(1_641_500_000n)
    expect(priceAttempt(price, { ...use, usageSource: 'none' }, 0).lines).toEqual([])
  })

  test('an own price goes before the vendor’s own word, that before the catalogue, and all before nothing', () => {
    const told = { ...use, vendorCostUsd: '1.4850000000000002e-05' }
    const byVendor = [
      {
        attempt: 3,
        meter: 'vendorCost',
        quantity: 1,
        usdPerMillion: null,
        unit: 'call',
        usdPerUnit: '0.000014850000000000002',
        costPicoUsd: '14850000',
        priceVersion: 'vendor',
      },
    ]
    expect(priceAttempt(price, told, 3).lines.at(-1)?.priceVersion).toBe('price_gpu@2')
    expect(priceAttempt({ ...price, version: 'catalogue@1234' }, told, 3).lines).toEqual(byVendor)
    expect(priceAttempt(null, told, 3)).toEqual({ lines: byVendor, costPicoUsd: 14_850_000n })
    expect(priceAttempt(null, use, 3)).toEqual({ lines: [], costPicoUsd: null })
  })
})
