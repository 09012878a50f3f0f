/**
 * Which limits and budgets a call, or one attempt of it, counts under. What a key, a route and a target decide is worked
 * out once for as long as the policies stay; end users and tags are named by the call, and looked up for each.
 */
import {
  type BudgetEntity,
  type LimitEntity,
  type ProviderEntity,
  type ProviderLimit,
  providerLimitId,
  type RouteEntity,
} from '../../lib/contract/entities.ts'
import type { Period, ScopeSubjects, ScopeType } from '../../lib/contract/policy.ts'
import type { Clock } from '../clock.ts'
import type { CompiledRoute, CompiledTarget, KeyOwner } from '../snapshot/configuration.ts'
import type { Policy, PolicyIndex } from '../snapshot/policy-index.ts'
import { COUNTS, type Counts } from './hold.ts'
import { amountOf, budgetKey, isWithin, limitKey, periodOf } from './policing.ts'

/** A limit as it counts one subject, ready for the counters. */
export interface AppliedLimit {
  readonly policy: LimitEntity
  /** The id that its counter belongs to; `''` for the organization. */
  readonly subject: string
  /** Set by this provider's vendor, and kept before it has to refuse; null: a limit of ours. */
  readonly vendor: ProviderEntity | null
  readonly key: string
  readonly counts: Counts
  /** In what it counts; pico-dollars for money. */
  readonly limit: bigint
  readonly windowMs: number
}

export interface AppliedBudget {
  readonly policy: BudgetEntity
  readonly subject: string
  readonly vendor: null
  /** Its counter for the period that an instant lies in; epoch milliseconds. */
  keyAt(at: number): string
  /** What may be spent, an override that is in force included; pico-dollars. */
  amountAt(clock: Pick<Clock, 'now'>): bigint
}

export type Applied = AppliedLimit | AppliedBudget

export const isLimit = (applied: Applied): applied is AppliedLimit => applied.policy.type === 'limit'
export const isBudget = (applied: Applied): applied is AppliedBudget => applied.policy.type === 'budget'

/** What counts a call, and an attempt of it at each target. */
export interface AppliedPolicies {
  /** Requests and concurrency: taken when the call is admitted. */
  readonly onAdmission: readonly AppliedLimit[]
  /** All else that the call itself decides, for each attempt. */
  readonly onAttempt: readonly Applied[]
}

interface Known extends AppliedPolicies {
  readonly teamId: string
  readonly consumerId: string
  readonly byTarget: WeakMap<CompiledTarget, readonly Applied[]>
}

const NOTHING: AppliedPolicies = { onAdmission: [], onAttempt: [] }
const known = new WeakMap<PolicyIndex, WeakMap<KeyOwner['key'], WeakMap<RouteEntity, Known>>>()

export function policiesOfCall(
  policies: PolicyIndex,
  owner: KeyOwner,
  { route }: CompiledRoute,
  of: ScopeSubjects,
): AppliedPolicies {
  if (policies.isEmpty) return NOTHING
  const { onAdmission, onAttempt } = knownOf(policies, owner, route)
  const named = namedByCall(policies, of)
  if (named.length === 0) return { onAdmission, onAttempt }
  return {
    onAdmission: [...onAdmission, ...named.filter(isOnAdmission)],
    onAttempt: [...onAttempt, ...named.filter((applied) => !isOnAdmission(applied))],
  }
}

/** What the call and the target decide for an attempt, the vendor's own limits included. */
export function policiesOfAttempt(
  policies: PolicyIndex,
  owner: KeyOwner,
  { route }: CompiledRoute,
  target: CompiledTarget,
  of: ScopeSubjects,
): readonly Applied[] {
  if (policies.isEmpty) return vendorLimitsOf(target)
  const ofCall = knownOf(policies, owner, route)
  let applied = ofCall.byTarget.get(target)
  if (!applied) {
    applied = [...ofCall.onAttempt, ...policiesOfTarget(policies, target), ...vendorLimitsOf(target)]
    // What the sandbox "costs" is no money.
    if (target.provider.kind === 'sandbox') applied = applied.filter(countsNoMoney)
    ofCall.byTarget.set(target, applied)
  }
  let named = namedByCall(policies, of).filter((one) => !isOnAdmission(one))
  if (target.provider.kind === 'sandbox') named = named.filter(countsNoMoney)
  return named.length === 0 ? applied : [...applied, ...named]
}

function knownOf(policies: PolicyIndex, { key, consumer, team }: KeyOwner, route: RouteEntity): Known {
  let byKey = known.get(policies)
  if (!byKey) {
    byKey = new WeakMap()
    known.set(policies, byKey)
  }
  let byRoute = byKey.get(key)
  if (!byRoute) {
    byRoute = new WeakMap()
    byKey.set(key, byRoute)
  }
  let found = byRoute.get(route)
  // A consumer may have moved to another team since, with the same policies and the same key.
  if (!found || found.teamId !== team.id || found.consumerId !== consumer.id) {
    const applied: Applied[] = []
    collect(policies, 'organization', '', applied)
    collect(policies, 'team', team.id, applied)
    collect(policies, 'consumer', consumer.id, applied)
    collect(policies, 'key', key.id, applied)
    collect(policies, 'route', route.id, applied)
    found = {
      teamId: team.id,
      consumerId: consumer.id,
      onAdmission: applied.filter(isOnAdmission),
      onAttempt: applied.filter((one) => !isOnAdmission(one)),
      byTarget: new WeakMap(),
    }
    byRoute.set(route, found)
  }
  return found
}

