/**
 * Reads the journal at start: the newest segment that opens with a valid checkpoint, and all after it. Older segments
 * are only listed: they hold events that wait to be shipped. Nothing here throws for what a file holds.
 */
import { join } from 'node:path'
import type { UsageEvent } from '../../lib/contract/usage-event.ts'
import { IdTable } from '../id-table.ts'
import type { Log } from '../telemetry/log.ts'
import type { Intent } from './books.ts'
import type { CounterBook } from './counter-book.ts'
import type { JournalFs } from './journal-fs.ts'
import { RECORD_TYPES, type Scan, scanRecords, sequenceAt } from './record.ts'
import { StoredEvent } from './turn.ts'

/** The first record of a segment: all that is needed to go on without the segments before. */
export interface Checkpoint {
  readonly v: 1
  /** Of the next event that gets a number. */
  readonly nextSequence: number
  /** Lowest sequence that stands in this segment: below `nextSequence` where a failed segment's tail was carried over. */
  readonly firstSequence: number
  readonly committedSequence: number
  readonly open: readonly Intent[]
  /** What the counter book says; absent in a journal older than it. */
  readonly counters?: unknown
}

export interface Segment {
  readonly number: number
  readonly path: string
  bytes: number
  /** Highest sequence that a settlement in it carries; 0: none. */
  lastSequence: number
}

/** Intents of calls that are not settled, by call id; nearly always one. */
export type OpenIntents = IdTable<Intent[]>

export interface Recovered {
  readonly segments: Segment[]
  readonly nextSequence: number
  readonly committedSequence: number
  readonly open: OpenIntents
}

const SEGMENT_NAME = /^(\d{8})\.log$/

export const segmentPath = (directory: string, number: number): string =>
  join(directory, `${String(number).padStart(8, '0')}.log`)

export function recoverJournal(
  fs: JournalFs,
  directory: string,
  log: Log,
  counters: CounterBook | null,
): Recovered {
  const numbers = fs
    .readdirSync(directory)
    .map((name) => Number(SEGMENT_NAME.exec(name)?.[1] ?? 0))
    .filter((number) => number > 0)
    .sort((a, b) => a - b)

  const state = { nextSequence: 1, committedSequence: 0, open: new IdTable() as OpenIntents }
  const segments: Segment[] = []
  // From the newest back to the first valid checkpoint, then forward from there.
  const tail: { segment: Segment; buffer: Buffer; scan: Scan }[] = []
  let older: number[] = []
  let limit = 0
  for (let index = numbers.length - 1; index >= 0; index -= 1) {
    const number = numbers[index] ?? 0
    const path = segmentPath(directory, number)
    const buffer = readSegment(fs, path, number, log)
    const scan = scanRecords(buffer)
    const segment = { number, path, bytes: buffer.length, lastSequence: 0 }
    reportDamage(fs, segment, scan, buffer.length, index === numbers.length - 1, log)
    tail.unshift({ segment, buffer, scan })
    const checkpoint = checkpointOf(buffer, scan)
    if (checkpoint) {
      older = numbers.slice(0, index)
      limit = checkpoint.nextSequence - 1
      break
    }
  }
  for (const number of older) {
    const path = segmentPath(directory, number)
    segments.push({ number, path, bytes: fs.sizeSync(path), lastSequence: limit })
  }
  for (const { segment, buffer, scan } of tail) {
    replay(state, segment, buffer, scan, log, counters)
    segments.push(segment)
  }
  return { segments, ...state }
}

/** One that can't be read holds nothing that a start could use, and must not keep it from starting. */
function readSegment(fs: JournalFs, path: string, number: number, log: Log): Buffer {
  try {
    return fs.readFileSync(path)
  } catch (error) {
    log('error', 'journal.unreadable_segment', { segment: number, error })
    return Buffer.alloc(0)
  }
}

type State = { nextSequence: number; committedSequence: number; open: OpenIntents }

