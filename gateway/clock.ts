/** Time from outside, so that no test sleeps. Wall time for periods and records, monotonic time for durations. */
export interface Clock {
  /** Epoch milliseconds; may jump. */
  now(): number
  /** Milliseconds since some fixed moment; never goes back. */
  monotonic(): number
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }
