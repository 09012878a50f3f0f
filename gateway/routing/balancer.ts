/**
 * Which target answers: what the routes share. How targets do is known by provider and model, whatever route asks, and
 * the tries beyond the calls themselves are counted for the whole gateway.
 */
import type { ProviderEntity } from '../../lib/contract/entities.ts'
import type { Clock } from '../clock.ts'
import { apiKeys } from '../providers/endpoint.ts'
import type { CompiledRoute } from '../snapshot/configuration.ts'
import type { Asked } from './asked.ts'
import { providerIdOf } from './candidate.ts'
import { ProviderCredentials } from './provider-credentials.ts'
import { RetryBudget } from './retry-budget.ts'
import { RouteState } from './route-state.ts'
import { BREAKER, type BreakerLimits, TargetHealth } from './target-health.ts'
import { TargetPlan } from './target-plan.ts'

export interface Balancer {
  plan(route: CompiledRoute, asked: Asked): TargetPlan
  /** What `plan` would say now, with nobody's turn taken. */
  rehearse(route: CompiledRoute, asked: Asked): TargetPlan
  /** Whether one more try is within what the gateway allows itself; then it is taken. */
  takeRetry(): boolean
  routes(): Iterable<RouteState>
  targets(): Iterable<TargetHealth>
  targetHealth(key: string): TargetHealth
  /** Takes all targets of a provider out, or back: what the checks of its server say. */
  setDown(providerId: string, because: string | null): void
  credentials(provider: ProviderEntity): ProviderCredentials
  /** Of those providers that were asked for. */
  allCredentials(): Iterable<ProviderCredentials>
  /** As they were before a restart: for the provider's credentials of this version. */
  restoredCredentials(providerId: string, version: string): ProviderCredentials
}

export interface BalancerOptions {
  readonly random?: () => number
  readonly breaker?: Partial<BreakerLimits>
  /** Tries beyond the calls themselves are not counted. */
  readonly unlimitedRetries?: boolean
}

const MAX_ROUTES = 20_000
const MAX_TARGETS = 20_000
const MAX_PROVIDERS = 20_000

export function createBalancer(clock: Clock, options: BalancerOptions = {}): Balancer {
  const healths = new Map<string, TargetHealth>()
  const credentials = new Map<string, ProviderCredentials>()
  /** By provider, why. */
  const down = new Map<string, string>()
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
      const because = down.get(providerIdOf(key))
      if (because !== undefined) health.setDown(because, clock.monotonic())
      healths.set(key, health)
    }
    return health
  }

  const credentialsOf = (providerId: string, version: string): ProviderCredentials => {
    const known = credentials.get(providerId)
    if (known?.version === version) return known
    if (credentials.size >= MAX_PROVIDERS) credentials.clear()
    const fresh = new ProviderCredentials(providerId, version)
    credentials.set(providerId, fresh)
    return fresh
  }

  const stateOf = (compiled: CompiledRoute): RouteState => {
    const { id } = compiled.route
    const known = states.get(id)
    if (known?.compiled === compiled) return known
    if (states.size >= MAX_ROUTES) states.clear()
    const state = new RouteState(compiled, balancer, known)
    states.set(id, state)
    return state
  }

  const balancer: Balancer = {
    plan(route, asked) {
      retries.callBegan()
      return new TargetPlan(stateOf(route), asked, clock, true)
    },
    rehearse: (route, asked) => new TargetPlan(stateOf(route), asked, clock, false),
    takeRetry: () => options.unlimitedRetries === true || retries.take(),
    routes: () => states.values(),
    targets: () => healths.values(),
    targetHealth: healthOf,
    setDown(providerId, because) {
      if (because === null) down.delete(providerId)
      else down.set(providerId, because)
      for (const health of healths.values()) {
        if (providerIdOf(health.key) === providerId) health.setDown(because, clock.monotonic())
      }
    },
    credentials: (provider) =>
      credentialsOf(provider.id, provider.credentialsVersion).growTo(apiKeys(provider).length),
    allCredentials: () => credentials.values(),
    restoredCredentials: credentialsOf,
  }
  return balancer
}
