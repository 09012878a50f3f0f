import type { ReactNode } from 'react'
import { limitText } from '@/components/limits/limit-words'
import { Badge } from '@/components/ui/badge'
import { Callout } from '@/components/ui/callout'
import type { LimitMetric } from '@/lib/contract/policy'
import type { SimulatedPolicy, SimulatedTarget, Simulation } from '@/lib/contract/simulation'
import { formatDuration } from '@/lib/format/duration'
import { formatUsd, formatUsdPrecise } from '@/lib/format/money'
import { formatPlural, formatTokens } from '@/lib/format/tokens'

/** Where a call would go and why, who would be asked next, what would count it, and about what it costs. */
export function SimulatedAnswer({ simulation }: { simulation: Simulation }) {
  const { target, wanted, why, fallbacks, furtherTries, waitMs, inputTokens, policies } = simulation
  return (
    <div className="flex flex-col gap-4">
      {target ? (
        <Part title="It goes to">
          <TargetName target={target} />
          <p className="text-xs text-muted">
            About {formatTokens(inputTokens)} input tokens; {costWords(target)}.
          </p>
        </Part>
      ) : (
        <Callout tone="warn" title="Nobody can be asked now">
          {waitMs === null ? null : (
            <p>All targets are to be left alone for {formatDuration(waitMs)} more.</p>
          )}
        </Callout>
      )}
      {wanted && !isSame(wanted, target) ? (
        <Part title="It would rather go to">
          <TargetName target={wanted} />
        </Part>
      ) : null}
      <Part title="Why">
        <ul className="flex list-disc flex-col gap-1 pl-4 text-sm break-words">
          {why.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      </Part>
      <Part title="If that fails">
        {fallbacks.length === 0 ? (
          <p className="text-sm text-muted">Nobody else can be asked.</p>
        ) : (
          <>
            <ol className="flex flex-col gap-1">
              {fallbacks.map((fallback, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: two targets may be alike but for their place.
                <li key={at} className="flex gap-2">
                  <span className="w-4 shrink-0 text-right text-sm text-muted tabular-nums">{at + 1}</span>
                  <TargetName target={fallback} />
                </li>
              ))}
            </ol>
            <p className="text-xs text-muted">
              {furtherTries === 0
                ? 'But the route makes no further try.'
                : `At most ${formatPlural(furtherTries, 'further try', 'further tries')}.`}
            </p>
          </>
        )}
      </Part>
      <Part title="Counted by">
        {policies.length === 0 ? (
          <p className="text-sm text-muted">No limit and no budget.</p>
        ) : (
          <ul className="flex flex-col gap-1 text-sm">
            {policies.map((policy) => (
              <li key={`${policy.type} ${policy.id} ${policy.subject}`} className="break-words">
                <PolicyText policy={policy} />
              </li>
            ))}
          </ul>
        )}
      </Part>
    </div>
  )
}

function isSame(one: SimulatedTarget, other: SimulatedTarget | null): boolean {
  return one.providerId === other?.providerId && one.model === other.model
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="flex min-w-0 flex-col gap-1">
      <h3 className="text-xs font-medium text-muted">{title}</h3>
      {children}
    </section>
  )
}

function TargetName({ target: { model, providerName, group } }: { target: SimulatedTarget }) {
  return (
    <p className="min-w-0 text-sm break-words">
      <span className="font-mono">{model}</span> <span className="text-muted">at {providerName}</span>
      {group === null ? null : <Badge className="ml-1.5">{group}</Badge>}
    </p>
  )
}

function costWords({ estimatedCostUsd }: SimulatedTarget): string {
  return estimatedCostUsd === null
    ? 'the model has no price'
    : `at most about ${formatUsdPrecise(estimatedCostUsd)}, with as much output as the call may have`
}

function PolicyText({ policy }: { policy: SimulatedPolicy }) {
  if (policy.type === 'budget') {
    return (
      <>
        Budget {policy.name}:{' '}
        <span className="tabular-nums">
          {formatUsd(policy.spentUsd)} spent and {formatUsd(policy.heldUsd)} held of{' '}
          {formatUsd(policy.amountUsd)}
        </span>
        {policy.enforcement === 'soft' ? ', not enforced' : ''}
      </>
    )
  }
  const limit = {
    metric: policy.metric as LimitMetric,
    limit: policy.limit,
    windowSeconds: policy.windowSeconds,
  }
  return (
    <>
      {policy.ofVendor ? 'Vendor’s limit' : 'Limit'} {policy.name}:{' '}
      <span className="tabular-nums">
        {policy.metric === 'costUsd' ? formatUsd(policy.used) : formatTokens(Number(policy.used))} used of{' '}
        {limitText(limit)}
      </span>
    </>
  )
}
