/**
 * One attempt at one target: a state machine over the vendor's bytes. Until the first token it holds what comes, so that
 * the caller may still be served by another; from then on it lets the bytes flow, as fast as the caller takes them.
 */
import { ByteCollector } from '../codec/byte-collector.ts'
import { SseOverflow } from '../codec/sse.ts'
import { ChatStreamReader } from '../dialects/openai-chat-stream.ts'
import { isRefusal } from '../dialects/openai-refusal.ts'
import { isRecord, type ReadUsage, usageOf } from '../dialects/openai-usage.ts'
import type { Endpoint } from '../providers/endpoint.ts'
import {
  failureOfConnection,
  failureOfEnd,
  failureOfErrorBody,
  failureOfStatus,
  failureOfWhole,
  garbage,
  givenUp,
  outrun,
  parseJson,
  ranOutOfTime,
  refusedContent,
  tooSlow,
  type VendorFailure,
} from '../providers/vendor-failure.ts'
import {
  type Upstream,
  UpstreamError,
  type UpstreamExchange,
  type UpstreamHandler,
  type UpstreamHeaders,
  type UpstreamRequest,
} from '../upstream/upstream.ts'
import { type AttemptOptions, BOUNDS, DISCARD, kindOfAnswer, type Sink } from './attempt-terms.ts'
import { AttemptTimer, type Timed } from './attempt-timer.ts'

type State = 'waiting' | 'refusal' | 'json' | 'holding' | 'flowing' | 'over'

export class Attempt implements UpstreamHandler, Timed {
  readonly endpoint: Endpoint
  readonly startedAt: number
  /** Resolves when it is known what this is: an answer, a stream that has begun, or a failure. */
  readonly opened: Promise<void>
  /** Resolves when a stream that had begun is over: with what kept it from its own end, or null. */
  readonly ended: Promise<VendorFailure | null>
  status: number | null = null
  failure: VendorFailure | null = null
  /** Why another target may do better, of an answer that was held: it only refuses, or is slow. Deliver it, or leave it. */
  doubt: VendorFailure | null = null
  aborted = false
  /** Set for a whole answer, a failed one included: it may tell its usage. */
  json: { readonly bytes: Buffer; readonly fields: Record<string, unknown> } | null = null
  reader: ChatStreamReader | null = null
  /** Monotonic milliseconds. */
  firstTokenAt: number | null = null
  endedAt: number | null = null
  /** Whether the vendor may have seen the request. */
  sent = false
  headers: UpstreamHeaders = {}

  readonly #options: AttemptOptions
  readonly #opening = Promise.withResolvers<void>()
  readonly #ending = Promise.withResolvers<VendorFailure | null>()
  #state: State = 'waiting'
  #exchange: UpstreamExchange | null = null
  readonly #body = new ByteCollector()
  #bytes = 0
  #sink: Sink | null = null
  #paused = false
  #lastByteAt: number
  #phaseDeadline: number
  readonly #timer: AttemptTimer
  #sawEnd = false

  constructor(options: AttemptOptions) {
    this.#options = options
    this.endpoint = options.endpoint
    this.startedAt = options.clock.monotonic()
    this.#lastByteAt = this.startedAt
    this.#phaseDeadline = options.stream
      ? this.startedAt + options.timeouts.firstTokenMs
      : Number.POSITIVE_INFINITY
    this.#timer = new AttemptTimer(options.clock, this)
    this.opened = this.#opening.promise
    this.ended = this.#ending.promise
  }

  /** Nothing is sent when the caller has left before. */
  start(upstream: Upstream, request: UpstreamRequest) {
    if (this.aborted) return
    this.#timer.arm()
    try {
      const exchange = upstream.dispatch(request, this)
      this.#exchange = exchange
      if (this.#state === 'over') exchange.abort()
    } catch (error) {
      this.#fail(
        failureOfConnection(this.endpoint, new UpstreamError('broken', 'not sent', { cause: error }), null),
      )
    }
  }

  /** Lets a stream that has begun flow: what was held first, then all that comes. */
  flow(sink: Sink) {
    this.#sink = sink
    this.#flowOut()
  }

