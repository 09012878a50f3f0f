/** Models that were used and have no price in the books: what a price is missing for. */
import 'server-only'
import type pg from 'pg'
import { type PriceEntity, priceEntity, providerKind } from '../contract/entities.ts'
import { byEffect, priceScope, selectPricing } from '../contract/price-selection.ts'

export interface UnpricedModel {
  readonly model: string
  readonly providerId: string
  readonly calls: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** Starts of quarter-hours. */
  readonly firstAt: Date
  readonly lastAt: Date
  /** Of the price that it has by now: `price_…@3`, `catalogue@…`; null: none. */
  readonly pricedBy: string | null
}

/** What was used longer ago is nobody's worry any more. */
export const UNPRICED_DAYS = 90
const MAX_MODELS = 200

/** The most used first. Tokens are those of the quarter-hours in which calls were unpriced. */
export async function unpricedModels(pool: pg.Pool): Promise<UnpricedModel[]> {
  const { rows } = await pool.query<Row>(
    `SELECT u.*, p.body->>'kind' AS kind, p.body->>'baseUrl' AS "baseUrl" FROM (
       SELECT model, provider_id AS "providerId", sum(unpriced)::float8 AS calls,
         sum(input_tokens)::float8 AS "inputTokens", sum(output_tokens)::float8 AS "outputTokens",
         min(bucket) AS "firstAt", max(bucket) AS "lastAt"
       FROM rollup_quarters
       WHERE unpriced > 0 AND NOT simulated AND bucket >= now() - make_interval(days => ${UNPRICED_DAYS})
       GROUP BY 1, 2 ORDER BY sum(unpriced) DESC, 1, 2 LIMIT ${MAX_MODELS}
     ) u LEFT JOIN config_entities p ON p.type = 'provider' AND p.id = u."providerId"
     ORDER BY calls DESC, model, "providerId"`,
  )
  const { rows: bodies } = await pool.query<{ body: unknown }>(
    `SELECT body FROM config_entities WHERE type = 'price' AND body->>'model' = ANY($1)`,
    [rows.map(({ model }) => model)],
  )
  const prices = new Map<string, PriceEntity[]>()
  for (const { body } of bodies) {
    const price = priceEntity.parse(body)
    const scope = priceScope(price)
    prices.set(scope, [...(prices.get(scope) ?? []), price].sort(byEffect))
  }
  return rows.map(({ kind, baseUrl, ...row }) => {
    const known = providerKind.safeParse(kind)
    const provider = known.success ? { id: row.providerId, kind: known.data, baseUrl } : null
    const pricing = provider && selectPricing(prices, provider, row.model, row.lastAt.getTime())
    return { ...row, pricedBy: pricing?.version ?? null }
  })
}

interface Row extends Omit<UnpricedModel, 'pricedBy'> {
  readonly kind: string | null
  readonly baseUrl: string | null
}
