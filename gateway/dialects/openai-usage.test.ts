import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { usage as usageSchema } from '../../lib/contract/usage.ts'
import { readOpenAiUsage, usageOf } from './openai-usage.ts'

const read = (message: object) =>
  usageOf(message as Record<string, unknown>, Buffer.from(JSON.stringify(message)))

describe('usage on OpenAI’s wire', () => {
  it('is read with all its parts', () => {
    expect(
      readOpenAiUsage({
        prompt_tokens: 2_000,
        completion_tokens: 300,
        total_tokens: 2_300,
        prompt_tokens_details: { cached_tokens: 1_000, cache_write_tokens: 200, audio_tokens: 50 },
        completion_tokens_details: { reasoning_tokens: 128, audio_tokens: 20, accepted_prediction_tokens: 3 },
      }),
    ).toEqual({
      exact: true,
      vendorCostUsd: null,
      usage: {
        inputTokens: 2_000,
        cachedInputTokens: 1_000,
        cacheWrite5mTokens: 200,
        cacheWrite1hTokens: 0,
        inputAudioTokens: 50,
        outputTokens: 300,
        reasoningTokens: 128,
        outputAudioTokens: 20,
      },
    })
  })

  it.each([
    [
      'DeepSeek’s cache hits',
      { prompt_tokens: 100, completion_tokens: 1, prompt_cache_hit_tokens: 64 },
      { cachedInputTokens: 64 },
    ],
    [
      'xAI’s reasoning beside the completion',
      {
        prompt_tokens: 10,
        completion_tokens: 5,
        total_tokens: 45,
        completion_tokens_details: { reasoning_tokens: 30 },
      },
      { outputTokens: 35, reasoningTokens: 30 },
    ],
    [
      'details that are null',
      { prompt_tokens: 1, completion_tokens: 2, prompt_tokens_details: null },
      { inputTokens: 1 },
    ],
    [
      'Moonshot’s cache hits',
      { prompt_tokens: 100, completion_tokens: 1, cached_tokens: 60 },
      { cachedInputTokens: 60 },
    ],
    ['no completion at all', { prompt_tokens: 7 }, { inputTokens: 7, outputTokens: 0 }],
  ])('%s', (_name, wire, expected) => {
    const told = readOpenAiUsage(wire)
    expect(told?.exact).toBe(true)
    expect(told?.usage).toMatchObject(expected)
  })

  it('is found under x_groq', () => {
    expect(read({ x_groq: { usage: { prompt_tokens: 1, completion_tokens: 2 } } })?.usage.outputTokens).toBe(
      2,
    )
  })

  it('is found in llama.cpp’s timings, exactly where it tells what it had cached', () => {
    expect(read({ timings: { cache_n: 236, prompt_n: 1, predicted_n: 35, prompt_ms: 30.9 } })).toMatchObject({
      exact: true,
      usage: { inputTokens: 237, cachedInputTokens: 236, outputTokens: 35 },
    })
    expect(read({ timings: { prompt_n: 1, predicted_n: 35 } })).toMatchObject({
      exact: false,
      usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 35 },
    })
  })

  it.each([
    null,
    [],
    'many',
    {},
    { prompt_tokens: -1, completion_tokens: 1 },
    { prompt_tokens: 1, completion_tokens: Number.NaN },
    { prompt_tokens: 1, completion_tokens: 1e12 },
    { prompt_tokens: 1.5, completion_tokens: 1 },
    { prompt_tokens: '1', completion_tokens: 1 },
  ])('that can’t be true is none: %j', (wire) => {
    expect(readOpenAiUsage(wire)).toBeNull()
  })

  it('never has parts beyond their total: what had to be cut is not exact', () => {
    const number = fc.oneof(
      fc.nat(2_000),
      fc.integer(),
      fc.double(),
      fc.constant(undefined),
      fc.constant('7'),
    )
    const wire = fc.record({
      prompt_tokens: fc.nat(1_000),
      completion_tokens: fc.nat(1_000),
      total_tokens: fc.nat(3_000),
      prompt_tokens_details: fc.record({
        cached_tokens: number,
        cache_write_tokens: number,
        audio_tokens: number,
      }),
      completion_tokens_details: fc.record({ reasoning_tokens: number, audio_tokens: number }),
    })
    fc.assert(
      fc.property(wire, (told) => {
        const found = readOpenAiUsage(told)
        if (!found) throw new Error('the totals are good')
        const { usage, exact } = found
        usageSchema.parse(usage)
        const { inputTokens, cachedInputTokens, cacheWrite5mTokens, inputAudioTokens } = usage
        expect(cachedInputTokens + cacheWrite5mTokens + inputAudioTokens).toBeLessThanOrEqual(inputTokens)
        expect(usage.reasoningTokens + usage.outputAudioTokens).toBeLessThanOrEqual(usage.outputTokens)
        if (exact) expect(cachedInputTokens).toBe(told.prompt_tokens_details.cached_tokens ?? 0)
      }),
    )
  })
})
