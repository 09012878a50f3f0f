/**
 * Usage on OpenAI's wire, and the dialects of it that compatible vendors speak, in the one form of the books. A vendor's
 * number is believed only when it can be true: what can't gives null, and the call is estimated.
 */
import { NO_USAGE, type Usage } from '../../lib/contract/usage.ts'
import { readVendorCost } from './vendor-cost.ts'

export interface ReadUsage {
  readonly usage: Usage
  /** False when a part had to be cut to fit its total: the vendor's numbers contradict themselves. */
  readonly exact: boolean
  /** What the vendor says that the call costs; null when it does not say. */
  readonly vendorCostUsd: string | null
}

/** Ten times the largest window that there is: a number beyond it is a mistake. */
const ABSURD_TOKENS = 100_000_000

/** Reads a `usage` object; null when there is none or it can't be true. */
export function readOpenAiUsage(value: unknown): ReadUsage | null {
  if (!isRecord(value)) return null
  const input = count(value.prompt_tokens)
  const reported = value.completion_tokens === undefined ? 0 : count(value.completion_tokens)
  if (input === null || reported === null) return null
  const inputDetails = isRecord(value.prompt_tokens_details) ? value.prompt_tokens_details : {}
  const outputDetails = isRecord(value.completion_tokens_details) ? value.completion_tokens_details : {}
  const reasoning = part(outputDetails.reasoning_tokens)
  // xAI counts reasoning beside the completion, not in it; its total gives it away.
  const beside = reasoning.tokens > 0 && value.total_tokens === input + reported + reasoning.tokens
  const output = beside ? reported + reasoning.tokens : reported

  const left = { input, output, exact: reasoning.valid }
  const take = (side: 'input' | 'output', raw: unknown): number => {
    const { tokens, valid } = part(raw)
    const taken = Math.min(tokens, left[side])
    if (!valid || taken < tokens) left.exact = false
    left[side] -= taken
    return taken
  }
  // `prompt_cache_hit_tokens` is DeepSeek's, `num_cached_tokens` Mistral's, `cached_tokens` beside the totals Moonshot's
  // and Together's.
  const cachedInputTokens = take(
    'input',
    inputDetails.cached_tokens ??
      value.prompt_cache_hit_tokens ??
      value.num_cached_tokens ??
      value.cached_tokens,
  )
  const cacheWrite5mTokens = take('input', inputDetails.cache_write_tokens)
  const inputAudioTokens = take('input', inputDetails.audio_tokens)
  const reasoningTokens = take('output', outputDetails.reasoning_tokens)
  const outputAudioTokens = take('output', outputDetails.audio_tokens)
  return {
    usage: {
      inputTokens: input,
      cachedInputTokens,
      cacheWrite5mTokens,
      cacheWrite1hTokens: 0,
      inputAudioTokens,
      outputTokens: output,
      reasoningTokens,
      outputAudioTokens,
    },
    exact: left.exact,
    vendorCostUsd: null,
  }
}

/**
 * The usage of an answer or of one chunk: `usage`, Groq's `x_groq.usage`, or the `timings` of llama.cpp.
 * @param bytes from which `message` was parsed
 */
export function usageOf(message: Record<string, unknown>, bytes: Buffer): ReadUsage | null {
  const own = readOpenAiUsage(message.usage)
  if (own) return { ...own, vendorCostUsd: readVendorCost(message.usage, bytes) }
  const groq = isRecord(message.x_groq) ? readOpenAiUsage(message.x_groq.usage) : null
  return groq ?? readTimings(message.timings)
}

/** llama.cpp counts what it read anew beside what it had cached; older ones don't tell the latter. */
function readTimings(value: unknown): ReadUsage | null {
  if (!isRecord(value)) return null
  const fresh = count(value.prompt_n)
  const outputTokens = count(value.predicted_n)
  if (fresh === null || outputTokens === null) return null
  const cached = count(value.cache_n)
  const cachedInputTokens = cached ?? 0
  const inputTokens = fresh + cachedInputTokens
  const usage = { ...NO_USAGE, inputTokens, cachedInputTokens, outputTokens }
  return { usage, exact: cached !== null, vendorCostUsd: null }
}

/** A service tier in the form in which prices name them; null when there is none. */
export function readServiceTier(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.toLowerCase().slice(0, 40) : null
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= ABSURD_TOKENS
    ? value
    : null
}

/** A part that is absent is zero; one that can't be true is zero too, but says so. */
function part(value: unknown): { tokens: number; valid: boolean } {
  if (value === undefined || value === null) return { tokens: 0, valid: true }
  const tokens = count(value)
  return tokens === null ? { tokens: 0, valid: false } : { tokens, valid: true }
}
