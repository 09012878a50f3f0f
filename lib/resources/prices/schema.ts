import { z } from 'zod'
import { providerKind } from '../../contract/entities.ts'
import { decimalText, parseDecimal } from '../../contract/money.ts'
import { serviceTierName } from '../../contract/price.ts'
import { resourceBase, resourceId, timestamp } from '../fields.ts'

/** Written out it must still fit the contract, and the cost of the largest call its column. */
const MAX_RATE = 1_000_000_000n
const MAX_RATE_DECIMALS = 30
const rateText = decimalText.refine(isBoundedRate, {
  message: `at most ${MAX_RATE}, with at most ${MAX_RATE_DECIMALS} decimals`,
})

function isBoundedRate(text: string): boolean {
  // It runs for what is no number too, which is refused already.
  if (!decimalText.safeParse(text).success) return true
  const { coefficient, scale } = parseDecimal(text)
  return scale <= MAX_RATE_DECIMALS && coefficient <= MAX_RATE * 10n ** BigInt(scale)
}

const tierRates = {
  inputUsdPerMillion: rateText,
  outputUsdPerMillion: rateText,
  cacheReadUsdPerMillion: rateText.nullish(),
  cacheWrite5mUsdPerMillion: rateText.nullish(),
  cacheWrite1hUsdPerMillion: rateText.nullish(),
  inputAudioUsdPerMillion: rateText.nullish(),
  outputAudioUsdPerMillion: rateText.nullish(),
  reasoningUsdPerMillion: rateText.nullish(),
  requestUsd: rateText.nullish().describe('For each call, beside its tokens'),
  secondUsd: rateText
    .nullish()
    .describe('For each second that an attempt takes, counted in milliseconds: of a server of your own'),
}
export const priceTierInput = z.strictObject({
  aboveInputTokens: z.int().min(1).describe('The whole call is priced so when its input passes this'),
  ...tierRates,
})
/** A dearer tier than this is a mistake. */
const MAX_FACTOR = 1_000n
const tierFactor = decimalText.refine(
  (text) => {
    if (!decimalText.safeParse(text).success) return true
    const { coefficient, scale } = parseDecimal(text)
    return coefficient <= MAX_FACTOR * 10n ** BigInt(scale)
  },
  { message: `at most ${MAX_FACTOR}` },
)
const MAX_SERVICE_TIERS = 10
const serviceTiersInput = z
  .record(
    serviceTierName,
    z.union([
      tierFactor,
      z.strictObject({ ...tierRates, tiers: z.array(priceTierInput).max(10).default([]) }),
    ]),
  )
  .refine((tiers) => Object.keys(tiers).length <= MAX_SERVICE_TIERS, {
    message: `at most ${MAX_SERVICE_TIERS} service tiers`,
  })
  .describe(
    'By the tier that the vendor says it served, such as `flex` or `priority`: a factor on the prices of tokens, or prices of its own. A tier that is not here costs what the standard one does',
  )

/** Replaces the catalogue’s entry whole; a kind of token without a price takes input’s or output’s. */
export const priceInput = z
  .strictObject({
    providerId: resourceId.nullish(),
    providerKind: providerKind.nullish(),
    model: z.string().trim().min(1, 'name the model').max(200),
    effectiveFrom: timestamp.nullish().describe('Absent: always'),
    ...tierRates,
    tiers: z.array(priceTierInput).max(10).default([]),
    serviceTiers: serviceTiersInput.default({}),
    contextTokens: z.int().min(1).nullish(),
    maxOutputTokens: z.int().min(1).nullish(),
  })
  .refine((price) => !(price.providerId && price.providerKind), {
    path: ['providerKind'],
    message: 'name a provider or a kind of provider, not both',
  })
export const pricePatch = z.strictObject({
  model: z.string().trim().min(1).max(200).optional(),
  effectiveFrom: timestamp.nullish(),
  ...z.object(tierRates).partial().shape,
  tiers: z.array(priceTierInput).max(10).optional(),
  serviceTiers: serviceTiersInput.optional(),
  contextTokens: z.int().min(1).nullish(),
  maxOutputTokens: z.int().min(1).nullish(),
})
const ratesOut = {
  inputUsdPerMillion: z.string(),
  outputUsdPerMillion: z.string(),
  cacheReadUsdPerMillion: z.string().nullable(),
  cacheWrite5mUsdPerMillion: z.string().nullable(),
  cacheWrite1hUsdPerMillion: z.string().nullable(),
  inputAudioUsdPerMillion: z.string().nullable(),
  outputAudioUsdPerMillion: z.string().nullable(),
  reasoningUsdPerMillion: z.string().nullable(),
  requestUsd: z.string().nullable(),
  secondUsd: z.string().nullable(),
}
const tiersOut = z.array(z.object({ aboveInputTokens: z.int(), ...ratesOut }))
const serviceTiersOut = z.record(
  z.string(),
  z.union([z.string(), z.object({ ...ratesOut, tiers: tiersOut })]),
)
export const price = resourceBase.extend({
  providerId: z.string().nullable(),
  providerName: z.string().nullable(),
  providerKind: providerKind.nullable(),
  model: z.string(),
  effectiveFrom: timestamp.nullable(),
  ...ratesOut,
  tiers: tiersOut,
  serviceTiers: serviceTiersOut,
  contextTokens: z.int().nullable(),
  maxOutputTokens: z.int().nullable(),
})
export type Price = z.infer<typeof price>

/** GET /price-catalogue?q=&limit=&cursor= : what is vendored, read only. */
export const cataloguePrice = z.object({
  id: z.string().describe('`<vendor>/<model>`'),
  vendor: z.string(),
  model: z.string(),
  version: z.string(),
  ...ratesOut,
  tiers: tiersOut,
  serviceTiers: serviceTiersOut,
  contextTokens: z.int().nullable(),
  maxOutputTokens: z.int().nullable(),
})
export type CataloguePrice = z.infer<typeof cataloguePrice>

/** GET /unpriced-models: calls in the books whose model had no price. */
export const unpricedModel = z.object({
  id: z.string().describe('`<provider id>/<model>`'),
  model: z.string().describe('As the vendor says it served it'),
  providerId: z.string(),
  providerName: z.string().nullable(),
  calls: z.int(),
  inputTokens: z.int(),
  outputTokens: z.int(),
  firstAt: timestamp.describe('Start of the quarter-hour'),
  lastAt: timestamp,
  isPriced: z.boolean().describe('It has a price by now, for calls from then on'),
  priceId: z
    .string()
    .nullable()
    .describe('Of that price, where it is an own one: what these calls can be priced by'),
})
export type UnpricedModel = z.infer<typeof unpricedModel>
