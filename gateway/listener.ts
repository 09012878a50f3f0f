/**
 * The door: a plain node:http server with an end to everything (time, bytes, headers, connections). It knows health,
 * readiness and draining; what a path means is the business of `routes.ts`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Call } from './call.ts'
import type { Clock } from './clock.ts'
import { boundConnections } from './connection-bound.ts'
import { createCors } from './cors.ts'
import { answerJson, renderOpenAiError } from './dialects/openai-error.ts'
import { GatewayError } from './gateway-error.ts'
import { IdTable } from './id-table.ts'
import type { Books } from './journal/books.ts'
import type { Policing } from './limits/policing.ts'
import { DEFAULT_LIMITS, type ListenerLimits } from './listener-limits.ts'
import { formProblem, originForm } from './request-form.ts'
import { createRoutes } from './routes.ts'
import type { Balancer } from './routing/balancer.ts'
import type { Configuration } from './snapshot/configuration.ts'
import { answerMetrics, type Metric } from './telemetry/metrics.ts'
import type { Upstream } from './upstream/upstream.ts'

export interface ListenerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** The running configuration; null until there is one. Asked once for each call. */
  readonly configuration: () => Configuration | null
  /** Why it may not serve although it is configured; null when it may. */
  readonly waitsFor?: () => string | null
  readonly books: Books
  readonly clock: Clock
  /** The client towards vendors; `createHttpUpstream` makes the real one. */
  readonly upstream: Upstream
  /** Hears of what went wrong inside, without secrets or content: for the log. */
  readonly report: (problem: string, error: unknown) => void
  readonly policing: Policing
  readonly balancer: Balancer
  /** Where people open the console, whose pages alone may call from a browser; without it none may. */
  readonly consoleUrl?: string | null
  readonly limits?: Partial<ListenerLimits>
  /** What `/metrics` tells, and the token that opens it to other machines. */
  readonly metrics?: { readonly token: string | null; readonly metrics: () => readonly Metric[] }
}

export interface Listener {
  readonly port: number
  /** Calls that have begun and are not settled. */
  inFlight(): number
  calls(): Iterable<Call>
  /** Turns `/readyz`, stops taking connections, lets calls in flight finish for `timeoutMs`, then cuts them. */
  drain(timeoutMs: number): Promise<void>
  /** Cuts everything. */
  close(): Promise<void>
}

