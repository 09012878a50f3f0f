import { type PriceEntity, providerKind } from '../../contract/entities.ts'
import { priceTier, rates, serviceTiers } from '../../contract/price.ts'

export interface PriceColumns {
  readonly id: string
  readonly version: number
  readonly providerId: string | null
  readonly providerKind: string | null
  readonly model: string
  readonly effectiveFrom: Date
  readonly rates: unknown
  readonly tiers: unknown
  readonly serviceTiers: unknown
  readonly contextTokens: number | null
  readonly maxOutputTokens: number | null
}

export function priceEntityOf(row: PriceColumns): PriceEntity {
  return {
    type: 'price',
    id: row.id,
    version: row.version,
    providerId: row.providerId,
    providerKind: row.providerKind === null ? null : providerKind.parse(row.providerKind),
    model: row.model,
    effectiveFrom: Math.max(0, row.effectiveFrom.getTime()),
    rates: rates.parse(row.rates),
    tiers: priceTier.array().parse(row.tiers),
    serviceTiers: serviceTiers.parse(row.serviceTiers),
    contextTokens: row.contextTokens,
    maxOutputTokens: row.maxOutputTokens,
  }
}
