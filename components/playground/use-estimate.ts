'use client'

import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { apiSend } from '@/components/data/api'
import { useCan } from '@/components/data/me'
import type { Simulation } from '@/lib/contract/simulation'
import type { ChatBody } from './chat-request'

/** What `POST /routes/{id}/simulate` takes at most. */
const MAX_REQUEST_BYTES = 200_000
const PAUSE_MS = 600

/** Who would answer now and what it might cost: asked when the typing pauses. Without the right to ask, nothing. */
export function useEstimate(routeId: string | null, body: ChatBody | null, keyId: string | null) {
  const can = useCan()
  const asked = usePaused(JSON.stringify(body))
  const enabled =
    can('routes.simulate') && routeId !== null && asked !== 'null' && asked.length < MAX_REQUEST_BYTES
  return useQuery({
    queryKey: ['playground', 'estimate', routeId, asked, keyId],
    queryFn: async () => {
      const { model: _, ...request } = JSON.parse(asked) as ChatBody
      const whose = keyId === null ? {} : { keyId }
      return (await apiSend<Simulation>('POST', `/routes/${routeId}/simulate`, { request, ...whose })).data
    },
    enabled,
    // Prompts are not to lie about.
    gcTime: 0,
    staleTime: 30_000,
    retry: false,
  })
}

function usePaused(value: string): string {
  const [paused, setPaused] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setPaused(value), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [value])
  return paused
}