/** @throws the error of `listen`, such as `EADDRINUSE`. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const state = { draining: false, idle: null as (() => void) | null }
  const calls = new IdTable<Call>()
  const cors = createCors(options.consoleUrl ?? null)
  const waitsFor = options.waitsFor ?? (() => null)
  const routes = createRoutes({
    configuration: options.configuration,
    waitsFor,
    books: options.books,
    clock: options.clock,
    upstream: options.upstream,
    report: options.report,
    limits,
    balancer: options.balancer,
    policing: options.policing,
    callBegan: (call) => calls.set(call.id, call),
    callEnded: (call) => {
      calls.delete(call.id)
      if (calls.size === 0) state.idle?.()
    },
  })

  const take = (request: IncomingMessage, response: ServerResponse) => {
    // A caller may vanish between a check and a write: that is its 'close', never the end of the process.
    response.on('error', ignore)
    if (state.draining) response.setHeader('connection', 'close')
    const problem = formProblem(request)
    if (problem !== null) return refuseForm(response, problem)
    request.url = originForm(request.url ?? '/')
    const [path] = request.url.split('?', 1)
    if (path === '/healthz') answerJson(response, 200, '{"status":"ok"}')
    else if (path === '/readyz')
      answerReadiness(response, state.draining, options.configuration(), waitsFor())
    else if (path === '/metrics' && options.metrics) answerMetrics(request, response, options.metrics)
    else {
      cors(request, response)
      if (bound.exceededBy(request)) refuseConnection(response)
      else routes(request, response)
    }
  }
  const server = createServer(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      // Node ends all that are late in one turn: asked often, they are few at a time.
      connectionsCheckingInterval: 100,
      insecureHTTPParser: false,
      requireHostHeader: true,
      noDelay: true,
    },
    take,
  )
  // Node silently ignores headers beyond `maxHeadersCount`: one more is let in, so that the excess is seen and refused.
  server.maxHeadersCount = limits.maxHeaders + 1
  const bound = boundConnections(server, limits.maxConnections)
  server.on('clientError', answerClientError)
  // Nobody listens for upgrades: an offer to upgrade is ignored (RFC 9110 §7.8), and the call beside it is served.
  server.on('connect', refuseConnect)
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // Who is refused by its headers alone need not send its body: it is asked for when somebody begins to read it.
    request.once('resume', () => {
      if (!response.headersSent) response.writeContinue()
    })
    take(request, response)
  })
  server.on('dropRequest', (_request: IncomingMessage, socket: Socket) => socket.destroy())

  await listen(server, options.host, options.port)

  return {
    port: (server.address() as AddressInfo).port,
    inFlight: () => calls.size,
    calls: () => calls.values(),
    async drain(timeoutMs) {
      state.draining = true
      const deadline = options.clock.monotonic() + timeoutMs
      await wait(Math.min(limits.lameDuckMs, timeoutMs))
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      if (calls.size > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.max(0, deadline - options.clock.monotonic()))
          state.idle = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      // The last bytes of a settled call may still be on their way out: close what is idle, then wait a little.
      const cut = setTimeout(
        () => server.closeAllConnections(),
        calls.size > 0 ? 0 : Math.max(50, Math.min(2_000, deadline - options.clock.monotonic())),
      )
      server.closeIdleConnections()
      await closed
      clearTimeout(cut)
    },
    async close() {
      state.draining = true
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function ignore(): void {}

function answerReadiness(
  response: ServerResponse,
  draining: boolean,
  configuration: Configuration | null,
  waits: string | null,
) {
  const unready = whyUnready(draining, configuration, waits)
  if (!unready)
    return answerJson(response, 200, `{"status":"ready","revision":${configuration?.revision ?? 0}}`)
  response.setHeader('retry-after', unready.retryAfterSeconds ?? 1)
  answerJson(response, unready.status, renderOpenAiError(unready))
}

function whyUnready(
  draining: boolean,
  configuration: Configuration | null,
  waits: string | null,
): GatewayError | null {
  if (draining) return new GatewayError('shutting_down')
  if (!configuration) return new GatewayError('not_configured')
  return waits === null ? null : new GatewayError('counters_unavailable', { message: waits })
}

/** What node's parser refuses never becomes a request: it is answered on the bare socket. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket) {
  // What the socket is answering, if anything: node's own default answer asks it the same.
  const { _httpMessage: answering } = socket as Socket & { _httpMessage?: ServerResponse | null }
  if (error.code === 'ECONNRESET' || !socket.writable || answering?.headersSent) {
    socket.destroy()
    return
  }
  const refusal =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new GatewayError('headers_too_large')
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? new GatewayError('request_timeout')
        : new GatewayError('invalid_request', { message: 'This is not a valid HTTP/1.1 request.' })
  writeBareAnswer(socket, refusal)
}

function refuseConnect(_request: IncomingMessage, socket: Socket) {
  writeBareAnswer(socket, new GatewayError('method_not_allowed', { message: 'This is no forward proxy.' }))
}

function refuseForm(response: ServerResponse, problem: string) {
  // Where this request ends is in doubt, so nothing after it is read.
  response.setHeader('connection', 'close')
  answerJson(response, 400, renderOpenAiError(new GatewayError('invalid_request', { message: problem })))
}

/** Health is told over any connection; all else only over one that there is room for. */
function refuseConnection(response: ServerResponse) {
  const refusal = new GatewayError('overloaded')
  response.setHeader('connection', 'close')
  response.setHeader('retry-after', refusal.retryAfterSeconds ?? 1)
  answerJson(response, refusal.status, renderOpenAiError(refusal))
}

const REASONS: Record<number, string> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
}

function writeBareAnswer(socket: Socket, refusal: GatewayError) {
  const body = renderOpenAiError(refusal)
  socket.end(
    `HTTP/1.1 ${refusal.status} ${REASONS[refusal.status] ?? 'Error'}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
