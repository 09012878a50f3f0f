'use client'

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type RangeChoice, type ResolvedRange, resolveRange } from '@/components/charts/time-range'
import { apiGet } from '@/components/data/api'
import { useFreshUsage } from '@/components/overview/usage-data'
import type { TargetHistory } from '@/lib/resources/routes/history-schema'

export interface ReadHistory {
  readonly range: ResolvedRange
  readonly history: TargetHistory
}

/**
 * Of a route or a provider, read again when calls are booked, as the overview is.
 * @param subject below `/api/v1`, such as `/routes/route_1`
 */
export function useTargetHistory(subject: string, choice: RangeChoice, timeZone: string, simulated: string) {
  useFreshUsage()
  return useQuery({
    queryKey: ['usage', 'history', subject, choice, timeZone, simulated],
    queryFn: async ({ signal }): Promise<ReadHistory> => {
      const range = resolveRange(choice, timeZone, Date.now())
      const { from, to, interval } = range
      const query = { from, to, interval, timeZone, simulated }
      return { range, history: await apiGet<TargetHistory>(`${subject}/history`, query, signal) }
    },
    placeholderData: keepPreviousData,
  })
}
