/**
 * A vendor to test against: a real HTTP server that speaks OpenAI's wire, misbehaves by a script, and keeps its own
 * invoice of what it served, for comparison with our books.
 *
 * Over HTTP besides the API: `POST /_fake/script` `{plans:[…], otherwise?:{…}, keys?:{key:{…}}}`, `GET /_fake/tally`,
 * `DELETE /_fake/tally`.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  errorEnvelope,
  type FakeToolCall,
  type FakeUsage,
  streamedAnswer,
  type WireAnswer,
  wholeAnswer,
} from './fake-openai-wire.ts'

/** What the vendor does with one call. Empty: it answers well. */
export interface FakePlan {
  readonly status?: number
  readonly headers?: Record<string, string>
  /** Words of the error, or instead of the usual answer. */
  readonly text?: string
  /** Sent as it is, instead of any answer. */
  readonly rawBody?: string
  /** The tokens of the answer; a word each of `text` otherwise. */
  readonly tokens?: readonly string[]
  /** Answers with as many tokens as the caller allows. */
  readonly fillCap?: boolean
  readonly toolCall?: FakeToolCall
  /** Instead of the true count; null: none is told. */
  readonly usage?: Record<string, unknown> | null
  readonly serviceTier?: string
  /** The model that it says it served. */
  readonly servedModel?: string
  /** Events put before the one with this index. */
  readonly insert?: { readonly at: number; readonly events: readonly string[] }
  readonly withoutDone?: boolean
  readonly delayMs?: number
  /** Between two events. */
  readonly eventDelayMs?: number
  /** After so many bytes of the body: end the connection so. */
  readonly failAtByte?: number
  readonly failBy?: 'reset' | 'fin' | 'stall'
  /** Never answers. */
  readonly hang?: boolean
  /** Breaks the connection off instead of answering. */
  readonly drop?: boolean
}

export interface FakeServed {
  /** `x-client-request-id`. */
  readonly requestId: string | null
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly model: string | null
  readonly status: number
  readonly plan: FakePlan
  promptTokens: number
  /** What left the house, whether or not it arrived. */
  completionTokens: number
  bytesSent: number
  /** What it told, and what it would charge for: of an answer. */
  bill: { readonly model: string; readonly usage: FakeUsage | null; readonly serviceTier: string } | null
  outcome: 'serving' | 'complete' | 'failed' | 'aborted'
}

export interface FakeOpenAi {
  readonly port: number
  /** With `/v1`. */
  readonly baseUrl: string
  readonly served: FakeServed[]
  /** Plans for the next calls, in order; then `otherwise`. */
  script(plans: readonly FakePlan[], otherwise?: FakePlan): void
  /** What becomes of calls with this key, where no plan of the script is left. */
  scriptKey(key: string, plan: FakePlan): void
  /** What becomes of each call, by what it asks, where no plan of the script is left; null: as before. */
  scriptBy(choose: ((asked: Readonly<Record<string, unknown>>) => FakePlan) | null): void
  close(): Promise<void>
}

