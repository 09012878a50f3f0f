'use client'

import { keepPreviousData, useIsFetching, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef } from 'react'
import { type RangeChoice, type ResolvedRange, resolveRange } from '@/components/charts/time-range'
import { apiGet } from '@/components/data/api'
import { useLive } from '@/components/data/live'
import type { UsageReport } from '@/lib/resources/usage/schema'

const KEY = ['usage']
/** Far more than a chart tells apart; each costs a number for every interval. */
const CHART_GROUPS = '20'

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
  useFreshUsage()
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
        read({ interval, groupBy: dimension, top: CHART_GROUPS }),
        read({ groupBy: dimension === 'route' ? 'team' : 'route' }),
        read({ groupBy: 'consumer' }),
        read({ groupBy: dimension, ...range.before }),
      ])
      return { range, total, grouped, other, consumers, before }
    },
    placeholderData: keepPreviousData,
  })
}

const EVERY_MS = 1_000

/**
 * Reads usage again when calls are booked: a second after the last reading began at the earliest, and never before it
 * has ended. A reading that is slower than the calls come would otherwise be begun for ever and never be seen.
 */
export function useFreshUsage(): void {
  const client = useQueryClient()
  const fetching = useIsFetching({ queryKey: KEY }) > 0
  const state = useRef({
    fetching,
    dirty: false,
    lastMs: 0,
    timer: null as ReturnType<typeof setTimeout> | null,
  })
  const schedule = useCallback(() => {
    const now = state.current
    now.dirty = true
    if (now.fetching || now.timer) return
    now.timer = setTimeout(
      () => {
        now.timer = null
        now.dirty = false
        now.lastMs = Date.now()
        void client.invalidateQueries({ queryKey: KEY }, { cancelRefetch: false })
      },
      Math.max(0, now.lastMs + EVERY_MS - Date.now()),
    )
  }, [client])
  useLive('usage', schedule)
  useLive('reset', schedule)
  useEffect(() => {
    state.current.fetching = fetching
    if (!fetching && state.current.dirty) schedule()
  }, [fetching, schedule])
  useEffect(() => {
    const now = state.current
    return () => {
      if (now.timer) clearTimeout(now.timer)
      now.timer = null
    }
  }, [])
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
