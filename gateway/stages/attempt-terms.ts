/** What an attempt is made with, and the words in which it speaks to those around it. */
import type { RoutePolicy } from '../../lib/contract/entities.ts'
import type { OutputSpeed } from '../../lib/contract/routing.ts'
import type { Clock } from '../clock.ts'
import type { ChatStreamOptions } from '../dialects/openai-chat-stream.ts'
import type { Endpoint } from '../providers/endpoint.ts'
import type { VendorFailure } from '../providers/vendor-failure.ts'

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

/** Why a stream that had begun is over. `failure` null: it came to its own end. */
export interface StreamEnd {
  readonly failure: VendorFailure | null
  readonly aborted: boolean
}
