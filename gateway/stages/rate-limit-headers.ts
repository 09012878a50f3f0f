/**
 * Where the caller stands: `RateLimit` and `RateLimit-Policy` for every limit that counts this call
 * (draft-ietf-httpapi-ratelimit-headers: q, w, r, t), and OpenAI's own `x-ratelimit-*` for the tightest of each kind.
 */
import type { ServerResponse } from 'node:http'
import type { LimitEntity } from '../../lib/contract/entities.ts'
import { formatUsd } from '../../lib/contract/money.ts'
import type { AppliedLimit } from '../limits/applicable.ts'
import type { Counters } from '../limits/counters.ts'

interface Standing {
  readonly limit: LimitEntity
  readonly remaining: bigint
  readonly resetMs: number
}

export function setRateLimitHeaders(
  response: ServerResponse,
  counters: Counters,
  applied: readonly AppliedLimit[],
): void {
  if (applied.length === 0) return
  const standings = applied.map(({ policy, key, limit, windowMs }): Standing => {
    const { used, emptyInMs } = counters.used(key, windowMs)
    const left = limit - used
    return { limit: policy, remaining: left > 0n ? left : 0n, resetMs: emptyInMs }
  })
  response.setHeader('ratelimit-policy', standings.map(policyItem).join(', '))
  response.setHeader('ratelimit', standings.map(standingItem).join(', '))
  setFamily(
    response,
    'requests',
    standings.filter(({ limit }) => limit.metric === 'requests'),
  )
  setFamily(
    response,
    'tokens',
    standings.filter(({ limit }) => TOKEN_METRICS.has(limit.metric)),
  )
}

const TOKEN_METRICS: ReadonlySet<string> = new Set(['tokens', 'inputTokens', 'outputTokens'])

function setFamily(
  response: ServerResponse,
  family: 'requests' | 'tokens',
  standings: readonly Standing[],
): void {
  let tightest: Standing | null = null
  for (const standing of standings)
    if (tightest === null || standing.remaining < tightest.remaining) tightest = standing
  if (!tightest) return
  response.setHeader(`x-ratelimit-limit-${family}`, tightest.limit.limit)
  response.setHeader(`x-ratelimit-remaining-${family}`, tightest.remaining.toString())
  response.setHeader(`x-ratelimit-reset-${family}`, duration(tightest.resetMs))
}

function policyItem({ limit }: Standing): string {
  const window = limit.windowSeconds === null ? '' : `;w=${limit.windowSeconds}`
  return `${sfString(limit.name)};q=${quantity(limit, BigInt(limit.limit))}${window}`
}

function standingItem({ limit, remaining, resetMs }: Standing): string {
  const reset = limit.windowSeconds === null ? '' : `;t=${Math.ceil(resetMs / 1_000)}`
  return `${sfString(limit.name)};r=${quantity(limit, remaining)}${reset}`
}

/** Structured fields have integers and decimals of three places (RFC 8941 §3.3): money is told in thousandths, rounded down. */
function quantity({ metric }: LimitEntity, amount: bigint): string {
  return metric === 'costUsd' ? formatUsd((amount / 1_000_000_000n) * 1_000_000_000n) : amount.toString()
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
