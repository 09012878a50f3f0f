/** How the start of an interval is written: short on an axis, whole in a tooltip and a table. */
import type { RangeInterval } from './time-range'

export interface BucketText {
  readonly tick: (bucket: string) => string
  readonly full: (bucket: string) => string
}

export function bucketText(interval: RangeInterval, timeZone: string, spanMs: number): BucketText {
  const format = (options: Intl.DateTimeFormatOptions) => {
    const formatter = new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', ...options })
    return (bucket: string) => formatter.format(new Date(bucket)).replace(',', '')
  }
  const date = { day: 'numeric', month: 'short' } as const
  const clock = { hour: '2-digit', minute: '2-digit' } as const
  switch (interval) {
    case 'minute':
      return { tick: format(clock), full: format({ ...date, ...clock }) }
    case 'hour':
      return {
        tick: spanMs <= 36 * 3_600_000 ? format(clock) : format(date),
        full: format({ weekday: 'short', ...date, ...clock }),
      }
    case 'day':
      return { tick: format(date), full: format({ weekday: 'short', ...date }) }
    case 'month':
      return {
        tick: format({ month: 'short', year: '2-digit' }),
        full: format({ month: 'long', year: 'numeric' }),
      }
  }
}
