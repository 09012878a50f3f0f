'use client'

import { parseAsStringLiteral, useQueryState } from 'nuqs'
import type { ReactNode } from 'react'
import { ChartSkeleton } from '@/components/charts/chart-frame'
import { RangePicker } from '@/components/charts/range-picker'
import { PRESET_WORDS, widerPreset } from '@/components/charts/time-range'
import { SIMULATED_CHOICES, useRange } from '@/components/charts/use-range'
import { ApiProblem } from '@/components/data/api'
import { useLiveState } from '@/components/data/live'
import { Badge, Status } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { Callout } from '@/components/ui/callout'
import { PageHead } from '@/components/ui/page-head'
import { ErrorState, NoPermissionState } from '@/components/ui/states'
import { SwitchField } from '@/components/ui/switch'
import { formatClock } from '@/lib/format/time'
import { formatPlural } from '@/lib/format/tokens'
import { KpiSkeleton, KpiTiles } from './kpi-tiles'
import { callsHref } from './links'
import { OverviewCharts } from './overview-charts'
import { TopTable } from './top-table'
import { useOverview, useSimulatedCount } from './usage-data'

/** What happens now and what it costs; moves when calls are booked. */
export function OverviewScreen({ banner }: { banner?: ReactNode }) {
  const range = useRange('1h')
  const { choice, timeZone } = range
  const [simulated, setSimulated] = useQueryState(
    'simulated',
    parseAsStringLiteral(SIMULATED_CHOICES).withDefault('exclude').withOptions({ history: 'push' }),
  )
  const [dimension, setDimension] = useQueryState(
    'by',
    parseAsStringLiteral(['route', 'team']).withDefault('route'),
  )
  const result = useOverview(choice, timeZone, simulated, dimension)
  const { data } = result
  // Refusals come before any provider, so they are never simulated: they alone are no traffic to look at.
  const nothing = data !== undefined && data.total.total.requests === data.total.total.refused
  const hidden = useSimulatedCount(data?.range, nothing && simulated === 'exclude')
  const wider = widerPreset(choice.range)
  const problem = result.error instanceof ApiProblem ? result.error : null
  const link = (filters: Record<string, string>) => callsHref({ choice, timeZone: null, simulated, filters })

  return (
    <>
      <PageHead
        title="Overview"
        description="What goes through the gate, what it costs, and how fast it answers."
        actions={
          <AsOf at={result.dataUpdatedAt} timeZone={timeZone} stale={result.isError && data !== undefined} />
        }
      />
      {banner}
      <div className="mb-4 flex flex-wrap items-center gap-x-5 gap-y-3">
        <RangePicker range={range} />
        <SwitchField
          label="Include simulated"
          checked={simulated !== 'exclude'}
          onCheckedChange={(on) => void setSimulated(on ? 'include' : 'exclude')}
        />
      </div>
      {problem?.status === 403 ? (
        <NoPermissionState what="usage and cost" />
      ) : result.isError && !data ? (
        <div className="rounded-card border bg-surface">
          <ErrorState
            detail={problem?.detail ?? 'Something went wrong in the browser.'}
            requestId={problem?.requestId}
            onRetry={() => void result.refetch()}
          />
        </div>
      ) : !data ? (
        <OverviewSkeleton />
      ) : (
        <div className="flex flex-col gap-4">
          {nothing && (hidden.data ?? 0) > 0 ? (
            <Callout
              tone="accent"
              title={`${formatPlural(hidden.data ?? 0, 'simulated call')} of this range ${hidden.data === 1 ? 'is' : 'are'} left out`}
            >
              <p className="text-muted">
                The sandbox answered {hidden.data === 1 ? 'it' : 'them'}, and nothing was charged: what is
                simulated stands outside all money unless asked for.
              </p>
              <Button className="mt-2" onClick={() => void setSimulated('include')}>
                Include simulated calls
              </Button>
            </Callout>
          ) : null}
          {nothing && data.total.total.requests === 0 && hidden.data === 0 && wider ? (
            <Callout title="No calls in this range">
              <Button className="mt-2" onClick={() => range.set({ range: wider, from: null, to: null })}>
                Look at {PRESET_WORDS[wider].long}
              </Button>
            </Callout>
          ) : null}
          {simulated !== 'exclude' && !nothing ? (
            <p className="-mb-1 text-sm text-muted">
              <Badge tone="accent">simulated</Badge> Calls that the sandbox answered are in these numbers;
              their cost is what it would have been.
            </p>
          ) : null}
          <KpiTiles
            total={data.total}
            before={data.before.total}
            beforeWords={data.range.beforeWords}
            hrefOf={link}
          />
          <OverviewCharts
            data={data}
            timeZone={timeZone}
            simulated={simulated}
            dimension={dimension}
            onDimension={(next) => void setDimension(next)}
          />
          <div className="grid gap-4 lg:grid-cols-2 xl:grid-cols-3">
            <TopTable
              title="Top routes"
              dimension="route"
              report={dimension === 'route' ? data.grouped : data.other}
              hrefOf={(_id, label) => link({ route: label })}
              allHref="/routes"
            />
            <TopTable
              title="Top teams"
              dimension="team"
              report={dimension === 'team' ? data.grouped : data.other}
              hrefOf={(id) => link({ teamId: id })}
              allHref="/teams"
            />
            <TopTable
              title="Top consumers"
              dimension="consumer"
              report={data.consumers}
              hrefOf={(id) => link({ consumerId: id })}
              allHref="/consumers"
            />
          </div>
        </div>
      )}
    </>
  )
}

function AsOf({ at, timeZone, stale }: { at: number; timeZone: string; stale: boolean }) {
  const live = useLiveState()
  if (at === 0) return null
  return (
    <span className="text-xs text-muted" title="Numbers move when calls are booked">
      <Status tone={stale ? 'warn' : live === 'live' ? 'ok' : 'neutral'}>
        {stale ? 'Not up to date' : live === 'live' ? 'Live' : 'Connecting'} · as of{' '}
        {formatClock(at, timeZone)}
      </Status>
    </span>
  )
}

/** In the shape of the overview. */
export function OverviewSkeleton() {
  return (
    <div className="flex flex-col gap-4">
      <KpiSkeleton />
      <div className="grid gap-4 lg:grid-cols-2">
        <ChartSkeleton />
        <ChartSkeleton />
        <ChartSkeleton />
        <ChartSkeleton />
      </div>
    </div>
  )
}
