/**
 * The client towards vendors over the network: undici pools, one per origin, behind our own interface. It follows no
 * redirect, knows no proxy, and asks for no compression, so that the bytes of a vendor are the bytes of the answer.
 */
import { type Dispatcher, errors, Pool } from 'undici'
import { guardedConnector, type ResolveAll } from './guarded-connector.ts'
import {
  type Upstream,
  UpstreamError,
  type UpstreamExchange,
  type UpstreamHandler,
  type UpstreamRequest,
} from './upstream.ts'

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

export function createHttpUpstream(options: HttpUpstreamOptions): Upstream {
  const pools = new Map<string, Pool>()

  const poolFor = (origin: string, allowPrivateNetwork: boolean): Pool => {
    // The guard is part of the pool: a connection made under the wider rule never serves the narrower one.
    const key = allowPrivateNetwork ? `private ${origin}` : origin
    let pool = pools.get(key)
    if (pool) return pool
    if (pools.size >= MAX_POOLS) evictIdle(pools)
    pool = new Pool(origin, {
      connections: options.connectionsPerOrigin ?? 10_000,
      pipelining: 1,
      keepAliveTimeout: 30_000,
      // The pipeline has its own clocks (first token, idle, total), which know what silence means.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: 64 * 1024,
      connect: guardedConnector({
        allowPrivateNetwork,
        ownPorts: options.ownPorts,
        connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
        ...(options.resolve ? { resolve: options.resolve } : {}),
      }),
    })
    pools.set(key, pool)
    return pool
  }

  return {
    dispatch(request: UpstreamRequest, handler: UpstreamHandler) {
      const exchange = new HttpExchange(handler)
      poolFor(request.origin, request.allowPrivateNetwork).dispatch(
        {
          origin: request.origin,
          path: request.path,
          method: request.method,
          headers: request.headers,
          body: request.body,
        },
        exchange,
      )
      return exchange
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
      pools.clear()
    },
  }
}

function evictIdle(pools: Map<string, Pool>): void {
  for (const [key, pool] of pools) {
    if (pool.stats.running > 0 || pool.stats.pending > 0 || pool.stats.queued > 0) continue
    pools.delete(key)
    pool.close().catch(() => pool.destroy())
    return
  }
}

class HttpExchange implements Dispatcher.DispatchHandler, UpstreamExchange {
  readonly #handler: UpstreamHandler
  #controller: Dispatcher.DispatchController | null = null
  #over = false
  #paused = false
  sent = false

  constructor(handler: UpstreamHandler) {
    this.#handler = handler
  }

  onRequestStart(controller: Dispatcher.DispatchController) {
    this.#controller = controller
    // Undici calls this with a connection in hand, right before it writes.
    if (this.#over) controller.abort(new UpstreamError('broken', 'given up before it began'))
    else this.sent = true
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // 1xx are announcements; undici passes them on, the answer is still to come.
    if (status < 200 || this.#over) return
    this.#handler.onHeaders(status, headers)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer) {
    if (!this.#over) this.#handler.onData(chunk)
  }

  onResponseEnd() {
    if (this.#over) return
    this.#over = true
    this.#handler.onEnd()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error) {
    if (this.#over) return
    this.#over = true
    this.#handler.onError(toUpstreamError(error))
  }

  pause() {
    if (this.#over || this.#paused) return
    this.#paused = true
    this.#controller?.pause()
  }

  resume() {
    if (!this.#paused) return
    this.#paused = false
    if (!this.#over) this.#controller?.resume()
  }

  abort() {
    if (this.#over) return
    this.#over = true
    if (this.#paused) this.resume()
    this.#controller?.abort(new UpstreamError('broken', 'given up'))
  }
}

const CONNECT_CODES = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
])

/** Messages are our own: an error of a socket names addresses that are nobody's business outside. */
function toUpstreamError(error: Error): UpstreamError {
  if (error instanceof UpstreamError) return error
  if (error instanceof errors.ConnectTimeoutError) {
    return new UpstreamError('connectTimeout', 'The connection was not made in time.', { cause: error })
  }
  const { code = '', syscall } = error as NodeJS.ErrnoException
  if (syscall === 'connect' || CONNECT_CODES.has(code)) {
    return new UpstreamError('connect', `No connection could be made (${code || 'unknown'}).`, {
      cause: error,
    })
  }
  if (/^(CERT_|ERR_TLS_CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/.test(code)) {
    return new UpstreamError('connect', `The provider's certificate was not accepted (${code}).`, {
      cause: error,
    })
  }
  if (/^(ERR_TLS_|ERR_SSL_|EPROTO$)/.test(code)) {
    return new UpstreamError('connect', `No connection under TLS could be made (${code}).`, { cause: error })
  }
  return new UpstreamError('broken', 'The connection broke.', { cause: error })
}
