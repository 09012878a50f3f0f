'use client'

import { ChartColumn, Table2 } from 'lucide-react'
import dynamic from 'next/dynamic'
import Link from 'next/link'
import { type KeyboardEvent, type ReactNode, useId, useState } from 'react'
import { IconButton } from '@/components/ui/button'
import { Skeleton } from '@/components/ui/skeleton'
import { ChartTable } from './chart-table'
import { summarize } from './series'
import type { TimeChartProps } from './time-chart'

// Recharts is the heaviest thing on a page: the frame and its numbers don't wait for it.
const TimeChart = dynamic(() => import('./time-chart').then((module) => module.TimeChart), {
  ssr: false,
  loading: () => <DrawingSkeleton height={200} />,
})

export interface ChartKey {
  readonly id: string
  readonly label: ReactNode
  readonly colour: string
  /** The whole range in one number. */
  readonly total: ReactNode
  readonly href?: string | undefined
}

/** A chart with a title that is a sentence, its keys with their totals, and the same as a table (key T). */
export function ChartFrame({
  title,
  keys,
  actions,
  empty,
  ...chart
}: TimeChartProps & {
  title: ReactNode
  keys: readonly ChartKey[]
  actions?: ReactNode
  /** Said in place of the drawing when there is nothing to draw. */
  empty: ReactNode
}) {
  const id = useId()
  const [asTable, setAsTable] = useState(false)
  const nothing = chart.series.every((one) => one.values.every((value) => !value))
  const height = chart.height ?? 200
  const onKeyDown = (event: KeyboardEvent) => {
    const typing =
      event.target instanceof HTMLElement && event.target.closest('input,select,textarea,[role=combobox]')
    if (event.key.toLowerCase() !== 't' || event.metaKey || event.ctrlKey || event.altKey || typing) return
    event.preventDefault()
    setAsTable(!asTable)
  }
  return (
    <figure
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-summary`}
      onKeyDown={onKeyDown}
      className="flex min-w-0 flex-col rounded-card border bg-surface p-4"
    >
      <div className="flex items-start gap-2">
        <figcaption id={`${id}-title`} className="min-w-0 flex-1 text-base font-semibold">
          {title}
        </figcaption>
        {actions}
        <IconButton
          label={asTable ? 'As chart (T)' : 'As table (T)'}
          size="sm"
          aria-pressed={asTable}
          onClick={() => setAsTable(!asTable)}
        >
          {asTable ? <ChartColumn aria-hidden /> : <Table2 aria-hidden />}
        </IconButton>
      </div>
      <ChartKeys keys={keys} />
      <p id={`${id}-summary`} className="sr-only">
        {nothing
          ? empty
          : summarize(chart.unit, chart.series, (index) => chart.text.full(chart.buckets[index] ?? ''))}
      </p>
      <div className="mt-auto">
        {nothing ? (
          <div className="grid place-items-center text-sm text-muted" style={{ height }}>
            {empty}
          </div>
        ) : asTable ? (
          <ChartTable {...chart} height={height} />
        ) : (
          <TimeChart {...chart} height={height} />
        )}
      </div>
    </figure>
  )
}

function ChartKeys({ keys }: { keys: readonly ChartKey[] }) {
  return (
    <ul className="mt-1 mb-2 flex min-h-5 flex-wrap gap-x-4 gap-y-0.5 text-xs text-muted">
      {keys.map((key) => {
        const words = (
          <>
            <span
              className="mr-1.5 inline-block size-2 rounded-[2px]"
              style={{ background: key.colour }}
              aria-hidden
            />
            {key.label} <span className="font-medium text-fg">{key.total}</span>
          </>
        )
        return (
          <li key={key.id} className="max-w-full truncate">
            {key.href ? (
              <Link href={key.href} className="hover:text-fg hover:underline">
                {words}
              </Link>
            ) : (
              words
            )}
          </li>
        )
      })}
    </ul>
  )
}

/** In the shape of a chart, while its numbers are on their way. */
export function ChartSkeleton({ height = 200 }: { height?: number }) {
  return (
    <div className="rounded-card border bg-surface p-4" role="status" aria-label="Loading chart">
      <Skeleton className="h-4 w-56" />
      <Skeleton className="mt-3 h-3 w-40" />
      <div className="mt-3">
        <DrawingSkeleton height={height} />
      </div>
    </div>
  )
}

function DrawingSkeleton({ height }: { height: number }) {
  return (
    <div className="flex items-end gap-1" style={{ height }} aria-hidden>
      {Array.from({ length: 24 }, (_, index) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: bars of a skeleton, all alike.
          key={index}
          className="reveal-late flex-1 rounded-[2px] bg-hover"
          style={{ height: `${20 + ((index * 37) % 60)}%` }}
        />
      ))}
    </div>
  )
}
