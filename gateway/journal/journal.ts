/**
 * The books of one gateway: an append-only journal in segments. Records go to the operating system together at the end of
 * the loop's turn that made them (`written`), and are synced by the group. It does not ship: `shipper.ts` reads from here.
 */
import type { UsageEvent } from '../../lib/contract/usage-event.ts'
import { GatewayError } from '../gateway-error.ts'
import type { Intent } from './books.ts'
import { createEventReader } from './event-reader.ts'
import { DEFAULT_JOURNAL_LIMITS, type Journal, type JournalOptions } from './journal-options.ts'
import { reportBehindAdmin, reportFailure, reportFullness } from './journal-words.ts'
import { encodeRecord, RECORD_TYPES, type RecordType } from './record.ts'
import { addIntent, type Checkpoint, recoverJournal, type Segment } from './recovery.ts'
import {
  absentSegment,
  closeQuietly,
  createSegment,
  deleteOldest,
  discardSegment,
  type OpenSegment,
  reopenSegment,
  unshippedBytesOf,
  writeRecord,
} from './segment-writer.ts'
import { type StoredEvent, Turn } from './turn.ts'
import { unsettledEvents } from './unsettled.ts'

/** @throws when the folder can't be read. One that can't be written is tried again until it can. */
export function openJournal(options: JournalOptions): Journal {
  const { directory, fs, clock, log } = options
  const limits = { ...DEFAULT_JOURNAL_LIMITS, ...options.limits }
  fs.mkdirSync(directory)
  const recovered = recoverJournal(fs, directory, log, options.counters ?? null)
  const { segments, open } = recovered
  let { nextSequence, committedSequence } = recovered
  let recent: StoredEvent[] = []
  /** Settlements that no disk has for sure yet: of the last group, or since a failure. */
  let unsynced: { mark: number; event: StoredEvent }[] = []
  let writes = 0
  let syncedWrites = 0
  let failure: string | null = null
  let failures = 0
  let refusalsNotBooked = 0
  let unshippedBytes = 0
  const fullness = { told: false }
  let syncTimer: NodeJS.Timeout | null = null
  let syncing: Promise<void> | null = null
  let repairTimer: NodeJS.Timeout | null = null
  let repairing: Promise<void> | null = null
  let closed = false
  let waiters: { mark: number; resolve: () => void; reject: (error: Error) => void }[] = []
  /** Full segments whose last writes wait for a sync. */
  let retired: OpenSegment[] = []
  let directoryChanged = false
  let listener: () => void = () => {}
  const reader = createEventReader(fs, log)
  const turn = new Turn()
  let awaitsTurnEnd = false
  /** Of the newest file that was made, or tried: a name that a failing disk left behind is not tried again. */
  let lastNumber = segments.at(-1)?.number ?? 0
  let current = firstSegment()
  for (const event of unsettledEvents(open.values(), log)) settle(event)
  flush()
  countUnshipped()

  /** A disk that takes nothing is no reason not to start: it may have room again in a minute. */
  function firstSegment(): OpenSegment {
    const previous = segments.at(-1)
    try {
      const segment = startSegment()
      // What a killed process wrote last may not be on the disk yet.
      if (previous) retired.push(...reopenSegment(fs, previous, log))
      return segment
    } catch (error) {
      fail('start', error)
      return absentSegment(directory, lastNumber)
    }
  }

  function startSegment(): OpenSegment {
    const segment = create()
    try {
      write(segment, encodeRecord(RECORD_TYPES.checkpoint, JSON.stringify(checkpoint(nextSequence))))
    } catch (error) {
      discardSegment(fs, segment)
      throw error
    }
    segments.push(segment)
    return segment
  }

  function create(): OpenSegment {
    directoryChanged = true
    lastNumber += 1
    return createSegment(fs, directory, lastNumber, clock.monotonic())
  }

  function checkpoint(firstSequence: number): Checkpoint {
    return {
      v: 1,
      nextSequence,
      firstSequence,
      committedSequence,
      open: open.values().flat(),
      counters: options.counters?.state(),
    }
  }

  function write(segment: OpenSegment, record: Buffer): void {
    writeRecord(fs, segment, record)
    writes += 1
    if (syncTimer === null && syncing === null && !closed)
      syncTimer = setTimeout(startSync, limits.syncDelayMs)
  }

  /** A record was added to the turn: the first one asks for its end. Without somebody to ask, each record is a turn. */
  function added(): boolean {
    if (options.atTurnEnd === undefined) return flush()
    if (!awaitsTurnEnd) options.atTurnEnd(flush)
    awaitsTurnEnd = true
    return true
  }

  /** Writes what was gathered, all or nothing, and tells whether. */
  function flush(): boolean {
    awaitsTurnEnd = false
    if (turn.isEmpty) return failure === null
    const { bytes, intents, events, end } = turn.take()
    try {
      if (failure === null) write(current, bytes)
    } catch (error) {
      fail('write', error)
    }
    const isWritten = failure === null
    if (isWritten) {
      unshippedBytes += bytes.length
      for (const intent of intents) addIntent(open, intent)
      current.lastSequence = events.at(-1)?.sequence ?? current.lastSequence
    }
    // Settlements that could not be written are kept in memory for the repair; until then the intents on disk stand.
    const mark = isWritten ? writes : Number.POSITIVE_INFINITY
    for (const event of events) {
      unsynced.push({ mark, event })
      recent.push(event)
    }
    if (recent.length > limits.recentEvents + 1_000 && isWritten) recent = recent.slice(-limits.recentEvents)
    end(isWritten)
    if (events.length > 0) listener()
    return isWritten
  }

  /** Before the first record of a turn gets its number, so that a checkpoint never counts a record that follows it. */
  function rotateWhenDue(): void {
    if (failure !== null || !turn.isEmpty) return
    const age = clock.monotonic() - current.openedAt
    if (current.bytes < limits.segmentBytes && age < limits.segmentMs) return
    const full = current
    try {
      current = startSegment()
      retired.push(full)
      countUnshipped()
    } catch (error) {
      fail('rotate', error)
    }
  }

  function intend(intent: Intent): void {
    if (!isAccepting()) throw new GatewayError('books_full')
    rotateWhenDue()
    turn.addIntent(intent)
    if (!added()) throw new GatewayError('books_full')
  }

  function settle(event: Omit<UsageEvent, 'sequence'>): void {
    if (closed) {
      // Its intent is on disk: the next start books the call as unknown.
      log('warn', 'journal.settled_after_close', { requestId: event.id })
      return
    }
    // Refusals cost nobody money: while the journal is full they must not fill it further.
    if (event.attempts.length === 0 && !open.has(event.id) && !isAccepting()) {
      refusalsNotBooked += 1
      return
    }
    rotateWhenDue()
    turn.addEvent(event, nextSequence)
    nextSequence += 1
    open.delete(event.id)
    added()
  }

  function isAccepting(): boolean {
    if (closed || failure !== null || options.hasRoom?.() === false) return false
    const full = unshippedBytes >= limits.maxUnshippedBytes
    reportFullness(log, fullness, full, { unshippedBytes, refusalsNotBooked })
    return !full
  }

  function written(): Promise<boolean> {
    return turn.isEmpty ? Promise.resolve(failure === null) : turn.ended
  }

  function settled(): Promise<unknown> {
    return options.sync === 'group' ? written() : written().then(synced)
  }

  function synced(): Promise<void> {
    if (failure !== null) return Promise.reject(new GatewayError('books_full'))
    if (syncedWrites >= writes) return Promise.resolve()
    const promise = new Promise<void>((resolve, reject) => waiters.push({ mark: writes, resolve, reject }))
    if (syncing === null) {
      if (syncTimer !== null) clearTimeout(syncTimer)
      // One turn of the loop later: whoever else ends in this turn shares the sync.
      syncTimer = setTimeout(startSync, 0)
    }
    return promise
  }

  function startSync(): void {
    if (syncTimer !== null) clearTimeout(syncTimer)
    syncTimer = null
    syncing ??= sync().finally(() => {
      syncing = null
      if (syncedWrites < writes && failure === null && syncTimer === null && !closed) {
        syncTimer = setTimeout(startSync, waiters.length > 0 ? 0 : limits.syncDelayMs)
      }
    })
  }

  async function sync(): Promise<void> {
    if (failure !== null) return
    const mark = writes
    const segment = current
    const full = retired
    retired = []
    const changed = directoryChanged
    directoryChanged = false
    try {
      for (const old of full) await fs.datasync(old.fd)
      await fs.datasync(segment.fd)
      if (changed) await fs.syncDirectory(directory)
    } catch (error) {
      for (const old of full) closeQuietly(fs, old.fd)
      // A failed sync may have dropped the pages for good (and a second one says "fine"): this file gets no further word.
      fail('sync', error)
      return
    }
    for (const old of full) closeQuietly(fs, old.fd)
    if (failure !== null) return
    segment.safe = true
    syncedWrites = mark
    unsynced = unsynced.filter((entry) => entry.mark > mark)
    const done = waiters.filter((waiter) => waiter.mark <= mark)
    waiters = waiters.filter((waiter) => waiter.mark > mark)
    for (const waiter of done) waiter.resolve()
    deleteShipped()
  }

  function fail(operation: string, error: unknown): void {
    if (failure !== null) return
    failure = `the journal failed at ${operation}`
    failures += 1
    reportFailure(log, operation, error)
    for (const waiter of waiters.splice(0)) waiter.reject(new GatewayError('books_full', { cause: error }))
    scheduleRepair()
  }

  function scheduleRepair(): void {
    if (closed || repairTimer !== null) return
    repairTimer = setTimeout(() => {
      repairTimer = null
      repairing = repair().finally(() => {
        repairing = null
      })
    }, limits.retryMs)
  }

  /** A fresh segment with the open intents and every settlement that no disk has for sure. */
  async function repair(): Promise<void> {
    let segment: OpenSegment | null = null
    try {
      segment = create()
      flush()
      const first = unsynced[0]?.event.sequence ?? nextSequence
      write(segment, encodeRecord(RECORD_TYPES.checkpoint, JSON.stringify(checkpoint(first))))
      let carried = 0
      const carry = (fresh: OpenSegment) => {
        for (; carried < unsynced.length; carried += 1) {
          const entry = unsynced[carried]
          if (!entry) continue
          write(fresh, entry.event.record)
          fresh.lastSequence = entry.event.sequence
        }
      }
      carry(segment)
      await fs.datasync(segment.fd)
      await fs.syncDirectory(directory)
      // Calls that ended meanwhile.
      flush()
      carry(segment)
    } catch (error) {
      if (segment) discardSegment(fs, segment)
      log('warn', 'journal.repair_failed', { error })
      scheduleRepair()
      return
    }
    closeQuietly(fs, current.fd)
    for (const old of retired) closeQuietly(fs, old.fd)
    retired = []
    segments.push(segment)
    current = segment
    segment.safe = true
    failure = null
    unsynced = unsynced.map((entry) => ({ ...entry, mark: writes }))
    countUnshipped()
    startSync()
    log('info', 'journal.repaired', { message: 'The journal is written again.', refusalsNotBooked })
    refusalsNotBooked = 0
    listener()
  }

  function addIfWell(type: RecordType, content: object): void {
    if (failure !== null || closed) return
    turn.add(type, JSON.stringify(content))
    added()
  }

  function commit(sequence: number): void {
    if (sequence <= committedSequence) return
    committedSequence = sequence
    const first = recent[0]
    if (first && first.sequence <= sequence) recent = recent.filter((event) => event.sequence > sequence)
    addIfWell(RECORD_TYPES.committed, { sequence })
    deleteShipped()
  }

  function skipTo(sequence: number): void {
    flush()
    if (sequence <= nextSequence) return
    reportBehindAdmin(log, nextSequence, sequence)
    nextSequence = sequence
  }

  /** A segment goes when the admin holds all of it and a later one's checkpoint, with the open intents, is on the disk. */
  function deleteShipped(): void {
    if (current.safe && failure === null) {
      const mayGo = (oldest: Segment) =>
        oldest.lastSequence <= committedSequence && ![current, ...retired].some((kept) => kept === oldest)
      deleteOldest(fs, segments, mayGo, log)
    }
    countUnshipped()
  }

  function countUnshipped(): void {
    const allShipped = committedSequence >= nextSequence - 1
    unshippedBytes = allShipped ? 0 : unshippedBytesOf(segments, committedSequence)
  }

  return {
    intend,
    settle,
    written,
    settled,
    get accepting() {
      return isAccepting()
    },
    onSettled: (next) => {
      listener = next
    },
    read: (fromSequence, maxEvents, maxBytes) =>
      reader.read({ segments, recent, fromSequence, maxEvents, maxBytes }),
    commit,
    note: (content) => addIfWell(RECORD_TYPES.counters, content),
    skipTo,
    get committedSequence() {
      return committedSequence
    },
    get nextSequence() {
      return nextSequence - turn.events
    },
    staged: () => turn.events,
    stats: () => ({
      unshippedEvents: Math.max(0, nextSequence - 1 - committedSequence),
      unshippedBytes,
      openIntents: open.values().reduce((sum, intents) => sum + intents.length, 0),
      failures,
    }),
    close: async () => {
      if (closed) return
      flush()
      closed = true
      if (syncTimer !== null) clearTimeout(syncTimer)
      if (repairTimer !== null) clearTimeout(repairTimer)
      await syncing
      await repairing
      if (failure !== null && unsynced.length > 0) await repair()
      await sync()
      closeQuietly(fs, current.fd)
    },
  }
}
