/**
 * What the pipeline asks of the books. What it told is with the operating system once `written` says so: a killed process
 * loses nothing then. `JOURNAL_SYNC=settle` waits for the disk besides, in `settled`.
 */
import type { UsageEvent } from '../../lib/contract/usage-event.ts'

/** Written before an attempt is dispatched; enough to settle it honestly should the process die. */
export interface Intent {
  /** The request id. */
  readonly callId: string
  /** Index of the attempt in its call, from 0. */
  readonly attempt: number
  /** What the call is, as far as it is known: becomes the event of a call that a crash cut. */
  readonly call: Pick<
    UsageEvent,
    | 'id'
    | 'traceId'
    | 'at'
    | 'kind'
    | 'teamId'
    | 'consumerId'
    | 'keyId'
    | 'routeId'
    | 'route'
    | 'stream'
    | 'requestedModel'
    | 'endUser'
    | 'tags'
    | 'revision'
    | 'simulated'
  >
  readonly providerId: string
  readonly providerKind: UsageEvent['attempts'][number]['providerKind']
  readonly model: string
  /** Epoch milliseconds. */
  readonly startedAt: number
  /** Estimate of the input, tokens. */
  readonly estimatedInputTokens: number
  /** The bound of its cost that is held; null without a price or a policy. */
  readonly reservedPicoUsd: string | null
  /** What it takes from counters; the first attempt names what the call took too. As JSON a `HoldRecord`. */
  readonly hold: WrittenHold | HoldRecord
  readonly admission: WrittenHold | HoldRecord | null
}

/** Written with the amounts that it has by then. */
export interface WrittenHold {
  toJSON(): HoldRecord
  /** The JSON of that, cheaply. */
  toText(): string
}

/** Counter, what it counts, amount, window in milliseconds: as in `limits/counters.ts`. */
export type HoldRecord = readonly (readonly [key: string, counts: string, amount: string, windowMs: number])[]

export interface Books {
  /**
   * Opens an attempt. It may be dispatched once `written` has said true.
   * @throws GatewayError `books_full` when the journal can't take more, or a sync has failed.
   */
  intend(intent: Intent): void
  /** Resolves when what was told so far is with the operating system; false: it could not be, and no attempt is open. */
  written(): Promise<boolean>
  /** Closes a call with all its attempts, or books a refusal that had none; exactly once for each call. */
  settle(event: Omit<UsageEvent, 'sequence'>): void
  /** Resolves when what was told is as safe as `JOURNAL_SYNC` asks: written for `group`, synced for `settle`. */
  settled(): Promise<unknown>
  /** Whether a new call may start; asked before anything else is spent on it. */
  readonly accepting: boolean
}
