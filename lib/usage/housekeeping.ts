import 'server-only'
import type pg from 'pg'
import { makePartitions } from './partitions.ts'

/** An hour beyond what queries promise, so that a range of 48 hours is always whole. */
const MINUTES_KEPT_HOURS = 49
const EVERY_MS = 15 * 60_000
/** After a failure, for the database is expected back. */
const RETRY_MS = 15_000

/** One round of what has to be done now and then. Every admin does it: each step may run twice at once. */
export async function keepHouse(pool: pg.Pool, now: Date): Promise<void> {
  await makePartitions(pool, now)
  await pool.query(`DELETE FROM rollup_minutes WHERE bucket < now() - interval '${MINUTES_KEPT_HOURS} hours'`)
  await pool.query(`DELETE FROM sign_in_failures WHERE blocked_until < now() - interval '1 day'
    AND updated_at < now() - interval '1 day'`)
}

/** Rounds at start and every quarter of an hour, until `stop`. The first one has been tried when the promise resolves. */
export async function startHousekeeping(pool: pg.Pool): Promise<{ stop(): void }> {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const round = async () => {
    let waitMs = EVERY_MS
    try {
      await keepHouse(pool, new Date())
    } catch (error) {
      console.error(`housekeeping failed and is tried again: ${(error as Error).message}`)
      waitMs = RETRY_MS
    }
    if (stopped) return
    timer = setTimeout(() => void round(), waitMs)
    timer.unref()
  }
  await round()
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
