/** The connections to one origin: reused while the vendor keeps them, opened as they are needed, up to a bound. */
import type { buildConnector } from 'undici'
import { type GuardOptions, guardedConnector } from './guarded-connector.ts'
import { type ConnectionOwner, HttpConnection, type HttpExchange } from './http-connection.ts'
import { encodeRequest } from './request-bytes.ts'
import { UpstreamError, type UpstreamRequest } from './upstream.ts'

/** An exchange that has no connection yet, and what is to be sent. */
interface Waiting {
  readonly exchange: HttpExchange
  readonly bytes: Buffer
}

export class OriginPool implements ConnectionOwner {
  readonly #target: buildConnector.Options & { readonly host: string }
  readonly #connect: buildConnector.connector
  readonly #maxConnections: number
  readonly #open = new Set<HttpConnection>()
  /** The one used last stands last, and is taken first. */
  #idle: HttpConnection[] = []
  readonly #waiting: Waiting[] = []
  #connecting = 0
  #closed = false

  constructor(origin: string, maxConnections: number, guard: GuardOptions) {
    const { hostname, host, protocol, port } = new URL(origin)
    this.#target = { hostname: hostname.replace(/^\[|\]$/g, ''), host, protocol, port }
    this.#maxConnections = maxConnections
    this.#connect = guardedConnector(guard)
  }

  get isBusy(): boolean {
    return this.#connecting > 0 || this.#waiting.length > 0 || this.#open.size > this.#idle.length
  }

  /** @throws UpstreamError for a request that can't be written. */
  dispatch(request: UpstreamRequest, exchange: HttpExchange): void {
    const waiting = { exchange, bytes: encodeRequest(request, this.#target.host) }
    const idle = this.#takeIdle()
    if (idle) idle.carry(exchange, waiting.bytes)
    else {
      this.#waiting.push(waiting)
      this.#openForWaiting()
    }
  }

  onFree(connection: HttpConnection, keepAliveMs: number): void {
    const next = this.#nextWaiting()
    if (next) connection.carry(next.exchange, next.bytes)
    else {
      connection.idleUntil = performance.now() + keepAliveMs
      this.#idle.push(connection)
    }
  }

  onGone(connection: HttpConnection): void {
    this.#open.delete(connection)
    const index = this.#idle.lastIndexOf(connection)
    if (index !== -1) this.#idle.splice(index, 1)
    this.#openForWaiting()
  }

  /** Closes connections before their vendors do. */
  closeExpired(): void {
    const now = performance.now()
    if (this.#idle.every(({ idleUntil }) => idleUntil > now)) return
    for (const connection of this.#idle) if (connection.idleUntil <= now) connection.destroy()
    this.#idle = this.#idle.filter(({ idleUntil }) => idleUntil > now)
  }

  close(): void {
    this.#closed = true
    for (const { exchange } of this.#waiting.splice(0)) exchange.onFailure(givenUp())
    for (const connection of this.#open) connection.fail(givenUp())
  }

  #takeIdle(): HttpConnection | null {
    for (;;) {
      const connection = this.#idle.pop()
      if (!connection) return null
      if (connection.isOpen && connection.idleUntil > performance.now()) return connection
      connection.destroy()
    }
  }

  #nextWaiting(): Waiting | null {
    for (;;) {
      const next = this.#waiting.shift()
      if (!next?.exchange.isOver) return next ?? null
    }
  }

  #openForWaiting(): void {
    while (this.#open.size + this.#connecting < this.#maxConnections) {
      const next = this.#closed ? null : this.#nextWaiting()
      if (!next) return
      this.#openFor(next)
    }
  }

  #openFor({ exchange, bytes }: Waiting): void {
    this.#connecting += 1
    this.#connect({ ...this.#target }, (error, socket) => {
      this.#connecting -= 1
      if (!socket || this.#closed) {
        socket?.destroy()
        exchange.onFailure(error ?? givenUp())
        return this.#openForWaiting()
      }
      const connection = new HttpConnection(socket, this)
      this.#open.add(connection)
      // Whoever waited for it may have left meanwhile: another one takes it.
      if (exchange.isOver) this.onFree(connection, UNUSED_MS)
      else connection.carry(exchange, bytes)
    })
  }
}

/** For a connection that nobody took in the end. */
const UNUSED_MS = 5_000

const givenUp = () => new UpstreamError('broken', 'given up')
