'use client'

import { useQuery } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { apiGet } from '@/components/data/api'
import { useLiveQuery } from '@/components/data/live'
import type { Setup } from '@/lib/resources/me/schema'

const KEY = ['resource', '/setup']

/** How far the first run is; ticks by itself when a change is published or a call is booked. */
export function useSetup() {
  const result = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => apiGet<Setup>('/setup', undefined, signal),
  })
  // Once all is done there is nothing left to tick.
  const enabled = result.data === undefined || !isFinished(result.data)
  useLiveQuery('config', KEY, { enabled })
  useLiveQuery('usage', KEY, { enabled })
  return result
}

export function isFinished(setup: Setup): boolean {
  return setup.provider && setup.route && setup.key && setup.call
}

const FINISHED = 'gatehouse-setup-finished'

/** Whether this browser has seen it finished: the overview then need not wait for the answer to be sure. */
export function wasFinished(): boolean {
  return typeof localStorage !== 'undefined' && localStorage.getItem(FINISHED) === 'yes'
}

export function rememberFinished(): void {
  localStorage.setItem(FINISHED, 'yes')
}

const STORED = 'gatehouse-setup-dismissed'
const listeners = new Set<() => void>()

/** Put away in this browser; `/setup` shows it again. */
export function useDismissed(): [boolean, (dismissed: boolean) => void] {
  const dismissed = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => localStorage.getItem(STORED) === 'yes',
    () => false,
  )
  return [
    dismissed,
    (next) => {
      if (next) localStorage.setItem(STORED, 'yes')
      else localStorage.removeItem(STORED)
      for (const listener of listeners) listener()
    },
  ]
}
