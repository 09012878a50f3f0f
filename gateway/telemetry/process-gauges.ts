/** What the gateways page shows of this process: resident memory and how late the event loop runs. */
import { monitorEventLoopDelay } from 'node:perf_hooks'

export interface ProcessGauges {
  rssBytes(): number
  /** 99th percentile of the delay since the last call, milliseconds. */
  loopDelayP99Ms(): number
  stop(): void
}

const RESOLUTION_MS = 20

export function startProcessGauges(): ProcessGauges {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  return {
    rssBytes: () => process.memoryUsage.rss(),
    loopDelayP99Ms: () => {
      // The histogram counts the time between ticks of its own timer: an idle loop shows the resolution.
      const delayMs = histogram.percentile(99) / 1e6 - RESOLUTION_MS
      histogram.reset()
      return Number.isFinite(delayMs) ? Math.max(0, Math.round(delayMs * 100) / 100) : 0
    },
    stop: () => histogram.disable(),
  }
}
