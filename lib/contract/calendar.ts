/**
 * Starts of minutes, hours, days, weeks (from Monday), months and quarters in any time zone, as instants (epoch
 * milliseconds). Zones stand a multiple of 15 minutes from UTC, so every start is one of a quarter-hour, and
 * quarter-hours can be summed into them. A day has 23 or 25 hours where clocks change, and begins at its first instant
 * where there is no midnight.
 */
export type Interval = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter'

const MINUTE_MS = 60_000
const QUARTER_MS = 15 * MINUTE_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

export class TooManyBuckets extends Error {}

/**
 * Starts of the intervals that hold a part of [from, to), in order; the first may lie before `from`.
 * @throws TooManyBuckets past `max`; RangeError for an unknown time zone.
 */
export function bucketStarts(
  from: number,
  to: number,
  interval: Interval,
  timeZone: string,
  max: number,
): number[] {
  const starts: number[] = []
  let start = startOf(from, interval, timeZone)
  while (start < to) {
    if (starts.length === max) throw new TooManyBuckets(`more than ${max} intervals`)
    starts.push(start)
    start = nextStart(start, interval, timeZone)
  }
  return starts
}

/** The start of the interval that an instant lies in. */
export function startOf(instant: number, interval: Interval, timeZone: string): number {
  if (interval === 'minute') return Math.floor(instant / MINUTE_MS) * MINUTE_MS
  if (interval === 'hour') {
    let start = Math.floor(instant / QUARTER_MS) * QUARTER_MS
    while (localTime(start, timeZone) % HOUR_MS !== 0) start -= QUARTER_MS
    return start
  }
  const local = new Date(localTime(instant, timeZone))
  const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()]
  const first = {
    day: () => Date.UTC(year, month, day),
    week: () => Date.UTC(year, month, day - ((local.getUTCDay() + 6) % 7)),
    month: () => Date.UTC(year, month, 1),
    quarter: () => Date.UTC(year, month - (month % 3), 1),
  }[interval]()
  return startOfLocalDay(first, timeZone)
}

/** The start of the interval after the one that begins at `start`. */
export function nextStart(start: number, interval: Interval, timeZone: string): number {
  if (interval === 'minute') return start + MINUTE_MS
  if (interval === 'hour') {
    let next = start + QUARTER_MS
    while (localTime(next, timeZone) % HOUR_MS !== 0) next += QUARTER_MS
    return next
  }
  // A day that has no midnight begins later on its own date: the date stays right.
  const local = new Date(localTime(start, timeZone))
  const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()]
  const next = {
    day: () => Date.UTC(year, month, day + 1),
    week: () => Date.UTC(year, month, day + 7),
    month: () => Date.UTC(year, month + 1, 1),
    quarter: () => Date.UTC(year, month + 3, 1),
  }[interval]()
  const found = startOfLocalDay(next, timeZone)
  // A date that a zone skipped (Samoa, 30 December 2011) begins with the day after it.
  return found > start ? found : startOfLocalDay(next + DAY_MS, timeZone)
}

/** `midnight`: the date as if in UTC. The first instant whose local date is it, or a later one where it was skipped. */
function startOfLocalDay(midnight: number, timeZone: string): number {
  let instant = midnight - (localTime(midnight, timeZone) - midnight)
  while (localTime(instant, timeZone) < midnight) instant += QUARTER_MS
  while (localTime(instant - QUARTER_MS, timeZone) >= midnight) instant -= QUARTER_MS
  return instant
}

/** What the wall clock of the zone shows, as if it were UTC. */
export function localTime(instant: number, timeZone: string): number {
  return instant + offsetAt(instant, timeZone)
}

interface Zone {
  readonly format: Intl.DateTimeFormat
  readonly offsets: Map<number, number>
}
const zones = new Map<string, Zone>()
const MAX_ZONES = 50
const MAX_OFFSETS = 50_000

/** Milliseconds east of UTC, kept by quarter-hour: zones change on no finer grid. */
function offsetAt(instant: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0
  let zone = zones.get(timeZone)
  if (!zone) {
    if (zones.size >= MAX_ZONES) zones.clear()
    const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
    zone = { format, offsets: new Map() }
    zones.set(timeZone, zone)
  }
  const quarter = Math.floor(instant / QUARTER_MS)
  const known = zone.offsets.get(quarter)
  if (known !== undefined) return known
  const name =
    zone.format.formatToParts(quarter * QUARTER_MS).find((part) => part.type === 'timeZoneName')?.value ?? ''
  const match = /^GMT(?:([+-])(\d\d):(\d\d)(?::\d\d)?)?$/.exec(name)
  if (!match) throw new RangeError(`the offset of ${timeZone} is not known`)
  const minutes = Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0)
  const offset = (match[1] === '-' ? -1 : 1) * minutes * MINUTE_MS
  if (zone.offsets.size >= MAX_OFFSETS) zone.offsets.clear()
  zone.offsets.set(quarter, offset)
  return offset
}
