/**
 * Prices as they stand in the snapshot and in the catalogue: decimal text, USD per million tokens.
 * A tier is a cliff: when the whole input passes `aboveInputTokens`, every token of the call is priced by it.
 */
import { z } from 'zod'
import { decimalText } from './money.ts'

/** What a ledger line measures. Each is a disjoint share of the call: a token stands in exactly one line. */
export const meter = z.enum([
  'input',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'inputAudio',
  'output',
  'reasoning',
  'outputAudio',
  'request',
  'second',
  'vendorCost',
])
export type Meter = z.infer<typeof meter>

/**
 * USD per million tokens by kind; a kind without a price takes input's or output's. `request`: USD per call. `second`:
 * USD for each second of an attempt, from dispatch to end, counted in milliseconds.
 */
export const rates = z.object({
  input: decimalText,
  output: decimalText,
  cacheRead: decimalText.optional(),
  cacheWrite5m: decimalText.optional(),
  cacheWrite1h: decimalText.optional(),
  inputAudio: decimalText.optional(),
  reasoning: decimalText.optional(),
  outputAudio: decimalText.optional(),
  request: decimalText.optional(),
  second: decimalText.optional(),
})
export type Rates = z.infer<typeof rates>

export const priceTier = z.object({ aboveInputTokens: z.int().min(1), rates })
export type PriceTier = z.infer<typeof priceTier>

/** The name of a vendor's service tier in the form in which prices are looked up: `flex`, `priority`. */
export const serviceTierName = z.string().regex(/^[a-z][a-z0-9_-]{0,39}$/)

/** Of one service tier: a decimal factor on the rates for tokens, or rates of its own. */
export const serviceTierPrice = z.union([
  decimalText,
  z.object({ rates, tiers: z.array(priceTier).max(10).default([]) }),
])
export type ServiceTierPrice = z.infer<typeof serviceTierPrice>

/** By name; a tier that has none here costs what the standard one does. */
export const serviceTiers = z.record(serviceTierName, serviceTierPrice)
export type ServiceTiers = z.infer<typeof serviceTiers>

/** How the versions of the catalogue's prices begin. */
export const CATALOGUE_PREFIX = 'catalogue@'

/** One way to price a model: its rates, its tiers in rising order, and what the model can take. */
export const pricing = z.object({
  /** Stored with every line that it priced. `price_…@3` for own prices, `catalogue@<hash>` for the catalogue. */
  version: z.string().min(1).max(120),
  rates,
  tiers: z.array(priceTier).max(10),
  serviceTiers,
  contextTokens: z.int().min(1).nullable(),
  maxOutputTokens: z.int().min(1).nullable(),
})
export type Pricing = z.infer<typeof pricing>
