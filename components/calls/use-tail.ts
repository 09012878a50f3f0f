'use client'

import { type InfiniteData, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { Page } from '@/components/data/collection'
import { useLive } from '@/components/data/live'
import type { Call } from '@/lib/resources/calls/schema'
import { belongs, type CallFilters, MAX_LIVE_ROWS, prepend } from './live-rows'

const KEY = ['resource', '/calls', 'list']
/** Rows come in together: fifty a second one by one would make a page that nobody can read. */
const FLUSH_MS = 250
/** Scrolled further than this, a person reads: what is in sight must not move. */
const AT_TOP_PX = 120

export interface Tail {
  readonly paused: boolean
  /** Calls that came while it was paused, or that only the server can place. */
  readonly waiting: number
  readonly toggle: () => void
  readonly showWaiting: () => void
}

/** Lets booked calls into the lists in sight as they come; holds them back while a person reads further down. */
export function useTail(enabled: boolean): Tail {
  const client = useQueryClient()
  const [stopped, setStopped] = useState(false)
  const [scrolled, setScrolled] = useState(false)
  const [waiting, setWaiting] = useState(0)
  const incoming = useRef<Call[]>([])
  const held = useRef<Call[]>([])
  const unplaced = useRef(0)
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null)
  const paused = stopped || scrolled
  const pausedNow = useRef(paused)
  pausedNow.current = paused

  const insert = useCallback(
    (calls: readonly Call[]) => {
      let unknown = 0
      let shown = 0
      for (const query of client.getQueryCache().findAll({ queryKey: KEY, type: 'active' })) {
        const filters = query.queryKey[3] as CallFilters
        const fitting = calls.filter((call) => {
          const fits = belongs(call, filters)
          if (fits === null) unknown += 1
          return fits === true
        })
        shown += fitting.length
        if (fitting.length === 0 || pausedNow.current) continue
        client.setQueryData<InfiniteData<Page<Call>>>(query.queryKey, (data) => {
          const first = data?.pages[0]
          if (!data || !first) return data
          const room = Math.max(MAX_LIVE_ROWS, first.data.length)
          return {
            ...data,
            pages: [{ ...first, data: prepend(first.data, fitting, room) }, ...data.pages.slice(1)],
          }
        })
      }
      return { unknown, shown }
    },
    [client],
  )

  const flush = useCallback(() => {
    timer.current = null
    const calls = incoming.current.splice(0)
    const { unknown, shown } = insert(calls)
    unplaced.current += unknown
    if (pausedNow.current && shown > 0) {
      // Older ones than these are read from the server again.
      held.current = [...calls.toReversed(), ...held.current].slice(0, MAX_LIVE_ROWS)
      setWaiting((count) => count + shown + unknown)
    } else if (unknown > 0) {
      setWaiting((count) => count + unknown)
    }
  }, [insert])

  useLive('call', (call) => {
    if (!enabled) return
    incoming.current.push(call)
    timer.current ??= setTimeout(flush, FLUSH_MS)
  })
  useLive('reset', () => {
    if (enabled) void client.invalidateQueries({ queryKey: KEY })
  })
  useEffect(
    () => () => {
      if (timer.current) clearTimeout(timer.current)
    },
    [],
  )
  useEffect(() => {
    if (!enabled) return
    const onScroll = () => setScrolled(window.scrollY > AT_TOP_PX)
    onScroll()
    window.addEventListener('scroll', onScroll, { passive: true })
    return () => window.removeEventListener('scroll', onScroll)
  }, [enabled])

  const release = useCallback(() => {
    pausedNow.current = false
    const calls = held.current
    held.current = []
    if (unplaced.current > 0 || calls.length >= MAX_LIVE_ROWS)
      void client.invalidateQueries({ queryKey: KEY })
    else insert(calls)
    unplaced.current = 0
    setWaiting(0)
  }, [client, insert])

  const wasPaused = useRef(false)
  useEffect(() => {
    if (wasPaused.current && !paused) release()
    wasPaused.current = paused
  }, [paused, release])

  return {
    paused,
    waiting,
    toggle: () => setStopped(!stopped),
    showWaiting: () => {
      setStopped(false)
      window.scrollTo({ top: 0 })
      release()
    },
  }
}
