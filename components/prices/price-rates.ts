/** The kinds of token that have a price of their own, and what a form makes of its fields. */
import type { Price } from '@/lib/resources/prices/schema'

export const RATES = [
  { name: 'inputUsdPerMillion', label: 'Input', required: true },
  { name: 'outputUsdPerMillion', label: 'Output', required: true },
  { name: 'cacheReadUsdPerMillion', label: 'Cache read', required: false },
  { name: 'cacheWrite5mUsdPerMillion', label: 'Cache write, 5 min', required: false },
  { name: 'cacheWrite1hUsdPerMillion', label: 'Cache write, 1 h', required: false },
  { name: 'reasoningUsdPerMillion', label: 'Reasoning', required: false },
  { name: 'inputAudioUsdPerMillion', label: 'Audio in', required: false },
  { name: 'outputAudioUsdPerMillion', label: 'Audio out', required: false },
] as const

export type RateName = (typeof RATES)[number]['name'] | 'requestUsd' | 'secondUsd'
type RateValues = Partial<Record<RateName, string | null | undefined>>
export interface PriceValues extends RateValues {
  providerId?: string | null
  providerKind?: Price['providerKind']
  model: string
  effectiveFrom: string | null
  tiers: (RateValues & { aboveInputTokens: number })[]
  serviceTiers: Price['serviceTiers']
  contextTokens: number | null
  maxOutputTokens: number | null
}

export const trimmed = (value: string | null | undefined) => (value ?? '').trim()
export const emptyToNull = (value: string | null | undefined) => (value?.trim() ? value.trim() : null)
export const numberOrNull = (value: string | number | null) =>
  value === null || value === '' ? null : Number(value)

/** With its cents, so that a column of prices is read at a glance; never rounded, or it would be another price. */
export function rateText(usd: string | null | undefined): string {
  if (usd === null || usd === undefined) return '–'
  const [whole, fraction = ''] = usd.split('.')
  return `${whole}.${fraction.padEnd(2, '0')}`
}
