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
])
export type Meter = z.infer<typeof meter>

/** USD per million tokens by kind; a kind without a price takes input's or output's. `request`: USD per call. */
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
})
export type Rates = z.infer<typeof rates>

export const priceTier = z.object({ aboveInputTokens: z.int().min(1), rates })
export type PriceTier = z.infer<typeof priceTier>

/** One way to price a model: its rates, its tiers in rising order, and what the model can take. */
export const pricing = z.object({
  /** Stored with every line that it priced. `price_…@3` for own prices, `catalogue@<hash>` for the catalogue. */
  version: z.string().min(1).max(120),
  rates,
  tiers: z.array(priceTier).max(10),
  contextTokens: z.int().min(1).nullable(),
  maxOutputTokens: z.int().min(1).nullable(),
})
export type Pricing = z.infer<typeof pricing>
