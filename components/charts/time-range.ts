/** The range of a page: a preset that ends now, or two fixed times. Ranges are half open: from ≤ t < to. */
import { formatDate, fromLocalInput } from '@/lib/format/time'

export const RANGE_PRESETS = ['1h', '24h', '7d', '30d'] as const
export type RangePreset = (typeof RANGE_PRESETS)[number]
export type RangeInterval = 'minute' | 'hour' | 'day' | 'month'

export const PRESET_WORDS: Record<RangePreset, { short: string; long: string; before: string }> = {
  '1h': { short: '1 h', long: 'the last hour', before: 'the hour before' },
  '24h': { short: '24 h', long: 'the last 24 hours', before: 'the day before' },
  '7d': { short: '7 d', long: 'the last 7 days', before: 'the week before' },
  '30d': { short: '30 d', long: 'the last 30 days', before: 'the 30 days before' },
}

/** The next longer preset; none for the longest and for a range of one's own. */
export function widerPreset(range: RangePreset | 'custom'): RangePreset | undefined {
  return range === 'custom' ? undefined : RANGE_PRESETS[RANGE_PRESETS.indexOf(range) + 1]
}

/** How the address says it: `range=7d`, or `range=custom&from=…&to=…`. */
export interface RangeChoice {
  readonly range: RangePreset | 'custom'
  readonly from: string | null
  readonly to: string | null
}

export interface ResolvedRange {
  readonly from: string
  readonly to: string
  readonly interval: RangeInterval
  /** The same span just before, cut where the current one is cut. */
  readonly before: { readonly from: string; readonly to: string }
  readonly beforeWords: string
  /** True when it ends now and moves with the clock. */
  readonly live: boolean
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Presets begin on a whole interval, so that the first bar is never a part of one. */
export function resolveRange(choice: RangeChoice, timeZone: string, nowMs: number): ResolvedRange {
  if (choice.range === 'custom') {
    const custom = customRange(choice.from, choice.to, nowMs)
    if (custom) return custom
  }
  const preset = choice.range === 'custom' ? '24h' : choice.range
  const beforeWords = PRESET_WORDS[preset].before
  switch (preset) {
    case '1h': {
      const from = Math.floor(nowMs / MINUTE) * MINUTE - 59 * MINUTE
      return span(from, nowMs, HOUR, 'minute', beforeWords)
    }
    case '24h': {
      // Zones stand whole hours, or halves and quarters of one, from UTC: buckets of an hour begin in the zone.
      const from = hourStart(nowMs, timeZone) - 23 * HOUR
      return span(from, nowMs, DAY, 'hour', beforeWords)
    }
    case '7d': {
      const from = hourStart(nowMs, timeZone) - (7 * 24 - 1) * HOUR
      return span(from, nowMs, 7 * DAY, 'hour', beforeWords)
    }
    case '30d': {
      const from = dayStart(nowMs, timeZone, 29)
      const before = dayStart(nowMs, timeZone, 59)
      return {
        from: iso(from),
        to: iso(nowMs),
        interval: 'day',
        before: { from: iso(before), to: iso(Math.min(from, before + (nowMs - from))) },
        beforeWords,
        live: true,
      }
    }
  }
}

/** The interval that gives a chart at most about 750 points. */
export function intervalFor(spanMs: number): RangeInterval {
  if (spanMs <= 6 * HOUR) return 'minute'
  if (spanMs <= 14 * DAY) return 'hour'
  if (spanMs <= 732 * DAY) return 'day'
  return 'month'
}

/** Start of the bucket after the one that starts at `bucket`: where a link to its calls ends. */
export function bucketEnd(bucket: string, buckets: readonly string[], end: string): string {
  return buckets[buckets.indexOf(bucket) + 1] ?? end
}

function customRange(fromText: string | null, toText: string | null, nowMs: number): ResolvedRange | null {
  const from = fromText ? Date.parse(fromText) : Number.NaN
  const to = toText ? Date.parse(toText) : nowMs
  if (Number.isNaN(from) || Number.isNaN(to) || to <= from) return null
  return {
    from: iso(from),
    to: iso(to),
    interval: intervalFor(to - from),
    before: { from: iso(from - (to - from)), to: iso(from) },
    beforeWords: 'the period before',
    live: !toText,
  }
}

function span(
  from: number,
  to: number,
  length: number,
  interval: RangeInterval,
  beforeWords: string,
): ResolvedRange {
  return {
    from: iso(from),
    to: iso(to),
    interval,
    before: { from: iso(from - length), to: iso(to - length) },
    beforeWords,
    live: true,
  }
}

function hourStart(nowMs: number, timeZone: string): number {
  const minute = Number(new Intl.DateTimeFormat('en-US', { timeZone, minute: 'numeric' }).format(nowMs))
  return Math.floor(nowMs / MINUTE) * MINUTE - minute * MINUTE
}

/** Midnight in the zone, so many days ago. */
function dayStart(nowMs: number, timeZone: string, daysAgo: number): number {
  const today = formatDate(nowMs, timeZone)
  const day = new Date(Date.parse(`${today}T00:00:00Z`) - daysAgo * DAY).toISOString().slice(0, 10)
  const start = fromLocalInput(`${day}T00:00`, timeZone)
  return start ? Date.parse(start) : nowMs - daysAgo * DAY
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
