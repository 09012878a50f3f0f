/**
 * What the journal keeps of the counters: their state in each checkpoint, what each intent took, and notes of their own.
 * The journal only carries it; what it means is `limits/counter-ledger.ts`.
 */
import type { UsageEvent } from '../../lib/contract/usage-event.ts'
import type { Intent } from './books.ts'
import type { OpenIntents } from './recovery.ts'

export interface CounterBook {
  /** For a checkpoint, as JSON. */
  state(): unknown
  /** At start, in the order of the journal. Nothing here throws for what a file holds. */
  restore(state: unknown): void
  intended(intent: Intent): void
  settled(event: Pick<UsageEvent, 'attempts'>, intents: readonly Intent[]): void
  /** @param open intents of calls that are not settled yet, by call id */
  noted(note: unknown, open: Pick<OpenIntents, 'get'>): void
}
