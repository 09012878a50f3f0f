/**
 * What a request may ask of the running configuration. One reference is taken when a request arrives and used to its
 * end; a newer revision is another object. Every look-up is a hash table's, none walks a list of keys or routes.
 */
import type {
  ConsumerEntity,
  KeyEntity,
  ProviderEntity,
  RouteEntity,
  TeamEntity,
} from '../../lib/contract/entities.ts'
import type { Pricing } from '../../lib/contract/price.ts'
import type { PolicyIndex } from './policy-index.ts'

/** A route whose references are resolved. */
export interface CompiledRoute {
  readonly route: RouteEntity
  /** In the order of the route; `provider` is the entity with its credentials. */
  readonly targets: readonly CompiledTarget[]
}

export interface CompiledTarget {
  readonly provider: ProviderEntity
  readonly model: string
  readonly weight: number
  readonly priority: number
  readonly group: string | null
}

export interface KeyOwner {
  readonly key: KeyEntity
  readonly consumer: ConsumerEntity
  readonly team: TeamEntity
}

export interface Configuration {
  readonly epoch: string
  readonly revision: number
  /** By the lower-case hex SHA-256 of a secret; the secret before a rotation included. Says nothing about validity in time. */
  keyByHash(hash: string): KeyOwner | undefined
  /** By the name that a caller asked for; disabled routes are not there. */
  routeByName(name: string): CompiledRoute | undefined
  routeById(id: string): CompiledRoute | undefined
  /** Names of the enabled routes that this key may use, sorted. */
  routeNamesFor(key: KeyEntity): readonly string[]
  mayUse(key: KeyEntity, route: RouteEntity): boolean
  /**
   * The price of a model at a moment: a price for the provider before one for its kind before the catalogue.
   * Null: unpriced. `at` in epoch milliseconds.
   */
  pricing(provider: ProviderEntity, model: string, at: number): Pricing | null
  readonly policies: PolicyIndex
}
