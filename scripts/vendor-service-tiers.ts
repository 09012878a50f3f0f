/**
 * Writes scripts/openai-service-tiers.generated.json: what OpenAI charges at its service tiers, which @pydantic/genai-prices does not
 * carry and LiteLLM does. Called with the path of LiteLLM's `model_prices_and_context_window.json` and its version;
 * `vendor-prices.ts` then takes it into the catalogue. Read the difference before committing it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { formatDecimal, parseDecimal } from '../lib/contract/money.ts'
import type { PriceTier, Rates, ServiceTiers } from '../lib/contract/price.ts'

const SERVICE_TIERS_PATH = fileURLToPath(new URL('openai-service-tiers.generated.json', import.meta.url))

export interface ServiceTierSource {
  readonly source: string
  readonly models: Readonly<Record<string, ModelTiers>>
}

export interface ModelTiers {
  /** At the standard tier: a price of another source is only extended where it agrees. */
  readonly standard: Pick<Rates, 'input' | 'output'>
  readonly tiers: ServiceTiers
}

type Entry = Readonly<Record<string, unknown>>

const TIERS = ['flex', 'priority'] as const
/** LiteLLM's names by ours: USD per token. */
const KINDS = {
  input: 'input_cost_per_token',
  output: 'output_cost_per_token',
  cacheRead: 'cache_read_input_token_cost',
  cacheWrite5m: 'cache_creation_input_token_cost',
} as const

function serviceTiersOf(entry: Entry): ModelTiers | null {
  const standard = ratesOf(entry, '')
  if (!standard) return null
  const tiers = TIERS.flatMap((tier) => {
    const rates = ratesOf(entry, `_${tier}`)
    if (!rates) return []
    return [[tier, { rates, tiers: sizesOf(entry).flatMap((size) => tierOf(entry, size, tier)) }]]
  })
  const { input, output } = standard
  return tiers.length === 0 ? null : { standard: { input, output }, tiers: Object.fromEntries(tiers) }
}

function tierOf(entry: Entry, thousands: number, tier: string): PriceTier[] {
  const rates = ratesOf(entry, `_above_${thousands}k_tokens_${tier}`)
  return rates ? [{ aboveInputTokens: thousands * 1_000, rates }] : []
}

/** Thousands of tokens at which long prompts get dearer, rising. */
function sizesOf(entry: Entry): number[] {
  const sizes = Object.keys(entry).flatMap(
    (key) => /^input_cost_per_token_above_(\d+)k_tokens/.exec(key)?.[1] ?? [],
  )
  return [...new Set(sizes.map(Number))].sort((a, b) => a - b)
}

/** Null without a price for input and output. */
function ratesOf(entry: Entry, suffix: string): Rates | null {
  const rates = Object.entries(KINDS).flatMap(([kind, name]) => {
    const value = entry[`${name}${suffix}`]
    return typeof value === 'number' ? [[kind, perMillion(value)]] : []
  })
  const found = Object.fromEntries(rates) as Partial<Rates>
  return found.input !== undefined && found.output !== undefined ? (found as Rates) : null
}

/** `String` gives the shortest text that reads back as the same number: the digits that stand in the source. */
function perMillion(usdPerToken: number): string {
  const { coefficient, scale } = parseDecimal(String(usdPerToken))
  return formatDecimal({ coefficient: coefficient * 10n ** 6n, scale })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , path, version] = process.argv
  if (!path || !version) throw new Error('usage: node scripts/vendor-service-tiers.ts FILE VERSION')
  const prices = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Entry>
  const models = Object.entries(prices).flatMap(([name, entry]) => {
    const tiers = entry.litellm_provider === 'openai' ? serviceTiersOf(entry) : null
    return tiers ? [`${JSON.stringify(name)}:${JSON.stringify(tiers)}`] : []
  })
  const text = `{"source":${JSON.stringify(`litellm ${version}`)},"models":{\n${models.sort().join(',\n')}\n}}\n`
  writeFileSync(SERVICE_TIERS_PATH, text)
}
