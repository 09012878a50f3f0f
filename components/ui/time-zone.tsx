'use client'

import { createContext, type ReactNode, useContext, useMemo, useSyncExternalStore } from 'react'

export type TimeZoneChoice = 'utc' | 'deployment' | 'browser'

interface TimeZone {
  choice: TimeZoneChoice
  /** IANA name. */
  timeZone: string
  setChoice: (choice: TimeZoneChoice) => void
  zones: Record<TimeZoneChoice, string>
}

const Context = createContext<TimeZone>({
  choice: 'utc',
  timeZone: 'UTC',
  setChoice: () => {},
  zones: { utc: 'UTC', deployment: 'UTC', browser: 'UTC' },
})

/** In which zone times are shown, and where days begin. */
export function useTimeZone(): TimeZone {
  return useContext(Context)
}

/** `deployment` is the zone in which this deployment's budgets and reports count. */
export function TimeZoneProvider({ deployment, children }: { deployment: string; children: ReactNode }) {
  const choice = useSyncExternalStore(subscribe, read, () => 'deployment' as const)
  const value = useMemo(() => {
    const zones = {
      utc: 'UTC',
      deployment,
      browser: Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC',
    }
    return { choice, timeZone: zones[choice], setChoice, zones }
  }, [choice, deployment])
  return <Context value={value}>{children}</Context>
}

const KEY = 'gatehouse-time-zone'
const listeners = new Set<() => void>()

function read(): TimeZoneChoice {
  const stored = localStorage.getItem(KEY)
  return stored === 'utc' || stored === 'browser' ? stored : 'deployment'
}

function setChoice(choice: TimeZoneChoice): void {
  localStorage.setItem(KEY, choice)
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  window.addEventListener('storage', listener)
  return () => {
    listeners.delete(listener)
    window.removeEventListener('storage', listener)
  }
}
