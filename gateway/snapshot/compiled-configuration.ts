/**
 * The running configuration, compiled from what the admin sent. A change set of k changes costs about k: each index is
 * a persistent map, references are counted instead of searched, and what depends on other entities (a route's targets,
 * a key's owner) is resolved when it is asked for.
 */
import { EMPTY_HASH, nextSum, sumText, textSum } from '../../lib/contract/content-hash.ts'
import type {
  ConsumerEntity,
  Entity,
  KeyEntity,
  PriceEntity,
  ProviderEntity,
  RouteEntity,
  TeamEntity,
} from '../../lib/contract/entities.ts'
import { healthCheckOf } from '../../lib/contract/health-check.ts'
import type { Pricing } from '../../lib/contract/price.ts'
import { byEffect, pricer, priceScope } from '../../lib/contract/price-selection.ts'
import type { CompiledRoute, Configuration, KeyOwner } from './configuration.ts'
import { type MapDraft, PersistentMap } from './persistent-map.ts'
import { isPolicy, type PolicyDraft, PolicyIndex } from './policy-index.ts'
import {
  type Held,
  type ReceivedChangeSet,
  type ReceivedSnapshot,
  RefusedConfiguration,
  readEntity,
} from './received.ts'

interface Indexes {
  /** `type:id` → the entity. */
  readonly held: PersistentMap<Held>
  readonly keysByHash: PersistentMap<KeyEntity>
  readonly routesByName: PersistentMap<RouteEntity>
  /** By `priceScope`, in the order of `byEffect`. */
  readonly prices: PersistentMap<readonly PriceEntity[]>
  readonly policies: PolicyIndex
  /** Providers that ask for checks of their server, by id. */
  readonly checked: PersistentMap<ProviderEntity>
  /** `type:id` → how many entities point at it. */
  readonly references: PersistentMap<number>
}

export class CompiledConfiguration implements Configuration {
  readonly epoch: string
  readonly revision: number
  readonly hash: string
  /** Entries that were copied to make this version from the one before: what a change costs. */
  readonly copiedEntries: number
  readonly #indexes: Indexes
  readonly #pricing: Configuration['pricing']
  readonly #routes = new Map<string, CompiledRoute>()
  #routeNames: readonly string[] | null = null
  readonly #routeNamesOfKeys = new WeakMap<KeyEntity, readonly string[]>()

  constructor(
    head: { epoch: string; revision: number; hash: string },
    indexes: Indexes,
    copiedEntries: number,
  ) {
    this.copiedEntries = copiedEntries
    this.epoch = head.epoch
    this.revision = head.revision
    this.hash = head.hash
    this.#indexes = indexes
    this.#pricing = pricer(indexes.prices)
  }

  get entityCount(): number {
    return this.#indexes.held.size
  }

  /** Everything held, as received, for the copy on disk. */
  rawEntities(): Iterable<object> {
    const held = this.#indexes.held
    return (function* () {
      for (const entity of held.values()) yield entity.raw
    })()
  }

  keyByHash(hash: string): KeyOwner | undefined {
    const key = this.#indexes.keysByHash.get(hash)
    if (!key) return undefined
    const consumer = this.#entity<ConsumerEntity>('consumer', key.consumerId)
    const team = consumer && this.#entity<TeamEntity>('team', consumer.teamId)
    return team ? { key, consumer, team } : undefined
  }

  routeByName(name: string): CompiledRoute | undefined {
    const route = this.#indexes.routesByName.get(name)
    return route && this.#compiled(route)
  }

  routeById(id: string): CompiledRoute | undefined {
    const route = this.#entity<RouteEntity>('route', id)
    return route && this.#compiled(route)
  }

  providerById(id: string): ProviderEntity | undefined {
    return this.#entity<ProviderEntity>('provider', id)
  }

  /** Those that ask for checks of their server. */
  checkedProviders(): Iterable<ProviderEntity> {
    return this.#indexes.checked.values()
  }

