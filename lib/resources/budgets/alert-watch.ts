/**
 * When the alerts of budgets are looked after: as soon as this admin has booked what may reach one, and every minute all
 * of them, for an override that ran out and for what another admin booked and then ended. It takes a tenth of the time at
 * most, however long the sums take.
 */
import 'server-only'
import type pg from 'pg'
import type { UsageEvent } from '../../contract/usage-event.ts'
import { pool } from '../../server/db.ts'
import { singleton } from '../../server/singleton.ts'
import { raiseFor, raiseOf, type Spender, spendersOf } from './alerts.ts'

export interface AlertWatch {
  /** These events are in the books. */
  booked(events: readonly UsageEvent[]): void
  close(): void
}

const SWEEP_EVERY_MS = 60_000
/** Bookings that come in a bunch are looked after together. */
const GATHER_MS = 50
const REST_FACTOR = 9
const RETRY_MS = 5_000
/** Beyond them all budgets are looked through. */
const MAX_SPENDERS = 5_000
/** After its end a period is still looked through: whoever booked its last call may have ended before looking. */
const AFTERMATH_MS = 10 * 60_000

/** The one of this process, made at its first use. */
export function alertWatch(): AlertWatch {
  return singleton('alert-watch', () => createAlertWatch(pool))
}

export function createAlertWatch(pool: pg.Pool, sweepEveryMs = SWEEP_EVERY_MS): AlertWatch {
  let spenders = new Map<string, Spender>()
  let all = true
  let first = true
  let notBefore = 0
  let running = false
  let failing = false
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const soon = () => {
    if (closed || running || timer !== undefined) return
    timer = setTimeout(() => void round(), Math.max(GATHER_MS, notBefore - performance.now()))
    timer.unref()
  }

  const round = async () => {
    timer = undefined
    running = true
    const started = performance.now()
    const [taken, whole] = [spenders, all]
    spenders = new Map()
    all = false
    let restMs = RETRY_MS
    try {
      const now = new Date()
      if (taken.size > 0) await raiseFor(pool, taken.values(), now)
      if (whole) {
        await raiseOf(pool, null, now, ({ startMs }) => first || now.getTime() - startMs < AFTERMATH_MS)
        first = false
      }
      restMs = (performance.now() - started) * REST_FACTOR
      failing = false
    } catch (error) {
      for (const [key, spender] of taken) spenders.set(key, spender)
      all ||= whole
      if (!failing && !closed)
        console.error(`alerts of budgets are looked after again soon: ${(error as Error).message}`)
      failing = true
    }
    running = false
    notBefore = performance.now() + restMs
    if (all || spenders.size > 0) soon()
  }

  const sweep = setInterval(() => {
    all = true
    soon()
  }, sweepEveryMs)
  sweep.unref()
  soon()

  return {
    booked(events) {
      for (const [key, spender] of spendersOf(events)) spenders.set(key, spender)
      if (spenders.size > MAX_SPENDERS) {
        spenders.clear()
        all = true
        first = true
      }
      if (spenders.size > 0 || all) soon()
    },
    close() {
      closed = true
      clearTimeout(timer)
      clearInterval(sweep)
    },
  }
}
