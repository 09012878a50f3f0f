'use client'

import { Activity } from 'lucide-react'
import Link from 'next/link'
import { parseAsStringLiteral, useQueryState } from 'nuqs'
import { ChartSkeleton } from '@/components/charts/chart-frame'
import { RangePicker } from '@/components/charts/range-picker'
import { PRESET_WORDS, widerPreset } from '@/components/charts/time-range'
import { type PageRange, SIMULATED_CHOICES, useRange } from '@/components/charts/use-range'
import { resourceState } from '@/components/resource/resource-states'
import { Button } from '@/components/ui/button'
import { Card } from '@/components/ui/card'
import { EmptyState } from '@/components/ui/states'
import { SwitchField } from '@/components/ui/switch'
import { ExactTime } from '@/components/ui/time'
import type { HistoryChange } from '@/lib/resources/routes/history-schema'
import type { Route } from '@/lib/resources/routes/schema'
import { HistoryCharts } from './history-charts'
import { useTargetHistory } from './history-data'
import { changeWords } from './history-words'

/** What a route did over time, and what was changed on it meanwhile. */
export function HistoryPanel({ route }: { route: Pick<Route, 'id' | 'name'> }) {
  const range = useRange('1h')
  const { choice, timeZone } = range
  const [simulated, setSimulated] = useQueryState(
    'simulated',
    // Not a question of money here: what the sandbox answers is as good as any.
    parseAsStringLiteral(SIMULATED_CHOICES).withDefault('include').withOptions({ history: 'push' }),
  )
  const result = useTargetHistory(`/routes/${route.id}`, choice, timeZone, simulated)
  const { data } = result
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center gap-x-5 gap-y-3">
        <RangePicker range={range} />
        <SwitchField
          label="Include simulated"
          checked={simulated !== 'exclude'}
          onCheckedChange={(on) => void setSimulated(on ? 'include' : 'exclude')}
        />
      </div>
      {data ? (
        <>
          {data.history.total.calls === 0 ? (
            <NoCalls range={range} />
          ) : (
            <HistoryCharts data={data} routeName={route.name} timeZone={timeZone} simulated={simulated} />
          )}
          <Changes changes={data.history.changes} />
        </>
      ) : result.error ? (
        resourceState(result, 'history', '/routes')
      ) : (
        <div className="grid gap-4 lg:grid-cols-2">
          <ChartSkeleton />
          <ChartSkeleton />
          <ChartSkeleton />
          <ChartSkeleton />
        </div>
      )}
    </div>
  )
}

function NoCalls({ range }: { range: PageRange }) {
  const wider = widerPreset(range.choice.range)
  return (
    <div className="rounded-card border bg-surface">
      <EmptyState
        icon={<Activity aria-hidden />}
        title="No calls in this range"
        action={
          wider ? (
            <Button onClick={() => range.set({ range: wider, from: null, to: null })}>
              Look at {PRESET_WORDS[wider].long}
            </Button>
          ) : undefined
        }
      >
        Latency, failures, fallbacks and the share of each target are drawn here from the first call on.
      </EmptyState>
    </div>
  )
}

function Changes({ changes }: { changes: readonly HistoryChange[] }) {
  return (
    <Card
      title="Changes in this range"
      description={changes.length === 0 ? 'None: the route stands as it was.' : 'The lines over the charts.'}
    >
      <ul className="flex flex-col text-sm">
        {changes.toReversed().map((change) => (
          <li
            key={change.revision}
            className="flex flex-wrap items-baseline gap-x-4 border-t py-1.5 first:border-t-0"
          >
            <span className="text-muted">
              <ExactTime value={change.at} />
            </span>
            <Link href={`/revisions/${change.revision}`} className="text-accent hover:underline">
              {changeWords(change)}
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  )
}
