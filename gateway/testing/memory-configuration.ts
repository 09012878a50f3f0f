/** A configuration out of a few entities, for tests of what uses one. */
import { createHash } from 'node:crypto'
import {
  type ConsumerEntity,
  type KeyEntity,
  type ProviderEntity,
  providerEntity,
  type RouteEntity,
  routeEntity,
  type TeamEntity,
} from '../../lib/contract/entities.ts'
import type { Pricing } from '../../lib/contract/price.ts'
import type { CompiledRoute, Configuration, KeyOwner } from '../snapshot/configuration.ts'
import { type Policy, PolicyIndex } from '../snapshot/policy-index.ts'

export const TEST_TEAM: TeamEntity = { type: 'team', id: 'team_1', name: 'Search' }
export const TEST_CONSUMER: ConsumerEntity = {
  type: 'consumer',
  id: 'consumer_1',
  teamId: TEST_TEAM.id,
  name: 'Agent',
  enabled: true,
}
export const TEST_SECRET = 'gh_test_secret_of_the_key'

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

export function testKey(overrides: Partial<KeyEntity> = {}): KeyEntity {
  return {
    type: 'key',
    id: 'key_1',
    consumerId: TEST_CONSUMER.id,
    userId: null,
    hash: sha256(TEST_SECRET),
    previousHash: null,
    previousUntil: null,
    expiresAt: null,
    allowedRoutes: null,
    allowedToolsets: null,
    ...overrides,
  }
}

export function testProvider(overrides: Partial<ProviderEntity> & { id: string }): ProviderEntity {
  return providerEntity.parse({
    type: 'provider',
    name: overrides.id,
    kind: 'openai-compatible',
    baseUrl: null,
    allowPrivateNetwork: true,
    options: {},
    credentialsVersion: '1',
    credentials: { apiKey: 'sk-vendor-secret-000000000001' },
    ...overrides,
  })
}

export function testRoute(overrides: Record<string, unknown>): RouteEntity {
  return routeEntity.parse({
    type: 'route',
    id: `route_${String(overrides.name)}`,
    kind: 'chat',
    strategy: 'priority',
    enabled: true,
    ...overrides,
  })
}

export const TEST_PRICING: Pricing = {
  version: 'test@1',
  rates: { input: '2.5', cacheRead: '1.25', output: '10' },
  tiers: [],
  serviceTiers: {},
  contextTokens: null,
  maxOutputTokens: null,
}

export interface MemoryConfigurationOptions {
  readonly keys?: readonly KeyEntity[]
  readonly consumer?: ConsumerEntity
  readonly providers: readonly ProviderEntity[]
  readonly routes: readonly RouteEntity[]
  /** By model; `TEST_PRICING` for all when absent. */
  readonly prices?: Readonly<Record<string, Pricing>>
  readonly policies?: readonly Policy[]
}

export function memoryConfiguration(options: MemoryConfigurationOptions): Configuration {
  const owners = new Map<string, KeyOwner>()
  for (const key of options.keys ?? [testKey()]) {
    const owner = { key, consumer: options.consumer ?? TEST_CONSUMER, team: TEST_TEAM }
    owners.set(key.hash, owner)
    if (key.previousHash) owners.set(key.previousHash, owner)
  }
  const providers = new Map(options.providers.map((provider) => [provider.id, provider]))
  const routes = new Map<string, CompiledRoute>()
  for (const route of options.routes) {
    const targets = route.targets.map(({ providerId, ...target }) => {
      const provider = providers.get(providerId)
      if (!provider) throw new Error(`no provider ${providerId}`)
      return { provider, ...target }
    })
    routes.set(route.name, { route, targets })
  }
  const mayUse: Configuration['mayUse'] = (key, route) => key.allowedRoutes?.includes(route.id) ?? true
  const policies = new PolicyIndex().edit()
  for (const policy of options.policies ?? []) policies.add(policy)
  return {
    epoch: 'test',
    policies: policies.finish(),
    revision: 42,
    keyByHash: (hash) => owners.get(hash),
    routeByName: (name) => {
      const found = routes.get(name)
      return found?.route.enabled ? found : undefined
    },
    routeById: (id) => [...routes.values()].find(({ route }) => route.id === id),
    routeNamesFor: (key) =>
      [...routes.values()]
        .flatMap(({ route }) => (route.enabled && mayUse(key, route) ? [route.name] : []))
        .sort(),
    mayUse,
    pricing: (_provider, model) => (options.prices ? (options.prices[model] ?? null) : TEST_PRICING),
  }
}
