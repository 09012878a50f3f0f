/** The range of time and the intervals that a report on the books is asked for. Ranges are half-open, [from, to). */
import { invalidField } from '../api/problem.ts'
import { bucketStarts, type Interval, startOf, TooManyBuckets } from '../contract/calendar.ts'
import { DAY_MS, HOUR_MS, type Span } from './cover.ts'
import { MINUTE_MS, QUARTER_MS } from './rollup.ts'

const MINUTES_KEPT_MS = 48 * HOUR_MS
/** The whole of what minutes are kept for. */
const MAX_BUCKETS = 3_000
const DEFAULT_SPAN_MS = {
  minute: HOUR_MS,
  hour: DAY_MS,
  day: 30 * DAY_MS,
  month: 365 * DAY_MS,
} as const satisfies Partial<Record<Interval, number>>

export interface RangeQuery {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly interval: keyof typeof DEFAULT_SPAN_MS
}

/**
 * The range as it is counted: its edges on minutes while those are kept, else outwards to quarter-hours.
 * @throws Problem 400 with the path of what is wrong
 */
export function readRange(query: RangeQuery, timeZone: string, now: number): Span {
  const to = query.to ? Date.parse(query.to) : now
  let from = query.from ? Date.parse(query.from) : to - DEFAULT_SPAN_MS[query.interval]
  if (from >= to) throw invalidField('from', 'must be before "to"')
  if (!query.from) {
    try {
      from = startOf(from, query.interval, timeZone)
    } catch (error) {
      throw zoneProblem(error)
    }
  }
  if (query.interval === 'minute' && from < now - MINUTES_KEPT_MS) {
    throw invalidField('from', 'minutes are kept for 48 hours: ask for hours, or for a later start')
  }
  const step = (edge: number) => (edge >= now - MINUTES_KEPT_MS ? MINUTE_MS : QUARTER_MS)
  return {
    from: Math.floor(from / step(from)) * step(from),
    to: Math.ceil(to / step(to)) * step(to),
  }
}

/** Starts of the intervals, the first at or before the range's. @throws Problem 400 */
export function readStarts(range: Span, interval: Interval, timeZone: string): number[] {
  try {
    return bucketStarts(range.from, range.to, interval, timeZone, MAX_BUCKETS)
  } catch (error) {
    if (error instanceof TooManyBuckets) {
      throw invalidField('interval', `the range has more than ${MAX_BUCKETS} of them: ask for longer ones`)
    }
    throw zoneProblem(error)
  }
}

function zoneProblem(error: unknown): unknown {
  return error instanceof RangeError
    ? invalidField('timeZone', 'is no IANA time zone, such as Europe/Berlin')
    : error
}
