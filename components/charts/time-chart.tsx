'use client'

import { useRouter } from 'next/navigation'
import { type KeyboardEvent, useMemo, useRef } from 'react'
import {
  Area,
  Bar,
  CartesianGrid,
  ComposedChart,
  Line,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts'
import type { BucketText } from './bucket-text'
import { type ChartMark, ChartMarks, MARKS_HEIGHT } from './chart-marks'
import { ChartTooltip } from './chart-tooltip'
import { labelIndexes, spreadLabels, wholeTicks, zeroBasedTicks } from './scale'
import { type ChartSeries, type ChartUnit, formatTicks } from './series'

export interface TimeChartProps {
  /** Its name for those who don't see it. */
  name: string
  /** Bars are stacked: shares of a whole. A single line has its area filled. */
  kind: 'line' | 'bars'
  unit: ChartUnit
  buckets: readonly string[]
  series: readonly ChartSeries[]
  text: BucketText
  /** Charts with the same one move their crosshair together. */
  syncId?: string
  /** The calls of a bucket: where a click or Enter on it leads. */
  hrefOf?: ((bucketIndex: number) => string) | undefined
  /** One for a bucket at most. */
  marks?: readonly ChartMark[]
  height?: number
}

const MARGIN = { top: 8, right: 8, bottom: 0, left: 0 }
const AXIS_HEIGHT = 22
const LABEL_GAP = 14

/** The drawing alone; `ChartFrame` gives it title, keys, the table and the summary. */
export function TimeChart({
  name,
  kind,
  unit,
  buckets,
  series,
  text,
  syncId = 'page',
  hrefOf,
  marks = [],
  height = 200,
}: TimeChartProps) {
  const router = useRouter()
  const active = useRef<number | null>(null)
  const rows = useMemo(
    () =>
      buckets.map((bucket, index) => {
        const row: Record<string, number | string | null> = { bucket, index }
        series.forEach((one, position) => {
          row[`s${position}`] = one.values[index] ?? null
        })
        return row
      }),
    [buckets, series],
  )
  const max = useMemo(() => largest(series, kind === 'bars', buckets.length), [series, kind, buckets.length])
  const ticks = unit === 'count' || unit === 'tokens' ? wholeTicks(max) : zeroBasedTicks(max)
  const top = ticks.at(-1) ?? 1
  const axisTicks = labelIndexes(buckets.length, 6).map((index) => buckets[index] ?? '')
  const marginTop = marks.length > 0 ? MARKS_HEIGHT : MARGIN.top
  const endLabels = kind === 'line' && series.length > 1 ? lineEnds(series, top, height, marginTop) : []
  const marginRight = endLabels.length > 0 ? 40 : MARGIN.right
  const tickTexts = formatTicks(unit, ticks)
  const axisWidth = Math.max(28, ...tickTexts.map((tick) => tick.length * 6.8 + 8))

  const open = (index: number | null) => {
    if (index !== null && hrefOf) router.push(hrefOf(index))
  }
  const onKeyDown = (event: KeyboardEvent) => {
    // Before the chart has it, which takes Enter to hide its cursor.
    if (event.key === 'Enter') open(active.current)
  }
  return (
    <div
      className="relative [&_.recharts-surface:focus-visible]:outline-2"
      style={{ height }}
      onKeyDownCapture={onKeyDown}
    >
      <ResponsiveContainer width="100%" height="100%" initialDimension={{ width: 480, height }}>
        <ComposedChart
          data={rows}
          margin={{ ...MARGIN, top: marginTop, right: marginRight }}
          syncId={syncId}
          barCategoryGap={buckets.length > 90 ? 0 : '18%'}
          aria-label={`${name}. Arrow keys move the cursor${hrefOf ? ', Enter opens the calls' : ''}.`}
          className={hrefOf ? '[&_.recharts-surface]:cursor-pointer' : ''}
          onClick={(state) => open(indexOf(state.activeTooltipIndex))}
          onMouseMove={(state) => {
            active.current = indexOf(state.activeTooltipIndex)
          }}
        >
          <CartesianGrid vertical={false} stroke="var(--border)" strokeWidth={1} />
          <XAxis
            dataKey="bucket"
            ticks={axisTicks}
            tickFormatter={text.tick}
            interval={0}
            axisLine={{ stroke: 'var(--border)' }}
            tickLine={false}
            height={AXIS_HEIGHT}
            tick={{ fontSize: 11, fill: 'var(--muted)' }}
            tickMargin={6}
          />
          <YAxis
            domain={[0, top]}
            ticks={ticks}
            tickFormatter={(_value: number, index: number) => tickTexts[index] ?? ''}
            width={axisWidth}
            axisLine={false}
            tickLine={false}
            interval={0}
            tick={{ fontSize: 11, fill: 'var(--muted)' }}
          />
          <Tooltip
            isAnimationActive={false}
            cursor={
              kind === 'bars'
                ? { fill: 'var(--muted)', fillOpacity: 0.12 }
                : { stroke: 'var(--border-strong)', strokeWidth: 1 }
            }
            wrapperStyle={{ zIndex: 20, outline: 'none' }}
            content={(state) => {
              const index = state.active ? (state.payload?.[0]?.payload?.index ?? null) : null
              active.current = index
              return index === null ? null : (
                <ChartTooltip
                  title={text.full(buckets[index] ?? '')}
                  unit={unit}
                  series={series}
                  index={index}
                  mark={marks.find((mark) => mark.index === index)?.title ?? null}
                  hint={hrefOf ? 'Click for the calls' : null}
                />
              )
            }}
          />
          {series.map((one, position) =>
            kind === 'bars' ? (
              <Bar
                key={one.id}
                dataKey={`s${position}`}
                stackId="stack"
                fill={one.colour}
                isAnimationActive={false}
                maxBarSize={36}
              />
            ) : series.length === 1 ? (
              <Area
                key={one.id}
                dataKey={`s${position}`}
                stroke={one.colour}
                strokeWidth={1.75}
                fill={one.colour}
                fillOpacity={0.1}
                isAnimationActive={false}
                dot={loneDot(one)}
                activeDot={{ r: 3 }}
              />
            ) : (
              <Line
                key={one.id}
                dataKey={`s${position}`}
                stroke={one.colour}
                strokeWidth={1.75}
                isAnimationActive={false}
                dot={loneDot(one)}
                activeDot={{ r: 3 }}
              />
            ),
          )}
        </ComposedChart>
      </ResponsiveContainer>
      <ChartMarks
        marks={marks}
        buckets={buckets.length}
        kind={kind}
        left={axisWidth}
        right={marginRight}
        bottom={AXIS_HEIGHT}
      />
      {endLabels.map((label) => (
        <span
          key={label.id}
          aria-hidden
          className="pointer-events-none absolute right-0 w-[38px] -translate-y-1/2 truncate text-xs"
          style={{ top: label.top }}
        >
          {label.text}
        </span>
      ))}
    </div>
  )
}

/** A value between two gaps has no line to stand on: it is drawn as a dot. */
function loneDot(series: ChartSeries) {
  return ({ cx, cy, index }: { cx?: number; cy?: number; index?: number }) => {
    const at = index ?? -1
    const alone =
      series.values[at] != null &&
      series.values[at - 1] == null &&
      series.values[at + 1] == null &&
      cy !== undefined
    return alone ? <circle key={at} cx={cx} cy={cy} r={2.5} fill={series.colour} /> : <g key={at} />
  }
}

/** Short names at the ends of the lines, moved apart where they would overlap. */
function lineEnds(series: readonly ChartSeries[], top: number, height: number, marginTop: number) {
  const plot = height - marginTop - AXIS_HEIGHT
  const ends = series.flatMap((one) => {
    const last = one.values.findLast((value) => value !== null)
    return last === undefined || last === null ? [] : [{ one, y: marginTop + plot * (1 - last / top) }]
  })
  const spread = spreadLabels(
    ends.map((end) => end.y),
    LABEL_GAP,
    height - AXIS_HEIGHT,
  )
  return ends.map(({ one }, index) => ({ id: one.id, text: one.label, top: spread[index] ?? 0 }))
}

function largest(series: readonly ChartSeries[], stacked: boolean, length: number): number {
  let max = 0
  for (let index = 0; index < length; index += 1) {
    let sum = 0
    for (const one of series) {
      const value = one.values[index] ?? 0
      sum = stacked ? sum + value : Math.max(sum, value)
    }
    max = Math.max(max, sum)
  }
  return max
}

function indexOf(value: unknown): number | null {
  const index = typeof value === 'string' ? Number.parseInt(value, 10) : value
  return typeof index === 'number' && Number.isInteger(index) ? index : null
}
