/**
 * Writes lib/contract/catalogue/catalogue.generated.json from the data of @pydantic/genai-prices, OpenAI's service tiers as
 * vendor-service-tiers.ts keeps them, and our own entries.
 * Run after an update of that package, and read the difference before committing it: it is what callers are charged.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type ConditionalPrice, findProvider, type ModelPrice, type Provider } from '@pydantic/genai-prices'
import type {
  Catalogue,
  CatalogueModel,
  CataloguePrice,
  CatalogueVendor,
} from '../lib/contract/catalogue/catalogue-format.ts'
import { formatDecimal, parseDecimal } from '../lib/contract/money.ts'
import type { Rates } from '../lib/contract/price.ts'
import openAiServiceTiers from './openai-service-tiers.generated.json' with { type: 'json' }
import type { ServiceTierSource } from './vendor-service-tiers.ts'

const { source: serviceTierSource, models: serviceTierModels } = openAiServiceTiers as ServiceTierSource

export const CATALOGUE_PATH = fileURLToPath(
  new URL('../lib/contract/catalogue/catalogue.generated.json', import.meta.url),
)

/** Entries without prices that are free by the vendor's own word; any other empty price means "unknown". */
const FREE = new Set(['openai/moderation'])

/** Addresses besides those that the package knows. */
const API_PATTERNS: Readonly<Record<string, string>> = { together: 'https://api\\.together\\.(?:xyz|ai)' }

/** Token kinds that have no meter here. Where one costs other than what it would be counted as, a sum would be wrong. */
const UNMETERED = [
  ['input_image_mtok', 'input_mtok'],
  ['input_video_mtok', 'input_mtok'],
  ['output_image_mtok', 'output_mtok'],
  ['output_video_mtok', 'output_mtok'],
] as const

/** The text of the catalogue's file: one model a line, so that an update is a difference that can be read. */
export function catalogueText(): string {
  const vendors = [...sourceProviders().map(vendorOf), sandbox]
  const { version } = JSON.parse(
    readFileSync(new URL('../node_modules/@pydantic/genai-prices/package.json', import.meta.url), 'utf8'),
  ) as { version: string }
  const catalogue: Catalogue = {
    source: `@pydantic/genai-prices ${version}; service tiers: ${serviceTierSource}`,
    hash: createHash('sha256').update(JSON.stringify(vendors)).digest('hex').slice(0, 8),
    vendors,
  }
  const blocks = catalogue.vendors.map(({ models, ...vendor }) => {
    const head = JSON.stringify(vendor).slice(0, -1)
    return `${head},"models":[\n${models.map((model) => JSON.stringify(model)).join(',\n')}\n]}`
  })
  return `{"source":${JSON.stringify(catalogue.source)},"hash":"${catalogue.hash}","vendors":[\n${blocks.join(',\n')}\n]}\n`
}

/** The package exports a look-up and no list: the ids are read from its text, and each is asked for. */
function sourceProviders(): Provider[] {
  const text = readFileSync(
    new URL('../node_modules/@pydantic/genai-prices/dist/index.js', import.meta.url),
    'utf8',
  )
  const found = new Map<string, Provider>()
  for (const [, id = ''] of text.matchAll(/\bid:\s*["'`]([^"'`]+)["'`]/g)) {
    if (found.has(id)) continue
    const provider = findProvider({ providerId: id })
    if (provider?.id === id) found.set(id, provider)
  }
  const patterns = text.match(/\bapi_pattern:\s*["'`]/g)?.length ?? 0
  if (found.size === 0 || found.size !== patterns) {
    throw new Error(
      `found ${found.size} of ${patterns} vendors in @pydantic/genai-prices: its form has changed`,
    )
  }
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

function vendorOf(provider: Provider): CatalogueVendor {
  return {
    id: provider.id,
    name: provider.name,
    apiPattern: API_PATTERNS[provider.id] ?? provider.api_pattern,
    ...(provider.fallback_model_providers ? { fallbacks: provider.fallback_model_providers } : {}),
    models: provider.models.map((model): CatalogueModel => {
      const prices = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }]
      return {
        id: model.id,
        match: model.match,
        ...(model.context_window ? { contextTokens: model.context_window } : {}),
        prices: prices.map((price) =>
          withServiceTiers(priceOf(price, `${provider.id}/${model.id}`), provider, model.id),
        ),
      }
    }),
  }
}

