/** Which targets a call is meant for, in what order of preference, before anybody looks at how they do. */
import type { RouteRule } from '../../lib/contract/routing.ts'
import { type Stickiness, stickinessOf } from './affinity.ts'
import type { Asked } from './asked.ts'
import type { Candidate } from './candidate.ts'
import { hashText, mixed } from './hash.ts'
import type { RouteState } from './route-state.ts'
import { ruleFor } from './rules.ts'
import { type Tier, without } from './tiers.ts'

export interface Decision {
  /** As the route wants it. */
  readonly wanted: readonly Tier[]
  /** Without those that can't take this call; never more than `wanted`. */
  readonly tiers: readonly Tier[]
  readonly stickiness: Stickiness | null
  /** Of what the call sticks by; 0 where nothing asks for it. */
  readonly hash: number
  /** Null: the route has none. */
  readonly inCanary: boolean | null
  readonly rule: RouteRule | null
}

/** No model has a window this small: what is known of windows is looked up for longer calls alone. */
const ANY_WINDOW_TOKENS = 2_048

export function decide(state: RouteState, asked: Asked): Decision {
  const { route } = state.compiled
  const sticks = route.canary !== null || route.strategy === 'consistentHash'
  const stickiness = sticks ? stickinessOf(route, asked) : null
  const hash = stickiness ? hashText(stickiness.value) : 0
  // Who is in stays in while the share rises: the draw depends on the caller and the route alone.
  const inCanary = route.canary && mixed(hash, hashText(route.id)) * 100 < route.canary.percent
  const rule = route.strategy === 'rules' && !inCanary ? ruleFor(route.rules, asked) : null
  const wanted = tiersFor(state, inCanary, rule)
  return { wanted, tiers: fitting(state, wanted, asked), stickiness, hash, inCanary, rule }
}

function tiersFor(state: RouteState, inCanary: boolean | null, rule: RouteRule | null): readonly Tier[] {
  const { canary, strategy } = state.compiled.route
  if (canary && inCanary) return state.groupFirst(canary.group, false)
  if (rule) return state.groupFirst(rule.use, rule.only)
  if (canary) return state.outside(canary.group)
  return strategy === 'rules' ? state.groupFirst(null, false) : state.tiers
}

function fitting(state: RouteState, wanted: readonly Tier[], asked: Asked): readonly Tier[] {
  const { route } = state.compiled
  let tiers = wanted
  if (!route.allowUnpriced) {
    tiers = tiers.map((tier) => tier.filter((one) => isPriced(one, asked))).filter(({ length }) => length > 0)
  }
  if (!route.fallback.contextTooLong || asked.chat.estimatedInputTokens < ANY_WINDOW_TOKENS) return tiers
  return without(tiers, (candidate) => isTooShort(candidate, asked))
}

export function isPriced({ target: { provider, model } }: Candidate, { configuration, at }: Asked): boolean {
  return configuration.pricing(provider, model, at) !== null
}

/** Whether the model's known window surely does not hold this call. */
export function isTooShort(candidate: Candidate, asked: Asked): boolean {
  const window = windowOf(candidate, asked)
  return window !== null && asked.chat.estimatedInputTokens > window
}

/** Tokens; null: not known. */
export function windowOf(
  { target: { provider, model } }: Candidate,
  { configuration, at }: Asked,
): number | null {
  return configuration.pricing(provider, model, at)?.contextTokens ?? null
}