function policiesOfTarget(policies: PolicyIndex, { provider, model }: CompiledTarget): Applied[] {
  const applied: Applied[] = []
  collect(policies, 'model', model, applied)
  collect(policies, 'provider', provider.id, applied)
  return applied
}

const NONE: readonly Applied[] = []

function namedByCall(policies: PolicyIndex, { endUser, tags }: ScopeSubjects): readonly Applied[] {
  if (!policies.has('user') && !policies.has('tag')) return NONE
  const applied: Applied[] = []
  if (endUser !== null) collect(policies, 'user', endUser, applied)
  for (const name of Object.keys(tags)) collect(policies, 'tag', `${name}=${tags[name]}`, applied)
  return applied
}

function collect(policies: PolicyIndex, type: ScopeType, id: string, into: Applied[]): void {
  if (!policies.has(type)) return
  for (const policy of policies.of(type, id)) into.push(applyTo(policy, id))
  for (const policy of policies.of(type, null)) into.push(applyTo(policy, id))
}

function isOnAdmission(applied: Applied): applied is AppliedLimit {
  return isLimit(applied) && (applied.counts === COUNTS.requests || applied.counts === COUNTS.concurrency)
}

const countsNoMoney = (applied: Applied) => isLimit(applied) && applied.counts !== COUNTS.cost

function applyTo(policy: Policy, subject: string): Applied {
  return policy.type === 'limit' ? appliedLimit(policy, subject, null) : appliedBudget(policy, subject)
}

function appliedLimit(policy: LimitEntity, subject: string, vendor: ProviderEntity | null): AppliedLimit {
  return {
    policy,
    subject,
    vendor,
    key: limitKey(policy, subject),
    counts: countsOf(policy),
    limit: BigInt(policy.limit),
    windowMs: (policy.windowSeconds ?? 0) * 1_000,
  }
}

function countsOf({ metric, countCachedInput }: LimitEntity): Counts {
  switch (metric) {
    case 'tokens':
      return countCachedInput ? COUNTS.tokens : COUNTS.tokensUncached
    case 'inputTokens':
      return countCachedInput ? COUNTS.inputTokens : COUNTS.inputTokensUncached
    case 'outputTokens':
      return COUNTS.outputTokens
    case 'costUsd':
      return COUNTS.cost
    case 'requests':
      return COUNTS.requests
    case 'concurrency':
      return COUNTS.concurrency
  }
}

function appliedBudget(policy: BudgetEntity, subject: string): AppliedBudget {
  let period: Period | null = null
  let key = ''
  const amount = BigInt(policy.amountPicoUsd)
  return {
    policy,
    subject,
    vendor: null,
    keyAt(at) {
      if (period === null || !isWithin(period, at)) {
        period = periodOf(policy, at)
        key = budgetKey(policy, subject, period.startMs)
      }
      return key
    },
    amountAt: (clock) => (policy.override === null ? amount : amountOf(policy, clock.now())),
  }
}

const ofVendors = new WeakMap<ProviderEntity, Map<string, readonly AppliedLimit[]>>()
const NO_LIMITS: readonly AppliedLimit[] = []

/** What the vendor allows for this model and for the whole account, as limits like ours. */
export function vendorLimitsOf({
  provider,
  model,
}: Pick<CompiledTarget, 'provider' | 'model'>): readonly AppliedLimit[] {
  if (provider.limits.length === 0) return NO_LIMITS
  let byModel = ofVendors.get(provider)
  if (!byModel) {
    byModel = new Map()
    ofVendors.set(provider, byModel)
  }
  let applied = byModel.get(model)
  if (!applied) {
    applied = provider.limits
      .filter((limit) => limit.model === null || limit.model === model)
      .map((limit) => appliedLimit(asLimit(provider, limit), limit.model ?? '', provider))
    byModel.set(model, applied)
  }
  return applied
}

/** By what its counter is called; undefined where the provider has no such limit. */
export function vendorLimit(provider: ProviderEntity, id: string, subject: string): LimitEntity | undefined {
  const limit = provider.limits.find(
    (one) => (one.model ?? '') === subject && providerLimitId(provider.id, one) === id,
  )
  return limit && asLimit(provider, limit)
}

/** Its id is what it measures, not how much: another amount goes on counting where this one stopped. */
function asLimit(provider: ProviderEntity, { metric, limit, windowSeconds }: ProviderLimit): LimitEntity {
  return {
    type: 'limit',
    id: providerLimitId(provider.id, { metric, windowSeconds }),
    name: provider.name,
    scope: { type: 'provider', id: provider.id, each: false },
    metric,
    limit: String(limit),
    windowSeconds,
    countCachedInput: true,
    enabled: true,
  }
}
