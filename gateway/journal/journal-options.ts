/** What a journal is opened with, its bounds, and what it gives. */
import type { Clock } from '../clock.ts'
import type { Log } from '../telemetry/log.ts'
import type { Books } from './books.ts'
import type { CounterBook } from './counter-book.ts'
import type { JournalFs } from './journal-fs.ts'
import type { StoredEvent } from './turn.ts'

export interface JournalLimits {
  readonly segmentBytes: number
  readonly segmentMs: number
  /** From a write to the start of the sync that covers it. */
  readonly syncDelayMs: number
  /** Beyond it no new call is taken until the admin has committed some. */
  readonly maxUnshippedBytes: number
  /** Events that wait to be shipped and are kept in memory; older ones are read again from their segment. */
  readonly recentEvents: number
  /** Between attempts to open a fresh segment after a failure. */
  readonly retryMs: number
}

export const DEFAULT_JOURNAL_LIMITS: JournalLimits = {
  segmentBytes: 16 * 1024 * 1024,
  segmentMs: 600_000,
  syncDelayMs: 20,
  maxUnshippedBytes: 4 * 1024 * 1024 * 1024,
  recentEvents: 5_000,
  retryMs: 1_000,
}

export interface JournalOptions {
  readonly directory: string
  readonly fs: JournalFs
  readonly clock: Clock
  readonly log: Log
  readonly sync: 'group' | 'settle'
  /**
   * Calls back once at the end of this turn of the event loop, so that all its records are one write. Absent: each
   * record is written at once.
   */
  readonly atTurnEnd?: (flush: () => void) => void
  readonly limits?: Partial<JournalLimits>
  /** Kept in checkpoints and brought back at start. */
  readonly counters?: CounterBook
  /** Whether the disk has room for what calls in flight will still write. */
  readonly hasRoom?: () => boolean
}

export interface Journal extends Books {
  /** Hears of every settlement; the shipper's bell. */
  onSettled(listener: () => void): void
  /** Events from a sequence on, in order; at most `maxEvents` and, beyond the first, `maxBytes`. Empty: none waits. */
  read(fromSequence: number, maxEvents: number, maxBytes: number): Promise<StoredEvent[]>
  /** Events that are told and not written yet: they have no number that `read` knows. */
  staged(): number
  /** Keeps a note of the counter book. One that can't be written is made good by the next checkpoint. */
  note(note: object): void
  /** The admin holds all events up to this sequence: they may be forgotten. */
  commit(sequence: number): void
  /** Numbers below this one are taken: the folder was restored from an older copy. */
  skipTo(sequence: number): void
  readonly committedSequence: number
  /** Of the next event that is written: all below it can be read, or never will be. */
  readonly nextSequence: number
  /** `failures`: how often a write or a sync has failed since the start. */
  stats(): { unshippedEvents: number; unshippedBytes: number; openIntents: number; failures: number }
  /** Syncs what is written and closes. A call that ends after it is booked by its intent at the next start. */
  close(): Promise<void>
}