export async function startFakeOpenAi(port = 0, host = '127.0.0.1'): Promise<FakeOpenAi> {
  const served: FakeServed[] = []
  const state = { plans: [] as FakePlan[], otherwise: {} as FakePlan }
  let chosen: Parameters<FakeOpenAi['scriptBy']>[0] = null
  const plansOfKeys = new Map<string, FakePlan>()
  const script: FakeOpenAi['script'] = (plans, otherwise = {}) => {
    state.plans = [...plans]
    state.otherwise = otherwise
  }
  const scriptKey: FakeOpenAi['scriptKey'] = (key, plan) => void plansOfKeys.set(`Bearer ${key}`, plan)
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    handle(request, response).catch(() => response.destroy())
  })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString('utf8')
    const path = request.url ?? '/'
    if (path === '/_fake/script') {
      const told = JSON.parse(body) as {
        plans?: FakePlan[]
        otherwise?: FakePlan
        keys?: Record<string, FakePlan>
      }
      script(told.plans ?? [], told.otherwise)
      for (const [key, plan] of Object.entries(told.keys ?? {})) scriptKey(key, plan)
      return answer(response, 200, '{}')
    }
    if (path === '/_fake/tally') {
      if (request.method === 'DELETE') served.length = 0
      return answer(
        response,
        200,
        JSON.stringify(served.map(({ headers: _headers, body: _body, plan: _plan, ...rest }) => rest)),
      )
    }
    const ofKey = plansOfKeys.get(request.headers.authorization ?? '')
    const plan =
      state.plans.shift() ?? chosen?.(body === '' ? {} : JSON.parse(body)) ?? ofKey ?? state.otherwise
    await serve(request, response, { path, body, plan, served })
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const taken = (server.address() as AddressInfo).port
  return {
    port: taken,
    baseUrl: `http://${host}:${taken}/v1`,
    served,
    script,
    scriptKey,
    scriptBy: (choose) => {
      chosen = choose
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

interface Serving {
  readonly path: string
  readonly body: string
  readonly plan: FakePlan
  readonly served: FakeServed[]
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { path, body, plan, served }: Serving,
) {
  const asked = (body === '' ? {} : JSON.parse(body)) as Record<string, unknown>
  const status = plan.status ?? 200
  const entry: FakeServed = {
    requestId: (request.headers['x-client-request-id'] as string | undefined) ?? null,
    path,
    headers: request.headers,
    body,
    model: typeof asked.model === 'string' ? asked.model : null,
    status,
    plan,
    promptTokens: 0,
    completionTokens: 0,
    bytesSent: 0,
    bill: null,
    outcome: 'serving',
  }
  served.push(entry)
  response.on('close', () => {
    if (entry.outcome === 'serving') entry.outcome = 'aborted'
  })
  if (plan.hang) return
  if (plan.drop) return void request.socket.resetAndDestroy()
  if (plan.delayMs) await sleep(plan.delayMs)

  const headers = {
    'x-request-id': `req_fake_${served.length}`,
    'openai-processing-ms': '12',
    ...plan.headers,
  }
  if (status !== 200) {
    await send(response, entry, plan, status, headers, 'application/json', [
      plan.rawBody ?? errorEnvelope(status, plan.text),
    ])
    return
  }
  if (path === '/v1/models') {
    const data = ['gpt-fake', 'gpt-fake-mini'].map((id) => ({
      id,
      object: 'model',
      created: 1,
      owned_by: 'fake',
    }))
    const list = plan.rawBody ?? JSON.stringify({ object: 'list', data })
    return send(response, entry, plan, 200, headers, 'application/json', [list])
  }
  const wire = compose(asked, plan, served.length)
  entry.bill = { model: wire.model, usage: wire.usage, serviceTier: wire.serviceTier }
  entry.promptTokens = wire.usage?.prompt_tokens ?? 0
  if (asked.stream === true) {
    const options = asked.stream_options as { include_usage?: boolean } | undefined
    let events = streamedAnswer(wire, options?.include_usage === true)
    if (plan.withoutDone) events = events.slice(0, -1)
    if (plan.insert) events.splice(plan.insert.at, 0, ...plan.insert.events)
    const pieces = plan.rawBody === undefined ? events : [plan.rawBody]
    return send(response, entry, plan, 200, headers, 'text/event-stream; charset=utf-8', pieces)
  }
  entry.completionTokens = wire.tokens.length
  await send(response, entry, plan, 200, headers, 'application/json', [plan.rawBody ?? wholeAnswer(wire)])
}

/** Writes as fast as it is read, counts what left, and breaks where the plan says. */
async function send(
  response: ServerResponse,
  entry: FakeServed,
  plan: FakePlan,
  status: number,
  headers: Record<string, string>,
  contentType: string,
  pieces: readonly string[],
): Promise<void> {
  response.writeHead(status, { 'content-type': contentType, ...headers })
  response.flushHeaders()
  const failAt = plan.failAtByte ?? Number.POSITIVE_INFINITY
  for (const piece of pieces) {
    if (response.destroyed) return
    if (plan.eventDelayMs) await sleep(plan.eventDelayMs)
    const bytes = Buffer.from(piece)
    const room = failAt - entry.bytesSent
    const part = bytes.length > room ? bytes.subarray(0, room) : bytes
    entry.bytesSent += part.length
    if (isToken(piece)) entry.completionTokens += 1
    const willing = part.length === 0 || response.write(part)
    if (part.length < bytes.length || entry.bytesSent >= failAt)
      return breakOff(response, entry, plan.failBy ?? 'reset')
    if (!willing) await drained(response)
  }
  entry.outcome = 'complete'
  response.end()
}

async function breakOff(
  response: ServerResponse,
  entry: FakeServed,
  how: 'reset' | 'fin' | 'stall',
): Promise<void> {
  if (how === 'stall') return
  entry.outcome = 'failed'
  // The bytes before the break must leave first, or the break would come at another byte.
  await new Promise<void>((resolve) => response.write('', () => resolve()))
  if (how === 'fin') response.end()
  else response.socket?.resetAndDestroy()
}

function compose(asked: Record<string, unknown>, plan: FakePlan, count: number): WireAnswer {
  const text = plan.text ?? 'Hello there, this is the fake vendor speaking in tokens.'
  const source = plan.toolCall ? plan.toolCall.arguments : text
  const cap = Number(asked.max_completion_tokens ?? asked.max_tokens ?? Number.POSITIVE_INFINITY)
  const whole =
    plan.fillCap && Number.isFinite(cap)
      ? Array.from({ length: cap }, () => ' word')
      : (plan.tokens ?? source.match(/ ?[^ ]+/g) ?? [])
  // As the vendor does: it stops at the cap.
  const tokens = whole.slice(0, Number.isFinite(cap) ? cap : whole.length)
  const promptTokens = Math.ceil(JSON.stringify(asked.messages ?? []).length / 4)
  const counted: FakeUsage = {
    prompt_tokens: promptTokens,
    completion_tokens: tokens.length,
    total_tokens: promptTokens + tokens.length,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  }
  return {
    id: `chatcmpl-fake${count}`,
    created: 1_790_000_000,
    model: plan.servedModel ?? (typeof asked.model === 'string' ? asked.model : 'gpt-fake'),
    tokens,
    toolCall: plan.toolCall ?? null,
    serviceTier: plan.serviceTier ?? 'default',
    usage: plan.usage === undefined ? counted : (plan.usage as FakeUsage | null),
  }
}

function isToken(piece: string): boolean {
  return /"delta":\{"(content|tool_calls)"/.test(piece)
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body)
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