  /** A method and no closure of each call: those were seen to keep dead calls alive through scavenges. */
  callerGone() {
    const { whenCallerGone, stream } = this.#options
    if (!stream) return
    if (whenCallerGone === 'abort') return this.abort()
    if (this.#state !== 'flowing') return
    // The rest is read for the books alone.
    this.flow(DISCARD)
    this.resume()
  }

  resume() {
    if (!this.#paused) return
    this.#paused = false
    this.#lastByteAt = this.#options.clock.monotonic()
    this.#exchange?.resume()
  }

  abort() {
    if (this.#state === 'over') return
    this.aborted = true
    this.#breakOff(givenUp(this.status))
  }

  /** Its doubt becomes its failure. A refusal is whole, has its usage, and is kept; a slow stream is cancelled. */
  leave() {
    const failure = this.doubt
    const isWhole = failure?.reason === 'contentRefused'
    if (this.#state === 'flowing') this.#finish(isWhole ? null : failure)
    this.failure = failure
  }

  /** Another target answered first. It has not failed; whatever comes is nobody's, and it is cancelled. */
  lose() {
    this.aborted = true
    const failure = outrun(this.endpoint, this.status)
    this.#breakOff(failure)
    this.failure = failure
  }

  /** A refusal that was left is told after all. */
  takeBack() {
    this.failure = null
  }

  /** Whether it is known what this is: `opened` has resolved. */
  get isOpen(): boolean {
    return this.#state === 'flowing' || this.#state === 'over'
  }

  /** Of an answer that is not a stream, as far as it came. */
  get bodyBytes(): number {
    return this.#bytes
  }

  /** The usage that the vendor told, if it did. */
  usage(mostOutput: number): ReadUsage | null {
    return this.json ? usageOf(this.json.fields, this.json.bytes) : (this.reader?.told(mostOutput) ?? null)
  }

  onHeaders(status: number, headers: UpstreamHeaders) {
    if (this.#state !== 'waiting') return
    const { clock, stream } = this.#options
    this.status = status
    this.headers = headers
    this.#lastByteAt = clock.monotonic()
    const kind = kindOfAnswer(status, headers, stream)
    if (typeof kind === 'object') return this.#fail(this.#garbage(kind.garbage))
    this.#state = kind
    if (kind === 'holding') this.reader = new ChatStreamReader(this.#options.reading)
    if (kind !== 'refusal') return
    this.#phaseDeadline = Math.min(this.#phaseDeadline, clock.monotonic() + BOUNDS.errorBodyMs)
    this.#timer.arm()
  }

  onData(chunk: Buffer) {
    this.#lastByteAt = this.#options.clock.monotonic()
    switch (this.#state) {
      case 'holding':
      case 'flowing':
        return this.#readStream(chunk)
      case 'refusal':
        if (this.#bytes < BOUNDS.errorBytes) this.#keep(chunk)
        return
      case 'json':
        this.#keep(chunk)
        if (this.#bytes > BOUNDS.jsonBytes) this.#fail(this.#garbage(`more than ${BOUNDS.jsonBytes} bytes`))
        return
    }
  }

  onEnd() {
    const status = this.status ?? 0
    switch (this.#state) {
      case 'refusal':
        return this.#failOfRefusal()
      case 'json': {
        const bytes = this.#body.join()
        const fields = parseJson(bytes)
        if (isRecord(fields)) this.json = { bytes, fields }
        const failure = failureOfWhole(this.endpoint, fields, status)
        if (failure || !isRecord(fields)) return failure && this.#fail(failure)
        if (this.#options.holdRefusals && isRefusal(fields)) this.doubt = refusedContent(this.endpoint)
        this.firstTokenAt = this.#options.clock.monotonic()
        this.#close()
        return this.#opening.resolve()
      }
      case 'holding':
      case 'flowing':
        return this.#endOfStream()
      case 'waiting':
        return this.#fail(this.#garbage('no answer'))
    }
  }

  onError(error: UpstreamError) {
    if (this.#state === 'over') return
    // A refusal whose body broke is still a refusal.
    if (this.#state === 'refusal') return this.#failOfRefusal()
    // Broken behind the last word, it is as whole as one that was closed.
    if (this.reader?.finished) return this.#endOfStream()
    this.#breakOff(failureOfConnection(this.endpoint, error, this.status))
  }

  #readStream(chunk: Buffer) {
    const { reader } = this
    if (!reader) return
    try {
      reader.push(chunk)
    } catch (error) {
      if (!(error instanceof SseOverflow)) throw error
      return this.#breakOff(this.#garbage(error.message))
    }
    if (this.#state === 'flowing') return this.#flowOut()
    this.#bytes += chunk.length
    if (reader.terminal || (reader.begun && !this.#isHeld(reader))) return this.#begin()
    if (reader.error !== null) return this.#fail(failureOfErrorBody(this.endpoint, reader.error))
    if (reader.garbage) return this.#fail(this.#garbage('a stream that is not valid'))
    // One huge event is bounded by itself: while it isn't whole, there is nothing to show and nothing to lose.
    if (this.#bytes > BOUNDS.heldBytes && reader.hasOutput) this.#begin()
  }

  /** Whether what has begun waits for more: to be a whole refusal, or to show how fast it comes. */
  #isHeld(reader: ChatStreamReader): boolean {
    const { holdRefusals, minOutputSpeed, timeouts } = this.#options
    if (this.#bytes > BOUNDS.heldBytes) return false
    if (holdRefusals && reader.refusing) {
      this.#phaseDeadline = this.#lastByteAt + timeouts.idleMs
      return true
    }
    if (minOutputSpeed === null) return false
    if (this.firstTokenAt === null) {
      this.firstTokenAt = this.#lastByteAt
      this.#phaseDeadline = this.#lastByteAt + minOutputSpeed.withinMs
      this.#timer.arm()
    }
    const { tokensPerSecond, withinMs } = minOutputSpeed
    return reader.estimatedTokens < (tokensPerSecond * withinMs) / 1_000
  }

  #begin() {
    const { reader } = this
    const isWhole = reader && (reader.terminal || (this.#sawEnd && reader.finished))
    if (isWhole && reader.refusing && this.#options.holdRefusals) this.doubt = refusedContent(this.endpoint)
    this.#state = 'flowing'
    this.firstTokenAt ??= this.#options.clock.monotonic()
    this.#phaseDeadline = Number.POSITIVE_INFINITY
    this.#timer.arm()
    this.#opening.resolve()
  }

  #flowOut() {
    const { reader } = this
    // Before there is somebody to take it, it waits.
    if (!reader || !this.#sink) return
    const chunks = reader.take()
    const willing = chunks.length === 0 || this.#sink(chunks)
    if (this.#state !== 'flowing') return
    if (reader.error !== null) this.#breakOff(failureOfErrorBody(this.endpoint, reader.error))
    else if (reader.terminal) this.#finish(null)
    else if (this.#sawEnd) this.#finish(failureOfEnd(this.endpoint, reader, this.status))
    else if (!willing && !this.#paused) {
      this.#paused = true
      this.#exchange?.pause()
    }
  }

  #endOfStream() {
    const { reader } = this
    if (!reader) return
    this.#letGo()
    this.#sawEnd = true
    reader.end()
    if (this.#state === 'holding') {
      if (reader.error !== null) return this.#fail(failureOfErrorBody(this.endpoint, reader.error))
      if (!reader.begun && !reader.terminal)
        return this.#fail(this.#garbage('a stream that ended before it began'))
      // Nobody has seen any of it yet.
      const failure = failureOfEnd(this.endpoint, reader, this.status)
      if (failure) return this.#fail(failure)
      this.#begin()
    }
    this.#flowOut()
  }

  #failOfRefusal() {
    const body = this.#body.join()
    const now = this.#options.clock.now()
    this.#fail(failureOfStatus(this.endpoint, this.status ?? 0, this.headers, body, now))
  }

  #garbage(what: string): VendorFailure {
    return garbage(this.endpoint, what, this.status ?? 0)
  }

  #breakOff(failure: VendorFailure) {
    if (this.#state === 'flowing') this.#finish(failure)
    else this.#fail(failure)
  }

  #fail(failure: VendorFailure) {
    if (this.#state === 'over') return
    this.failure = failure
    this.#close()
    this.#exchange?.abort()
    this.#opening.resolve()
  }

  #finish(failure: VendorFailure | null) {
    if (this.#state === 'over') return
    this.failure = failure
    this.#close()
    if (failure) this.#exchange?.abort()
    else if (this.#exchange) {
      // A clean end lets the connection be used again; one that stays open for no reason is given up.
      const exchange = this.#exchange
      if (this.#paused) exchange.resume()
      setTimeout(() => exchange.abort(), BOUNDS.lingerMs).unref()
    }
    this.#ending.resolve(failure)
  }

  #letGo() {
    this.sent ||= this.#exchange?.sent ?? false
    this.#exchange?.abort()
    this.#exchange = null
  }

  #close() {
    this.#state = 'over'
    this.sent ||= this.#exchange?.sent ?? false
    this.#body.clear()
    this.endedAt = this.#options.clock.monotonic()
    this.#timer.stop()
  }

  #keep(chunk: Buffer) {
    this.#body.add(chunk)
    this.#bytes += chunk.length
  }

  /** Monotonic milliseconds. */
  get nextDeadline(): number {
    const { stream, timeouts, clock } = this.#options
    const isComing = this.#state === 'flowing' || (this.#state === 'json' && this.#bytes > 0)
    const idle = isComing && !this.#paused ? this.#lastByteAt + timeouts.idleMs : Number.POSITIVE_INFINITY
    // Paused by a slow caller, silence is not the vendor's; a whole answer may take its time until it comes. Look again
    // later, when it may be coming.
    const recheck = this.#paused || !stream ? clock.monotonic() + timeouts.idleMs : Number.POSITIVE_INFINITY
    return Math.min(this.#options.deadline, this.#phaseDeadline, idle, recheck)
  }

  timeIsUp(now: number) {
    const { deadline } = this.#options
    if (this.reader?.finished) return this.#endOfStream()
    if (this.#state === 'holding' && this.firstTokenAt !== null && now < deadline) {
      this.doubt = tooSlow(this.endpoint, this.status)
      return this.#begin()
    }
    if (this.#state === 'refusal' && now < deadline) return this.#failOfRefusal()
    const hasBegun = this.#state === 'flowing' || this.#state === 'json'
    const when = now >= deadline ? 'deadline' : hasBegun ? 'middle' : 'beginning'
    this.#breakOff(ranOutOfTime(this.endpoint, when, this.status))
  }
}
