/** One call on its way through the pipeline: what is known of it so far. Stages read it; only the pipeline writes it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ScopeSubjects } from '../lib/contract/policy.ts'
import type { Attempt as AttemptRecord, CallDegraded, LedgerLine } from '../lib/contract/usage-event.ts'
import type { Clock } from './clock.ts'
import type { ChatRequest } from './dialects/openai-chat-request.ts'
import { GatewayError } from './gateway-error.ts'
import { newCallId } from './ids.ts'
import type { Books } from './journal/books.ts'
import type { AppliedLimit } from './limits/applicable.ts'
import type { Hold } from './limits/hold.ts'
import type { Policing } from './limits/policing.ts'
import type { ListenerLimits } from './listener-limits.ts'
import type { Balancer } from './routing/balancer.ts'
import type { Decision } from './routing/decision.ts'
import type { CompiledRoute, CompiledTarget, Configuration, KeyOwner } from './snapshot/configuration.ts'
import type { CallHeaders } from './stages/call-headers.ts'
import { readTraceId } from './stages/call-headers.ts'
import type { Upstream } from './upstream/upstream.ts'

/** What every call needs from outside. */
export interface Surroundings {
  readonly configuration: () => Configuration | null
  /** Why this gateway may not serve; null when it may. */
  readonly waitsFor: () => string | null
  readonly books: Books
  readonly clock: Clock
  readonly upstream: Upstream
  readonly report: (problem: string, error: unknown) => void
  readonly limits: ListenerLimits
  readonly balancer: Balancer
  readonly policing: Policing
  readonly callBegan: (call: Call) => void
  readonly callEnded: (call: Call) => void
}

export interface Call {
  readonly around: Surroundings
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly id: string
  readonly traceId: string
  /** Epoch milliseconds. */
  readonly at: number
  /** Monotonic milliseconds. */
  readonly startedAt: number
  /** One reference, from the beginning to the end. */
  readonly configuration: Configuration | null
  owner: KeyOwner | null
  headers: CallHeaders | null
  chat: ChatRequest | null
  route: CompiledRoute | null
  /** Monotonic milliseconds at which the route's whole time is up. */
  deadline: number
  /** What scopes of limits and budgets are asked about. */
  subjects: ScopeSubjects
  /** Its request and its place among those at once, while it is under way. */
  admission: Hold | null
  /** What was sent, by attempt. */
  dispatched: { readonly target: CompiledTarget; readonly hold: Hold }[]
  /** Pico-dollars held at most, over its attempts; null while nothing with a price was. */
  reservedPicoUsd: bigint | null
  /** The limits that count it, for the headers that say where the caller stands. */
  limits: AppliedLimit[]
  attempts: AttemptRecord[]
  lines: LedgerLine[]
  unpriced: boolean
  simulated: boolean
  servedModel: string | null
  firstTokenMs: number | null
  /** What the route decided, and the target that it would have had answer. */
  decision: Decision | null
  wanted: CompiledTarget | null
  /** Why the last target was left, for `x-gatehouse-degraded`. */
  lastFailure: string | null
  /** For the books: a fallback answers. */
  degraded: CallDegraded | null
  /** Milliseconds spent waiting for the caller's body, for vendors and between tries. */
  waitedMs: number
  overheadUs: number | null
  /** The caller's connection is gone; what comes has nobody to go to. */
  gone: boolean
  /** Told once when the caller goes away. */
  waiting: { callerGone(): void } | null
  settled: boolean
}

const NO_SUBJECTS: ScopeSubjects = {
  teamId: null,
  consumerId: null,
  keyId: null,
  endUser: null,
  routeId: null,
  tags: {},
  providerId: null,
  model: null,
}

export function openCall(around: Surroundings, request: IncomingMessage, response: ServerResponse): Call {
  const at = around.clock.now()
  const call: Call = {
    around,
    request,
    response,
    id: newCallId(at),
    traceId: readTraceId(request.headers),
    at,
    startedAt: around.clock.monotonic(),
    configuration: around.configuration(),
    owner: null,
    headers: null,
    chat: null,
    route: null,
    deadline: Number.POSITIVE_INFINITY,
    subjects: NO_SUBJECTS,
    admission: null,
    dispatched: [],
    reservedPicoUsd: null,
    limits: [],
    attempts: [],
    lines: [],
    unpriced: false,
    simulated: false,
    servedModel: null,
    firstTokenMs: null,
    decision: null,
    wanted: null,
    lastFailure: null,
    degraded: null,
    waitedMs: 0,
    overheadUs: null,
    gone: false,
    waiting: null,
    settled: false,
  }
  response.on('close', () => {
    if (response.writableFinished) return
    call.gone = true
    call.waiting?.callerGone()
  })
  return call
}

/** Waits for something outside the gateway, and keeps its time out of the gateway's own. */
export async function waitingFor<T>(call: Call, outside: Promise<T>): Promise<T> {
  const { clock } = call.around
  const from = clock.monotonic()
  try {
    return await outside
  } finally {
    call.waitedMs += clock.monotonic() - from
  }
}

export function requireConfiguration({ configuration }: Call): Configuration {
  if (!configuration) throw new GatewayError('not_configured')
  return configuration
}

export function requireOwner({ owner }: Call): KeyOwner {
  if (!owner) throw new GatewayError('invalid_api_key')
  return owner
}

export function requireRoute({ route }: Call): CompiledRoute['route'] {
  if (!route) throw new GatewayError('model_not_found')
  return route.route
}
