/** Enabled limits and budgets by the scope that they name: a change of k policies costs about k. */
import type { BudgetEntity, Entity, LimitEntity } from '../../lib/contract/entities.ts'
import type { ScopeType } from '../../lib/contract/policy.ts'
import { type MapDraft, PersistentMap } from './persistent-map.ts'

/** What limits a call or counts its cost. */
export type Policy = LimitEntity | BudgetEntity

export const isPolicy = (entity: Entity): entity is Policy =>
  entity.type === 'limit' || entity.type === 'budget'

const NONE: readonly Policy[] = []

export class PolicyIndex {
  /** `type:id` of a scope, or `type` where each counts separately. */
  readonly #byScope: PersistentMap<readonly Policy[]>
  readonly #counts: ReadonlyMap<ScopeType, number>
  readonly #budgets: PersistentMap<BudgetEntity>
  readonly #limits: PersistentMap<LimitEntity>

  constructor(
    byScope: PersistentMap<readonly Policy[]> = PersistentMap.empty(),
    counts: ReadonlyMap<ScopeType, number> = new Map(),
    budgets: PersistentMap<BudgetEntity> = PersistentMap.empty(),
    limits: PersistentMap<LimitEntity> = PersistentMap.empty(),
  ) {
    this.#byScope = byScope
    this.#counts = counts
    this.#budgets = budgets
    this.#limits = limits
  }

  get isEmpty(): boolean {
    return this.#counts.size === 0
  }

  has(type: ScopeType): boolean {
    return this.#counts.has(type)
  }

  /** Those whose scope names this id; null: those that count each one separately. */
  of(type: ScopeType, id: string | null): readonly Policy[] {
    return this.#byScope.get(id === null ? type : `${type}:${id}`) ?? NONE
  }

  budget(id: string): BudgetEntity | undefined {
    return this.#budgets.get(id)
  }

  limit(id: string): LimitEntity | undefined {
    return this.#limits.get(id)
  }

  budgets(): Iterable<BudgetEntity> {
    return this.#budgets.values()
  }

  edit(): PolicyDraft {
    return new PolicyDraft(
      this.#byScope.edit(),
      new Map(this.#counts),
      this.#budgets.edit(),
      this.#limits.edit(),
    )
  }
}

export class PolicyDraft {
  readonly #byScope: MapDraft<readonly Policy[]>
  readonly #counts: Map<ScopeType, number>
  readonly #budgets: MapDraft<BudgetEntity>
  readonly #limits: MapDraft<LimitEntity>

  constructor(
    byScope: MapDraft<readonly Policy[]>,
    counts: Map<ScopeType, number>,
    budgets: MapDraft<BudgetEntity>,
    limits: MapDraft<LimitEntity>,
  ) {
    this.#byScope = byScope
    this.#counts = counts
    this.#budgets = budgets
    this.#limits = limits
  }

  /** Entries copied so far. */
  get copied(): number {
    return this.#byScope.copied + this.#budgets.copied + this.#limits.copied
  }

  add(policy: Policy): void {
    if (!policy.enabled) return
    const key = scopeKeyOf(policy)
    this.#byScope.set(key, [...(this.#byScope.get(key) ?? NONE), policy])
    if (policy.type === 'budget') this.#budgets.set(policy.id, policy)
    else this.#limits.set(policy.id, policy)
    this.#count(policy, 1)
  }

  remove(policy: Policy): void {
    if (!policy.enabled) return
    const key = scopeKeyOf(policy)
    const rest = (this.#byScope.get(key) ?? NONE).filter((other) => other.id !== policy.id)
    if (rest.length > 0) this.#byScope.set(key, rest)
    else this.#byScope.delete(key)
    if (policy.type === 'budget') this.#budgets.delete(policy.id)
    else this.#limits.delete(policy.id)
    this.#count(policy, -1)
  }

  finish(): PolicyIndex {
    return new PolicyIndex(
      this.#byScope.finish(),
      this.#counts,
      this.#budgets.finish(),
      this.#limits.finish(),
    )
  }

  #count({ scope }: Policy, by: 1 | -1): void {
    const count = (this.#counts.get(scope.type) ?? 0) + by
    if (count === 0) this.#counts.delete(scope.type)
    else this.#counts.set(scope.type, count)
  }
}

const scopeKeyOf = ({ scope }: Policy): string =>
  scope.each ? scope.type : `${scope.type}:${scope.id ?? ''}`
