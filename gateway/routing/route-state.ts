/** What the gateway keeps for a route while its compiled form lives: its candidates, and the tiers that were asked for. */
import type { CompiledRoute } from '../snapshot/configuration.ts'
import type { Balancer } from './balancer.ts'
import { type Candidate, candidateOf, targetKey } from './candidate.ts'
import { RouteShares } from './route-shares.ts'
import { groupFirst, type Tier, tiersOf } from './tiers.ts'

export class RouteState {
  readonly compiled: CompiledRoute
  readonly candidates: readonly Candidate[]
  readonly tiers: readonly Tier[]
  readonly shares: RouteShares
  readonly #groups = new Map<string, readonly Tier[]>()

  /** @param before of the same route, whose turns and shares go on */
  constructor(
    compiled: CompiledRoute,
    known: Pick<Balancer, 'targetHealth' | 'credentials'>,
    before: RouteState | undefined,
  ) {
    this.compiled = compiled
    this.candidates = compiled.targets.map((target) =>
      candidateOf(target, known.targetHealth(targetKey(target)), known.credentials(target.provider)),
    )
    for (const candidate of this.candidates) {
      candidate.turn = before?.candidates.find(({ health }) => health === candidate.health)?.turn ?? 0
    }
    this.shares = before?.shares ?? new RouteShares()
    this.tiers = tiersOf(this.candidates)
  }

  /** The targets of a group by priority, then the others unless `only`; null: those outside every group. */
  groupFirst(group: string | null, only: boolean): readonly Tier[] {
    const name = `${only} ${group ?? ''}`
    let tiers = this.#groups.get(name)
    if (!tiers) {
      tiers = groupFirst(this.candidates, group, only)
      this.#groups.set(name, tiers)
    }
    return tiers
  }

  /** All but the targets of a group. */
  outside(group: string): readonly Tier[] {
    const name = `outside ${group}`
    let tiers = this.#groups.get(name)
    if (!tiers) {
      tiers = tiersOf(this.candidates.filter(({ target }) => target.group !== group))
      this.#groups.set(name, tiers)
    }
    return tiers
  }
}
