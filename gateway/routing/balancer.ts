/**
 * Which target answers: what the routes share. How targets do is known by provider and model, whatever route asks, and
 * the tries beyond the calls themselves are counted for the whole gateway.
 */
import type { Clock } from '../clock.ts'
import type { CompiledRoute, CompiledTarget } from '../snapshot/configuration.ts'
import type { Asked } from './asked.ts'
import { targetKey } from './candidate.ts'
import { RetryBudget } from './retry-budget.ts'
import { RouteState } from './route-state.ts'
import { BREAKER, type BreakerLimits, TargetHealth } from './target-health.ts'
import { TargetPlan } from './target-plan.ts'

export interface Balancer {
  plan(route: CompiledRoute, asked: Asked): TargetPlan
  /** What `plan` would say now, with nobody's turn taken. */
  rehearse(route: CompiledRoute, asked: Asked): TargetPlan
  /** No call to this target for `ms`. */
  leaveAlone(target: CompiledTarget, ms: number): void
  /** Whether one more try is within what the gateway allows itself; then it is taken. */
  takeRetry(): boolean
  routes(): Iterable<RouteState>
  targets(): Iterable<TargetHealth>
  targetHealth(key: string): TargetHealth
}

export interface BalancerOptions {
  readonly random?: () => number
  readonly breaker?: Partial<BreakerLimits>
  /** Tries beyond the calls themselves are not counted. */
  readonly unlimitedRetries?: boolean
}

const MAX_ROUTES = 20_000
const MAX_TARGETS = 20_000

export function createBalancer(clock: Clock, options: BalancerOptions = {}): Balancer {
  const healths = new Map<string, TargetHealth>()
  const states = new Map<string, RouteState>()
  const retries = new RetryBudget()
  const breaker = { ...BREAKER, ...options.breaker }
  const random = options.random ?? Math.random

  const healthOf = (key: string): TargetHealth => {
    let health = healths.get(key)
    if (!health) {
      // What is under way keeps its own; a target that is asked again begins with nothing known.
      if (healths.size >= MAX_TARGETS) healths.clear()
      health = new TargetHealth(key, breaker, random)
      healths.set(key, health)
    }
    return health
  }

  const stateOf = (compiled: CompiledRoute): RouteState => {
    const { id } = compiled.route
    const known = states.get(id)
    if (known?.compiled === compiled) return known
    if (states.size >= MAX_ROUTES) states.clear()
    const state = new RouteState(compiled, healthOf, known)
    states.set(id, state)
    return state
  }

  return {
    plan(route, asked) {
      retries.callBegan()
      return new TargetPlan(stateOf(route), asked, clock, true)
    },
    rehearse: (route, asked) => new TargetPlan(stateOf(route), asked, clock, false),
    leaveAlone: (target, ms) => healthOf(targetKey(target)).evict(clock.monotonic() + ms),
    takeRetry: () => options.unlimitedRetries === true || retries.take(),
    routes: () => states.values(),
    targets: () => healths.values(),
    targetHealth: healthOf,
  }
}
