/**
 * The vendored price catalogue: which price a vendor's model has at a moment. For the gateway and the server only:
 * its data is some 300 KB that no browser needs.
 */
import type { ProviderKind } from '../entities.ts'
import { CATALOGUE_PREFIX, type Pricing } from '../price.ts'
import data from './catalogue.generated.json' with { type: 'json' }
import type { Catalogue, CatalogueModel, CatalogueVendor, MatchClause } from './catalogue-format.ts'

// The compiler's own type of a file with 1,700 literal entries is of no use to anyone.
const catalogue = data as unknown as Catalogue

export const CATALOGUE_VERSION = `${CATALOGUE_PREFIX}${catalogue.hash}`

const vendors = new Map(catalogue.vendors.map((vendor) => [vendor.id, vendor]))

const VENDOR_OF_KIND: Readonly<Record<Exclude<ProviderKind, 'openai-compatible'>, string>> = {
  openai: 'openai',
  'azure-openai': 'azure',
  anthropic: 'anthropic',
  google: 'google',
  vertex: 'google',
  bedrock: 'aws',
  sandbox: 'sandbox',
}

/** Names come from callers and vendors, so what is remembered has an end. */
const MAX_REMEMBERED = 4_096
const remembered = new Map<string, CatalogueModel | null>()
const pricings = new WeakMap<CatalogueModel, Pricing[]>()

/**
 * The catalogue's price of a model at a moment (epoch milliseconds); null: unpriced, which is not the same as free.
 * An `openai-compatible` provider is priced by the vendor that its base URL belongs to.
 */
export function findPricing(
  kind: ProviderKind,
  baseUrl: string | null,
  model: string,
  at: number,
): Pricing | null {
  const vendorId = kind === 'openai-compatible' ? vendorOfUrl(baseUrl)?.id : VENDOR_OF_KIND[kind]
  if (vendorId === undefined) return null
  const key = `${vendorId}\n${model}`
  let found = remembered.get(key)
  if (found === undefined) {
    found = findModel(vendorId, model) ?? null
    if (remembered.size >= MAX_REMEMBERED) remembered.clear()
    if (key.length <= 400) remembered.set(key, found)
  }
  return found === null ? null : pricingAt(found, at)
}

export interface CatalogueEntry {
  /** `vendor/model`. */
  readonly id: string
  readonly vendor: string
  readonly model: string
  readonly pricing: Pricing
}

/** Every priced model of the catalogue with its price at a moment (epoch milliseconds). */
export function listCatalogue(at: number): CatalogueEntry[] {
  return catalogue.vendors.flatMap((vendor) =>
    vendor.models.flatMap((model) => {
      const pricing = pricingAt(model, at)
      if (pricing === null) return []
      return [{ id: `${vendor.id}/${model.id}`, vendor: vendor.id, model: model.id, pricing }]
    }),
  )
}

const urlPatterns = new Map<CatalogueVendor, RegExp>()
const vendorsByUrl = new Map<string, CatalogueVendor | null>()

function vendorOfUrl(baseUrl: string | null): CatalogueVendor | null {
  if (baseUrl === null) return null
  const known = vendorsByUrl.get(baseUrl)
  if (known !== undefined) return known
  const vendor =
    catalogue.vendors.find((candidate) => {
      let pattern = urlPatterns.get(candidate)
      if (!pattern) {
        pattern = new RegExp(`^(?:${candidate.apiPattern})`)
        urlPatterns.set(candidate, pattern)
      }
      return pattern.test(baseUrl)
    }) ?? null
  if (vendorsByUrl.size >= MAX_REMEMBERED) vendorsByUrl.clear()
  vendorsByUrl.set(baseUrl, vendor)
  return vendor
}

/** As genai-prices finds it: the first model that matches, then the fallbacks', then the same with a date spelled out. */
function findModel(vendorId: string, model: string): CatalogueModel | undefined {
  const vendor = vendors.get(vendorId)
  if (!vendor) return undefined
  const name = model.toLowerCase().trim()
  const found = modelOf(vendor, name)
  if (found) return found
  const spelled = withSpelledDate(name)
  return spelled === name ? undefined : modelOf(vendor, spelled)
}

function modelOf(vendor: CatalogueVendor, name: string): CatalogueModel | undefined {
  const own = vendor.models.find((model) => matches(model.match, name))
  if (own) return own
  for (const fallback of vendor.fallbacks ?? []) {
    const found = vendors.get(fallback)?.models.find((model) => matches(model.match, name))
    if (found) return found
  }
  return undefined
}

const COMPACT_DATE = /-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g

/** `-20241120` as `-2024-11-20`; a day that no month has stays as it is. */
function withSpelledDate(name: string): string {
  return name.replace(COMPACT_DATE, (text, year: string, month: string, day: string) => {
    const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
    return date.getUTCDate() === Number(day) ? `-${year}-${month}-${day}` : text
  })
}

// Patterns are the catalogue's own and read from a committed file: none comes from a caller.
const patterns = new Map<string, RegExp>()

function matches(clause: MatchClause, name: string): boolean {
  if ('equals' in clause) return name === clause.equals.toLowerCase()
  if ('or' in clause) return clause.or.some((inner) => matches(inner, name))
  if ('starts_with' in clause) return name.startsWith(clause.starts_with.toLowerCase())
  if ('contains' in clause) return name.includes(clause.contains.toLowerCase())
  if ('ends_with' in clause) return name.endsWith(clause.ends_with.toLowerCase())
  if ('and' in clause) return clause.and.every((inner) => matches(inner, name))
  let pattern = patterns.get(clause.regex)
  if (!pattern) {
    pattern = new RegExp(clause.regex)
    patterns.set(clause.regex, pattern)
  }
  return pattern.test(name)
}

const NO_TIERS: Pricing['tiers'] = []
const NO_SERVICE_TIERS: Pricing['serviceTiers'] = {}

/** The last price whose constraint holds; the first where none does. */
function pricingAt(model: CatalogueModel, at: number): Pricing | null {
  let index = model.prices.length - 1
  for (; index > 0; index -= 1) {
    const price = model.prices[index]
    if (!price) continue
    if (price.from !== undefined) {
      if (at >= Date.parse(price.from)) break
    } else if (price.daily !== undefined) {
      const second = (((at % 86_400_000) + 86_400_000) % 86_400_000) / 1000
      const [start, end] = price.daily
      if (end < start ? second >= start || second < end : second >= start && second < end) break
    } else break
  }
  let known = pricings.get(model)
  if (!known) {
    known = []
    pricings.set(model, known)
  }
  const price = model.prices[index]
  if (!price || price.rates === null) return null
  let pricing = known[index]
  if (!pricing) {
    pricing = {
      version: CATALOGUE_VERSION,
      rates: price.rates,
      tiers: price.tiers ? [...price.tiers] : NO_TIERS,
      serviceTiers: price.serviceTiers ?? NO_SERVICE_TIERS,
      contextTokens: model.contextTokens ?? null,
      maxOutputTokens: model.maxOutputTokens ?? null,
    }
    known[index] = pricing
  }
  return pricing
}
