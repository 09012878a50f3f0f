/**
 * Where the caller stands: `RateLimit` and `RateLimit-Policy` for every limit that counts this call
 * (draft-ietf-httpapi-ratelimit-headers-11: all quantities whole numbers; `t` until there is more room again, never
 * beyond `Retry-After`), and OpenAI's own `x-ratelimit-*` for the tightest of each kind (their reset: until all is free).
 */
import type { LimitEntity } from '../../lib/contract/entities.ts'
import type { LimitMetric } from '../../lib/contract/policy.ts'
import type { AppliedLimit } from '../limits/applicable.ts'
import type { Counters } from '../limits/counters.ts'

interface Standing {
  readonly limit: LimitEntity
  readonly remaining: bigint
  readonly text: string
  readonly resetMs: number
}

/**
 * Adds names and values in turn.
 * @param now monotonic milliseconds
 */
export function addRateLimitHeaders(
  headers: string[],
  counters: Counters,
  applied: readonly AppliedLimit[],
  now: number,
): void {
  if (applied.length === 0) return
  let policies = ''
  let standing = ''
  let requests: Standing | null = null
  let tokens: Standing | null = null
  for (const one of applied) {
    const { used, lessInMs, emptyInMs: resetMs } = counters.used(one.key, one.windowMs, now)
    const { policy: limit } = one
    const remaining = one.limit > used ? one.limit - used : 0n
    const text = quantity(limit, remaining)
    const words = wordsOf(one)
    standing += (policies === '' ? words.name : words.nextName) + text
    if (limit.windowSeconds !== null) standing += `;t=${Math.ceil(lessInMs / 1_000)}`
    policies = policiesWith(words, policies)
    if (limit.metric === 'requests') {
      if (!isTighter(requests, remaining)) requests = { limit, remaining, text, resetMs }
    } else if (TOKEN_METRICS.has(limit.metric)) {
      if (!isTighter(tokens, remaining)) tokens = { limit, remaining, text, resetMs }
    }
  }
  headers.push('ratelimit-policy', policies, 'ratelimit', standing)
  if (requests) addFamily(headers, REQUESTS, requests)
  if (tokens) addFamily(headers, TOKENS, tokens)
}

const isTighter = (standing: Standing | null, remaining: bigint): boolean =>
  standing !== null && standing.remaining <= remaining

/** What of a limit is the same in every answer. */
interface Words {
  /** Of `RateLimit`: up to what remains, as the first and behind others. */
  readonly name: string
  readonly nextName: string
  /** Of `RateLimit-Policy`. */
  readonly item: string
  /** That header with this limit in it, and what stood before: the same in each call of a key. */
  policies: string
  before: string | null
}

const known = new WeakMap<AppliedLimit, Words>()

function wordsOf(applied: AppliedLimit): Words {
  let words = known.get(applied)
  if (!words) {
    const { policy, limit } = applied
    const name = sfString(policy.name)
    const window = policy.windowSeconds === null ? '' : `;w=${policy.windowSeconds}`
    const unit = UNITS[policy.metric]
    words = {
      name: `${name};r=`,
      nextName: `, ${name};r=`,
      item: `${name};q=${quantity(policy, limit)}${unit ? `;qu="${unit}"` : ''}${window}`,
      policies: '',
      before: null,
    }
    known.set(applied, words)
  }
  return words
}

function policiesWith(words: Words, before: string): string {
  if (words.before !== before) {
    words.before = before
    words.policies = before === '' ? words.item : `${before}, ${words.item}`
  }
  return words.policies
}

const TOKEN_METRICS: ReadonlySet<string> = new Set(['tokens', 'inputTokens', 'outputTokens'])

const REQUESTS = {
  limit: 'x-ratelimit-limit-requests',
  remaining: 'x-ratelimit-remaining-requests',
  reset: 'x-ratelimit-reset-requests',
}
const TOKENS = {
  limit: 'x-ratelimit-limit-tokens',
  remaining: 'x-ratelimit-remaining-tokens',
  reset: 'x-ratelimit-reset-tokens',
}

function addFamily(headers: string[], names: typeof TOKENS, { limit, text, resetMs }: Standing): void {
  headers.push(names.limit, limit.limit, names.remaining, text, names.reset, duration(resetMs))
}

/** The draft has no unit for tokens and money; its own default is `requests`. */
const UNITS: Readonly<Record<LimitMetric, string | null>> = {
  requests: null,
  concurrency: 'concurrent-requests',
  tokens: 'tokens',
  inputTokens: 'tokens',
  outputTokens: 'tokens',
  costUsd: 'micro-usd',
}
const PICO_IN_MICRO = 1_000_000n

/** Money in millionths of a dollar, rounded down. */
function quantity({ metric }: LimitEntity, amount: bigint): string {
  return (metric === 'costUsd' ? amount / PICO_IN_MICRO : amount).toString()
}

function sfString(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/[\\"]/g, '\\$&')}"`
}

/** As OpenAI writes them: `20ms`, `1.5s`, `6m0s`. */
function duration(ms: number): string {
  if (ms < 1_000) return `${ms}ms`
  if (ms < 60_000) return `${ms / 1_000}s`
  const seconds = Math.ceil(ms / 1_000)
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)]
  return `${hours > 0 ? `${hours}h` : ''}${minutes}m${seconds % 60}s`
}
