import { calcPrice, findProvider } from '@pydantic/genai-prices'
import { describe, expect, test } from 'vitest'
import committed from '../lib/contract/catalogue/catalogue.generated.json' with { type: 'json' }
import { findPricing } from '../lib/contract/catalogue/catalogue.ts'
import type { MatchClause } from '../lib/contract/catalogue/catalogue-format.ts'
import { priceUsage } from '../lib/contract/pricing.ts'
import { NO_USAGE } from '../lib/contract/usage.ts'
import { catalogueText } from './vendor-prices.ts'

const AT = Date.UTC(2026, 10, 23, 12)

test('the committed catalogue is what the script makes of the package', async () => {
  const made = JSON.parse(catalogueText())
  expect(made.hash).toBe(committed.hash)
  expect(made).toEqual(committed)
})

describe('the same sums as genai-prices', () => {
  const vendors = [...new Set(committed.vendors.map((vendor) => vendor.id))].filter((id) => id !== 'sandbox')
  const kinds: Record<string, Parameters<typeof findPricing>[0]> = {
    openai: 'openai',
    anthropic: 'anthropic',
    google: 'google',
    aws: 'bedrock',
    azure: 'azure-openai',
  }
  const hosts: Record<string, string> = {
    groq: 'https://api.groq.com/openai/v1',
    mistral: 'https://api.mistral.ai/v1',
    deepseek: 'https://api.deepseek.com/v1',
    openrouter: 'https://openrouter.ai/api/v1',
    together: 'https://api.together.xyz/v1',
    fireworks: 'https://api.fireworks.ai/inference/v1',
    'x-ai': 'https://api.x.ai/v1',
    cohere: 'https://api.cohere.ai/compatibility/v1',
    perplexity: 'https://api.perplexity.ai',
  }
  const usage = {
    ...NO_USAGE,
    inputTokens: 5_000,
    cachedInputTokens: 1_000,
    cacheWrite5mTokens: 500,
    outputTokens: 700,
  }
  const theirs = {
    input_tokens: 5_000,
    cache_read_tokens: 1_000,
    cache_write_tokens: 500,
    output_tokens: 700,
  }
  const moments = [AT, Date.UTC(2025, 0, 2, 3), Date.UTC(2025, 5, 9, 23, 59), Date.UTC(2026, 8, 1, 2)]

  test.each(vendors.filter((id) => id in kinds || id in hosts))('%s', (vendorId) => {
    const vendor = committed.vendors.find((candidate) => candidate.id === vendorId)
    expect(findProvider({ providerId: vendorId })?.models.length).toBe(vendor?.models.length)
    let compared = 0
    for (const model of vendor?.models ?? []) {
      for (const large of [false, true]) {
        for (const at of moments) {
          const factor = large ? 100 : 1
          const name = nameFor(model.match as MatchClause) ?? model.id
          const kind = kinds[vendorId] ?? 'openai-compatible'
          const pricing = findPricing(kind, hosts[vendorId] ?? null, name, at)
          if (pricing === null) continue
          // Their data has no price for output of models without output; ours says 0.
          const scaled = Object.fromEntries(
            Object.entries(theirs).map(([key, value]) => [key, value * factor]),
          )
          const expected = calcPrice(scaled, name, {
            providerId: vendorId,
            timestamp: new Date(at),
          })
          const scaledUsage = Object.fromEntries(
            Object.entries(usage).map(([key, value]) => [key, value * factor]),
          ) as typeof usage
          const ours = priceUsage(pricing, scaledUsage, 0, { serviceTier: null, latencyMs: 0 })
          expect(Number(ours.costPicoUsd) / 1e12, `${vendorId}/${model.id} ${at}`).toBeCloseTo(
            expected?.total_price ?? Number.NaN,
            9,
          )
          compared += 1
        }
      }
    }
    expect(compared).toBeGreaterThan(10)
  })
})

/** A name that the clause takes for sure: its first `equals`. */
function nameFor(clause: MatchClause): string | undefined {
  if ('equals' in clause) return clause.equals
  if ('or' in clause) return clause.or.map(nameFor).find((name) => name !== undefined)
  return undefined
}