function priceOf({ constraint, prices }: ConditionalPrice, name: string): CataloguePrice {
  const when =
    constraint === undefined
      ? {}
      : constraint.type === 'start_date'
        ? { from: constraint.start_date }
        : { daily: [secondsOfDay(constraint.start_time), secondsOfDay(constraint.end_time)] as const }
  const starts = new Set<number>()
  for (const value of Object.values(prices)) {
    if (typeof value === 'object') for (const tier of value.tiers) starts.add(tier.start)
  }
  const rates = ratesAt(prices, -1, name)
  const tiers = [...starts]
    .sort((a, b) => a - b)
    .flatMap((start) => {
      const tierRates = ratesAt(prices, start, name)
      return tierRates ? [{ aboveInputTokens: start, rates: tierRates }] : []
    })
  return { ...when, rates, ...(rates && tiers.length > 0 ? { tiers } : {}) }
}

/** Only beside the standard price that its source knows: an older or newer one has other tiers. */
function withServiceTiers(price: CataloguePrice, { id }: Provider, model: string): CataloguePrice {
  const known = id === 'openai' ? serviceTierModels[model] : undefined
  const { input, output } = known?.standard ?? {}
  if (!known || price.rates?.input !== input || price.rates?.output !== output) return price
  return { ...price, serviceTiers: known.tiers }
}

/** The rates that apply once the input has passed `start`; null when tokens have no price. */
function ratesAt(prices: ModelPrice, start: number, name: string): Rates | null {
  const at = (key: string): string | undefined => {
    const value = prices[key]
    if (value === undefined) return undefined
    if (typeof value === 'number') return decimal(value)
    let price = value.base
    for (const tier of [...value.tiers].sort((a, b) => a.start - b.start)) {
      if (start >= tier.start) price = tier.price
    }
    return decimal(price)
  }
  if (Object.keys(prices).length === 0 && (name.endsWith(':free') || FREE.has(name))) {
    return { input: '0', output: '0' }
  }
  const input = at('input_mtok')
  if (input === undefined) return null
  if (UNMETERED.some(([kind, counted]) => at(kind) !== undefined && at(kind) !== at(counted))) return null
  const perThousandRequests = at('requests_kcount')
  const rates: Record<string, string | undefined> = {
    input,
    // Embeddings have no output and so no price for it.
    output: at('output_mtok') ?? '0',
    cacheRead: at('cache_read_mtok'),
    cacheWrite5m: at('cache_write_mtok'),
    cacheWrite1h: at('cache_write_1h_mtok') ?? at('cache_write_mtok'),
    inputAudio: at('input_audio_mtok'),
    reasoning: at('output_reasoning_mtok'),
    outputAudio: at('output_audio_mtok'),
    request: perThousandRequests === undefined ? undefined : thousandth(perThousandRequests),
  }
  return Object.fromEntries(Object.entries(rates).filter(([, rate]) => rate !== undefined)) as Rates
}

/** `String` gives the shortest text that reads back as the same number: the digits that stand in the source. */
const decimal = (value: number): string => formatDecimal(parseDecimal(String(value)))

const thousandth = (text: string): string => {
  const { coefficient, scale } = parseDecimal(text)
  return formatDecimal({ coefficient, scale: scale + 3 })
}

function secondsOfDay(text: string): number {
  const match = /^(\d{2}):(\d{2}):(\d{2})Z$/.exec(text)
  if (!match) throw new Error(`a time of day that is not in UTC: ${text}`)
  return Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3])
}

/** The simulated vendor has prices, so that receipts and charts have something to show; its calls are no one's money. */
const sandbox: CatalogueVendor = {
  id: 'sandbox',
  name: 'Sandbox',
  apiPattern: 'sandbox:',
  models: (
    [
      ['sandbox-small', { input: '0.15', output: '0.6', cacheRead: '0.075' }, 128_000, 16_384],
      ['sandbox-large', { input: '2.5', output: '10', cacheRead: '1.25' }, 200_000, 16_384],
      ['sandbox-reasoning', { input: '1.1', output: '4.4', cacheRead: '0.275' }, 200_000, 32_768],
      ['sandbox-slow', { input: '0.15', output: '0.6', cacheRead: '0.075' }, 128_000, 16_384],
      ['sandbox-cut', { input: '0.15', output: '0.6', cacheRead: '0.075' }, 128_000, 16_384],
      ['sandbox-error-500', { input: '0.15', output: '0.6', cacheRead: '0.075' }, 128_000, 16_384],
      ['sandbox-error-429', { input: '0.15', output: '0.6', cacheRead: '0.075' }, 128_000, 16_384],
    ] as const
  ).map(([id, rates, contextTokens, maxOutputTokens]) => ({
    id,
    match: { equals: id },
    contextTokens,
    maxOutputTokens,
    prices: [{ rates }],
  })),
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(CATALOGUE_PATH, catalogueText())
