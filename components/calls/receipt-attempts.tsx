import { Badge, Status } from '@/components/ui/badge'
import { formatLatency } from '@/lib/format/duration'
import type { Receipt } from '@/lib/resources/calls/schema'
import { sameUsd, serviceTierWords, shortUsd } from './arithmetic'
import { REASON_WORDS } from './left-reason'
import { Mono, Named, Part } from './receipt-parts'
import { fallbackSentence, routingSentence, toldSentence } from './route-sentences'

const OUTCOMES = {
  ok: { tone: 'ok', word: 'answered' },
  error: { tone: 'danger', word: 'failed' },
  cut: { tone: 'warn', word: 'cut off' },
  unknown: { tone: 'warn', word: 'unknown' },
} as const

/** Whom the route asked, in order, and why another one answered. */
export function ReceiptAttempts({ receipt }: { receipt: Receipt }) {
  if (receipt.attempts.length === 0) {
    return (
      <Part title="Attempts">
        <p className="text-sm text-muted">None: the call was refused before a provider was asked.</p>
      </Part>
    )
  }
  return (
    <Part title={receipt.attempts.length === 1 ? 'One attempt' : `${receipt.attempts.length} attempts`}>
      <RouteWords receipt={receipt} />
      <ol className="flex flex-col">
        {receipt.attempts.map((attempt, index) => (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: an attempt is known by its place, and never moves.
            key={index}
            className="relative flex flex-wrap items-baseline gap-x-3 gap-y-0.5 border-t py-1.5 pl-7 text-sm first:border-t-0"
          >
            <span className="absolute left-0 text-muted">{index + 1}</span>
            <span>
              <Named type="provider" id={attempt.providerId} name={attempt.providerName} />{' '}
              <Mono>{attempt.servedModel ?? attempt.model}</Mono>
            </span>
            <Status tone={OUTCOMES[attempt.outcome].tone}>
              {attempt.status ?? 'no answer'} {OUTCOMES[attempt.outcome].word}
            </Status>
            {attempt.code ? <Mono muted>{attempt.code}</Mono> : null}
            {attempt.reason ? (
              <span className="text-xs text-muted">{REASON_WORDS[attempt.reason].name}</span>
            ) : null}
            {attempt.usageSource === 'estimated' ? <Badge tone="warn">estimated</Badge> : null}
            <span className="text-xs text-muted">
              {serviceTierWords(attempt.serviceTier, attempt.requestedServiceTier)}
            </span>
            {attempt.vendorCostUsd === null || sameUsd(attempt.vendorCostUsd, attempt.costUsd) ? null : (
              <span className="text-xs text-muted">the vendor says {shortUsd(attempt.vendorCostUsd)}</span>
            )}
            <span className="ml-auto text-muted">
              {attempt.firstTokenMs === null ? '' : `first token ${formatLatency(attempt.firstTokenMs)}, `}
              {formatLatency(attempt.latencyMs)}
              {attempt.costUsd === null ? '' : `, ${shortUsd(attempt.costUsd)}`}
            </span>
          </li>
        ))}
      </ol>
    </Part>
  )
}

function RouteWords({ receipt: { degraded, routing } }: { receipt: Receipt }) {
  if (!degraded && !routing) return null
  return (
    <div className="mb-2 flex flex-col gap-1 text-sm">
      {degraded ? (
        <p>
          {fallbackSentence(degraded)} <span className="text-muted">{toldSentence(degraded)}</span>
        </p>
      ) : null}
      {routing ? <p className="text-muted">{routingSentence(routing)}</p> : null}
    </div>
  )
}
