import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDecimal, parseUsd } from './money.ts'
import type { Pricing, Rates } from './price.ts'
import { costOfTokens, costOfUnits, priceUsage, ratesFor } from './pricing.ts'
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
    contextTokens: null,
    maxOutputTokens: null,
  }),
)

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
        const { lines, costPicoUsd } = priceUsage(price, used, 0)
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
    const { lines, costPicoUsd } = priceUsage(price, used, 2)
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
      contextTokens: null,
      maxOutputTokens: null,
    }
    expect(() => priceUsage(price, { ...NO_USAGE, inputTokens: 1, cachedInputTokens: 2 }, 0)).toThrow(
      RangeError,
    )
    expect(() => priceUsage(price, { ...NO_USAGE, outputTokens: 1, outputAudioTokens: 2 }, 0)).toThrow(
      RangeError,
    )
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
    expect(priceUsage(price, { ...NO_USAGE, inputTokens, outputTokens: 1 }, 0).costPicoUsd).toBe(expected)
  })

  test('no tier is chosen by output', () => {
    expect(ratesFor(price, 0).input).toBe('3')
  })
})
