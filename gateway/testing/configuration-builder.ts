/** For tests: an admin's view of a configuration, with its hash, as snapshots and change sets. */
import { createHash } from 'node:crypto'
import { EMPTY_HASH, entityHash, nextHash } from '../../lib/contract/content-hash.ts'
import type { ChangeSet, Snapshot } from '../../lib/contract/control.ts'
import { ENTITY_ORDER, type Entity, routePolicy } from '../../lib/contract/entities.ts'

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

export const team = (id: string, name = id): Entity => ({ type: 'team', id, name })

export const consumer = (id: string, teamId: string): Entity => ({
  type: 'consumer',
  id,
  teamId,
  name: id,
  enabled: true,
})

export const key = (
  id: string,
  consumerId: string,
  over: Partial<Extract<Entity, { type: 'key' }>> = {},
): Extract<Entity, { type: 'key' }> => ({
  type: 'key',
  id,
  consumerId,
  userId: null,
  hash: sha256(`secret of ${id}`),
  previousHash: null,
  previousUntil: null,
  expiresAt: null,
  allowedRoutes: null,
  allowedToolsets: null,
  ...over,
})

export const provider = (
  id: string,
  over: Partial<Extract<Entity, { type: 'provider' }>> = {},
): Extract<Entity, { type: 'provider' }> => ({
  type: 'provider',
  id,
  name: id,
  kind: 'openai',
  baseUrl: null,
  allowPrivateNetwork: true,
  options: {},
  limits: [],
  credentialsVersion: '1',
  credentials: { apiKey: `vendor-secret-of-${id}` },
  ...over,
})

export const route = (
  id: string,
  name: string,
  providerIds: string[],
  over: Partial<Extract<Entity, { type: 'route' }>> = {},
): Extract<Entity, { type: 'route' }> => ({
  ...routePolicy.parse({}),
  type: 'route',
  id,
  name,
  kind: 'chat',
  strategy: 'priority',
  targets: providerIds.map((providerId) => ({
    providerId,
    model: 'gpt-4o',
    weight: 1,
    priority: 0,
    group: null,
  })),
  enabled: true,
  ...over,
})

export const price = (
  id: string,
  over: Partial<Extract<Entity, { type: 'price' }>> = {},
): Extract<Entity, { type: 'price' }> => ({
  type: 'price',
  id,
  version: 1,
  providerId: null,
  providerKind: 'openai',
  model: 'gpt-4o',
  effectiveFrom: 0,
  rates: { input: '1', output: '2' },
  tiers: [],
  serviceTiers: {},
  contextTokens: null,
  maxOutputTokens: null,
  ...over,
})

export interface AdminConfiguration {
  epoch: string
  revision: number
  readonly entities: Map<string, Entity>
  hash(): string
  snapshot(): Snapshot
  /** Changes the content and gives the change set for it; null deletes. */
  change(...changes: (Entity | { delete: Entity })[]): ChangeSet
}

export function adminConfiguration(initial: readonly Entity[], epoch = 'epoch-1'): AdminConfiguration {
  const entities = new Map(initial.map((entity) => [`${entity.type}:${entity.id}`, entity]))
  let hash = [...entities.values()].reduce(
    (sum, entity) => nextHash(sum, null, entityHash(entity)),
    EMPTY_HASH,
  )
  const self: AdminConfiguration = {
    epoch,
    revision: 1,
    entities,
    hash: () => hash,
    snapshot: () => ({
      kind: 'snapshot',
      epoch: self.epoch,
      revision: self.revision,
      hash,
      entities: [...entities.values()].sort((a, b) => orderOf(a) - orderOf(b)),
    }),
    change: (...changes) => {
      const from = self.revision
      const sent = changes.map((change): ChangeSet['changes'][number] => {
        const entity = 'delete' in change ? change.delete : change
        const name = `${entity.type}:${entity.id}`
        const before = entities.get(name)
        const removed = before ? entityHash(before) : null
        if ('delete' in change) {
          entities.delete(name)
          hash = nextHash(hash, removed, null)
          return { op: 'delete', type: entity.type, id: entity.id }
        }
        entities.set(name, entity)
        hash = nextHash(hash, removed, entityHash(entity))
        return { op: 'put', entity }
      })
      self.revision += 1
      return { kind: 'changes', epoch: self.epoch, from, to: self.revision, changes: sent, hash }
    },
  }
  return self
}

const orderOf = (entity: Entity): number => ENTITY_ORDER.indexOf(entity.type)

/** A small configuration: one team, one consumer, one key (`secret of key_1`), one provider, one route `gpt-4o`. */
export const smallConfiguration = (baseUrl: string | null = null): Entity[] => [
  team('team_1'),
  consumer('consumer_1', 'team_1'),
  key('key_1', 'consumer_1'),
  provider('provider_1', { baseUrl }),
  route('route_1', 'gpt-4o', ['provider_1']),
]
