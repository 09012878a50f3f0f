/** Rates between the management API (`inputUsdPerMillion`) and the contract (`input`). */
import { formatDecimal, parseDecimal } from '../../contract/money.ts'
import { type PriceTier, type Rates, rates, type ServiceTiers } from '../../contract/price.ts'

const FIELDS = {
  inputUsdPerMillion: 'input',
  outputUsdPerMillion: 'output',
  cacheReadUsdPerMillion: 'cacheRead',
  cacheWrite5mUsdPerMillion: 'cacheWrite5m',
  cacheWrite1hUsdPerMillion: 'cacheWrite1h',
  inputAudioUsdPerMillion: 'inputAudio',
  outputAudioUsdPerMillion: 'outputAudio',
  reasoningUsdPerMillion: 'reasoning',
  requestUsd: 'request',
  secondUsd: 'second',
} as const satisfies Record<string, keyof Rates>

type WireField = keyof typeof FIELDS
type WireInput = { readonly [F in WireField]?: string | null | undefined }
type WireRates = { inputUsdPerMillion: string; outputUsdPerMillion: string } & {
  [F in Exclude<WireField, 'inputUsdPerMillion' | 'outputUsdPerMillion'>]: string | null
}

/** Merged into what is there: absent keeps, null clears. Exponents are written out, exactly. */
export function ratesFromWire(input: WireInput, before: Partial<Rates> = {}): Rates {
  const merged: Record<string, string | undefined> = { ...before }
  for (const [wire, field] of Object.entries(FIELDS) as [WireField, keyof Rates][]) {
    const value = input[wire]
    if (value === null) delete merged[field]
    else if (value !== undefined) merged[field] = formatDecimal(parseDecimal(value))
  }
  return rates.parse(merged)
}

export function ratesToWire(from: Rates): WireRates {
  const pairs = Object.entries(FIELDS).map(([wire, field]) => [wire, from[field] ?? null])
  return Object.fromEntries(pairs) as WireRates
}

export function tiersFromWire(tiers: readonly WireTier[]): PriceTier[] {
  return tiers
    .map((tier) => ({ aboveInputTokens: tier.aboveInputTokens, rates: ratesFromWire(tier) }))
    .sort((a, b) => a.aboveInputTokens - b.aboveInputTokens)
}

export function tiersToWire(tiers: readonly PriceTier[]) {
  return tiers.map((tier) => ({ aboveInputTokens: tier.aboveInputTokens, ...ratesToWire(tier.rates) }))
}

type WireTier = WireInput & { aboveInputTokens: number }

export function serviceTiersFromWire(
  tiers: Readonly<Record<string, string | (WireInput & { tiers: readonly WireTier[] })>>,
): ServiceTiers {
  const entries = Object.entries(tiers).map(([name, price]) => [
    name,
    typeof price === 'string'
      ? formatDecimal(parseDecimal(price))
      : { rates: ratesFromWire(price), tiers: tiersFromWire(price.tiers) },
  ])
  return Object.fromEntries(entries)
}

export function serviceTiersToWire(tiers: ServiceTiers) {
  const entries = Object.entries(tiers).map(([name, price]) => [
    name,
    typeof price === 'string' ? price : { ...ratesToWire(price.rates), tiers: tiersToWire(price.tiers) },
  ])
  return Object.fromEntries(entries) as Record<
    string,
    string | (WireRates & { tiers: ReturnType<typeof tiersToWire> })
  >
}
