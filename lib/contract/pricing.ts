/** The sums: usage and a price give ledger lines, each rounded once, half to even, to a pico-dollar. */
import { type Decimal, divideHalfEven, parseDecimal } from './money.ts'
import type { Meter, Pricing, Rates } from './price.ts'
import type { Usage } from './usage.ts'
import type { Attempt, LedgerLine } from './usage-event.ts'

/** The rates that apply to a call: the last tier whose start its whole input passes, else the base. */
export function ratesFor(pricing: Pricing, inputTokens: number): Rates {
  let chosen = pricing.rates
  for (const tier of pricing.tiers) if (inputTokens > tier.aboveInputTokens) chosen = tier.rates
  return chosen
}

/**
 * Pico-dollars of `quantity` tokens at a price in USD per million.
 * cost = quantity × coefficient × 10^12 / 10^(scale + 6)
 */
export function costOfTokens(quantity: number, usdPerMillion: string): bigint {
  const { coefficient, scale } = rateOf(usdPerMillion)
  const numerator = BigInt(quantity) * coefficient
  if (scale <= 6) return numerator * 10n ** BigInt(6 - scale)
  return divideHalfEven(numerator, 10n ** BigInt(scale - 6))
}

/** Pico-dollars of `quantity` units at a price in USD each. */
export function costOfUnits(quantity: number, usdPerUnit: string): bigint {
  const { coefficient, scale } = rateOf(usdPerUnit)
  const numerator = BigInt(quantity) * coefficient
  if (scale <= 12) return numerator * 10n ** BigInt(12 - scale)
  return divideHalfEven(numerator, 10n ** BigInt(scale - 12))
}

/** A handful of prices stands behind millions of calls: each text is read once. */
const knownRates = new Map<string, Decimal>()
const MAX_RATES = 4_096

function rateOf(text: string): Decimal {
  let rate = knownRates.get(text)
  if (!rate) {
    rate = parseDecimal(text)
    if (knownRates.size >= MAX_RATES) knownRates.clear()
    knownRates.set(text, rate)
  }
  return rate
}

export interface PricedUsage {
  readonly lines: LedgerLine[]
  readonly costPicoUsd: bigint
}

/** As `PricedUsage`; its cost is null when it is unpriced, which is not the same as free. */
export interface PricedAttempt {
  readonly lines: LedgerLine[]
  readonly costPicoUsd: bigint | null
}

/**
 * What an attempt costs at a price, null where there is none: nothing where nothing was used.
 * @throws RangeError as `priceUsage` does.
 */
export function priceAttempt(
  pricing: Pricing | null,
  { usage, usageSource }: Pick<Attempt, 'usage' | 'usageSource'>,
  attempt: number,
): PricedAttempt {
  if (usageSource === 'none') return { lines: [], costPicoUsd: 0n }
  return pricing ? priceUsage(pricing, usage, attempt) : { lines: [], costPicoUsd: null }
}

/**
 * The ledger lines of one attempt; meters without tokens have none. Reasoning stands in its own line only where it
 * has a price of its own.
 * @throws RangeError when the parts of the usage exceed its totals.
 */
export function priceUsage(pricing: Pricing, usage: Usage, attempt: number): PricedUsage {
  const rates = ratesFor(pricing, usage.inputTokens)
  const plainInput =
    usage.inputTokens -
    usage.cachedInputTokens -
    usage.cacheWrite5mTokens -
    usage.cacheWrite1hTokens -
    usage.inputAudioTokens
  const reasoning = rates.reasoning === undefined ? 0 : usage.reasoningTokens
  const plainOutput = usage.outputTokens - reasoning - usage.outputAudioTokens
  if (plainInput < 0 || plainOutput < 0) throw new RangeError('the parts of a usage exceed its total')

  const lines: LedgerLine[] = []
  let total = 0n
  const tokens = (meter: Meter, quantity: number, usdPerMillion: string) => {
    if (quantity === 0) return
    const cost = costOfTokens(quantity, usdPerMillion)
    total += cost
    lines.push({
      attempt,
      meter,
      quantity,
      usdPerMillion,
      unit: null,
      usdPerUnit: null,
      costPicoUsd: cost.toString(),
      priceVersion: pricing.version,
    })
  }
  tokens('input', plainInput, rates.input)
  tokens('cacheRead', usage.cachedInputTokens, rates.cacheRead ?? rates.input)
  tokens('cacheWrite5m', usage.cacheWrite5mTokens, rates.cacheWrite5m ?? rates.input)
  tokens('cacheWrite1h', usage.cacheWrite1hTokens, rates.cacheWrite1h ?? rates.input)
  tokens('inputAudio', usage.inputAudioTokens, rates.inputAudio ?? rates.input)
  tokens('output', plainOutput, rates.output)
  tokens('reasoning', reasoning, rates.reasoning ?? rates.output)
  tokens('outputAudio', usage.outputAudioTokens, rates.outputAudio ?? rates.output)
  if (rates.request !== undefined) {
    const cost = costOfUnits(1, rates.request)
    total += cost
    lines.push({
      attempt,
      meter: 'request',
      quantity: 1,
      usdPerMillion: null,
      unit: 'request',
      usdPerUnit: rates.request,
      costPicoUsd: cost.toString(),
      priceVersion: pricing.version,
    })
  }
  return { lines, costPicoUsd: total }
}
