'use client'

import { useQuery } from '@tanstack/react-query'
import { apiGet } from '@/components/data/api'
import { standingOf } from '@/components/providers/target-standing'
import { Status } from '@/components/ui/badge'
import { Countdown, useNow } from '@/components/ui/time'
import { formatDuration } from '@/lib/format/duration'
import { formatPercent, formatPlural } from '@/lib/format/tokens'
import type { RouteHealth } from '@/lib/resources/routes/health-schema'
import type { Target } from '../route-document'

const EVERY_MS = 2_500

export type RouteTargetHealth = RouteHealth['targets'][number]

/** How the targets of a saved route do, read again while the page is in sight; null: nothing is saved yet. */
export function useRouteHealth(routeId: string | null): RouteHealth | undefined {
  return useQuery({
    queryKey: ['route-health', routeId],
    queryFn: ({ signal }) => apiGet<RouteHealth>(`/routes/${routeId}/health`, undefined, signal),
    refetchInterval: EVERY_MS,
    enabled: routeId !== null,
  }).data
}

/** Of a target that is not saved nothing is known. */
export function healthOf(health: RouteHealth | undefined, target: Target): RouteTargetHealth | undefined {
  if (!health || health.gateways === 0) return undefined
  return health.targets.find(
    ({ providerId, model }) => providerId === target.providerId && model === target.model,
  )
}

/** State, and from the last half minute: share of the route's calls, failures, median wait, calls under way. */
export function TargetHealthLine({ health }: { health: RouteTargetHealth }) {
  const standing = standingOf(health)
  const facts = [
    health.share === null ? null : `${formatPercent(health.share)} of calls`,
    health.errorRate === null ? null : `${formatPercent(health.errorRate)} failed`,
    health.firstTokenMs === null ? null : `${formatDuration(health.firstTokenMs)} median wait`,
    health.inFlight === 0 ? null : `${formatPlural(health.inFlight, 'call')} under way`,
  ].filter((fact) => fact !== null)
  return (
    <p className="flex min-w-0 flex-wrap items-center gap-x-2 text-xs text-muted tabular-nums">
      <span title={standing.meaning}>
        <Status tone={standing.tone} className="text-fg">
          {standing.word}
        </Status>
      </span>
      {facts.length > 0 ? <span title="In the last half minute">{facts.join(' · ')}</span> : null}
      {health.outUntil === null ? null : <OutUntil until={health.outUntil} />}
    </p>
  )
}

/** What was told is up to three seconds old: a pause may be over by now. */
function OutUntil({ until }: { until: string }) {
  if (Date.parse(until) <= useNow(1000)) return <span>the next call tries it again</span>
  return (
    <span>
      out for <Countdown until={until} />
    </span>
  )
}
