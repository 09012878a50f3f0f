/** Cuts a range of time into the largest pieces that there are sums of. */
import type { Exact } from './marks.ts'
import { MINUTE_MS, QUARTER_MS } from './rollup.ts'

export const HOUR_MS = 60 * MINUTE_MS
export const HALF_HOUR_MS = HOUR_MS / 2
export const DAY_MS = 24 * HOUR_MS

export interface Span {
  readonly from: number
  readonly to: number
}

/** Disjoint, and together the whole range. Days are those of UTC; all are starts or half-open spans. */
export interface Cover {
  readonly days: readonly number[]
  readonly hours: readonly number[]
  /** Hours that begin at half past. */
  readonly shifted: readonly number[]
  readonly quarters: readonly Span[]
  readonly minutes: readonly Span[]
}

/**
 * `starts` are those of the intervals asked for, in order, the first at or before `from`: no piece lies in two of them.
 * Only days and hours that `exact` holds are used; edges between quarter-hours are minutes. An interval that begins at half
 * past is made of hours that do, unless it is so long that there are days in it.
 */
export function coverOf({ from, to }: Span, starts: readonly number[], exact: Exact): Cover {
  const first = Math.ceil(from / QUARTER_MS) * QUARTER_MS
  const last = Math.floor(to / QUARTER_MS) * QUARTER_MS
  if (first >= last) return { days: [], hours: [], shifted: [], quarters: [], minutes: [{ from, to }] }
  const days: number[] = []
  const hours: number[] = []
  const shifted: number[] = []
  const quarters: Span[] = []
  let next = 0
  for (let at = first; at < last; ) {
    while ((starts[next] ?? Number.POSITIVE_INFINITY) <= at) next += 1
    const end = Math.min(last, starts[next] ?? last)
    if (at % DAY_MS === 0 && at + DAY_MS <= end && exact.days.has(at)) {
      days.push(at)
      at += DAY_MS
    } else if (at % HOUR_MS === 0 && at + HOUR_MS <= end && exact.hours.has(at)) {
      hours.push(at)
      at += HOUR_MS
    } else if (
      at % HOUR_MS === HALF_HOUR_MS &&
      at + HOUR_MS <= end &&
      exact.shifted.has(at) &&
      !hasDay(at, end)
    ) {
      shifted.push(at)
      at += HOUR_MS
    } else {
      const before = quarters.at(-1)
      if (before?.to === at) quarters[quarters.length - 1] = { from: before.from, to: at + QUARTER_MS }
      else quarters.push({ from: at, to: at + QUARTER_MS })
      at += QUARTER_MS
    }
  }
  const minutes = [
    { from, to: first },
    { from: last, to },
  ].filter((span) => span.from < span.to)
  return { days, hours, shifted, quarters, minutes }
}

const hasDay = (from: number, to: number) => Math.ceil(from / DAY_MS) * DAY_MS + DAY_MS <= to
