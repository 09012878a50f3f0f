/**
 * To the one that makes callers wait least: the peak average of the time to the first token (of plain calls: of the
 * whole answer), times the calls that wait there already. One of which nothing is known gets a call at once, and one
 * that was slow gets another when its average has faded.
 */
import type { Candidate } from './candidate.ts'

export function scoreOf({ health }: Candidate, stream: boolean, now: number): number {
  const average = stream ? health.firstToken : health.whole
  // Nothing heard: the first call finds out, and until it has, the others stay with what is known.
  if (!average.known) return health.inFlight === 0 ? 0 : Number.MAX_VALUE
  const calls = health.window.calls(now)
  const failed = calls === 0 ? 0 : health.window.failed(now) / calls
  // A failure costs its caller another wait, somewhere else.
  return average.at(now) * (health.inFlight + 1) * (1 + 4 * failed)
}

export function leastLatency(
  candidates: readonly Candidate[],
  stream: boolean,
  now: number,
): Candidate | undefined {
  let best: Candidate | undefined
  let bestScore = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const score = scoreOf(candidate, stream, now)
    if (score >= bestScore) continue
    best = candidate
    bestScore = score
  }
  return best
}
