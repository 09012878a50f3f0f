import 'server-only'
import { isDatabaseAway } from '../api/database-errors.ts'
import { removeExpired } from '../api/idempotency.ts'
import { startPublishing } from '../publish/start.ts'
import { bootstrap } from './bootstrap.ts'
import { systemClock } from './clock.ts'
import { db } from './db.ts'
import { env } from './env.ts'
import { singleton } from './singleton.ts'
import { dropStalledStreams } from './stalled-connections.ts'

const RETRY_MS = 2_000
const HOUSEKEEPING_MS = 3_600_000
/** Ended sessions are shown to nobody; they stay a while for whoever looks into an incident. */
const KEEP_SESSIONS_MS = 30 * 86_400_000

/**
 * Once per process: the first user, then the workers. Without a database it comes back and tries again, so that the
 * admin answers (with 503) meanwhile. An admin that cannot begin says why and ends: Next would listen on, and whoever
 * runs us would wait for ever.
 */
export function startAdminOrExit(): Promise<void> {
  return singleton('start', () => {
    dropStalledStreams()
    return startOrRetry().catch(exitWith)
  })
}

function exitWith(error: unknown): never {
  console.error(`The admin cannot start: ${error instanceof Error ? error.message : error}`)
  process.exit(1)
}

async function startOrRetry(): Promise<void> {
  try {
    await start()
  } catch (error) {
    if (!isDatabaseAway(error)) throw error
    console.error(`The database does not answer: trying again in ${RETRY_MS / 1_000} s.`)
    setTimeout(() => {
      startOrRetry().catch(exitWith)
    }, RETRY_MS)
  }
}

async function start(): Promise<void> {
  const first = await bootstrap()
  if (first) {
    const words = first.password
      ? `the password ${first.password} (shown once)`
      : 'the password of GATEHOUSE_ADMIN_PASSWORD'
    console.log(`The first user is ${first.email} with ${words}. Sign in at ${env.adminUrl}`)
  }
  await startPublishing()
  setInterval(() => void housekeeping(), HOUSEKEEPING_MS).unref()
}

async function housekeeping(): Promise<void> {
  const now = systemClock()
  try {
    await removeExpired(now)
    await db.session.deleteMany({ where: { expiresAt: { lt: new Date(now.getTime() - KEEP_SESSIONS_MS) } } })
  } catch (error) {
    console.error('housekeeping:', error instanceof Error ? error.message : error)
  }
}
