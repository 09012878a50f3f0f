/** One connection to a vendor, with at most one exchange on it. */
import type { Socket } from 'node:net'
import { type ResponseHandler, ResponseParser } from './response-parser.ts'
import {
  UpstreamError,
  type UpstreamExchange,
  type UpstreamHandler,
  type UpstreamHeaders,
} from './upstream.ts'
import { toUpstreamError } from './upstream-failure.ts'

/** What a pool hears of its connections. */
export interface ConnectionOwner {
  /** It may carry another exchange, within so many milliseconds. */
  onFree(connection: HttpConnection, keepAliveMs: number): void
  /** It is closed; comes last and once. */
  onGone(connection: HttpConnection): void
}

const DEFAULT_KEEP_ALIVE_MS = 30_000
const MAX_KEEP_ALIVE_MS = 600_000
/** A vendor that says how long it waits gets its next request this much earlier. */
const KEEP_ALIVE_MARGIN_MS = 1_000

export class HttpConnection implements ResponseHandler {
  readonly #socket: Socket
  readonly #owner: ConnectionOwner
  #parser: ResponseParser | null = null
  #exchange: HttpExchange | null = null
  #keepAliveMs = DEFAULT_KEEP_ALIVE_MS
  /** For its owner, monotonic milliseconds. */
  idleUntil = 0

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket
    this.#owner = owner
    socket.on('data', (bytes: Buffer) => this.#onData(bytes))
    socket.on('end', () => this.#onEnd())
    socket.on('error', (error) => this.fail(error))
    socket.on('close', () => {
      this.fail(new Error('The connection was closed.'))
      owner.onGone(this)
    })
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed
  }

  /** Sends all of a request. */
  carry(exchange: HttpExchange, request: Buffer): void {
    this.#exchange = exchange
    this.#parser = new ResponseParser(this)
    exchange.sent = true
    exchange.connection = this
    this.#socket.write(request)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Nothing more is heard of its exchange. */
  destroy(): void {
    this.#parser?.stop()
    this.#parser = null
    this.#exchange = null
    this.#socket.destroy()
  }

  /** Closes it, and tells its exchange. */
  fail(error: Error): void {
    const exchange = this.#exchange
    this.destroy()
    exchange?.onFailure(error)
  }

  onHead(status: number, headers: UpstreamHeaders): void {
    this.#keepAliveMs = keepAliveMsOf(headers['keep-alive'])
    this.#exchange?.onHead(status, headers)
  }

  onBody(chunk: Buffer): void {
    this.#exchange?.onBody(chunk)
  }

  onComplete(reusable: boolean): void {
    const exchange = this.#exchange
    this.#exchange = null
    this.#parser = null
    // An answer that came before its request was sent to the end leaves a connection that nobody can use.
    const isFree = reusable && this.#keepAliveMs > 0 && this.#socket.writableLength === 0
    if (!isFree) this.#socket.destroy()
    else if (exchange?.isPaused) this.#socket.resume()
    exchange?.onComplete()
  }

  #onData(bytes: Buffer): void {
    try {
      const read = this.#parser?.push(bytes) ?? 0
      // Nobody asked for more: whatever it means, no next answer may be read from it.
      if (read < bytes.length) this.destroy()
      else if (this.#parser === null && !this.#socket.destroyed) this.#owner.onFree(this, this.#keepAliveMs)
    } catch (error) {
      this.fail(error as Error)
    }
  }

  #onEnd(): void {
    if (this.#parser?.end() === false) this.fail(new Error('The other side closed the connection.'))
    else this.#socket.destroy()
  }
}

/** `Keep-Alive: timeout=5`, in seconds. */
function keepAliveMsOf(value: string | string[] | undefined): number {
  if (value === undefined) return DEFAULT_KEEP_ALIVE_MS
  const seconds = /\btimeout=(\d{1,6})/i.exec(String(value))?.[1]
  if (seconds === undefined) return DEFAULT_KEEP_ALIVE_MS
  return Math.min(Number(seconds) * 1_000 - KEEP_ALIVE_MARGIN_MS, MAX_KEEP_ALIVE_MS)
}

/** An exchange from its beginning, when it may still wait for a connection. */
export class HttpExchange implements UpstreamExchange {
  readonly #handler: UpstreamHandler
  connection: HttpConnection | null = null
  sent = false
  isOver = false
  isPaused = false

  constructor(handler: UpstreamHandler) {
    this.#handler = handler
  }

  pause(): void {
    if (this.isOver || this.isPaused) return
    this.isPaused = true
    this.connection?.pause()
  }

  resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    if (!this.isOver) this.connection?.resume()
  }

  abort(): void {
    if (this.isOver) return
    this.isOver = true
    this.connection?.destroy()
    this.connection = null
  }

  onHead(status: number, headers: UpstreamHeaders): void {
    if (!this.isOver) this.#handler.onHeaders(status, headers)
  }

  onBody(chunk: Buffer): void {
    if (!this.isOver) this.#handler.onData(chunk)
  }

  onComplete(): void {
    if (!this.#end()) return
    this.#handler.onEnd()
  }

  onFailure(error: Error): void {
    if (!this.#end()) return
    this.#handler.onError(error instanceof UpstreamError ? error : toUpstreamError(error))
  }

  #end(): boolean {
    if (this.isOver) return false
    this.isOver = true
    this.connection = null
    return true
  }
}
