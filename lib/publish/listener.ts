/**
 * The one connection of an admin that LISTENs. It comes back by itself after a restart of Postgres, with back-off;
 * what was announced meanwhile is lost, so whoever listens also hears of each new connection and reads again.
 */
import 'server-only'
import pg from 'pg'
import { CHANNELS, type Channel } from './channels.ts'

export interface Listener {
  /** Gives the way to stop. A handler that throws is a defect; it is logged and the others go on. */
  on(channel: Channel, handler: (payload: string) => void): () => void
  onConnect(handler: () => void): () => void
  /** Resolves when it LISTENs, or after `timeoutMs`; says whether it does. */
  ready(timeoutMs: number): Promise<boolean>
  close(): Promise<void>
}

const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 5_000
/** A connection whose peer vanished says nothing: it is asked this often, and given up when it does not answer. */
const CHECK_EVERY_MS = 5_000
const ANSWER_WITHIN_MS = 3_000

export function createListener(connectionString: string): Listener {
  const handlers = new Map<string, Set<(payload: string) => void>>()
  const connectHandlers = new Set<() => void>()
  let client: pg.Client | null = null
  let listening = false
  let closed = false
  let attempt = 0
  let timer: NodeJS.Timeout | undefined

  const call = (handler: () => void) => {
    try {
      handler()
    } catch (error) {
      console.error('a listener of notifications failed', error)
    }
  }

  const lost = (from: pg.Client) => {
    if (client !== from) return
    client = null
    listening = false
    clearInterval(timer)
    from.removeAllListeners('notification')
    from.end().catch(() => undefined)
    if (closed) return
    if (attempt === 0) console.error('notifications: the connection to Postgres is lost; trying again')
    const waitMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt) * (0.5 + Math.random() / 2)
    attempt += 1
    timer = setTimeout(() => void connect(), waitMs)
    timer.unref()
  }

  /** Gives it up when it doesn't answer, or leads to a server that only reads: nothing is announced there any more. */
  const check = async (mine: pg.Client) => {
    try {
      const { rows } = await mine.query<{ reads: string }>(
        `SELECT current_setting('transaction_read_only') AS reads`,
      )
      if (rows[0]?.reads === 'on') lost(mine)
    } catch {
      lost(mine)
    }
  }

  const connect = async () => {
    const mine = new pg.Client({
      connectionString,
      application_name: 'gatehouse-admin listen',
      connectionTimeoutMillis: 1_500,
      query_timeout: ANSWER_WITHIN_MS,
      keepAlive: true,
    })
    client = mine
    mine.on('error', () => lost(mine))
    mine.on('end', () => lost(mine))
    mine.on('notification', ({ channel, payload }) => {
      for (const handler of handlers.get(channel) ?? []) call(() => handler(payload ?? ''))
    })
    try {
      await mine.connect()
      await mine.query(CHANNELS.map((channel) => `LISTEN ${channel}`).join('; '))
    } catch {
      return lost(mine)
    }
    if (client !== mine) return
    if (attempt > 1) console.error('notifications: connected to Postgres again')
    attempt = 0
    listening = true
    timer = setInterval(() => void check(mine), CHECK_EVERY_MS)
    timer.unref()
    for (const handler of connectHandlers) call(handler)
  }

  void connect()

  return {
    on(channel, handler) {
      const set = handlers.get(channel) ?? new Set()
      handlers.set(channel, set)
      set.add(handler)
      return () => set.delete(handler)
    },
    onConnect(handler) {
      connectHandlers.add(handler)
      return () => connectHandlers.delete(handler)
    },
    async ready(timeoutMs) {
      if (listening) return true
      return new Promise((resolve) => {
        const finish = () => {
          clearTimeout(limit)
          connectHandlers.delete(finish)
          resolve(listening)
        }
        const limit = setTimeout(finish, timeoutMs)
        connectHandlers.add(finish)
      })
    },
    async close() {
      closed = true
      clearTimeout(timer)
      clearInterval(timer)
      const last = client
      client = null
      listening = false
      await last?.end().catch(() => undefined)
    },
  }
}
