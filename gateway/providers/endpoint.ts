/**
 * The compiled form of a provider's account: its address taken apart once, its secrets known so that they can be
 * kept out of words. Kept for as long as the configuration keeps the entity.
 */
import type { ProviderEntity } from '../../lib/contract/entities.ts'
import type { Clock } from '../clock.ts'
import type { Upstream, UpstreamRequest } from '../upstream/upstream.ts'
import { VERSION } from '../version.ts'
import type { Provider } from './provider.ts'
import { providerOf } from './registry.ts'

export const USER_AGENT = `gatehouse/${VERSION}`

export interface Endpoint {
  readonly provider: Provider
  readonly entity: ProviderEntity
  readonly origin: string
  /** Without a slash at its end. */
  readonly basePath: string
  /** In the order of the provider's list. */
  readonly secrets: readonly string[]
  readonly simulated: Upstream | null
}

const endpoints = new WeakMap<ProviderEntity, Endpoint>()

/** Null when this gateway can't speak to it: an unknown kind, or no address. */
export function endpointOf(entity: ProviderEntity, clock: Clock): Endpoint | null {
  const known = endpoints.get(entity)
  if (known) return known
  const provider = providerOf(entity.kind)
  const address = entity.baseUrl ?? provider?.defaultBaseUrl
  if (!provider || !address || !URL.canParse(address)) return null
  const { origin, pathname } = new URL(address)
  const endpoint: Endpoint = {
    provider,
    entity,
    origin,
    basePath: pathname.replace(/\/+$/, ''),
    secrets: apiKeys(entity),
    simulated: provider.simulate?.(entity, clock) ?? null,
  }
  endpoints.set(entity, endpoint)
  return endpoint
}

export interface EndpointCall {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: Buffer | null
}

/**
 * A request to a path below the account's address.
 * @param position of the credential in the provider's list; an account without any is asked without
 */
export function requestTo(endpoint: Endpoint, call: EndpointCall, position: number): UpstreamRequest {
  const apiKey = endpoint.secrets[position] ?? null
  return {
    method: call.method,
    origin: endpoint.origin,
    path: endpoint.basePath + call.path,
    headers: { ...call.headers, ...endpoint.provider.accountHeaders(endpoint.entity, apiKey) },
    body: call.body,
    allowPrivateNetwork: endpoint.entity.allowPrivateNetwork,
  }
}

/** In the order in which they stand; whoever speaks of one does so by its place. */
export function apiKeys({ credentials }: ProviderEntity): string[] {
  const { apiKey } = credentials
  const list = Array.isArray(apiKey) ? apiKey : [apiKey]
  return list.filter((key): key is string => typeof key === 'string' && key !== '')
}
