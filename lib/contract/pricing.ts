/** The sums: usage and a price give ledger lines, each rounded once, half to even, to a pico-dollar. */
import { type Decimal, divideHalfEven, parseDecimal, rateText } from './money.ts'
import {
  CATALOGUE_PREFIX,
  type Meter,
  type PriceTier,
  type Pricing,
  type Rates,
  type ServiceTierPrice,
} from './price.ts'
import type { Usage } from './usage.ts'
import type { Attempt, LedgerLine } from './usage-event.ts'

/** How an attempt was served, as far as its price depends on it. */
type Served = Pick<Attempt, 'serviceTier' | 'latencyMs'>

/**
 * The rates that apply to a call: of the service tier that was served, the last tier whose start its whole input
 * passes, else the base. A service tier without a price of its own costs what the standard one does.
 */
export function ratesFor(pricing: Pricing, inputTokens: number, serviceTier: string | null): Rates {
  const own = ownPrice(pricing, serviceTier)
  if (typeof own === 'object') return ratesAt(own.rates, own.tiers, inputTokens)
  const standard = ratesAt(pricing.rates, pricing.tiers, inputTokens)
  return own === undefined ? standard : scaledRates(standard, own)
}

/** All rates by which a call may be priced at one service tier, each from so much input on. */
export function possibleRates(
  pricing: Pricing,
  serviceTier: string | null,
): { readonly fromInputTokens: number; readonly rates: Rates }[] {
  const own = ownPrice(pricing, serviceTier)
  const { tiers }: { tiers: readonly PriceTier[] } = typeof own === 'object' ? own : pricing
  const starts = [0, ...tiers.map(({ aboveInputTokens }) => aboveInputTokens + 1)]
  return starts.map((start) => ({
    fromInputTokens: start,
    rates: ratesFor(pricing, start, serviceTier),
  }))
}

/** The name is a vendor's: one that every object knows is not a price. */
function ownPrice({ serviceTiers }: Pricing, name: string | null): ServiceTierPrice | undefined {
  return name !== null && Object.hasOwn(serviceTiers, name) ? serviceTiers[name] : undefined
}

function ratesAt(base: Rates, tiers: readonly PriceTier[], inputTokens: number): Rates {
  let chosen = base
  for (const tier of tiers) if (inputTokens > tier.aboveInputTokens) chosen = tier.rates
  return chosen
}

const scaled = new WeakMap<Rates, Map<string, Rates>>()

/** A factor is on tokens: what is charged by the call or by the second stays. */
const UNSCALED = new Set(['request', 'second'])

function scaledRates(rates: Rates, factor: string): Rates {
  let known = scaled.get(rates)
  if (!known) {
    known = new Map()
    scaled.set(rates, known)
  }
  let found = known.get(factor)
  if (!found) {
    const entries = Object.entries(rates).flatMap(([kind, rate]) =>
      rate === undefined ? [] : [[kind, UNSCALED.has(kind) ? rate : timesRate(rate, factor)]],
    )
    found = Object.fromEntries(entries) as Rates
    known.set(factor, found)
  }
  return found
}

function timesRate(rate: string, factor: string): string {
  const [a, b] = [parseDecimal(rate), parseDecimal(factor)]
  return rateText({ coefficient: a.coefficient * b.coefficient, scale: a.scale + b.scale })
}

/** USD per millisecond of a price in USD per second. */
function perMillisecond(usdPerSecond: string): string {
  const { coefficient, scale } = parseDecimal(usdPerSecond)
  return rateText({ coefficient, scale: scale + 3 })
}

/**
 * Pico-dollars of `quantity` tokens at a price in USD per million.
 * cost = quantity × coefficient × 10^12 / 10^(scale + 6)
 */
