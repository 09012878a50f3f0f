import { Badge, Status, type Tone } from '@/components/ui/badge'
import { GATEWAY_ERRORS } from '@/lib/contract/error-codes'
import { type CallOutcome, callOutcome } from '@/lib/format/call-outcome'
import { formatUsdExact, formatUsdPrecise } from '@/lib/format/money'
import type { Call } from '@/lib/resources/calls/schema'
import { fallbackSentence } from './route-sentences'

const TONES: Record<CallOutcome, Tone> = { ok: 'ok', error: 'danger', refused: 'warn' }
const WORDS: Record<CallOutcome, string> = { ok: 'ok', error: 'error', refused: 'refused' }

/** Dot, number and word: `● 200 ok`, `● 429 rate_limit_exceeded`. */
export function CallStatus({ call }: { call: Pick<Call, 'status' | 'code'> }) {
  const outcome = callOutcome(call)
  return (
    <Status tone={TONES[outcome]}>
      {call.status}
      <span className={'max-w-44 truncate text-muted max-sm:sr-only'}>{call.code ?? WORDS[outcome]}</span>
    </Status>
  )
}

/** What a code means, in the catalogue's own words. */
export function codeMeaning(code: string | null): string | null {
  if (code === null) return null
  return (GATEWAY_ERRORS as Record<string, { message: string }>)[code]?.message ?? null
}

/** The cost of one call: exact on hover; a word where there is no number. */
export function CallCost({ call }: { call: Pick<Call, 'costUsd' | 'unpriced'> }) {
  if (call.costUsd === null)
    return <span className="text-muted">{call.unpriced ? 'unpriced' : 'unknown'}</span>
  return <span title={formatUsdExact(call.costUsd)}>{formatUsdPrecise(call.costUsd)}</span>
}

/** What a reader must know before trusting the number. */
export function CallBadges({
  call,
}: {
  call: Pick<Call, 'simulated' | 'unpriced' | 'usageSource' | 'stream' | 'costUsd' | 'degraded'>
}) {
  return (
    <>
      {call.degraded ? (
        <Badge tone="warn" title={fallbackSentence(call.degraded)}>
          fallback
        </Badge>
      ) : null}
      {call.simulated ? <Badge tone="accent">simulated</Badge> : null}
      {call.usageSource === 'estimated' ? <Badge tone="warn">estimated</Badge> : null}
      {call.unpriced ? <Badge tone="warn">unpriced</Badge> : null}
    </>
  )
}
