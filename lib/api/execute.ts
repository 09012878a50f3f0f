/**
 * Every management call, stage by stage: find → authenticate → authorize → parse → idempotency → run → audit →
 * publish → commit → wait for the gateways → render. Authorisation stands before parsing, so that nobody learns a
 * schema's opinion on what they may not send. Plain Request in, Response out: nothing here knows Next.
 */
import { publish, waitForGateways } from '../publish/publish.ts'
import { type Clock, systemClock } from '../server/clock.ts'
import { db } from '../server/db.ts'
import { newId } from '../server/ids.ts'
import { singleton } from '../server/singleton.ts'
import { authorize } from './actor.ts'
import { ANONYMOUS, authenticate } from './authenticate.ts'
import { type CallState, createContext, finishWrite } from './call-context.ts'
import { constraintProblem, isCollision, isDatabaseAway, isReadOnly } from './database-errors.ts'
import { watchDatabase } from './database-watch.ts'
import { withoutSecrets } from './difference.ts'
import { complete, readIdempotencyKey, release, reserve, type StoredAnswer } from './idempotency.ts'
import { onlySent, parseInput, readJsonBody, readQuery } from './input.ts'
import type { Operation } from './operation.ts'
import { Problem, problem } from './problem.ts'
import { API_BASE, baseHeaders, contentEtag, etagOf, namesEtag, problemResponse } from './render.ts'
import { createRouter } from './router.ts'
import { QueueFullError, Semaphore } from './semaphore.ts'

export type Api = (request: Request) => Promise<Response>

const MAX_TRIES = 4
const TRANSACTION_MS = 15_000

/** Fewer than the pool has connections: a request that reads two things at once needs two. */
const databaseSlots = () => singleton('database-slots', () => new Semaphore(12, 2_000))

export function createApi(operations: readonly Operation[], clock: Clock = systemClock): Api {
  const find = createRouter(operations)

  return async function handle(request) {
    const requestId = newId('req')
    let operationId: string | null = null
    try {
      const url = new URL(request.url)
      const match = find(request.method, url.pathname.slice(API_BASE.length))
      operationId = match.kind === 'found' ? match.operation.id : null
      const now = clock()
      const open = match.kind === 'found' && match.operation.permission.public
      const actor = open ? ANONYMOUS : await watchDatabase(() => authenticate(request, now))
      if (match.kind === 'none') throw problem('not_found', 'There is no such address in the management API.')
      if (match.kind === 'method') {
        const allow = [...new Set(match.allow)].join(', ')
        throw problem('method_not_allowed', `It takes ${allow}.`, [], { headers: { allow } })
      }
      const { operation } = match
      authorize(actor, operation.permission)
      const body = operation.method === 'GET' ? undefined : await readJsonBody(request)
      const raw = {
        params: match.params,
        query: readQuery(url.searchParams),
        body: operation.body && body === undefined ? {} : body,
      }
      const input = {
        params: parseInput(operation.params, raw.params, 'path'),
        query: parseInput(operation.query, raw.query, 'query'),
        body: parseInput(operation.body, raw.body, 'body'),
      }
      if (operation.method === 'PATCH') input.body = onlySent(input.body, raw.body)
      const call: CallState = { operation, operations, actor, request, requestId, now, path: url.pathname }
      const reads = operation.mode === 'read' || operation.showsOnly(input)
      const response = reads ? await read(call, input) : await write(call, input, raw)
      return request.method === 'HEAD' ? new Response(null, response) : response
    } catch (error) {
      return problemResponse(toProblem(error, requestId, operationId), requestId)
    }
  }
}

type Input = Parameters<Operation['run']>[1]

async function read(call: CallState, input: Input): Promise<Response> {
  const { operation, request } = call
  const { context } = createContext(call, db)
  const run = () => operation.run(context, input)
  // What calls out (a test of a connection) may take long, and holds no connection meanwhile.
  const result = await watchDatabase((signal) =>
    operation.method === 'GET' ? databaseSlots().run(signal, run) : run(),
  )
  if (result instanceof Response) return withHeaders(result, call.requestId)
  const body = operation.response?.parse(result)
  const headers = { ...baseHeaders(call.requestId), ...Object.fromEntries(context.headers) }
  if (operation.method !== 'GET') return json(body, operation.status, headers)
  const text = JSON.stringify(body)
  const etag = (operation.etag === 'content' ? null : etagOf(body)) ?? contentEtag(text)
  const known = request.headers.get('if-none-match')
  if (known !== null && namesEtag(known, etag, 'weak')) {
    return new Response(null, { status: 304, headers: { ...headers, etag } })
  }
  return jsonText(text, operation.status, { ...headers, etag })
}