export function costOfTokens(quantity: number, usdPerMillion: string): bigint {
  const { coefficient, scale, perToken } = rateOf(usdPerMillion)
  const product = quantity * perToken
  // Of whole numbers: what is safe was never rounded.
  if (Number.isSafeInteger(product)) return BigInt(product)
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
const knownRates = new Map<string, Rate>()
const MAX_RATES = 4_096

/** A price in USD per million, and in whole pico-dollars for one: infinite where it has none, or one too large. */
interface Rate extends Decimal {
  readonly perToken: number
}

function rateOf(text: string): Rate {
  let rate = knownRates.get(text)
  if (!rate) {
    const decimal = parseDecimal(text)
    rate = { ...decimal, perToken: wholePico(decimal) }
    if (knownRates.size >= MAX_RATES) knownRates.clear()
    knownRates.set(text, rate)
  }
  return rate
}

function wholePico({ coefficient, scale }: Decimal): number {
  const pico = scale <= 6 ? Number(coefficient) * 10 ** (6 - scale) : Number.POSITIVE_INFINITY
  return Number.isSafeInteger(pico) ? pico : Number.POSITIVE_INFINITY
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

/** What of an attempt decides its cost, as it stands in the books. */
export type AttemptUse = Served & Pick<Attempt, 'usage' | 'usageSource' | 'vendorCostUsd'>

/**
 * What an attempt costs at a price, null where there is none: nothing where nothing was used. An own price goes before
 * the vendor's own word, which goes before the catalogue: that can't know where a broker sent the call.
 * @throws RangeError as `priceUsage` does.
 */
export function priceAttempt(pricing: Pricing | null, use: AttemptUse, attempt: number): PricedAttempt {
  const isOwn = pricing !== null && !pricing.version.startsWith(CATALOGUE_PREFIX)
  if (use.vendorCostUsd !== null && !isOwn) return priceByVendor(use.vendorCostUsd, attempt)
  if (use.usageSource === 'none') return { lines: [], costPicoUsd: 0n }
  return pricing ? priceUsage(pricing, use.usage, attempt, use) : { lines: [], costPicoUsd: null }
}

/**
 * The ledger lines of one attempt; meters without tokens have none. Reasoning stands in its own line only where it
 * has a price of its own. Time is counted in milliseconds.
 * @throws RangeError when the parts of the usage exceed its totals.
 */
export function priceUsage(pricing: Pricing, usage: Usage, attempt: number, served: Served): PricedUsage {
  const rates = ratesFor(pricing, usage.inputTokens, served.serviceTier)
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
  const units = (meter: Meter, quantity: number, unit: string, usdPerUnit: string) => {
    const cost = costOfUnits(quantity, usdPerUnit)
    total += cost
    lines.push(unitLine({ attempt, meter, quantity, unit, usdPerUnit, cost, priceVersion: pricing.version }))
  }
  if (rates.request !== undefined) units('request', 1, 'request', rates.request)
  if (rates.second !== undefined && served.latencyMs > 0)
    units('second', served.latencyMs, 'millisecond', perMillisecond(rates.second))
  return { lines, costPicoUsd: total }
}

/** The version of a price that nobody here set: the vendor's own word on what the call costs. */
export const VENDOR_PRICE = 'vendor'

/** The line of an attempt whose vendor said itself what it charges. */
function priceByVendor(vendorCostUsd: string, attempt: number): PricedUsage {
  const usdPerUnit = rateText(parseDecimal(vendorCostUsd))
  const cost = costOfUnits(1, usdPerUnit)
  const line = { attempt, meter: 'vendorCost', quantity: 1, unit: 'call', usdPerUnit, cost } as const
  return { lines: [unitLine({ ...line, priceVersion: VENDOR_PRICE })], costPicoUsd: cost }
}

interface UnitLine {
  readonly attempt: number
  readonly meter: Meter
  readonly quantity: number
  readonly unit: string
  readonly usdPerUnit: string
  readonly cost: bigint
  readonly priceVersion: string
}

function unitLine({ attempt, meter, quantity, unit, usdPerUnit, cost, priceVersion }: UnitLine): LedgerLine {
  const costPicoUsd = cost.toString()
  return { attempt, meter, quantity, usdPerMillion: null, unit, usdPerUnit, costPicoUsd, priceVersion }
}
