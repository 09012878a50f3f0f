import 'server-only'
import type pg from 'pg'
import { compactRollups } from './compaction.ts'
import { makePartitions } from './partitions.ts'

/** An hour beyond what queries promise, so that a range of 48 hours is always whole. */
export const MINUTES_KEPT_HOURS = 49
/** Longer than the longest period, in which none may be raised twice. */
const ALERTS_KEPT_DAYS = 100
const EVERY_MS = 15 * 60_000
const COMPACT_EVERY_MS = 60_000
/** While there is a backlog, as after an upgrade: it leaves the database room. */
const COMPACT_AGAIN_MS = 1_000
/** After a failure, for the database is expected back. */
const RETRY_MS = 15_000

/** One round of what has to be done now and then. Every admin does it: each step may run twice at once. */
export async function keepHouse(pool: pg.Pool, now: Date): Promise<void> {
  await makePartitions(pool, now)
  for (const table of ['rollup_minutes', 'rollup_target_minutes'])
    await pool.query(`DELETE FROM ${table} WHERE bucket < now() - interval '${MINUTES_KEPT_HOURS} hours'`)
  // One of a period that never ends would be raised again.
  await pool.query(`DELETE FROM budget_alerts WHERE period_end IS NOT NULL
    AND created_at < now() - interval '${ALERTS_KEPT_DAYS} days'`)
  await pool.query(`DELETE FROM sign_in_failures WHERE blocked_until < now() - interval '1 day'
    AND updated_at < now() - interval '1 day'`)
}

/** Rounds at start and every quarter of an hour, until `stop`. The first one has been tried when the promise resolves. */
export async function startHousekeeping(pool: pg.Pool): Promise<{ stop(): void }> {
  const house = repeat('housekeeping', async () => {
    await keepHouse(pool, new Date())
    return EVERY_MS
  })
  const sums = repeat('the summing of rollups', async () =>
    (await compactRollups(pool)) > 0 ? COMPACT_AGAIN_MS : COMPACT_EVERY_MS,
  )
  await house.first
  return {
    stop() {
      house.stop()
      sums.stop()
    },
  }
}

/** Runs `work` again after the milliseconds that it gives. */
function repeat(name: string, work: () => Promise<number>): { first: Promise<void>; stop(): void } {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const round = async () => {
    let waitMs = RETRY_MS
    try {
      waitMs = await work()
    } catch (error) {
      console.error(`${name} failed and is tried again: ${(error as Error).message}`)
    }
    if (stopped) return
    timer = setTimeout(() => void round(), waitMs)
    timer.unref()
  }
  return {
    first: round(),
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
