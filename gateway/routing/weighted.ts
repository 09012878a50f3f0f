/** By weight, smoothly interleaved: of weights 5, 1, 1 the order is a a b a c a a, never five in a row. */
import type { Candidate } from './candidate.ts'

/** @param isReal false: whose turn it would be, with no turn taken */
export function takeTurn(candidates: readonly Candidate[], isReal: boolean): Candidate | undefined {
  let total = 0
  let best: Candidate | undefined
  let bestTurn = Number.NEGATIVE_INFINITY
  for (const candidate of candidates) {
    const { weight } = candidate.target
    total += weight
    const turn = candidate.turn + weight
    if (isReal) candidate.turn = turn
    if (turn <= bestTurn) continue
    best = candidate
    bestTurn = turn
  }
  if (best && isReal) best.turn -= total
  return best
}
