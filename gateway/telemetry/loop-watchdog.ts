/**
 * Notices that the event loop stood still: nothing was served, no timer ran. It can only say so afterwards; what probes
 * `/healthz` sees it while it lasts.
 */
import type { Clock } from '../clock.ts'
import type { Log } from './log.ts'

export interface LoopStalls {
  readonly count: number
  readonly totalMs: number
  readonly lastMs: number
}

export interface LoopWatchdog {
  stalls(): LoopStalls
  stop(): void
}

const EVERY_MS = 200
/** Far beyond a garbage collection or a large snapshot. */
const STALL_MS = 500

export function startLoopWatchdog({ clock, log }: { clock: Clock; log: Log }): LoopWatchdog {
  let stalls: LoopStalls = { count: 0, totalMs: 0, lastMs: 0 }
  let expected = clock.monotonic() + EVERY_MS
  const timer = setInterval(() => {
    const now = clock.monotonic()
    const lateMs = Math.round(now - expected)
    expected = now + EVERY_MS
    if (lateMs < STALL_MS) return
    stalls = { count: stalls.count + 1, totalMs: stalls.totalMs + lateMs, lastMs: lateMs }
    log('warn', 'loop.stalled', {
      message: 'The event loop stood still, or the process was stopped: nothing was served meanwhile.',
      ms: lateMs,
    })
  }, EVERY_MS)
  timer.unref()
  return { stalls: () => stalls, stop: () => clearInterval(timer) }
}
