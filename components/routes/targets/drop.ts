/** What a drag means: what lies under it, where the target then stands, and how that is said. */
import type { Target } from '../route-document'
import { comesFromAbove, moveApart, moveTo, rankOf, type Tier, tierName } from './target-order'

export const LAST_TIER = 'tier-last'
export const targetKey = (index: number) => `target-${index}`
export const tierKey = (rank: number) => `tier-${rank}`

/** The keys of all that can lie under a drag, from top to bottom. */
export function dropKeys(tiers: readonly Tier[]): string[] {
  const keys = tiers.flatMap(({ indexes }, rank) => [tierKey(rank), ...indexes.map(targetKey)])
  return [...keys, LAST_TIER]
}

/** The target of a key, by its place in the document. */
export const indexOfKey = (key: string): number => Number(key.replace('target-', ''))

export function tiersAfterDrop(tiers: readonly Tier[], dragged: string, over: string): Tier[] {
  const from = indexOfKey(dragged)
  if (!over.startsWith('tier-')) return moveTo(tiers, from, indexOfKey(over))
  return moveApart(tiers, from, over === LAST_TIER ? tiers.length : Number(over.replace('tier-', '')))
}

/** On which side of a target that lies under the drag a line shows where the dragged one would stand. */
export function markAt(
  tiers: readonly Tier[],
  index: number,
  dragged: string | null,
  over: string | null,
): 'before' | 'behind' | null {
  if (dragged === null || over !== targetKey(index) || dragged === over) return null
  return comesFromAbove(tiers, indexOfKey(dragged), index) ? 'behind' : 'before'
}

/** `beside gpt-4o in First`: for those who hear a drag. */
export function dropWords(tiers: readonly Tier[], targets: readonly Target[], over: string): string {
  if (over === LAST_TIER) return 'a new last fallback'
  if (over.startsWith('tier-'))
    return `a priority of its own before ${tierName(Number(over.replace('tier-', '')))}`
  const index = indexOfKey(over)
  return `beside ${targets[index]?.model || 'a target'} in ${tierName(rankOf(tiers, index))}`
}
