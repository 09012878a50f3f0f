/** What a chart draws, apart from how. Money keeps its exact decimal text beside the number that places it on the axis. */
import { formatUsd as exactUsd, parseUsd } from '@/lib/contract/money'
import { formatDuration } from '@/lib/format/duration'
import { formatUsd } from '@/lib/format/money'
import { formatCount, formatPercent, formatTokens } from '@/lib/format/tokens'

export type ChartUnit = 'count' | 'tokens' | 'usd' | 'ms' | 'share'

export interface ChartSeries {
  /** An entity's id, or a word for a measure; its colour follows it. */
  readonly id: string
  readonly label: string
  /** A CSS colour: `var(--chart-1)`. */
  readonly colour: string
  /** One for each bucket; null where there is nothing to say (a latency without calls). */
  readonly values: readonly (number | null)[]
  /** For money: the exact amounts of the same buckets. */
  readonly exact?: readonly string[]
}

/** The series of "all others", always grey. */
export const REST_ID = 'rest'
export const REST_COLOUR = 'var(--chart-8)'

export function formatValue(unit: ChartUnit, value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  switch (unit) {
    case 'count':
      return formatCount(value)
    case 'tokens':
      return formatTokens(value)
    case 'usd':
      return formatUsd(plainDecimal(value))
    case 'ms':
      return formatDuration(value)
    case 'share':
      return formatPercent(value)
  }
}

/**
 * On an axis there is room for little: `$0.0004`, not `$0.000400`. Amounts of one axis have as many decimals as each
 * other, and cents two: `$0.025`, `$0.050`.
 */
export function formatTicks(unit: ChartUnit, values: readonly number[]): string[] {
  const texts = values.map((value) => (value >= 1000 ? formatTokens(value) : plainDecimal(value)))
  const decimals = Math.max(...values.map((value) => (value < 1000 ? decimalsOf(plainDecimal(value)) : 0)))
  return values.map((value, index) => {
    if (value === 0) return unit === 'usd' ? '$0' : '0'
    if (unit === 'count') return formatTokens(value)
    if (unit !== 'usd') return formatValue(unit, value)
    return value >= 1000 ? `$${texts[index]}` : `$${value.toFixed(decimals === 1 ? 2 : decimals)}`
  })
}

/** The text of one point: exact money where there is some. */
export function pointText(unit: ChartUnit, series: ChartSeries, index: number): string {
  const exact = series.exact?.[index]
  return exact === undefined ? formatValue(unit, series.values[index]) : formatUsd(exact)
}

/** Sum over series at one bucket; null where it has no meaning (latencies) or nothing is known. */
export function totalText(unit: ChartUnit, series: readonly ChartSeries[], index: number): string | null {
  if (unit === 'ms' || unit === 'share') return null
  if (series.every((one) => one.exact))
    return formatUsd(sumUsd(series.map((one) => one.exact?.[index] ?? '0')))
  return formatValue(
    unit,
    series.reduce((sum, one) => sum + (one.values[index] ?? 0), 0),
  )
}

/** Exact sum of USD amounts in text. @throws RangeError when one is no amount. */
export function sumUsd(amounts: readonly string[]): string {
  return exactUsd(amounts.reduce((sum, amount) => sum + parseUsd(amount), 0n))
}

/**
 * The `count` largest series by their sum, and one more for all others. With exactly one series left over, that one
 * is shown itself: "the rest" of one says less than its name.
 */
export function topAndRest(
  series: readonly ChartSeries[],
  count: number,
  restLabel = (left: number) => `${left} others`,
): ChartSeries[] {
  const ordered = series
    .map((one) => ({ one, sum: one.values.reduce<number>((sum, value) => sum + (value ?? 0), 0) }))
    .sort((a, b) => b.sum - a.sum || a.one.label.localeCompare(b.one.label))
    .map(({ one }) => one)
  if (ordered.length <= count + 1) return ordered
  const left = ordered.slice(count)
  const length = Math.max(...left.map((one) => one.values.length))
  const exact = left.every((one) => one.exact)
    ? Array.from({ length }, (_, index) => sumUsd(left.map((one) => one.exact?.[index] ?? '0')))
    : undefined
  return [
    ...ordered.slice(0, count),
    {
      id: REST_ID,
      label: restLabel(left.length),
      colour: REST_COLOUR,
      values: Array.from({ length }, (_, index) =>
        left.reduce((sum, one) => sum + (one.values[index] ?? 0), 0),
      ),
      ...(exact ? { exact } : {}),
    },
  ]
}

/** A sentence for who cannot see the chart: total where it has a meaning, the highest bucket, the last one. */
export function summarize(
  unit: ChartUnit,
  series: readonly ChartSeries[],
  bucketText: (index: number) => string,
): string {
  const parts = series.map((one) => {
    let highest = -1
    let last = -1
    one.values.forEach((value, index) => {
      if (value === null) return
      last = index
      if (highest < 0 || value > (one.values[highest] ?? 0)) highest = index
    })
    if (last < 0 || one.values[highest] === 0) return `${one.label}: none`
    return `${one.label}: highest ${pointText(unit, one, highest)} at ${bucketText(highest)}, last ${pointText(unit, one, last)}`
  })
  return parts.length === 0 ? 'No data.' : `${parts.join('. ')}.`
}

function decimalsOf(text: string): number {
  const point = text.indexOf('.')
  return point < 0 ? 0 : text.length - point - 1
}

/** A number without an exponent: what the formatters of decimal text take. */
function plainDecimal(value: number): string {
  const text = String(value)
  return text.includes('e') ? value.toFixed(12).replace(/\.?0+$/, '') : text
}