async function write(call: CallState, input: Input, raw: Input): Promise<Response> {
  const { operation, request, actor, now } = call
  const key = operation.method === 'POST' ? readIdempotencyKey(request) : null
  const done = await watchDatabase((signal) =>
    databaseSlots().run(signal, async () => {
      if (key === null) return attempt(call, input, signal, null)
      const { params: _, ...sent } = raw
      const held = await reserve(actor, key, { operation: operation.id, path: call.path, ...sent }, now)
      if ('replay' in held) return { ...held.replay, replayed: true, revision: null, afterCommit: [] }
      try {
        return await attempt(call, input, signal, held.reservation)
      } catch (error) {
        await release(held.reservation).catch(() => undefined)
        throw error
      }
    }),
  )
  for (const task of done.afterCommit) {
    try {
      await task()
    } catch (error) {
      console.error(`after ${operation.id}:`, error)
    }
  }
  const headers: Record<string, string> = { ...baseHeaders(call.requestId), ...done.headers }
  if (done.replayed) headers['idempotent-replayed'] = 'true'
  if (done.revision !== null) {
    const { applied, total } = await waitForGateways(done.revision)
    headers['x-gatehouse-revision'] = String(done.revision)
    headers['x-gatehouse-applied'] = `${applied}/${total}`
  }
  return json(done.body ?? undefined, done.status, headers)
}

interface Done extends StoredAnswer {
  readonly replayed: boolean
  readonly revision: number | null
  readonly afterCommit: readonly (() => void | Promise<void>)[]
}

/** One transaction; again when it collided with another or met a server that only reads: nothing of it remains. */
async function attempt(
  call: CallState,
  input: Input,
  signal: AbortSignal,
  reservation: Parameters<typeof complete>[1] | null,
): Promise<Done> {
  for (let tries = 1; ; tries++) {
    try {
      return await db.$transaction((tx) => change(call, input, signal, reservation, tx), {
        maxWait: 5_000,
        timeout: TRANSACTION_MS,
      })
    } catch (error) {
      const mayRepeat = isCollision(error) || isReadOnly(error)
      if (!mayRepeat || tries === MAX_TRIES || signal.aborted) throw error
      await new Promise((resolve) => setTimeout(resolve, 10 * 2 ** tries * (0.5 + Math.random())))
    }
  }
}

async function change(
  call: CallState,
  input: Input,
  signal: AbortSignal,
  reservation: Parameters<typeof complete>[1] | null,
  tx: Parameters<Operation['run']>[0]['db'],
): Promise<Done> {
  const { operation, actor } = call
  const state = createContext(call, tx)
  const result = await operation.run(state.context, input)
  if (result instanceof Response) throw new Error(`${operation.id} changes something and answers a Response`)
  const body = operation.response?.parse(result)
  const headers: Record<string, string> = Object.fromEntries(state.context.headers)
  const etag = etagOf(body)
  if (etag) headers.etag = etag
  if (operation.status === 201) {
    headers.location = `${API_BASE}${operation.path}/${encodeURIComponent((body as { id: string }).id)}`
  }
  if (reservation) {
    const kept = withoutSecrets(body, operation.secrets)
    // A cookie in a stored answer would be a secret.
    const { 'set-cookie': _, ...safe } = headers
    await complete(tx, reservation, { status: operation.status, body: kept, headers: safe }, call.now)
  }
  const revision = await finishWrite(call, state, tx, (changes, summary) =>
    publish(tx, changes, { type: actor.type, id: actor.id, name: actor.name }, summary),
  )
  signal.throwIfAborted()
  return {
    status: operation.status,
    body,
    headers,
    replayed: false,
    revision,
    afterCommit: state.afterCommit,
  }
}

function json(body: unknown, status: number, headers: Record<string, string>): Response {
  if (status === 204 || body === undefined) return new Response(null, { status: 204, headers })
  return jsonText(JSON.stringify(body), status, headers)
}

function jsonText(text: string, status: number, headers: Record<string, string>): Response {
  return new Response(text, { status, headers: { ...headers, 'content-type': 'application/json' } })
}

/** A Response that an operation made itself, such as a stream. */
function withHeaders(response: Response, requestId: string): Response {
  for (const [name, value] of Object.entries(baseHeaders(requestId))) {
    if (!response.headers.has(name)) response.headers.set(name, value)
  }
  return response
}

/** The one place that turns errors into answers. Who called sees nothing of an unexpected one but its request id. */
function toProblem(error: unknown, requestId: string, operationId: string | null): Problem {
  if (error instanceof Problem) return error
  const known = constraintProblem(error)
  if (known) return known
  if (isDatabaseAway(error) || error instanceof QueueFullError) {
    const text = error instanceof Error ? error.message.split('\n').at(-1) : 'unknown'
    console.error(`${requestId} ${operationId}: database unavailable: ${text}`)
    return problem('database_unavailable', 'The database does not answer. Try again.', [], {
      headers: { 'retry-after': '2' },
    })
  }
  if (isCollision(error)) {
    return problem('conflict', 'Too many changes at once collided. Try again.', [], {
      headers: { 'retry-after': '1' },
    })
  }
  console.error(`${requestId} ${operationId}:`, error)
  return problem('internal_error', `Something went wrong. The log names it by the request id ${requestId}.`)
}
