const FIRST_MS = 250
const LONGEST_MS = 10_000
/** Having run this long, a process is taken for healthy: its next end starts from the shortest wait again. */
const HEALTHY_MS = 60_000

/** How long to wait before a restart, from the wait before and how long the process then ran; both in milliseconds. */
export function nextWaitMs(previousWaitMs: number | null, ranMs: number): number {
  if (previousWaitMs === null || ranMs >= HEALTHY_MS) return FIRST_MS
  return Math.min(previousWaitMs * 2, LONGEST_MS)
}
