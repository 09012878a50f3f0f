/** The caller's side of a call: headers, a whole answer, a stream with back-pressure, or an error in OpenAI's envelope. */
import type { ServerResponse } from 'node:http'
import { formatUsd } from '../../lib/contract/money.ts'
import type { Call } from '../call.ts'
import { renderOpenAiError } from '../dialects/openai-error.ts'
import type { GatewayError } from '../gateway-error.ts'
import type { CompiledTarget } from '../snapshot/configuration.ts'
import { writeAnswerHead } from './answer-head.ts'
import type { Attempt } from './attempt.ts'
import type { Sink } from './attempt-terms.ts'
import type { Degradation } from './degradation.ts'
import { servedModelOf, sumCost } from './meter.ts'
import { addRateLimitHeaders } from './rate-limit-headers.ts'

/** Of a vendor's headers only these go on, so that no cookie and no account's name does. */
const VENDOR_HEADERS = ['openai-processing-ms', 'openai-version'] as const

/** Names and values in turn, as node writes them without looking each up again. */
export type HeaderList = string[]

function callHeaders(call: Call): HeaderList {
  const headers = ['x-gatehouse-request-id', call.id, 'x-gatehouse-trace-id', call.traceId]
  if (call.route) headers.push('x-gatehouse-route', headerText(call.route.route.name))
  const { clock, policing } = call.around
  addRateLimitHeaders(headers, policing.counters, call.limits, clock.monotonic())
  return headers
}

export interface Answering {
  readonly attempt: Attempt
  readonly target: CompiledTarget
}

/** What an answer says of its call; the gateway's own time, told and noted, ends here. */
export function answerHeaders(
  call: Call,
  { attempt, target }: Answering,
  degradation: Degradation | null,
): HeaderList {
  const headers = callHeaders(call)
  headers.push(
    'x-gatehouse-provider',
    headerText(target.provider.name),
    'x-gatehouse-model',
    headerText(servedModelOf(attempt) ?? target.model),
    'x-gatehouse-attempts',
    // A refusal may be told after others have failed, and one that was slower asked beside it.
    String(call.dispatched.length),
    // No answer comes from a cache yet, so each one went past it.
    'x-gatehouse-cache',
    'bypass',
  )
  if (call.simulated) headers.push('x-gatehouse-simulated', 'true')
  for (const name of VENDOR_HEADERS) {
    const value = attempt.headers[name]
    if (typeof value === 'string') headers.push(name, value)
  }
  const vendorId = attempt.headers['x-request-id']
  if (typeof vendorId === 'string') headers.push('x-gatehouse-provider-request-id', headerText(vendorId))
  if (degradation && degradation.notify !== 'none') {
    const { requested, served, reason } = degradation
    headers.push(
      'x-gatehouse-degraded',
      headerText(`requested=${requested}; served=${served}; reason=${reason}`),
    )
  }
  call.overheadUs = overheadUs(call)
  headers.push('x-gatehouse-overhead-us', String(call.overheadUs))
  return headers
}

/** The gateway's own time: all of it, less what was spent waiting for others. */
function overheadUs({ around, startedAt, waitedMs }: Call): number {
  return Math.max(0, Math.round((around.clock.monotonic() - startedAt - waitedMs) * 1_000))
}

export function sendJson(call: Call, headers: HeaderList, bytes: Buffer): void {
  if (call.gone) return
  const cost = sumCost(call.attempts)
  if (cost !== null) headers.push('x-gatehouse-cost-usd', formatUsd(cost))
  const framing = ['content-type', 'application/json', 'content-length', String(bytes.length)]
  writeAnswerHead(call.response, headers, framing)
  call.response.end(bytes)
  endWithin(call)
}

/** The last bytes, once the books are closed. */
export function endStream(call: Call, last: Buffer | string | null): void {
  const { response } = call
  if (call.gone) return
  const bytes = typeof last === 'string' ? Buffer.from(last) : last
  if (!framesItself(response)) response.end(bytes ?? undefined)
  else response.end(bytes === null ? LAST_CHUNK : Buffer.concat([framed([bytes], bytes.length), LAST_CHUNK]))
  endWithin(call)
}

/**
 * Node counts progress: a caller that takes its bytes slowly has time, one that takes none is cut. What the operating
 * system has taken already (nearly always all of it) needs no clock.
 */
function endWithin({ response, around }: Call): void {
  const { socket } = response
  if (socket === null || socket.writableLength > 0) response.setTimeout(around.limits.writeStallMs)
}

export function beginStream(call: Call, headers: HeaderList, attempt: Attempt): void {
  const { response } = call
  const type = attempt.headers['content-type']
  const isEvents = typeof type === 'string' && type.startsWith('text/event-stream')
  headers.push(
    'content-type',
    isEvents ? type : 'text/event-stream; charset=utf-8',
    'cache-control',
    'no-cache, no-transform',
    'x-accel-buffering',
    'no',
  )
  response.writeHead(200, headers)
  response.flushHeaders()
  // Node would write each chunk in four pieces. The framing is ours from here: one buffer, one write.
  if (response.chunkedEncoding) {
    response.chunkedEncoding = false
    selfFramed.add(response)
  }
}

/** Answers whose chunks (RFC 9112 §7.1) are made here. */
const selfFramed = new WeakSet<ServerResponse>()
const LAST_CHUNK = Buffer.from('0\r\n\r\n')
/** Beyond it the bytes are not copied. */
const MAX_COPIED_BYTES = 64 * 1024

const framesItself = (response: ServerResponse): boolean => selfFramed.has(response)

/** One chunk of all the pieces. */
function framed(pieces: readonly Buffer[], length: number): Buffer {
  const size = length.toString(16)
  const chunk = Buffer.allocUnsafe(size.length + 4 + length)
  let at = chunk.write(size, 0, 'latin1')
  chunk[at++] = 0x0d
  chunk[at++] = 0x0a
  for (const piece of pieces) {
    chunk.set(piece, at)
    at += piece.length
  }
  chunk[at++] = 0x0d
  chunk[at] = 0x0a
  return chunk
}

/** False: the caller is slow. */
function writeChunks(response: ServerResponse, chunks: readonly Buffer[]): boolean {
  let length = 0
  for (const chunk of chunks) length += chunk.length
  if (length === 0) return true
  const ours = framesItself(response)
  if (ours && length <= MAX_COPIED_BYTES) return response.write(framed(chunks, length))
  let willing = true
  response.cork()
  if (ours) response.write(`${length.toString(16)}\r\n`, 'latin1')
  for (const chunk of chunks) willing = response.write(chunk)
  if (ours) willing = response.write('\r\n', 'latin1')
  response.uncork()
  return willing
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
    const willing = writeChunks(response, chunks)
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
  const body = renderOpenAiError(error)
  const headers = callHeaders(call)
  if (call.attempts.length > 0) {
    // Ours were the tries: SDKs that repeat on 429 and 5xx would multiply them.
    headers.push('x-gatehouse-attempts', String(call.attempts.length), 'x-should-retry', 'false')
  }
  if (error.retryAfterSeconds !== null)
    headers.push('retry-after', String(Math.max(1, Math.ceil(error.retryAfterSeconds))))
  headers.push('content-type', 'application/json', 'content-length', String(Buffer.byteLength(body)))
  if (request.complete) return void response.writeHead(error.status, headers).end(body)
  // The caller is still sending. Closing now would reset the connection under its unread answer (RFC 9112 §9.6).
  response.writeHead(error.status, [...headers, 'connection', 'close'])
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
