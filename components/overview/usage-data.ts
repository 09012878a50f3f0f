'use client'

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type RangeChoice, type ResolvedRange, resolveRange } from '@/components/charts/time-range'
import { apiGet } from '@/components/data/api'
import { useLiveQuery } from '@/components/data/live'
import type { UsageReport } from '@/lib/resources/usage/schema'

export type GroupDimension = 'route' | 'team'

export interface OverviewData {
  readonly range: ResolvedRange
  /** Over time, not grouped. */
  readonly total: UsageReport
  /** Over time, by the dimension of the cost chart. */
  readonly grouped: UsageReport
  /** The other of route and team, and consumers, as sums alone. */
  readonly other: UsageReport
  readonly consumers: UsageReport
  /** The same span before, as sums by the dimension of the cost chart. */
  readonly before: UsageReport
}

/**
 * All that the overview shows, read at one moment, so that its numbers agree. Read again when calls are booked, at
 * most once a second; never by a timer, and not while the tab is hidden.
 */
export function useOverview(
  choice: RangeChoice,
  timeZone: string,
  simulated: string,
  dimension: GroupDimension,
) {
  useLiveQuery('usage', ['usage'], 1_000)
  return useQuery({
    queryKey: ['usage', 'overview', choice, timeZone, simulated, dimension],
    queryFn: async ({ signal }): Promise<OverviewData> => {
      const range = resolveRange(choice, timeZone, Date.now())
      const read = (query: Record<string, string>) =>
        apiGet<UsageReport>(
          '/usage',
          { from: range.from, to: range.to, timeZone, simulated, interval: 'month', ...query },
          signal,
        )
      const { interval } = range
      const [total, grouped, other, consumers, before] = await Promise.all([
        read({ interval }),
        read({ interval, groupBy: dimension }),
        read({ groupBy: dimension === 'route' ? 'team' : 'route' }),
        read({ groupBy: 'consumer' }),
        read({ groupBy: dimension, ...range.before }),
      ])
      return { range, total, grouped, other, consumers, before }
    },
    placeholderData: keepPreviousData,
  })
}

/** How many calls of a range are simulated; asked only when nothing else is there. */
export function useSimulatedCount(range: ResolvedRange | undefined, enabled: boolean) {
  return useQuery({
    queryKey: ['usage', 'simulated', range?.from, range?.to],
    queryFn: async ({ signal }) =>
      (
        await apiGet<UsageReport>(
          '/usage',
          { from: range?.from, to: range?.to, interval: 'month', simulated: 'only' },
          signal,
        )
      ).total.requests,
    enabled: enabled && range !== undefined,
    placeholderData: keepPreviousData,
  })
}
