/** The targets of a route in the order of their priorities, and which of them a call is meant for first. */
import type { Candidate } from './candidate.ts'

/** Targets of one priority. */
export type Tier = readonly Candidate[]

/** By priority; within one, the heaviest first. */
export function tiersOf(candidates: readonly Candidate[]): Tier[] {
  const sorted = [...candidates].sort(
    (a, b) => a.target.priority - b.target.priority || b.target.weight - a.target.weight,
  )
  const tiers: Candidate[][] = []
  for (const candidate of sorted) {
    const last = tiers.at(-1)
    if (last?.[0]?.target.priority === candidate.target.priority) last.push(candidate)
    else tiers.push([candidate])
  }
  return tiers
}

/** @param only the others are not asked, not even when all of these fail */
export function groupFirst(candidates: readonly Candidate[], group: string | null, only: boolean): Tier[] {
  const isIn = (candidate: Candidate) => candidate.target.group === group
  const inside = tiersOf(candidates.filter(isIn))
  return only ? inside : [...inside, ...tiersOf(candidates.filter((candidate) => !isIn(candidate)))]
}

/** Without those for which `isLeftOut` holds; all, where nothing would remain. */
export function without(
  tiers: readonly Tier[],
  isLeftOut: (candidate: Candidate) => boolean,
): readonly Tier[] {
  const left = tiers
    .map((tier) => tier.filter((candidate) => !isLeftOut(candidate)))
    .filter((tier) => tier.length > 0)
  return left.length > 0 ? left : tiers
}