  routeNamesFor(key: KeyEntity): readonly string[] {
    this.#routeNames ??= [...this.#indexes.routesByName.values()].map((route) => route.name).sort()
    if (key.allowedRoutes === null) return this.#routeNames
    let names = this.#routeNamesOfKeys.get(key)
    if (!names) {
      names = key.allowedRoutes
        .map((id) => this.#entity<RouteEntity>('route', id))
        .filter((route) => route?.enabled)
        .map((route) => route?.name ?? '')
        .sort()
      this.#routeNamesOfKeys.set(key, names)
    }
    return names
  }

  mayUse(key: KeyEntity, route: RouteEntity): boolean {
    return key.allowedRoutes === null || key.allowedRoutes.includes(route.id)
  }

  pricing(provider: ProviderEntity, model: string, at: number): Pricing | null {
    return this.#pricing(provider, model, at)
  }

  get policies(): PolicyIndex {
    return this.#indexes.policies
  }

  /** @throws RefusedConfiguration; this configuration stays as it is either way. */
  apply(changeSet: ReceivedChangeSet): CompiledConfiguration {
    const edit = new Edit(this.#indexes, this.hash)
    for (const change of changeSet.changes) {
      if (change.op === 'put') edit.put(readEntity(change.entity))
      else edit.delete(change.type, change.id)
    }
    const steps = edit.finish({ ...changeSet, revision: changeSet.to })
    for (;;) {
      const step = steps.next()
      if (step.done) return step.value
    }
  }

  #entity<T extends Entity>(type: T['type'], id: string): T | undefined {
    return (this.#indexes.held.get(`${type}:${id}`)?.entity ?? undefined) as T | undefined
  }

  #compiled(route: RouteEntity): CompiledRoute {
    let compiled = this.#routes.get(route.id)
    if (!compiled) {
      const targets = route.targets.flatMap(({ providerId, ...target }) => {
        const provider = this.#entity<ProviderEntity>('provider', providerId)
        return provider ? [{ provider, ...target }] : []
      })
      compiled = { route, targets }
      this.#routes.set(route.id, compiled)
    }
    return compiled
  }
}

/** How long a whole compilation holds the event loop before it lets others run, milliseconds. */
const SLICE_MS = 8

/**
 * Compiles a whole snapshot beside the running one, in slices.
 * @throws RefusedConfiguration
 */
export async function compile(snapshot: ReceivedSnapshot): Promise<CompiledConfiguration> {
  const steps = compileSteps(snapshot)
  let sliceEnd = performance.now() + SLICE_MS
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    if (performance.now() > sliceEnd) {
      await new Promise((resolve) => setImmediate(resolve))
      sliceEnd = performance.now() + SLICE_MS
    }
  }
}

function* compileSteps(snapshot: ReceivedSnapshot): Generator<void, CompiledConfiguration> {
  const edit = new Edit(EMPTY, EMPTY_HASH)
  for (const received of snapshot.entities) {
    const entity = readEntity(received)
    if (edit.put(entity)) {
      throw new RefusedConfiguration(`${entity.type} ${entity.id} stands twice in the snapshot`)
    }
    yield
  }
  return yield* edit.finish(snapshot)
}

const EMPTY: Indexes = {
  held: PersistentMap.empty(),
  keysByHash: PersistentMap.empty(),
  routesByName: PersistentMap.empty(),
  prices: PersistentMap.empty(),
  policies: new PolicyIndex(),
  checked: PersistentMap.empty(),
  references: PersistentMap.empty(),
}

/**
 * The next configuration in the making. Removing and adding are told apart from checking: within a change set a route
 * may come before its provider, or a name move from one route to another.
 */
