/**
 * What this admin tells browsers. It hears of booked calls by notification, reads them once for all who listen, and
 * keeps the last events in a ring: each stream reads along at its own pace, and one that falls out of it is told to
 * read again. Soon after the last listener has left, nothing is read any more.
 */
import 'server-only'
import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import type { RowScope } from '../api/actor.ts'
import {
  ACK_CHANNEL,
  ALERTS_CHANNEL,
  CALLS_CHANNEL,
  CONFIG_CHANNEL,
  REPRICED_CHANNEL,
  STANDINGS_CHANNEL,
} from '../publish/channels.ts'
import type { Listener } from '../publish/listener.ts'
import { readConfigStatus } from '../publish/status.ts'
import { readAlerts } from '../resources/budgets/alert-rows.ts'
import type { LiveEvent } from '../resources/events/schema.ts'
import { countCalls, readCalls } from '../usage/calls.ts'
import { createStandingsFeed } from './standings-feed.ts'

export interface RingEvent {
  readonly n: number
  readonly event: LiveEvent['event']
  /** The data as JSON for a listener with this scope; null when it is not for them. */
  dataFor(scope: RowScope): string | null
}

export interface Hub {
  /** Marks the ids of this process's events. */
  readonly instance: string
  /** Of the newest event; 0 before the first. */
  readonly newest: number
  /** Events after `n`, oldest first; null when the ring no longer holds them all. */
  since(n: number): readonly RingEvent[] | null
  /**
   * Reads and keeps events for as long as anyone joins, `standings` while somebody who joined asks for them. Called after
   * each event; gives the way to leave.
   */
  join(handler: () => void, watchesStandings?: boolean): () => void
  close(): void
}

const RING_EVENTS = 1_000
/** Notifications of one booking come in a bunch: they are read together. */
const GATHER_MS = 30
const CALLS_PER_SECOND = 50
const USAGE_EVERY_MS = 250
const MAX_PENDING_IDS = 20_000
const CONFIG_GATHER_MS = 50
/** A lease that runs out, and what its gateway held, is announced by nobody. */
const CONFIG_CHECK_MS = 3_000
/** After the last one left: a browser that lost its connection is back by then, and reads on where it was. */
const LINGER_MS = 15_000

interface Count {
  readonly teamId: string | null
  readonly keyUserId: string | null
  count: number
}

export interface HubLimits {
  readonly lingerMs?: number
  /** Calls told one by one; beyond them only their number is. */
  readonly callsPerSecond?: number
}

