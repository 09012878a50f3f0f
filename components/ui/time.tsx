'use client'

import { useSyncExternalStore } from 'react'
import { formatCountdown, formatExact, formatRelative } from '@/lib/format/time'
import { useTimeZone } from './time-zone'

/** A time relative to now, with the exact one on hover; it moves on by itself. */
export function Time({ value, empty = '–' }: { value: string | null | undefined; empty?: string }) {
  const now = useNow(10_000)
  const { timeZone } = useTimeZone()
  if (!value) return <span className="text-muted">{empty}</span>
  return (
    <time dateTime={value} title={formatExact(value, timeZone)} className="whitespace-nowrap">
      {formatRelative(value, now)}
    </time>
  )
}

/** The exact time in the chosen zone. */
export function ExactTime({ value, empty = '–' }: { value: string | null | undefined; empty?: string }) {
  const { timeZone } = useTimeZone()
  if (!value) return <span className="text-muted">{empty}</span>
  return (
    <time dateTime={value} title={value} className="whitespace-nowrap">
      {formatExact(value, timeZone)}
    </time>
  )
}

/** What is left until then, by the second. */
export function Countdown({ until }: { until: string }) {
  const now = useNow(1000)
  return (
    <time dateTime={until} className="whitespace-nowrap">
      {formatCountdown(until, now)}
    </time>
  )
}

/** The time, renewed every `everyMs`; one timer for all, none while the tab is hidden. */
export function useNow(everyMs: 1000 | 10_000): number {
  const clock = CLOCKS[everyMs]
  return useSyncExternalStore(clock.subscribe, clock.now, clock.now)
}

function makeClock(everyMs: number) {
  const listeners = new Set<() => void>()
  let now = Date.now()
  let timer: ReturnType<typeof setInterval> | null = null
  const tick = () => {
    if (document.hidden) return
    now = Date.now()
    for (const listener of listeners) listener()
  }
  return {
    now: () => now,
    subscribe(listener: () => void) {
      listeners.add(listener)
      if (!timer) {
        now = Date.now()
        timer = setInterval(tick, everyMs)
        document.addEventListener('visibilitychange', tick)
      }
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0 && timer) {
          clearInterval(timer)
          timer = null
          document.removeEventListener('visibilitychange', tick)
        }
      }
    },
  }
}

const CLOCKS = { 1000: makeClock(1000), 10000: makeClock(10_000) }
