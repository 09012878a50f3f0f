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
  readonly resetMs: number
}

/** Names and values in turn. */
export function rateLimitHeaders(counters: Counters, applied: readonly AppliedLimit[]): string[] {
  if (applied.length === 0) return []
  let policies = ''
  let standing = ''
  let requests: Standing | null = null
  let tokens: Standing | null = null
  for (const one of applied) {
    const { used, lessInMs, emptyInMs: resetMs } = counters.used(one.key, one.windowMs)
    const { policy: limit } = one
    const remaining = one.limit > used ? one.limit - used : 0n
    const { name, item } = wordsOf(one)
    const window = limit.windowSeconds === null ? '' : `;t=${Math.ceil(lessInMs / 1_000)}`
    const separator = policies === '' ? '' : ', '
    policies += separator + item
    standing += `${separator}${name};r=${quantity(limit, remaining)}${window}`
    if (limit.metric === 'requests') requests = tighter(requests, { limit, remaining, resetMs })
    else if (TOKEN_METRICS.has(limit.metric)) tokens = tighter(tokens, { limit, remaining, resetMs })
  }
  const headers = ['ratelimit-policy', policies, 'ratelimit', standing]
  if (requests) headers.push(...familyHeaders('requests', requests))
  if (tokens) headers.push(...familyHeaders('tokens', tokens))
  return headers
}

function tighter(a: Standing | null, b: Standing): Standing {
  return a !== null && a.remaining <= b.remaining ? a : b
}

/** What of a limit is the same in every answer. */
interface Words {
  readonly name: string
  /** Of `RateLimit-Policy`. */
  readonly item: string
}

const known = new WeakMap<AppliedLimit, Words>()

function wordsOf(applied: AppliedLimit): Words {
  let words = known.get(applied)
  if (!words) {
    const { policy, limit } = applied
    const name = sfString(policy.name)
    const window = policy.windowSeconds === null ? '' : `;w=${policy.windowSeconds}`
    const unit = UNITS[policy.metric]
    words = { name, item: `${name};q=${quantity(policy, limit)}${unit ? `;qu="${unit}"` : ''}${window}` }
    known.set(applied, words)
  }
  return words
}

const TOKEN_METRICS: ReadonlySet<string> = new Set(['tokens', 'inputTokens', 'outputTokens'])

function familyHeaders(family: 'requests' | 'tokens', tightest: Standing): string[] {
  return [
    `x-ratelimit-limit-${family}`,
    String(tightest.limit.limit),
    `x-ratelimit-remaining-${family}`,
    tightest.remaining.toString(),
    `x-ratelimit-reset-${family}`,
    duration(tightest.resetMs),
  ]
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
