import pg from 'pg'
import { env } from '../server/env.ts'
import { singleton } from '../server/singleton.ts'
import { problem } from './problem.ts'

/** Slow is not away: only after this long does a request ask whether the database still answers. */
const PATIENCE_MS = 1_000
const PROBE_MS = 700

/**
 * Runs a task that uses the database. While it takes long, a connection of its own asks the database for a sign of
 * life; without one the caller gets a 503, within 2 s. The task is told by the signal, so that it commits nothing.
 */
export async function watchDatabase<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abandoned = new AbortController()
  const running = task(abandoned.signal)
  let timer: NodeJS.Timeout | undefined
  const gone = new Promise<never>((_, reject) => {
    const watch = () => {
      timer = setTimeout(async () => {
        if (await answers()) return watch()
        const away = problem('database_unavailable', 'The database does not answer. Try again.')
        abandoned.abort(away)
        reject(away)
      }, PATIENCE_MS)
    }
    watch()
  })
  // Once it is abandoned, what becomes of it interests nobody.
  running.catch(() => undefined)
  gone.catch(() => undefined)
  try {
    return await Promise.race([running, gone])
  } finally {
    clearTimeout(timer)
  }
}

const probing = () => singleton<{ probe: Promise<boolean> | null }>('database-probe', () => ({ probe: null }))

/** One probe for all who ask at once. */
function answers(): Promise<boolean> {
  const shared = probing()
  shared.probe ??= probeDatabase().finally(() => {
    shared.probe = null
  })
  return shared.probe
}

/** Whether a new connection gets an answer in time. */
export async function probeDatabase(): Promise<boolean> {
  const client = new pg.Client({
    connectionString: env.databaseUrl,
    application_name: 'gatehouse-admin probe',
  })
  client.on('error', () => undefined)
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PROBE_MS)
  })
  const asked = client
    .connect()
    .then(() => client.query('SELECT 1'))
    .then(() => true)
    // A server without a free connection is alive.
    .catch((error: { code?: string }) => error.code === '53300')
  try {
    return await Promise.race([asked, timeout])
  } finally {
    clearTimeout(timer)
    // A socket that hangs would be waited for by end().
    const socket = (client as unknown as { connection?: { stream?: { destroy(): void } } }).connection?.stream
    socket?.destroy()
  }
}
