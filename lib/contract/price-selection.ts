/**
 * Which price a call has: one definition for the gateway, which prices calls as they end, and the admin, which prices
 * them again. For the gateway and the server only: the catalogue behind it is nothing for a browser.
 */
import { findPricing } from './catalogue/catalogue.ts'
import type { PriceEntity, ProviderEntity } from './entities.ts'
import type { Pricing } from './price.ts'

/** What a price is asked for: the provider as far as its price depends on it. */
export type PricedProvider = Pick<ProviderEntity, 'id' | 'kind' | 'baseUrl'>

/** Own prices by `priceScope`, each list in the order of `byEffect`. */
export interface OwnPrices {
  get(scope: string): readonly PriceEntity[] | undefined
}

/** `providerId:model`, `kind:model` or `:model`: what a price is found under. */
export const priceScope = ({
  providerId,
  providerKind,
  model,
}: Pick<PriceEntity, 'providerId' | 'providerKind' | 'model'>): string =>
  `${providerId ?? providerKind ?? ''}:${model}`

/** By the moment from which they apply: the last that has begun counts. */
export const byEffect = (a: PriceEntity, b: PriceEntity): number =>
  a.effectiveFrom - b.effectiveFrom || (a.id < b.id ? -1 : 1)

/**
 * The price of a model at a moment: a price for the provider before one for its kind, before one for any provider,
 * before the catalogue. Null: unpriced. `at` in epoch milliseconds.
 */
export function selectPricing(
  prices: OwnPrices,
  provider: PricedProvider,
  model: string,
  at: number,
): Pricing | null {
  return pricingAmong(ownPrices(prices, provider, model), provider, model, at)
}

/** So many models of one provider are known at once: vendors name them too. */
const MAX_MODELS = 1_000

/** `selectPricing` of prices that stay as they are, for providers that are asked for again and again. */
export function pricer(prices: OwnPrices) {
  const known = new WeakMap<PricedProvider, Map<string, Lists>>()
  return (provider: PricedProvider, model: string, at: number): Pricing | null => {
    let byModel = known.get(provider)
    if (!byModel) {
      byModel = new Map()
      known.set(provider, byModel)
    }
    let lists = byModel.get(model)
    if (!lists) {
      lists = ownPrices(prices, provider, model)
      if (byModel.size >= MAX_MODELS) byModel.clear()
      byModel.set(model, lists)
    }
    return pricingAmong(lists, provider, model, at)
  }
}

/** Own prices that may count for a model, each list before the next. */
type Lists = readonly (readonly PriceEntity[])[]

function ownPrices(prices: OwnPrices, provider: PricedProvider, model: string): Lists {
  return [provider.id, provider.kind, ''].flatMap((scope) => {
    const list = prices.get(`${scope}:${model}`)
    return list ? [list] : []
  })
}

function pricingAmong(lists: Lists, provider: PricedProvider, model: string, at: number): Pricing | null {
  for (const list of lists) {
    for (let index = list.length - 1; index >= 0; index -= 1) {
      const price = list[index]
      if (price && price.effectiveFrom <= at) return pricingOf(price)
    }
  }
  return findPricing(provider.kind, provider.baseUrl, model, at)
}

const pricings = new WeakMap<PriceEntity, Pricing>()

function pricingOf(price: PriceEntity): Pricing {
  let pricing = pricings.get(price)
  if (!pricing) {
    pricing = {
      version: `${price.id}@${price.version}`,
      rates: price.rates,
      tiers: [...price.tiers].sort((a, b) => a.aboveInputTokens - b.aboveInputTokens),
      serviceTiers: price.serviceTiers,
      contextTokens: price.contextTokens,
      maxOutputTokens: price.maxOutputTokens,
    }
    pricings.set(price, pricing)
  }
  return pricing
}

/** Of an attempt: by the model that the vendor said it served, else by the target's. */
export function pricingOfAttempt(
  pricingFor: (model: string) => Pricing | null,
  { servedModel, model }: { readonly servedModel: string | null; readonly model: string },
): Pricing | null {
  return (servedModel === null ? null : pricingFor(servedModel)) ?? pricingFor(model)
}