class Edit {
  readonly #held: MapDraft<Held>
  readonly #keysByHash: MapDraft<KeyEntity>
  readonly #routesByName: MapDraft<RouteEntity>
  readonly #prices: MapDraft<readonly PriceEntity[]>
  readonly #policies: PolicyDraft
  readonly #checked: MapDraft<ProviderEntity>
  readonly #references: MapDraft<number>
  /** Entries copied for the new version: its whole work beyond the changes themselves. */
  get #copied(): number {
    const drafts = [
      this.#held,
      this.#keysByHash,
      this.#routesByName,
      this.#prices,
      this.#policies,
      this.#checked,
      this.#references,
    ]
    return drafts.reduce((sum, draft) => sum + draft.copied, 0)
  }

  /** By `type:id`; null: nothing. */
  readonly #changed = new Map<string, { readonly before: Held | null; after: Held | null }>()
  /** `type:id` → how many more point at it than before, and one that does now. */
  readonly #pointed = new Map<string, { more: number; by: Entity | null }>()
  #sum: bigint

  constructor(indexes: Indexes, hash: string) {
    this.#held = indexes.held.edit()
    this.#keysByHash = indexes.keysByHash.edit()
    this.#routesByName = indexes.routesByName.edit()
    this.#prices = indexes.prices.edit()
    this.#policies = indexes.policies.edit()
    this.#checked = indexes.checked.edit()
    this.#references = indexes.references.edit()
    this.#sum = textSum(hash)
  }

  /** Says whether it took the place of another. */
  put(entity: Held): boolean {
    return this.#replace(`${entity.type}:${entity.id}`, entity)
  }

  delete(type: string, id: string): void {
    this.#replace(`${type}:${id}`, null)
  }

  #replace(name: string, next: Held | null): boolean {
    const previous = this.#held.get(name) ?? null
    const changed = this.#changed.get(name)
    if (changed) changed.after = next
    else this.#changed.set(name, { before: previous, after: next })
    this.#sum = nextSum(this.#sum, previous?.share ?? null, next?.share ?? null)
    if (next) this.#held.set(name, next)
    else this.#held.delete(name)
    return previous !== null
  }

  /** Yields where a long compilation may pause. */
  *finish(head: { epoch: string; revision: number; hash: string }): Generator<void, CompiledConfiguration> {
    const hash = sumText(this.#sum)
    if (hash !== head.hash) {
      throw new RefusedConfiguration(
        `the content of revision ${head.revision} has the hash ${hash.slice(0, 12)}…, not ${head.hash.slice(0, 12)}…`,
        true,
      )
    }
    for (const { before } of this.#changed.values()) if (before?.entity) this.#unindex(before.entity)
    for (const { after } of this.#changed.values()) {
      if (after?.entity) this.#index(after.entity)
      yield
    }
    for (const [target, { more, by }] of this.#pointed) {
      const count = (this.#references.get(target) ?? 0) + more
      if (count === 0) this.#references.delete(target)
      else this.#references.set(target, count)
      if (by && this.#held.get(target) === undefined) {
        const name = target.replace(':', ' ')
        throw new RefusedConfiguration(`${by.type} ${by.id} points at ${name}, which does not exist`)
      }
      yield
    }
    for (const [name, { before, after }] of this.#changed) {
      if (!after && before?.entity && (this.#references.get(name) ?? 0) > 0) {
        throw new RefusedConfiguration(`${name.replace(':', ' ')} is deleted while others point at it`)
      }
    }
    const indexes: Indexes = {
      held: this.#held.finish(),
      keysByHash: this.#keysByHash.finish(),
      routesByName: this.#routesByName.finish(),
      prices: this.#prices.finish(),
      policies: this.#policies.finish(),
      checked: this.#checked.finish(),
      references: this.#references.finish(),
    }
    const { epoch, revision } = head
    return new CompiledConfiguration({ epoch, revision, hash }, indexes, this.#copied)
  }

  #unindex(entity: Entity): void {
    for (const target of referencesOf(entity)) this.#point(target, -1, null)
    if (entity.type === 'key') {
      for (const hash of hashesOf(entity)) this.#keysByHash.delete(hash)
    } else if (entity.type === 'route' && entity.enabled) {
      this.#routesByName.delete(entity.name)
    } else if (entity.type === 'price') {
      const scope = priceScope(entity)
      const rest = (this.#prices.get(scope) ?? []).filter((price) => price.id !== entity.id)
      if (rest.length > 0) this.#prices.set(scope, rest)
      else this.#prices.delete(scope)
    } else if (entity.type === 'provider') this.#checked.delete(entity.id)
    else if (isPolicy(entity)) this.#policies.remove(entity)
  }

  #index(entity: Entity): void {
    for (const target of referencesOf(entity)) this.#point(target, 1, entity)
    if (entity.type === 'key') {
      for (const hash of hashesOf(entity)) {
        const other = this.#keysByHash.get(hash)
        if (other) throw new RefusedConfiguration(`key ${entity.id} has the same secret as key ${other.id}`)
        this.#keysByHash.set(hash, entity)
      }
    } else if (entity.type === 'route' && entity.enabled) {
      const other = this.#routesByName.get(entity.name)
      if (other) {
        throw new RefusedConfiguration(
          `route ${entity.id} has the same name as route ${other.id}: ${entity.name}`,
        )
      }
      this.#routesByName.set(entity.name, entity)
    } else if (entity.type === 'price') {
      const scope = priceScope(entity)
      const prices = [...(this.#prices.get(scope) ?? []), entity]
      prices.sort(byEffect)
      this.#prices.set(scope, prices)
    } else if (entity.type === 'provider') {
      if (healthCheckOf(entity)) this.#checked.set(entity.id, entity)
    } else if (isPolicy(entity)) this.#policies.add(entity)
  }

  #point(target: string, more: 1 | -1, by: Entity | null): void {
    const pointed = this.#pointed.get(target)
    if (!pointed) this.#pointed.set(target, { more, by })
    else {
      pointed.more += more
      pointed.by ??= by
    }
  }
}

/**
 * What must exist. The routes that a key is confined to are not here: one that was deleted allows nothing, and so a
 * list that still names it does no harm. Nor is the scope of a policy: without it, the policy applies to nothing.
 */
function referencesOf(entity: Entity): string[] {
  switch (entity.type) {
    case 'consumer':
      return [`team:${entity.teamId}`]
    case 'key':
      return [`consumer:${entity.consumerId}`]
    case 'route':
      return [...new Set(entity.targets.map((target) => `provider:${target.providerId}`))]
    case 'price':
      return entity.providerId === null ? [] : [`provider:${entity.providerId}`]
    case 'team':
    case 'provider':
    case 'limit':
    case 'budget':
      return []
  }
}

function hashesOf(key: KeyEntity): string[] {
  return key.previousHash === null || key.previousHash === key.hash
    ? [key.hash]
    : [key.hash, key.previousHash]
}
