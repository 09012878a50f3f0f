'use client'

/**
 * The stream of events of `/api/v1/events`: one connection for the tab, open only while something listens and the tab
 * is in sight. Coming back counts as a `reset`, for what happened meanwhile is unknown: read again what you show.
 */
import { hashKey, type QueryKey, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useSyncExternalStore } from 'react'
import type { LiveEvent } from '@/lib/resources/events/schema'

type Name = LiveEvent['event']
type DataOf<N extends Name> = Extract<LiveEvent, { event: N }>['data']
export type LiveState = 'off' | 'connecting' | 'live'

/** Calls `handler` for each such event while the component is mounted; the newest handler is the one called. */
export function useLive<N extends Name>(name: N, handler: (data: DataOf<N>) => void): void {
  const latest = useRef(handler)
  useEffect(() => {
    latest.current = handler
  })
  useEffect(() => subscribe(name, (data) => latest.current(data as DataOf<N>)), [name])
}

/**
 * Reads the queries under `queryKey` again when such an event comes, at most every `everyMs`, and after a reset. Who
 * asks for the same key several times on one page causes one reading.
 */
export function useLiveQuery(
  name: Exclude<Name, 'reset'>,
  queryKey: QueryKey,
  { everyMs = 500, enabled = true }: { everyMs?: number; enabled?: boolean } = {},
): void {
  const client = useQueryClient()
  const hash = hashKey(queryKey)
  const latest = useRef(queryKey)
  useEffect(() => {
    latest.current = queryKey
  })
  useEffect(() => {
    if (!enabled) return
    const soon = () => {
      if (readingSoon.has(hash)) return
      readingSoon.add(hash)
      setTimeout(
        () => {
          readingSoon.delete(hash)
          lastReadMs.set(hash, Date.now())
          void client.invalidateQueries({ queryKey: latest.current })
        },
        Math.max(0, (lastReadMs.get(hash) ?? 0) + everyMs - Date.now()),
      )
    }
    const ends = [subscribe(name, soon), subscribe('reset', soon)]
    return () => {
      for (const end of ends) end()
    }
  }, [client, name, hash, everyMs, enabled])
}

/** Whether the stream is up: `connecting` for longer than a moment is worth a word on the page. */
export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (listener) => {
      stateListeners.add(listener)
      return () => stateListeners.delete(listener)
    },
    () => state,
    () => 'off',
  )
}

const NAMES: readonly Name[] = ['call', 'usage', 'budgetAlert', 'standings', 'config', 'reset']
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 30_000

const handlers = new Map<Name, Set<(data: unknown) => void>>(NAMES.map((name) => [name, new Set()]))
const stateListeners = new Set<() => void>()
const readingSoon = new Set<string>()
const lastReadMs = new Map<string, number>()
let state: LiveState = 'off'
let source: EventSource | null = null
let retryTimer: ReturnType<typeof setTimeout> | null = null
let retryMs = FIRST_RETRY_MS
/** Something was missed since the last event: say `reset` once the stream is up again. */
let missed = false
/** Whether the stream that is open tells standings too. */
let watched = false
let lastEventId = ''
let watchesVisibility = false

function subscribe(name: Name, handler: (data: unknown) => void): () => void {
  handlers.get(name)?.add(handler)
  if (!watchesVisibility) {
    watchesVisibility = true
    document.addEventListener('visibilitychange', update)
  }
  update()
  return () => {
    handlers.get(name)?.delete(handler)
    // A page that follows at once takes the connection over.
    setTimeout(update, 1_000)
  }
}

function update(): void {
  const wanted = !document.hidden && [...handlers.values()].some((set) => set.size > 0)
  if (source && wanted && watched !== isWatching()) reopen()
  if (wanted && !source && !retryTimer) open()
  if (!wanted) close()
}

/** What is held and counted costs the gateways something to tell: it is asked for by the pages that show it. */
function isWatching(): boolean {
  return (handlers.get('standings')?.size ?? 0) > 0
}

/** The same stream with more or less in it: it reads on where the one before was. */
function reopen(): void {
  source?.close()
  open()
}

function open(): void {
  setState('connecting')
  watched = isWatching()
  const search = new URLSearchParams({
    ...(watched ? { watch: 'standings' } : {}),
    ...(lastEventId && !missed ? { lastEventId } : {}),
  })
  const opened = new EventSource(`/api/v1/events${search.size > 0 ? `?${search}` : ''}`)
  source = opened
  opened.onopen = () => {
    retryMs = FIRST_RETRY_MS
    setState('live')
    if (missed) emit('reset', {})
    missed = false
  }
  for (const name of NAMES) {
    opened.addEventListener(name, (message) => {
      lastEventId = message.lastEventId
      emit(name, JSON.parse(message.data))
    })
  }
  opened.onerror = () => {
    setState('connecting')
    // While CONNECTING the browser retries by itself, with Last-Event-ID; CLOSED means that it has given up.
    if (opened.readyState !== EventSource.CLOSED) return
    close()
    setState('connecting')
    retryTimer = setTimeout(() => {
      retryTimer = null
      update()
    }, retryMs)
    retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)
  }
}

function close(): void {
  if (retryTimer) clearTimeout(retryTimer)
  retryTimer = null
  if (!source) return
  source.close()
  source = null
  missed = true
  setState('off')
}

function emit(name: Name, data: unknown): void {
  for (const handler of handlers.get(name) ?? []) handler(data)
}

function setState(next: LiveState): void {
  if (state === next) return
  state = next
  for (const listener of stateListeners) listener()
}
