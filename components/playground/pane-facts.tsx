import type { ReactNode } from 'react'
import { fallbackSentence } from '@/components/calls/route-sentences'
import { Callout } from '@/components/ui/callout'
import { formatDuration } from '@/lib/format/duration'
import { formatUsdExact, formatUsdPrecise } from '@/lib/format/money'
import { formatCount, formatPlural, formatTokens } from '@/lib/format/tokens'
import { formatRate, speedOf } from './speed'
import type { Run } from './use-runs'

/** Who answered and why, how fast, and for how much: each as soon as it is known. */
export function PaneFacts({ run }: { run: Run }) {
  const { phase, decision, answer, timing, stream } = run
  if (decision === null) return null
  const { provider, model, attempts, degraded, simulated } = decision
  const { usage } = answer
  const speed = speedOf(timing, usage?.outputTokens ?? null, stream)
  const costUsd = answer.costUsd ?? decision.costUsd
  return (
    <>
      {degraded ? (
        <Callout tone="warn" title="A fallback answered">
          <p className="break-words">{fallbackSentence(degraded)}</p>
        </Callout>
      ) : null}
      <dl className="grid grid-cols-[repeat(auto-fill,minmax(7.5rem,1fr))] gap-x-4 gap-y-2 border-t pt-3">
        {provider === null ? null : (
          <Fact label="Answered by" wide>
            <span className="font-mono text-xs break-all">{model}</span>{' '}
            <span className="text-muted">at {provider}</span>
            {attempts !== null && attempts > 1 ? (
              <span className="text-muted">, after {formatPlural(attempts, 'attempt')}</span>
            ) : null}
          </Fact>
        )}
        {speed.firstTokenMs === null ? null : (
          <Fact label="First token">{formatDuration(speed.firstTokenMs)}</Fact>
        )}
        {speed.totalMs === null ? null : <Fact label="Whole call">{formatDuration(speed.totalMs)}</Fact>}
        {speed.tokensPerSecond === null ? null : (
          <Fact label="Speed">{formatRate(speed.tokensPerSecond)}</Fact>
        )}
        {usage === null ? null : (
          <Fact
            label="Tokens in / out"
            title={`${formatCount(usage.inputTokens)} in, of them ${formatCount(usage.cachedInputTokens)} cached; ${formatCount(usage.outputTokens)} out, of them ${formatCount(usage.reasoningTokens)} reasoning`}
          >
            {formatTokens(usage.inputTokens)} <span className="text-muted">/</span>{' '}
            {formatTokens(usage.outputTokens)}
          </Fact>
        )}
        {phase !== 'done' ? null : (
          <Fact label="Cost" title={costUsd === null ? undefined : formatUsdExact(costUsd)}>
            {costUsd === null ? (
              <span className="text-muted">{simulated ? 'nothing: simulated' : 'see the receipt'}</span>
            ) : (
              formatUsdPrecise(costUsd)
            )}
          </Fact>
        )}
      </dl>
    </>
  )
}

function Fact({
  label,
  title,
  wide = false,
  children,
}: {
  label: string
  title?: string | undefined
  wide?: boolean
  children: ReactNode
}) {
  return (
    <div className={wide ? 'col-span-full min-w-0' : 'min-w-0'}>
      <dt className="text-xs text-muted">{label}</dt>
      <dd className="text-sm tabular-nums" title={title}>
        {children}
      </dd>
    </div>
  )
}
