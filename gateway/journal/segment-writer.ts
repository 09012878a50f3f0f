/** One open segment of the journal: made, appended to, given up. */
import type { Log } from '../telemetry/log.ts'
import type { JournalFs } from './journal-fs.ts'
import { type Segment, segmentPath } from './recovery.ts'

export interface OpenSegment extends Segment {
  readonly fd: number
  /** Of the monotonic clock. */
  readonly openedAt: number
  /** Its checkpoint is on the disk: what came before may be deleted once it is shipped. */
  safe: boolean
}

/** @throws the file system's error; also when the file exists. */
export function createSegment(
  fs: JournalFs,
  directory: string,
  number: number,
  openedAt: number,
): OpenSegment {
  const path = segmentPath(directory, number)
  return { number, path, fd: fs.createSync(path), bytes: 0, lastSequence: 0, openedAt, safe: false }
}

/** To sync what an earlier process wrote; nothing when it can't be opened. */
export function reopenSegment(fs: JournalFs, segment: Segment, log: Log): OpenSegment[] {
  try {
    return [{ ...segment, fd: fs.openSync(segment.path), openedAt: 0, safe: false }]
  } catch (error) {
    log('warn', 'journal.sync_failed', { segment: segment.number, error })
    return []
  }
}

/** Stands for one that could not be made; nothing is ever written to it. */
export function absentSegment(directory: string, number: number): OpenSegment {
  const path = segmentPath(directory, number)
  return { number, path, fd: -1, bytes: 0, lastSequence: 0, openedAt: 0, safe: false }
}

/**
 * Writes all of a record, or nothing that a reader would take for one.
 * @throws the file system's error.
 */
export function writeRecord(fs: JournalFs, segment: OpenSegment, record: Buffer): void {
  let written = 0
  try {
    while (written < record.length) {
      const rest = record.length - written
      const count = fs.writeSync(segment.fd, record, written, rest, segment.bytes + written)
      if (count <= 0) throw new Error('the file system took no byte')
      written += count
    }
  } catch (error) {
    try {
      fs.truncateSync(segment.fd, segment.bytes)
    } catch {
      // The checksum tells a reader; this segment gets no further record.
    }
    throw error
  }
  segment.bytes += record.length
}

export function discardSegment(fs: JournalFs, segment: OpenSegment): void {
  closeQuietly(fs, segment.fd)
  try {
    fs.unlinkSync(segment.path)
  } catch {
    // An empty or cut segment without a checkpoint is skipped at the next start.
  }
}

/** Deletes from the oldest on, for as long as they may go; the newest stays. */
export function deleteOldest(
  fs: JournalFs,
  segments: Segment[],
  mayGo: (segment: Segment) => boolean,
  log: Log,
): void {
  for (let [oldest] = segments; oldest && segments.length > 1 && mayGo(oldest); [oldest] = segments) {
    try {
      fs.unlinkSync(oldest.path)
    } catch (error) {
      log('warn', 'journal.delete_failed', { segment: oldest.number, error })
      return
    }
    segments.shift()
  }
}

export function closeQuietly(fs: JournalFs, fd: number): void {
  try {
    fs.closeSync(fd)
  } catch {
    // Nothing depends on it.
  }
}

export function unshippedBytesOf(segments: readonly Segment[], committedSequence: number): number {
  let bytes = 0
  for (const segment of segments) if (segment.lastSequence > committedSequence) bytes += segment.bytes
  return bytes
}
