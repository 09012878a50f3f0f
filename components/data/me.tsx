'use client'

import { useQuery } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext } from 'react'
import type { Me } from '@/lib/resources/me/schema'
import { apiGet } from './api'

const MeContext = createContext<Me | null>(null)

export function useMeQuery() {
  return useQuery({
    queryKey: ['me'],
    queryFn: ({ signal }) => apiGet<Me>('/me', undefined, signal),
    staleTime: 60_000,
  })
}

export function MeProvider({ me, children }: { me: Me; children: ReactNode }) {
  return <MeContext value={me}>{children}</MeContext>
}

/** Who is signed in. Inside the console's frame it is always known. */
export function useMe(): Me {
  const me = useContext(MeContext)
  if (!me) throw new Error('useMe outside of the console')
  return me
}

/** Whether this person may use an operation somewhere, such as `keys.create`. The API has the last word. */
export function useCan(): (operationId: string) => boolean {
  const me = useMe()
  return (operationId) => me.operations.includes(operationId)
}