function replay(
  state: State,
  segment: Segment,
  buffer: Buffer,
  scan: Scan,
  log: Log,
  counters: CounterBook | null,
): void {
  for (const { type, start, end } of scan.records) {
    const record = parse(buffer, start, end)
    if (record === null) {
      log('error', 'journal.unreadable_record', { segment: segment.number, offset: start })
    } else if (type === RECORD_TYPES.checkpoint) {
      const checkpoint = record as unknown as Checkpoint
      state.nextSequence = Math.max(state.nextSequence, checkpoint.nextSequence)
      state.committedSequence = Math.max(state.committedSequence, checkpoint.committedSequence)
      state.open = new IdTable()
      for (const intent of checkpoint.open) addIntent(state.open, intent)
      counters?.restore(checkpoint.counters)
    } else if (type === RECORD_TYPES.intent) {
      addIntent(state.open, record as unknown as Intent)
      counters?.intended(record as unknown as Intent)
    } else if (type === RECORD_TYPES.settle) {
      const sequence = Number(record.sequence)
      state.nextSequence = Math.max(state.nextSequence, sequence + 1)
      segment.lastSequence = Math.max(segment.lastSequence, sequence)
      const intents = state.open.get(String(record.id))
      if (intents) counters?.settled(record as unknown as UsageEvent, intents)
      state.open.delete(String(record.id))
    } else if (type === RECORD_TYPES.committed) {
      state.committedSequence = Math.max(state.committedSequence, Number(record.sequence))
      state.nextSequence = Math.max(state.nextSequence, state.committedSequence + 1)
    } else if (type === RECORD_TYPES.counters) counters?.noted(record, state.open)
  }
}

/** Cuts a torn tail of the newest segment; keeps a copy of a segment with damage before valid records. */
function reportDamage(
  fs: JournalFs,
  segment: Segment,
  scan: Scan,
  size: number,
  newest: boolean,
  log: Log,
): void {
  if (scan.damaged.length > 0 || (scan.validEnd < size && !newest)) keepDamaged(fs, segment, scan, size, log)
  if (scan.validEnd < size && newest) {
    log('warn', 'journal.torn_tail', {
      message: 'The last record was not written to its end and was cut.',
      segment: segment.number,
      from: scan.validEnd,
      bytes: size - scan.validEnd,
    })
    try {
      const fd = fs.openSync(segment.path)
      fs.truncateSync(fd, scan.validEnd)
      fs.closeSync(fd)
      segment.bytes = scan.validEnd
    } catch (error) {
      // Harmless: readers stop at the tail, and nothing is appended to this segment again.
      log('warn', 'journal.cut_failed', { segment: segment.number, error })
    }
  }
}

/** Says what is damaged, and copies the segment, which goes when the rest of it is shipped. */
export function keepDamaged(fs: JournalFs, segment: Segment, scan: Scan, size: number, log: Log): void {
  const copy = `${segment.path}.damaged`
  try {
    fs.copyFileSync(segment.path, copy)
  } catch (error) {
    log('error', 'journal.damaged_copy_failed', { segment: segment.number, error })
  }
  log('error', 'journal.damaged', {
    message:
      'A part of a journal segment is damaged. Records before and after it were kept; a copy lies beside it.',
    segment: segment.number,
    copy,
    ranges: [...scan.damaged, ...(scan.validEnd < size ? [{ from: scan.validEnd, to: size }] : [])].slice(
      0,
      20,
    ),
  })
}

export function checkpointOf(buffer: Buffer, scan: Scan): Checkpoint | null {
  const first = scan.records[0]
  if (!first || first.type !== RECORD_TYPES.checkpoint) return null
  const record = parse(buffer, first.start, first.end) as Partial<Checkpoint> | null
  const valid =
    record !== null &&
    record.v === 1 &&
    Number.isSafeInteger(record.nextSequence) &&
    Number.isSafeInteger(record.committedSequence) &&
    Array.isArray(record.open)
  return valid ? (record as Checkpoint) : null
}

export function addIntent(open: OpenIntents, intent: Intent): void {
  const intents = open.get(intent.callId)
  if (!intents) {
    open.set(intent.callId, [intent])
    return
  }
  const same = intents.findIndex(({ attempt }) => attempt === intent.attempt)
  if (same === -1) intents.push(intent)
  else intents[same] = intent
}

function parse(buffer: Buffer, start: number, end: number): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(buffer.toString('utf8', start, end))
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** The events of a segment from a sequence on, in order and each once. */
export function eventsOf(buffer: Buffer, scan: Scan, fromSequence: number): StoredEvent[] {
  const events: StoredEvent[] = []
  let wanted = fromSequence
  for (const { type, start, end } of scan.records) {
    if (type !== RECORD_TYPES.settle) continue
    const sequence = sequenceAt(buffer, start)
    if (sequence === null || sequence < wanted) continue
    events.push(new StoredEvent(sequence, buffer, start, end))
    wanted = sequence + 1
  }
  return events
}
