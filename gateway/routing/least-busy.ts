/** To the one with the fewest calls under way for its weight; among equals by turn. */
import type { Candidate } from './candidate.ts'
import { takeTurn } from './weighted.ts'

export function leastBusy(candidates: readonly Candidate[], isReal: boolean): Candidate | undefined {
  let least = Number.POSITIVE_INFINITY
  let equals: Candidate[] = []
  for (const candidate of candidates) {
    const load = loadOf(candidate)
    if (load > least) continue
    if (load < least) equals = []
    least = load
    equals.push(candidate)
  }
  return equals.length > 1 ? takeTurn(equals, isReal) : equals[0]
}

function loadOf({ target, health }: Candidate): number {
  return health.inFlight / (target.weight || 1)
}
