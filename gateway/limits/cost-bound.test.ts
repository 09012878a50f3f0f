import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Pricing } from '../../lib/contract/price.ts'
import { priceUsage } from '../../lib/contract/pricing.ts'
import { NO_USAGE } from '../../lib/contract/usage.ts'
import { costBound, costShape, outputBound, outputThatFits } from './cost-bound.ts'

const rate = fc.integer({ min: 0, max: 10_000_000 }).map((units) => `${units}e-5`)
const rates = fc.record(
  {
    input: rate,
    output: rate,
    cacheRead: rate,
    cacheWrite5m: rate,
    cacheWrite1h: rate,
    inputAudio: rate,
    reasoning: rate,
    outputAudio: rate,
    request: rate,
    second: rate,
  },
  { requiredKeys: ['input', 'output'] },
)
const above = fc.integer({ min: 1, max: 50_000 })
const tiers = fc
  .record({ tier: rates, above })
  .map((one) => [{ aboveInputTokens: one.above, rates: one.tier as Pricing['rates'] }])
const factor = fc.integer({ min: 0, max: 40 }).map((tenths) => `${tenths}e-1`)
const own = fc.record({ rates: rates.map((one) => one as Pricing['rates']), tiers })
const serviceTiers = fc.record({ flex: fc.oneof(factor, own), priority: fc.oneof(factor, own) })
const pricing = fc.record({ base: rates, tiers, serviceTiers }).map(
  ({ base, tiers, serviceTiers }): Pricing => ({
    version: 'test@1',
    rates: base as Pricing['rates'],
    tiers,
    serviceTiers,
    contextTokens: null,
    maxOutputTokens: null,
  }),
)
const share = fc.double({ min: 0, max: 1, noNaN: true })

test('no use within the tokens that were held costs more than the bound, whatever kinds it is of', () => {
  fc.assert(
    fc.property(
      pricing,
      fc.nat(100_000),
      fc.nat(20_000),
      fc.nat(90_000),
      fc.array(share, { minLength: 7, maxLength: 7 }),
      fc.constantFrom(null, 'auto', 'flex', 'priority'),
      (price, input, output, timeMs, shares, requested) => {
        const [i = 0, o = 0, cached = 0, written = 0, reasoned = 0, audio = 0, time = 0] = shares
        const inputTokens = Math.floor(input * i)
        const outputTokens = Math.floor(output * o)
        const cachedInputTokens = Math.floor(inputTokens * cached)
        const cacheWrite5mTokens = Math.floor((inputTokens - cachedInputTokens) * written)
        const reasoningTokens = Math.floor(outputTokens * reasoned)
        const outputAudioTokens = Math.floor((outputTokens - reasoningTokens) * audio)
        const usage = {
          ...NO_USAGE,
          inputTokens,
          cachedInputTokens,
          cacheWrite5mTokens,
          outputTokens,
          reasoningTokens,
          outputAudioTokens,
        }
        const bound = costBound(price, requested, { inputTokens: input, outputTokens: output, timeMs })
        const mayBeServed =
          requested === 'flex' || requested === 'priority' ? [requested] : ['flex', 'priority']
        for (const serviceTier of [null, 'default', ...mayBeServed]) {
          const served = { serviceTier, latencyMs: Math.floor(timeMs * time) }
          expect(priceUsage(price, usage, 0, served).costPicoUsd <= bound).toBe(true)
        }
      },
    ),
  )
})

test('every choice may be as long as the cap, however its number is written', () => {
  for (const n of [3, '3', 2.5]) expect(outputBound(costShape({ n }, 100), 50)).toBe(150)
  expect(outputBound(costShape({ best_of: 4, n: 2 }, 100), 50)).toBe(200)
  for (const n of [undefined, null, 0, 1, 'many', true])
    expect(outputBound(costShape({ n }, 100), 50)).toBe(50)
})

test('the bytes of a picture count as its tokens, not as text, and a file has no bound', () => {
  const url = `data:image/png;base64,${'A'.repeat(10_000)}`
  const content = [{ type: 'image_url', image_url: { url, detail: 'low' } }]
  const shape = costShape({ messages: [{ role: 'user', content }] }, 10_200)
  expect(shape.textBytes).toBeLessThan(300)
  expect(shape.mediaTokens).toBeGreaterThan(0)
  expect(shape.unbounded).toBeNull()
  const file = [{ type: 'file', file: { file_id: 'file-1' } }]
  expect(costShape({ messages: [{ role: 'user', content: file }] }, 100).unbounded).toBe('a file')
  expect(costShape({ web_search_options: {} }, 100).unbounded).toBe('a search of the web')
})

test('what lies elsewhere and may be as long as it likes has no bound, and a picture has one in any form', () => {
  const messages = (part: object) => ({ messages: [{ role: 'user', content: [part] }] })
  for (const type of ['document_url', 'audio_url', 'video_url'])
    expect(costShape(messages({ type, [type]: { url: 'https://x.test/a' } }), 100).unbounded).not.toBeNull()
  for (const picture of ['https://x.test/a.png', { url: 'https://x.test/a.png' }])
    expect(costShape(messages({ type: 'image_url', image_url: picture }), 100).mediaTokens).toBeGreaterThan(0)
})

test('the largest output that fits is the largest: one token more does not', () => {
  fc.assert(
    fc.property(pricing, fc.nat(5_000), fc.bigInt({ min: 0n, max: 10n ** 12n }), (price, input, amount) => {
      const most = { inputTokens: input, outputTokens: 4_096, timeMs: 0 }
      const bound = (outputTokens: number) => costBound(price, null, { ...most, outputTokens })
      const fits = outputThatFits(price, costShape({}, input), most, amount)
      if (fits > 0) expect(bound(fits) <= amount).toBe(true)
      if (fits < 4_096) expect(bound(fits + 1) > amount).toBe(true)
    }),
  )
})
