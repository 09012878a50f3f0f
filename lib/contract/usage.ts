/**
 * What a call used, in one form for every vendor (design, section 4.2): `inputTokens` is the total, cached and
 * written ones included; `outputTokens` includes reasoning. Parts never exceed their total.
 */
import { z } from 'zod'

const count = z.int().min(0).max(1_000_000_000_000)

export const usage = z.object({
  inputTokens: count,
  cachedInputTokens: count,
  cacheWrite5mTokens: count,
  cacheWrite1hTokens: count,
  /** Part of `inputTokens`; whether cached audio is in it is up to the vendor's own split. */
  inputAudioTokens: count,
  outputTokens: count,
  /** Part of `outputTokens`. */
  reasoningTokens: count,
  /** Part of `outputTokens`. */
  outputAudioTokens: count,
})
export type Usage = z.infer<typeof usage>

export const NO_USAGE: Usage = {
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWrite5mTokens: 0,
  cacheWrite1hTokens: 0,
  inputAudioTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  outputAudioTokens: 0,
}

/** `provider`: the vendor's own count. `estimated`: counted by us. `none`: nothing was used, or nothing is known. */
export const usageSource = z.enum(['provider', 'estimated', 'none'])
export type UsageSource = z.infer<typeof usageSource>
