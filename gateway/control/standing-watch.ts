/** While somebody looks at what is held and counted, the admin hears of it as it changes. Nobody looks: no work. */
import type { Clock } from '../clock.ts'

export interface StandingWatch {
  /** Somebody looks, for so long at least. */
  watch(forMs: number): void
  stop(): void
}

const EVERY_MS = 1_000

export function createStandingWatch(options: {
  /** What is held and counted, as text: it has changed when the text has. */
  readonly standing: () => string
  /** Tells the admin. */
  readonly renew: () => Promise<void>
  readonly clock: Pick<Clock, 'monotonic'>
  readonly everyMs?: number
}): StandingWatch {
  const { standing, renew, clock, everyMs = EVERY_MS } = options
  let until = 0
  let told = ''
  let telling = false
  let timer: NodeJS.Timeout | null = null

  const look = async () => {
    if (clock.monotonic() >= until) return stop()
    const now = standing()
    // An admin that is slow hears the newest when it has taken the one before.
    if (now === told || telling) return
    told = now
    telling = true
    await renew()
    telling = false
  }
  const stop = () => {
    if (timer !== null) clearInterval(timer)
    timer = null
  }
  return {
    watch(forMs) {
      until = Math.max(until, clock.monotonic() + forMs)
      if (timer !== null) return
      timer = setInterval(() => void look(), everyMs)
      timer.unref()
    },
    stop,
  }
}
