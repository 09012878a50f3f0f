'use client'

import { useSyncExternalStore } from 'react'

const STORED = 'gatehouse-alerts-seen'
const listeners = new Set<() => void>()

/** When the newest alert was raised that was looked at in this browser; null: none yet. */
export function useSeenAlert(): [string | null, (createdAt: string) => void] {
  const seen = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => localStorage.getItem(STORED),
    () => null,
  )
  return [
    seen,
    (createdAt) => {
      localStorage.setItem(STORED, createdAt)
      for (const listener of listeners) listener()
    },
  ]
}
