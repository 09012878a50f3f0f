'use client'

import { bucketText } from '@/components/charts/bucket-text'
import { ChartFrame } from '@/components/charts/chart-frame'
import { type ChartSeries, formatValue, topAndRest } from '@/components/charts/series'
import { sessionColours } from '@/components/charts/series-colour'
import { bucketEnd } from '@/components/charts/time-range'
import { callsHref } from '@/components/overview/links'
import { formatPercent } from '@/lib/format/tokens'
import type { ReadHistory } from './history-data'
import {
  errorsOf,
  errorsTitle,
  fallbacksTitle,
  latencyTitle,
  marksOf,
  sharesTitle,
  sumOf,
  targetName,
} from './history-words'
import { keysOf, seriesByReason } from './reason-series'

const TOP = 6

/** Four charts with one crosshair, the route's changes over each. */
export function HistoryCharts({
  data: { range, history },
  routeName,
  timeZone,
  simulated,
}: {
  data: ReadHistory
  routeName: string
  timeZone: string
  simulated: string
}) {
  const { buckets, total, values, targets } = history
  const text = bucketText(range.interval, timeZone, Date.parse(range.to) - Date.parse(range.from))
  const link = (from: string, to: string, filters: Record<string, string> = {}) =>
    callsHref({ from, to, timeZone, simulated, filters: { route: routeName, ...filters } })
  const bucketLink = (filters?: Record<string, string>) => (index: number) => {
    const from = buckets[index] ?? range.from
    return link(from, bucketEnd(from, buckets, range.to), filters)
  }
  const common = { buckets, text, marks: marksOf(history) }

  const latency: ChartSeries[] = [
    { id: 'p95', label: 'p95', colour: 'var(--chart-2)', values: values.map((v) => v.latencyP95Ms) },
    { id: 'p50', label: 'p50', colour: 'var(--chart-1)', values: values.map((v) => v.latencyP50Ms) },
    { id: 'first', label: 'first', colour: 'var(--chart-3)', values: values.map((v) => v.firstTokenP50Ms) },
  ]
  const errors = seriesByReason(values, total, ({ failures }) => errorsOf(failures))
  const fallbacks = seriesByReason(values, total, (value) => value.fallbacks)
  const shares = topAndRest(
    targets.map((target) => ({
      id: `${target.providerId} ${target.model}`,
      label: targetName(target),
      colour: sessionColours.of('target', `${target.providerId} ${target.model}`),
      values: target.values.map(({ attempts }, index) => {
        const all = values[index]?.attempts ?? 0
        return all === 0 ? null : attempts / all
      }),
    })),
    TOP,
  )
  const shareOf = (id: string) => {
    const named = targets.find(({ providerId, model }) => `${providerId} ${model}` === id)
    const shown = new Set(shares.map((one) => one.id))
    const rest = targets.filter(({ providerId, model }) => !shown.has(`${providerId} ${model}`))
    const attempts = named?.total.attempts ?? rest.reduce((sum, one) => sum + one.total.attempts, 0)
    return total.attempts === 0 ? '–' : formatPercent(attempts / total.attempts)
  }
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <ChartFrame
        {...common}
        name="Time to answer"
        title={latencyTitle(total)}
        kind="line"
        unit="ms"
        series={latency}
        empty="No call was answered in this range."
        hrefOf={bucketLink()}
        keys={[
          {
            id: 'p50',
            label: 'p50',
            colour: 'var(--chart-1)',
            total: formatValue('ms', total.latencyP50Ms),
          },
          {
            id: 'p95',
            label: 'p95',
            colour: 'var(--chart-2)',
            total: formatValue('ms', total.latencyP95Ms),
          },
          {
            id: 'first',
            label: 'First token, p50',
            colour: 'var(--chart-3)',
            total: formatValue('ms', total.firstTokenP50Ms),
          },
        ]}
      />
      <ChartFrame
        {...common}
        name="Failed attempts by reason"
        title={errorsTitle(total)}
        kind="bars"
        unit="count"
        series={errors}
        empty="No attempt failed in this range."
        hrefOf={bucketLink()}
        keys={keysOf(errors, errorsOf(total.failures))}
      />
      <ChartFrame
        {...common}
        name="Share of each target"
        title={sharesTitle(history)}
        kind="bars"
        unit="share"
        series={shares}
        empty="No target was asked in this range."
        hrefOf={bucketLink()}
        keys={shares.map(({ id, label, colour }) => ({ id, label, colour, total: shareOf(id) }))}
      />
      <ChartFrame
        {...common}
        name="Fallbacks by reason"
        title={fallbacksTitle(total)}
        kind="bars"
        unit="count"
        series={fallbacks}
        empty="The first choice of the route answered each call."
        hrefOf={bucketLink({ degraded: 'true' })}
        keys={keysOf(fallbacks, total.fallbacks).map((key) => ({
          ...key,
          href: sumOf(total.fallbacks) > 0 ? link(range.from, range.to, { degraded: 'true' }) : undefined,
        }))}
      />
    </div>
  )
}
