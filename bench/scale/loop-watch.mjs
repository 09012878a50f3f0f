// Loaded into a gateway by --import: tells how late its event loop was since the last SIGUSR2, to the file in BENCH_LOOP_FILE.
import { renameSync, writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const RESOLUTION_MS = 1
const file = process.env.BENCH_LOOP_FILE
const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
histogram.enable()
process.on('SIGUSR2', () => {
  // The histogram counts the time between ticks of its own timer.
  const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS)
  const told = {
    p99Ms: late(histogram.percentile(99)),
    p999Ms: late(histogram.percentile(99.9)),
    maxMs: late(histogram.max),
  }
  writeFileSync(`${file}.new`, JSON.stringify(told))
  renameSync(`${file}.new`, file)
  histogram.reset()
})
