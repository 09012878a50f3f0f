/**
 * A simulated vendor inside the gateway, for trying the product without an account. It answers bytes on OpenAI's wire
 * behind the interface of the upstream client, so its calls take the same path as any other's; the books mark them.
 */
import type { ProviderEntity } from '../../lib/contract/entities.ts'
import type { Clock } from '../clock.ts'
import type { Upstream, UpstreamExchange, UpstreamHandler } from '../upstream/upstream.ts'
import { UpstreamError } from '../upstream/upstream.ts'
import { openai } from './openai.ts'
import type { Provider } from './provider.ts'
import { composeAnswer, type SandboxAnswer } from './sandbox-answer.ts'

export const sandbox: Provider = {
  ...openai,
  kind: 'sandbox',
  // Never dialled: the provider answers itself.
  defaultBaseUrl: 'http://sandbox.invalid/v1',
  simulate: createSandboxUpstream,
}

interface SandboxModel {
  readonly latencyMs: number
  readonly tokensPerSecond: number
  readonly fault?: 500 | 429 | 'cut'
}

const ANY_MODEL: SandboxModel = { latencyMs: 60, tokensPerSecond: 200 }
const MODELS: Record<string, SandboxModel> = {
  'sandbox-small': ANY_MODEL,
  'sandbox-large': { latencyMs: 250, tokensPerSecond: 80 },
  'sandbox-reasoning': { latencyMs: 800, tokensPerSecond: 60 },
  'sandbox-slow': { latencyMs: 5_000, tokensPerSecond: 5 },
  'sandbox-cut': { latencyMs: 60, tokensPerSecond: 200, fault: 'cut' },
  'sandbox-error-500': { latencyMs: 60, tokensPerSecond: 200, fault: 500 },
  'sandbox-error-429': { latencyMs: 60, tokensPerSecond: 200, fault: 429 },
}

/** Shortest time between two writes: a faster model sends several tokens at once. */
const TICK_MS = 15

export function createSandboxUpstream({ options }: ProviderEntity, clock: Clock): Upstream {
  let served = 0
  const number = (value: unknown, fallback: number) => (typeof value === 'number' ? value : fallback)
  return {
    dispatch(request, handler) {
      served += 1
      if (request.method === 'GET') return whole(handler, 5, 200, modelList())
      const answer = composeAnswer(request.body ?? Buffer.alloc(0), Math.floor(clock.now() / 1_000))
      if ('error' in answer)
        return whole(handler, 5, 400, errorBody(answer.error, 'invalid_request_error', null))
      // It has no models, it plays them: a route may name the one that it will have in earnest.
      const model = (Object.hasOwn(MODELS, answer.model) && MODELS[answer.model]) || ANY_MODEL
      const latencyMs = number(options.latencyMs, model.latencyMs) * (0.8 + 0.4 * answer.chance)
      const tokensPerSecond = number(options.tokensPerSecond, model.tokensPerSecond)
      // By turn, not by request: a repeat of a call must be able to succeed.
      const unlucky = fraction(served) < number(options.failureRate, 0)
      if (model.fault === 500 || unlucky) {
        return whole(
          handler,
          latencyMs,
          500,
          errorBody('The sandbox failed, as it was asked to.', 'server_error', null),
        )
      }
      if (model.fault === 429) {
        const body = errorBody(
          'The sandbox limits its rate, as it was asked to.',
          'requests',
          'rate_limit_exceeded',
        )
        return whole(handler, latencyMs, 429, body, { 'retry-after': '1' })
      }
      const cut = model.fault === 'cut'
      if (answer.stream) return new StreamedAnswer(handler, answer, latencyMs, tokensPerSecond, cut)
      const duration = latencyMs + (answer.completionTokens / tokensPerSecond) * 1_000
      return cut ? broken(handler, duration) : whole(handler, duration, 200, JSON.stringify(answer.whole))
    },
    close: () => Promise.resolve(),
  }
}

function modelList(): string {
  const data = Object.keys(MODELS).map((id) => ({ id, object: 'model', created: 0, owned_by: 'sandbox' }))
  return JSON.stringify({ object: 'list', data })
}

function errorBody(message: string, type: string, code: string | null): string {
  return JSON.stringify({ error: { message, type, param: null, code } })
}

/** The n-th turn's number in [0, 1): spread evenly, the same in each run. */
function fraction(turn: number): number {
  return (turn * 0.618_033_988_749_895) % 1
}

function whole(
  handler: UpstreamHandler,
  delayMs: number,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): UpstreamExchange {
  const timer = setTimeout(() => {
    handler.onHeaders(status, { 'content-type': 'application/json', ...headers })
    handler.onData(Buffer.from(body))
    handler.onEnd()
  }, delayMs)
  return { sent: true, pause() {}, resume() {}, abort: () => clearTimeout(timer) }
}

function broken(handler: UpstreamHandler, delayMs: number): UpstreamExchange {
  const timer = setTimeout(() => {
    handler.onHeaders(200, { 'content-type': 'application/json' })
    handler.onData(Buffer.from('{"id":"chatcmpl-'))
    handler.onError(new UpstreamError('broken', 'The sandbox cut the connection, as it was asked to.'))
  }, delayMs)
  return { sent: true, pause() {}, resume() {}, abort: () => clearTimeout(timer) }
}

class StreamedAnswer implements UpstreamExchange {
  readonly sent = true
  readonly #handler: UpstreamHandler
  readonly #chunks: readonly string[]
  readonly #msPerChunk: number
  readonly #cutAfter: number
  #sent = 0
  #startedAt = 0
  #paused = false
  #timer: NodeJS.Timeout | null

  constructor(
    handler: UpstreamHandler,
    answer: SandboxAnswer,
    latencyMs: number,
    tokensPerSecond: number,
    cut: boolean,
  ) {
    this.#handler = handler
    this.#chunks = answer.chunks
    this.#msPerChunk = 1_000 / tokensPerSecond
    this.#cutAfter = cut ? Math.max(2, Math.floor(answer.chunks.length / 2)) : Number.POSITIVE_INFINITY
    this.#timer = setTimeout(() => {
      this.#startedAt = performance.now()
      handler.onHeaders(200, { 'content-type': 'text/event-stream; charset=utf-8' })
      this.#tick()
    }, latencyMs)
  }

  pause() {
    this.#paused = true
  }

  resume() {
    if (!this.#paused) return
    this.#paused = false
    if (this.#timer === null) this.#timer = setTimeout(() => this.#tick(), 0)
  }

  abort() {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#sent = Number.POSITIVE_INFINITY
  }

  #tick() {
    this.#timer = null
    if (this.#paused || this.#sent > this.#chunks.length) return
    const due = 1 + Math.floor((performance.now() - this.#startedAt) / this.#msPerChunk)
    const until = Math.min(due, this.#chunks.length, this.#cutAfter)
    if (until > this.#sent) {
      const text = this.#chunks.slice(this.#sent, until).join('')
      this.#sent = until
      this.#handler.onData(Buffer.from(text))
    }
    if (this.#sent > this.#chunks.length) return
    if (this.#sent >= this.#cutAfter) {
      return this.#handler.onError(
        new UpstreamError('broken', 'The sandbox cut the connection, as it was asked to.'),
      )
    }
    if (this.#sent >= this.#chunks.length) return this.#handler.onEnd()
    this.#timer = setTimeout(() => this.#tick(), Math.max(TICK_MS, this.#msPerChunk))
  }
}
