/**
 * What calls stick by decides, by rendezvous: each target draws a number for it, and the lowest wins. When a target
 * leaves, only its own share moves, and comes back to it; weights are shares (Schindelhauer and Schomaker, 2005).
 */
import type { Candidate } from './candidate.ts'
import { mixed } from './hash.ts'

/** @param hash of what the call sticks by */
export function consistentHash(candidates: readonly Candidate[], hash: number): Candidate | undefined {
  let best: Candidate | undefined
  let lowest = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const draw = -Math.log(mixed(hash, candidate.seed)) / (candidate.target.weight || 1)
    if (draw >= lowest) continue
    best = candidate
    lowest = draw
  }
  return best
}
