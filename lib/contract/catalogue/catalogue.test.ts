import { describe, expect, test } from 'vitest'
import { parseDecimal } from '../money.ts'
import { pricing as pricingSchema, serviceTiers } from '../price.ts'
import { priceUsage } from '../pricing.ts'
import { NO_USAGE } from '../usage.ts'
import { CATALOGUE_VERSION, findPricing, listCatalogue } from './catalogue.ts'

const AT = Date.UTC(2026, 10, 23, 12)

test('every price is a valid pricing of the contract, from text', () => {
  const entries = listCatalogue(AT)
  expect(entries.length).toBeGreaterThan(1_300)
  expect(new Set(entries.map((entry) => entry.id)).size).toBe(entries.length)
  for (const entry of entries) pricingSchema.parse(entry.pricing)
})

test('gpt-4o costs 2.5 in, 1.25 cached, 10 out, and the receipt of the design is met to the pico-dollar', () => {
  const pricing = findPricing('openai', null, 'gpt-4o-2024-11-20', AT)
  expect(pricing).toMatchObject({ rates: { input: '2.5', cacheRead: '1.25', output: '10' }, tiers: [] })
  expect(pricing?.version).toBe(CATALOGUE_VERSION)
  expect(CATALOGUE_VERSION).toMatch(/^catalogue@[0-9a-f]{8}$/)
  if (!pricing) return
  const usage = { ...NO_USAGE, inputTokens: 1200, cachedInputTokens: 1000, outputTokens: 80 }
  const priced = priceUsage(pricing, usage, 0, { serviceTier: null, latencyMs: 0 })
  expect(priced.costPicoUsd).toBe(2_550_000_000n)
  expect(priced.lines.map((line) => [line.meter, line.quantity, line.costPicoUsd])).toEqual([
    ['input', 200, '500000000'],
    ['cacheRead', 1000, '1250000000'],
    ['output', 80, '800000000'],
  ])
})

describe('vendors', () => {
  test.each([
    ['https://api.groq.com/openai/v1', 'llama-3.3-70b-versatile'],
    ['https://api.mistral.ai/v1', 'mistral-large-latest'],
    ['https://openrouter.ai/api/v1', 'anthropic/claude-sonnet-4.5'],
    ['https://api.deepseek.com', 'deepseek-chat'],
    ['https://api.deepseek.com/v1', 'deepseek-reasoner'],
    ['https://api.together.xyz/v1', 'meta-llama/Llama-3.3-70B-Instruct-Turbo'],
    ['https://api.together.ai/v1', 'meta-llama/Llama-3.3-70B-Instruct-Turbo'],
    ['https://api.fireworks.ai/inference/v1', 'accounts/fireworks/models/deepseek-v3p2'],
  ])('an openai-compatible provider is priced by its host: %s', (baseUrl, model) => {
    expect(findPricing('openai-compatible', baseUrl, model, AT)).not.toBeNull()
  })

  test('an unknown host, no host and an unknown model are unpriced, not free', () => {
    expect(findPricing('openai-compatible', 'http://127.0.0.1:11434/v1', 'gpt-4o', AT)).toBeNull()
    expect(findPricing('openai-compatible', null, 'gpt-4o', AT)).toBeNull()
    expect(findPricing('openai', null, 'no-such-model', AT)).toBeNull()
    expect(findPricing('openai', null, 'x'.repeat(100_000), AT)).toBeNull()
  })

  test('a model priced by the hour or by the image has no price by tokens', () => {
    expect(findPricing('openai', null, 'whisper-1', AT)).toBeNull()
    for (const entry of listCatalogue(AT)) parseDecimal(entry.pricing.rates.input)
  })

  test('the sandbox has prices and caps', () => {
    expect(findPricing('sandbox', null, 'sandbox-large', AT)).toMatchObject({
      rates: { input: '2.5', output: '10', cacheRead: '1.25' },
      maxOutputTokens: 16_384,
    })
  })

  test('a date without dashes finds the dated model, and a price by the hour of the day changes with it', () => {
    expect(findPricing('azure-openai', null, 'GPT-4o', AT)?.rates.input).toBe('2.5')
    const day = findPricing(
      'openai-compatible',
      'https://api.deepseek.com',
      'deepseek-v4-pro',
      Date.UTC(2026, 10, 1, 2),
    )
    const night = findPricing(
      'openai-compatible',
      'https://api.deepseek.com',
      'deepseek-v4-pro',
      Date.UTC(2026, 10, 1, 5),
    )
    expect([day?.rates.input, night?.rates.input]).toEqual(['1.32', '0.66'])
  })

  test('what is remembered has an end', () => {
    for (let index = 0; index < 10_000; index += 1) findPricing('openai', null, `gpt-4o-${index}`, AT)
    expect(findPricing('openai', null, 'gpt-4o', AT)?.rates.input).toBe('2.5')
  })
})

describe('OpenAI’s service tiers', () => {
  const tiers = (model: string) => findPricing('openai', null, model, AT)?.serviceTiers ?? {}

  test('have the prices of its own page', () => {
    expect(tiers('gpt-5')).toMatchObject({
      flex: { rates: { input: '0.625', cacheRead: '0.0625', output: '5' } },
      priority: { rates: { input: '2.5', cacheRead: '0.25', output: '20' } },
    })
    expect(tiers('gpt-4o-2024-11-20')).toMatchObject({
      priority: { rates: { input: '4.25', cacheRead: '2.125', output: '17' } },
    })
    expect(tiers('gpt-4o-2024-11-20')).not.toHaveProperty('flex')
  })

  test('are the form that the contract takes, and no other vendor’s', () => {
    for (const { pricing } of listCatalogue(AT)) serviceTiers.parse(pricing.serviceTiers)
    expect(findPricing('anthropic', null, 'claude-sonnet-4-5', AT)?.serviceTiers).toEqual({})
  })
})
