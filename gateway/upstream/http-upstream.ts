/**
 * The client towards vendors over the network: connections kept by origin, behind our own interface. It follows no
 * redirect, knows no proxy, and asks for no compression, so that the bytes of a vendor are the bytes of the answer.
 */

import type { ResolveAll } from './guarded-connector.ts'
import { HttpExchange } from './http-connection.ts'
import { OriginPool } from './origin-pool.ts'
import type { Upstream } from './upstream.ts'

export interface HttpUpstreamOptions {
  /** Ports of this deployment (admin, gateway, embedded Postgres): refused as upstreams on this machine. */
  readonly ownPorts: ReadonlySet<number>
  /** Connections to one origin; further calls wait for one. */
  readonly connectionsPerOrigin?: number
  readonly connectTimeoutMs?: number
  readonly resolve?: ResolveAll
}

/** Origins come from the configuration, which may change for months: the one unused longest goes. */
const MAX_POOLS = 256
const SWEEP_MS = 1_000

export function createHttpUpstream(options: HttpUpstreamOptions): Upstream {
  const pools = new Map<string, OriginPool>()
  const sweeping = setInterval(() => {
    for (const pool of pools.values()) pool.closeExpired()
  }, SWEEP_MS)
  sweeping.unref()

  const poolFor = (origin: string, allowPrivateNetwork: boolean): OriginPool => {
    // The guard is part of the pool: a connection made under the wider rule never serves the narrower one.
    const key = allowPrivateNetwork ? `private ${origin}` : origin
    let pool = pools.get(key)
    if (pool) return pool
    if (pools.size >= MAX_POOLS) evictIdle(pools)
    pool = new OriginPool(origin, options.connectionsPerOrigin ?? 10_000, {
      allowPrivateNetwork,
      ownPorts: options.ownPorts,
      connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
      ...(options.resolve ? { resolve: options.resolve } : {}),
    })
    pools.set(key, pool)
    return pool
  }

  return {
    dispatch(request, handler) {
      const exchange = new HttpExchange(handler)
      poolFor(request.origin, request.allowPrivateNetwork).dispatch(request, exchange)
      return exchange
    },
    async close() {
      clearInterval(sweeping)
      for (const pool of pools.values()) pool.close()
      pools.clear()
    },
  }
}

function evictIdle(pools: Map<string, OriginPool>): void {
  for (const [key, pool] of pools) {
    if (pool.isBusy) continue
    pools.delete(key)
    pool.close()
    return
  }
}
