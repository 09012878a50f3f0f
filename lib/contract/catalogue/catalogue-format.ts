/** The form of the vendored price catalogue, shared by what writes it and what reads it. */
import type { PriceTier, Rates, ServiceTiers } from '../price.ts'

/** How a model's name is recognised; the clauses of `@pydantic/genai-prices`, compared in lower case. */
export type MatchClause =
  | { readonly equals: string }
  | { readonly starts_with: string }
  | { readonly ends_with: string }
  | { readonly contains: string }
  | { readonly regex: string }
  | { readonly or: readonly MatchClause[] }
  | { readonly and: readonly MatchClause[] }

/** One price of a model; the last one whose constraint holds applies. */
export interface CataloguePrice {
  /** `YYYY-MM-DD`: from this day on, UTC. */
  readonly from?: string
  /** `[start, end)` in seconds of the UTC day; `end` before `start` runs over midnight. */
  readonly daily?: readonly [number, number]
  /** Null: there is no price by tokens, so the model is unpriced. */
  readonly rates: Rates | null
  readonly tiers?: readonly PriceTier[]
  readonly serviceTiers?: ServiceTiers
}

export interface CatalogueModel {
  readonly id: string
  readonly match: MatchClause
  readonly contextTokens?: number
  readonly maxOutputTokens?: number
  readonly prices: readonly CataloguePrice[]
}

export interface CatalogueVendor {
  readonly id: string
  readonly name: string
  /** A regular expression that the start of a base URL matches. */
  readonly apiPattern: string
  /** Vendors whose models this one also serves under the same names, at the same prices. */
  readonly fallbacks?: readonly string[]
  readonly models: readonly CatalogueModel[]
}

export interface Catalogue {
  /** Where the data is from, for people. */
  readonly source: string
  /** First 8 hex digits of the SHA-256 of `JSON.stringify(vendors)`. */
  readonly hash: string
  readonly vendors: readonly CatalogueVendor[]
}
