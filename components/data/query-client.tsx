'use client'

import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { ApiProblem } from './api'

/** A session that ended elsewhere: back to sign-in, and from there to where the person was. */
function onError(error: unknown): void {
  if (error instanceof ApiProblem && error.status === 401 && location.pathname !== '/sign-in') {
    location.replace(signInPath('signed-out'))
  }
}

export function signInPath(reason?: 'signed-out'): string {
  const here = location.pathname + location.search
  const search = new URLSearchParams()
  if (here !== '/') search.set('returnTo', here)
  if (reason) search.set('reason', reason)
  return `/sign-in${search.size > 0 ? `?${search}` : ''}`
}

function makeQueryClient(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        // Reads are safe to repeat; what the server has refused stays refused.
        retry: (failures, error) =>
          failures < 2 && error instanceof ApiProblem && (error.status === 0 || error.status >= 500),
      },
    },
  })
}

export function DataProvider({ children }: { children: ReactNode }) {
  const [client] = useState(makeQueryClient)
  return <QueryClientProvider client={client}>{children}</QueryClientProvider>
}
