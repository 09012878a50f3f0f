'use client'

import { Status } from '@/components/ui/badge'
import { Card } from '@/components/ui/card'
import { SkeletonLines } from '@/components/ui/skeleton'
import { Time } from '@/components/ui/time'
import { type HealthCheck, healthCheckOf } from '@/lib/contract/health-check'
import { formatDuration } from '@/lib/format/duration'
import type { Provider } from '@/lib/resources/providers/schema'
import type { ProviderHealth, ServerCheck } from '@/lib/resources/routes/health-schema'
import { checkSentence } from './health-check-words'

/** What the last check of a server said; nothing where its provider asks for none. */
export function ServerCheckCard({
  provider,
  health,
}: {
  provider: Provider
  health: ProviderHealth | undefined
}) {
  const check = healthCheckOf(provider)
  if (!check) return null
  return (
    <Card title="Server check" description={checkSentence(provider.baseUrl, check)}>
      {health ? (
        <Last check={health.check} gateways={health.gateways} asked={check} />
      ) : (
        <SkeletonLines lines={1} label="Loading the last check" />
      )}
    </Card>
  )
}

function Last({
  check,
  gateways,
  asked,
}: {
  check: ServerCheck | null
  gateways: number
  asked: HealthCheck
}) {
  if (!check) {
    return (
      <p className="text-sm text-muted">
        {gateways === 0
          ? 'No gateway is connected, so nobody looks after it.'
          : `Not checked yet: each gateway begins at once and goes on every ${formatDuration(asked.intervalSeconds * 1_000)}.`}
      </p>
    )
  }
  return (
    <div className="flex flex-col gap-1 text-sm">
      <p className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <span role="status">
          <Status tone={check.ok ? 'ok' : 'danger'}>{check.ok ? 'Alive' : 'Failing'}</Status>
        </span>
        <span className="text-muted tabular-nums">after {formatDuration(check.latencyMs)}</span>
        <span className="text-muted">
          <Time value={check.at} />
        </span>
      </p>
      <p className="text-sm break-words">{check.message}</p>
      {check.ok ? null : (
        <p className="text-xs text-muted">
          The third failure in a row takes its models out; the first good check has real calls try them again.
          {gateways > 1 ? ' Of several gateways this is one for which it fails.' : ''}
        </p>
      )}
    </div>
  )
}