export function createHub(
  pool: pg.Pool,
  listener: Listener,
  { lingerMs = LINGER_MS, callsPerSecond = CALLS_PER_SECOND }: HubLimits = {},
): Hub {
  const instance = randomBytes(6).toString('hex')
  const handlers = new Set<() => void>()
  const timers = new Map<string, NodeJS.Timeout>()
  let ring: RingEvent[] = []
  let newest = 0
  let closed = false

  let pendingIds: string[] = []
  let reading = false
  let second = 0
  let sentThisSecond = 0
  let counts = new Map<string, Count>()
  let usageSentAt = 0
  let configText: string | null = null
  let pendingAlerts: string[] = []
  const standings = createStandingsFeed(pool)
  let lingersUntil = 0
  const isWanted = () => handlers.size > 0 || performance.now() < lingersUntil

  const push = (event: RingEvent['event'], dataFor: RingEvent['dataFor']) => {
    newest += 1
    ring.push({ n: newest, event, dataFor })
    if (ring.length > RING_EVENTS) ring.shift()
    for (const handler of handlers) handler()
  }
  const reset = () => push('reset', () => '{}')
  /** What is missed while nobody listens (or couldn't be read): the ring begins anew behind it. */
  const gap = () => {
    ring = []
    newest += 1
  }
  const later = (name: string, ms: number, task: () => void | Promise<void>) => {
    if (timers.has(name) || closed) return
    const timer = setTimeout(() => {
      timers.delete(name)
      void task()
    }, ms)
    timer.unref()
    timers.set(name, timer)
  }

  const readPending = async () => {
    if (reading) return
    reading = true
    try {
      while (pendingIds.length > 0 && isWanted()) {
        const ids = pendingIds
        pendingIds = []
        await tell(ids)
      }
    } catch (error) {
      console.error(`live events: calls could not be read: ${(error as Error).message}`)
      reset()
    } finally {
      reading = false
      if (!isWanted() && pendingIds.length > 0) {
        pendingIds = []
        gap()
      }
      if (pendingIds.length > 0) later('calls', GATHER_MS, readPending)
    }
  }

  const tell = async (ids: string[]) => {
    const thisSecond = Math.floor(performance.now() / 1_000)
    if (thisSecond !== second) {
      second = thisSecond
      sentThisSecond = 0
    }
    const room = callsPerSecond - sentThisSecond
    const shown = await readCalls(pool, room > 0 ? ids.slice(-room) : [])
    sentThisSecond += shown.length
    const counted =
      shown.length === ids.length
        ? shown.map(({ call, keyUserId }) => ({ teamId: call.teamId, keyUserId, count: 1 }))
        : await countCalls(pool, ids)
    for (const { teamId, keyUserId, count } of counted) {
      const key = `${teamId}\0${keyUserId}`
      const known = counts.get(key)
      if (known) known.count += count
      else counts.set(key, { teamId, keyUserId, count })
    }
    for (const { call, keyUserId } of shown) {
      const text = JSON.stringify(call)
      push('call', (scope) => (opens(scope, call.teamId, keyUserId) ? text : null))
    }
    later('usage', Math.max(0, usageSentAt + USAGE_EVERY_MS - performance.now()), tellUsage)
  }

  const tellUsage = () => {
    usageSentAt = performance.now()
    const told = [...counts.values()]
    counts = new Map()
    const at = new Date().toISOString()
    push('usage', (scope) => {
      const calls = told.reduce(
        (sum, { teamId, keyUserId, count }) => sum + (opens(scope, teamId, keyUserId) ? count : 0),
        0,
      )
      return calls > 0 ? JSON.stringify({ calls, at }) : null
    })
  }

  const tellAlerts = async () => {
    const ids = pendingAlerts
    pendingAlerts = []
    if (!isWanted()) return gap()
    try {
      for (const { alert, isFor } of await readAlerts(ids)) {
        const text = JSON.stringify(alert)
        push('budgetAlert', (scope) => (isFor(teamsOf(scope)) ? text : null))
      }
    } catch (error) {
      console.error(`live events: alerts could not be read: ${(error as Error).message}`)
      reset()
    }
  }

  const tellStandings = async () => {
    if (!standings.isWatched) return
    try {
      const dataFor = await standings.read()
      if (dataFor(null) === null) return
      push('standings', (scope) => {
        const data = dataFor(teamsOf(scope))
        return data && JSON.stringify(data)
      })
    } catch {
      // The database is away: the gateways can't tell anything new either.
    }
  }

  const readConfig = async () => {
    if (!isWanted()) return
    try {
      const text = JSON.stringify(await readConfigStatus(pool))
      if (text === configText) return
      configText = text
      push('config', () => text)
    } catch {
      // The database is away: read again at the next check.
    }
  }
  const configSoon = () => later('config', CONFIG_GATHER_MS, readConfig)

  const stops = [
    listener.on(CALLS_CHANNEL, (payload) => {
      if (!isWanted()) return gap()
      if (pendingIds.length > MAX_PENDING_IDS) {
        pendingIds = []
        return reset()
      }
      for (const id of payload.split(',')) pendingIds.push(withDashes(id))
      later('calls', GATHER_MS, readPending)
    }),
    listener.on(ALERTS_CHANNEL, (id) => {
      if (!isWanted()) return gap()
      // Past what the ring holds, whoever listens has to read again anyway.
      if (pendingAlerts.length > RING_EVENTS) {
        pendingAlerts = []
        return reset()
      }
      pendingAlerts.push(id)
      later('alerts', GATHER_MS, tellAlerts)
    }),
    listener.on(STANDINGS_CHANNEL, () => later('standings', GATHER_MS, tellStandings)),
    listener.on(REPRICED_CHANNEL, () => (isWanted() ? reset() : gap())),
    listener.on(ACK_CHANNEL, configSoon),
    listener.on(CONFIG_CHANNEL, configSoon),
    // What was announced while the connection was away is unknown.
    listener.onConnect(() => {
      if (!isWanted()) gap()
      else reset()
      configSoon()
    }),
  ]
  const check = setInterval(() => {
    configSoon()
    if (standings.isWatched) later('standings', GATHER_MS, tellStandings)
  }, CONFIG_CHECK_MS)
  check.unref()

  return {
    instance,
    get newest() {
      return newest
    },
    since(n) {
      if (n === newest) return []
      const first = ring[0]?.n ?? newest + 1
      if (n > newest || n + 1 < first) return null
      return ring.slice(n + 1 - first)
    },
    join(handler, watchesStandings = false) {
      if (handlers.size === 0) {
        configText = null
        configSoon()
      }
      handlers.add(handler)
      const unwatch = watchesStandings ? standings.watch() : null
      if (watchesStandings) later('standings', GATHER_MS, tellStandings)
      return () => {
        handlers.delete(handler)
        unwatch?.()
        if (handlers.size === 0) lingersUntil = performance.now() + lingerMs
      }
    },
    close() {
      closed = true
      for (const stop of stops) stop()
      clearInterval(check)
      standings.close()
      for (const timer of timers.values()) clearTimeout(timer)
    },
  }
}

/** Whether calls of this team and key owner are for whoever has this scope. */
function opens(scope: RowScope, teamId: string | null, keyUserId: string | null): boolean {
  if (scope.teams === null) return true
  if (teamId !== null && scope.teams.includes(teamId)) return true
  if (scope.userId === null || keyUserId !== scope.userId) return false
  return scope.ownTeams === null || (teamId !== null && scope.ownTeams.includes(teamId))
}

/** Every team of which the scope shows something; null: all. */
function teamsOf({ teams, ownTeams }: RowScope): readonly string[] | null {
  return teams === null || ownTeams === null ? null : [...teams, ...ownTeams]
}

function withDashes(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
