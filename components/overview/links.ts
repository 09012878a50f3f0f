/** Every number leads to the calls behind it, with the filters that made it. */
import type { RangeChoice } from '@/components/charts/time-range'

export interface CallsLink {
  readonly choice?: RangeChoice
  /** Two fixed times, such as those of one bar. */
  readonly from?: string
  readonly to?: string
  readonly timeZone?: string | null
  readonly simulated?: string
  readonly filters?: Readonly<Record<string, string | null | undefined>>
}

export function callsHref({ choice, from, to, timeZone, simulated, filters }: CallsLink): string {
  const search = new URLSearchParams()
  if (from && to) {
    search.set('range', 'custom')
    search.set('from', from)
    search.set('to', to)
  } else if (choice) {
    search.set('range', choice.range)
    if (choice.range === 'custom') {
      if (choice.from) search.set('from', choice.from)
      if (choice.to) search.set('to', choice.to)
    }
  }
  if (timeZone) search.set('tz', timeZone)
  // The list shows all by default, the overview only what costs money.
  if (simulated && simulated !== 'include') search.set('simulated', simulated)
  for (const [name, value] of Object.entries(filters ?? {})) if (value) search.set(name, value)
  return `/calls${search.size > 0 ? `?${search}` : ''}`
}
