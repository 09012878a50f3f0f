/** Where targets stand: in tiers of one priority each, and in an order within them. A move makes tiers of tiers. */
import type { Target } from '../route-document'

/** The targets of one priority, by their places in the document. */
export interface Tier {
  readonly priority: number
  readonly indexes: readonly number[]
}

/** First to last; an empty or broken priority counts as the lowest. */
export function tiersOf(targets: readonly Pick<Target, 'priority'>[]): Tier[] {
  const priorities = [...new Set(targets.map(priorityOf))].sort((a, b) => a - b)
  return priorities.map((priority) => ({
    priority,
    indexes: targets.flatMap((target, index) => (priorityOf(target) === priority ? [index] : [])),
  }))
}

export function tierName(rank: number): string {
  return rank === 0 ? 'First' : `Fallback ${rank}`
}

/** The targets in the order of the tiers, each with the priority of its own. */
export function arranged<T extends Target>(targets: readonly T[], tiers: readonly Tier[]): T[] {
  return tiers.flatMap(({ priority, indexes }) =>
    indexes.flatMap((index) => {
      const target = targets[index]
      if (!target) return []
      return priorityOf(target) === priority ? target : { ...target, priority }
    }),
  )
}

/** How many stand before it. */
export function placeOf(tiers: readonly Tier[], index: number): number {
  return tiers.flatMap(({ indexes }) => indexes).indexOf(index)
}

export function rankOf(tiers: readonly Tier[], index: number): number {
  return tiers.findIndex(({ indexes }) => indexes.includes(index))
}

/** Swaps it with the one above or below, so that each tier stays as long as it is. */
export function moveByOne(tiers: readonly Tier[], from: number, by: -1 | 1): Tier[] {
  const order = tiers.flatMap(({ indexes }) => indexes)
  const to = order[order.indexOf(from) + by]
  if (to === undefined) return [...tiers]
  const swapped = (index: number) => (index === from ? to : index === to ? from : index)
  return tiers.map(({ priority, indexes }) => ({ priority, indexes: indexes.map(swapped) }))
}

/** Puts it into the tier of another: behind it when it comes from above in the same tier, else before it. */
export function moveTo(tiers: readonly Tier[], from: number, to: number): Tier[] {
  if (from === to) return [...tiers]
  const behind = comesFromAbove(tiers, from, to)
  return kept(
    without(tiers, from).map(({ priority, indexes }) => ({
      priority,
      indexes: indexes.flatMap((index) => (index !== to ? [index] : behind ? [index, from] : [from, index])),
    })),
  )
}

export function comesFromAbove(tiers: readonly Tier[], from: number, to: number): boolean {
  return rankOf(tiers, from) === rankOf(tiers, to) && placeOf(tiers, from) < placeOf(tiers, to)
}

/** Gives it a priority of its own before the tier of that rank; the rank after the last is a new last fallback. */
export function moveApart(tiers: readonly Tier[], from: number, rank: number): Tier[] {
  const rest = without(tiers, from)
  const above = rest[rank - 1]?.priority
  const below = rest[rank]?.priority ?? 0
  const priority = above === undefined ? Math.max(0, below - 1) : above + 1
  rest.splice(rank, 0, { priority, indexes: [from] })
  return rising(kept(rest))
}

/** Puts it behind the others of a tier; the rank after the last is a new last fallback. */
export function moveIntoTier(tiers: readonly Tier[], from: number, rank: number): Tier[] {
  if (rank >= tiers.length) return moveApart(tiers, from, tiers.length)
  return kept(
    without(tiers, from).map((tier, at) =>
      at === rank ? { ...tier, indexes: [...tier.indexes, from] } : tier,
    ),
  )
}

/**
 * The share of a target among those of its priority, 0 to 1, when all are well; null where weights say nothing.
 * @param apart groups that rules or a canary choose: their targets share with their like alone
 */
export function shareOf(
  targets: readonly Target[],
  index: number,
  strategy: string,
  apart: ReadonlySet<string> = NONE,
): number | null {
  if (!usesWeights(strategy)) return null
  const poolOf = (one: Target | undefined) => (one?.group && apart.has(one.group) ? one.group : null)
  const tier = tiersOf(targets).find(({ indexes }) => indexes.includes(index))
  const peers = (tier?.indexes ?? []).filter((one) => poolOf(targets[one]) === poolOf(targets[index]))
  const weights = peers.map((one) => weightOf(targets[one]))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return sum === 0 ? 1 / Math.max(1, weights.length) : weightOf(targets[index]) / sum
}

const NONE: ReadonlySet<string> = new Set()

/** Whether calls are spread by the weights; a weight of 0 keeps a target back under every strategy. */
export function usesWeights(strategy: string): boolean {
  return strategy === 'priority' || strategy === 'weighted' || strategy === 'rules'
}

function without(tiers: readonly Tier[], index: number): Tier[] {
  return tiers.map(({ priority, indexes }) => ({
    priority,
    indexes: indexes.filter((other) => other !== index),
  }))
}

const kept = (tiers: readonly Tier[]): Tier[] => tiers.filter(({ indexes }) => indexes.length > 0)

/** Each priority above the one before it, changed only where it is not. */
function rising(tiers: readonly Tier[]): Tier[] {
  let last = -1
  return tiers.map(({ priority, indexes }) => {
    last = Math.max(priority, last + 1)
    return { priority: last, indexes }
  })
}

const priorityOf = ({ priority }: Pick<Target, 'priority'>): number =>
  Number.isFinite(priority) ? priority : Number.MAX_SAFE_INTEGER
const weightOf = (target: Target | undefined): number =>
  target && Number.isFinite(target.weight) ? Math.max(0, target.weight) : 0
