'use client'

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type RangeChoice, type ResolvedRange, resolveRange } from '@/components/charts/time-range'
import { apiGet } from '@/components/data/api'
import { useFreshUsage } from '@/components/overview/usage-data'
import type { TargetHistory } from '@/lib/resources/routes/history-schema'

export interface RouteHistory {
  readonly range: ResolvedRange
  readonly history: TargetHistory
}

/** Read again when calls are booked, as the overview is. */
export function useRouteHistory(routeId: string, choice: RangeChoice, timeZone: string, simulated: string) {
  useFreshUsage()
  return useQuery({
    queryKey: ['usage', 'history', routeId, choice, timeZone, simulated],
    queryFn: async ({ signal }): Promise<RouteHistory> => {
      const range = resolveRange(choice, timeZone, Date.now())
      const { from, to, interval } = range
      const query = { from, to, interval, timeZone, simulated }
      return { range, history: await apiGet<TargetHistory>(`/routes/${routeId}/history`, query, signal) }
    },
    placeholderData: keepPreviousData,
  })
}
