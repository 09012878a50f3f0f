/**
 * What the pipeline asks of a client towards vendors: one exchange, pushed to a handler as it arrives. Deliberately not
 * a stream and not a promise, so that the hot path allocates neither; undici and the sandbox stand behind it alike.
 */

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST'
  /** Scheme, host and port. */
  readonly origin: string
  /** Path and query. */
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: Buffer | null
  /** Whether the vendor may live on a private network or on this machine. */
  readonly allowPrivateNetwork: boolean
}

export type UpstreamHeaders = Readonly<Record<string, string | string[] | undefined>>

/** What an exchange tells. `onEnd` or `onError` comes last and once; nothing comes after `abort()`. */
export interface UpstreamHandler {
  onHeaders(status: number, headers: UpstreamHeaders): void
  onData(chunk: Buffer): void
  onEnd(): void
  onError(error: UpstreamError): void
}

export interface UpstreamExchange {
  /** False while no byte of the request can have left: whatever ends it then has cost nothing. */
  readonly sent: boolean
  pause(): void
  resume(): void
  /** Gives the exchange up and closes its connection; the handler hears nothing more. */
  abort(): void
}

export interface Upstream {
  /** Starts an exchange. The handler may be called before this returns only with an error. */
  dispatch(request: UpstreamRequest, handler: UpstreamHandler): UpstreamExchange
  close(): Promise<void>
}

/** `refused`: our own guard said no, nothing was sent. `connect`: no connection. `broken`: it broke later. */
export type UpstreamFailure = 'refused' | 'connect' | 'connectTimeout' | 'broken' | 'tooLarge'

export class UpstreamError extends Error {
  readonly failure: UpstreamFailure

  constructor(failure: UpstreamFailure, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'UpstreamError'
    this.failure = failure
  }
}
