/** The caller's side of a call: headers, a whole answer, a stream with back-pressure, or an error in OpenAI's envelope. */
import type { ServerResponse } from 'node:http'
import { formatUsd } from '../../lib/contract/money.ts'
import type { Call } from '../call.ts'
import { answerJson, renderOpenAiError } from '../dialects/openai-error.ts'
import type { GatewayError } from '../gateway-error.ts'
import type { CompiledTarget } from '../snapshot/configuration.ts'
import type { Attempt, Sink } from './attempt.ts'
import { degradationOf } from './degradation.ts'
import { servedModelOf, sumCost } from './meter.ts'

/** Of a vendor's headers only these go on, so that no cookie and no account's name does. */
const VENDOR_HEADERS = ['openai-processing-ms', 'openai-version'] as const

export function setCallHeaders(call: Call): void {
  const { response } = call
  response.setHeader('x-gatehouse-request-id', call.id)
  response.setHeader('x-gatehouse-trace-id', call.traceId)
  if (call.route) response.setHeader('x-gatehouse-route', headerText(call.route.route.name))
}

export interface Answering {
  readonly attempt: Attempt
  readonly target: CompiledTarget
  /** The target that was asked first. */
  readonly first: CompiledTarget
  /** Of the attempt in its call, from 0. */
  readonly index: number
}

export function setAnswerHeaders(call: Call, { attempt, target, first, index }: Answering): void {
  const { response, route } = call
  setCallHeaders(call)
  response.setHeader('x-gatehouse-provider', headerText(target.provider.name))
  response.setHeader('x-gatehouse-model', headerText(servedModelOf(attempt) ?? target.model))
  response.setHeader('x-gatehouse-attempts', index + 1)
  for (const name of VENDOR_HEADERS) {
    const value = attempt.headers[name]
    if (typeof value === 'string') response.setHeader(name, value)
  }
  const vendorId = attempt.headers['x-request-id']
  if (typeof vendorId === 'string')
    response.setHeader('x-gatehouse-provider-request-id', headerText(vendorId))
  const degradation = route && degradationOf(route, target, first, call.lastFailure)
  if (degradation && degradation.notify !== 'none') {
    const { requested, served, reason } = degradation
    response.setHeader(
      'x-gatehouse-degraded',
      headerText(`requested=${requested}; served=${served}; reason=${reason}`),
    )
  }
}

/** The gateway's own time: all of it, less what was spent waiting for others. */
export function setOverhead(call: Call): void {
  const total = call.around.clock.monotonic() - call.startedAt - call.waitedMs
  call.overheadUs = Math.max(0, Math.round(total * 1_000))
  call.response.setHeader('x-gatehouse-overhead-us', call.overheadUs)
}

export function sendJson(call: Call, bytes: Buffer): void {
  if (call.gone) return
  const cost = sumCost(call.attempts)
  if (cost !== null) call.response.setHeader('x-gatehouse-cost-usd', formatUsd(cost))
  endWithin(call)
  answerJson(call.response, 200, bytes)
}

/** The last bytes, once the books are closed. */
export function endStream(call: Call, last: Buffer | string | null): void {
  const { response } = call
  if (call.gone) return
  endWithin(call)
  if (last === null) response.end()
  else response.end(last)
}

/** Node counts progress: a caller that takes its bytes slowly has time, one that takes none is cut. */
function endWithin(call: Call): void {
  call.response.setTimeout(call.around.limits.writeStallMs)
}

export function beginStream(call: Call, attempt: Attempt): void {
  const { response } = call
  const type = attempt.headers['content-type']
  response.statusCode = 200
  response.setHeader(
    'content-type',
    typeof type === 'string' && type.startsWith('text/event-stream')
      ? type
      : 'text/event-stream; charset=utf-8',
  )
  response.setHeader('cache-control', 'no-cache, no-transform')
  response.setHeader('x-accel-buffering', 'no')
  response.flushHeaders()
}

/**
 * A sink that writes to the caller and asks the vendor to wait while the caller is slow. One that takes nothing for
 * `writeStallMs` is cut: a connection that nobody reads would be held for ever.
 */
export function sinkTo(response: ServerResponse, attempt: Attempt, writeStallMs: number): Sink {
  let stall: NodeJS.Timeout | null = null
  const cut = () => response.destroy()
  response.on('drain', () => {
    if (stall) clearTimeout(stall)
    stall = null
    attempt.resume()
  })
  const stop = () => {
    if (stall) clearTimeout(stall)
  }
  response.on('finish', stop).on('close', stop)
  return (chunks) => {
    if (response.destroyed) return true
    let willing = true
    if (chunks.length > 1) response.cork()
    for (const chunk of chunks) willing = response.write(chunk)
    if (chunks.length > 1) response.uncork()
    if (!willing && !stall && !response.writableEnded) stall = setTimeout(cut, writeStallMs)
    return willing
  }
}

/** How long the rest of a body that will not be used is read on, so that the caller gets to read its answer. */
const LINGER_MS = 1_000
const LINGER_BYTES = 4 * 1024 * 1024

export function sendError(call: Call, error: GatewayError) {
  const { request, response } = call
  if (call.gone || response.headersSent) return
  setCallHeaders(call)
  if (call.attempts.length > 0) {
    response.setHeader('x-gatehouse-attempts', call.attempts.length)
    // Ours were the tries: SDKs that repeat on 429 and 5xx would multiply them.
    response.setHeader('x-should-retry', 'false')
  }
  if (error.retryAfterSeconds !== null)
    response.setHeader('retry-after', Math.max(1, Math.ceil(error.retryAfterSeconds)))
  const body = renderOpenAiError(error)
  if (request.complete) return answerJson(response, error.status, body)
  // The caller is still sending. Closing now would reset the connection under its unread answer (RFC 9112 §9.6).
  response.statusCode = error.status
  response.setHeader('connection', 'close')
  response.setHeader('content-type', 'application/json')
  response.setHeader('content-length', Buffer.byteLength(body))
  response.write(body)
  let left = LINGER_BYTES
  const finish = () => {
    clearTimeout(timer)
    response.end()
  }
  const timer = setTimeout(finish, LINGER_MS)
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) finish()
  })
  request.on('end', finish).on('close', finish)
  request.resume()
}

/** Names are people's: what can't stand in a header is left out. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 500)
}
