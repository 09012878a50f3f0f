/** What an attempt is made with, and the words in which it speaks to those around it. */
import type { RoutePolicy } from '../../lib/contract/entities.ts'
import type { OutputSpeed } from '../../lib/contract/routing.ts'
import type { Clock } from '../clock.ts'
import type { ChatStreamOptions } from '../dialects/openai-chat-stream.ts'
import type { Endpoint } from '../providers/endpoint.ts'
import type { UpstreamHeaders } from '../upstream/upstream.ts'

export interface AttemptOptions {
  readonly endpoint: Endpoint
  readonly stream: boolean
  readonly timeouts: RoutePolicy['timeouts']
  /** Monotonic milliseconds at which the whole call's time is up. */
  readonly deadline: number
  readonly clock: Clock
  readonly reading: ChatStreamOptions
  /** Whether an answer that only refuses is held until it is whole, for another target may do better. */
  readonly holdRefusals: boolean
  /** A stream is held until it has shown that it is as fast, where another target may be. */
  readonly minOutputSpeed: OutputSpeed | null
  /** Of a stream whose caller goes away. Whole answers are always drained: their vendor is done or nearly so. */
  readonly whenCallerGone: RoutePolicy['onDisconnect']
}

/** Takes what may be forwarded; false asks for a pause until `resume`. */
export type Sink = (chunks: Buffer[]) => boolean
export const DISCARD: Sink = () => true

export const BOUNDS = {
  /** Before the first token; a vendor that sends more without one is taken to have begun. */
  heldBytes: 64 * 1024,
  jsonBytes: 32 * 1024 * 1024,
  errorBytes: 64 * 1024,
  errorBodyMs: 10_000,
  /** How long a vendor may take to close after `[DONE]` before its connection is given up. */
  lingerMs: 2_000,
} as const

/** What the headers of an answer announce: the body of a refusal, one whole answer, a stream, or nothing of use. */
export function kindOfAnswer(
  status: number,
  headers: UpstreamHeaders,
  stream: boolean,
): 'refusal' | 'json' | 'holding' | { readonly garbage: string } {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity')
    return { garbage: 'a compressed answer, which nobody asked for' }
  if (status < 200 || status > 299) return 'refusal'
  const type = String(headers['content-type'] ?? '').toLowerCase()
  if (!stream || type.includes('json')) return 'json'
  return type.includes('html') ? { garbage: 'a web page instead of a stream' } : 'holding'
}
