/** Reads events that wait to be shipped: from memory where they are recent, else from their segment on disk. */

import type { Log } from '../telemetry/log.ts'
import type { JournalFs } from './journal-fs.ts'
import { scanRecords } from './record.ts'
import { eventsOf, keepDamaged, type Segment } from './recovery.ts'
import type { StoredEvent } from './turn.ts'

export interface EventQuery {
  /** Oldest first; the last one is still written to. */
  readonly segments: readonly Segment[]
  /** The newest events, consecutive. */
  readonly recent: readonly StoredEvent[]
  readonly fromSequence: number
  readonly maxEvents: number
  readonly maxBytes: number
}

export interface EventReader {
  /** The next events from a sequence on, consecutive; at most `maxEvents` and, beyond the first, `maxBytes`. */
  read(query: EventQuery): Promise<StoredEvent[]>
}

export function createEventReader(fs: JournalFs, log: Log): EventReader {
  /** Whose damage was told. */
  const reported = new WeakSet<Segment>()
  /** The last segment read; a backlog is shipped in batches far smaller than a segment. */
  let cached: { segment: Segment; bytes: number; from: number; events: StoredEvent[] } | null = null

  async function eventsIn(segment: Segment, fromSequence: number, last: boolean): Promise<StoredEvent[]> {
    const bytes = segment.bytes
    if (cached?.segment === segment && cached.bytes === bytes && cached.from <= fromSequence)
      return cached.events
    const buffer = (await contentOf(segment)).subarray(0, bytes)
    const scan = scanRecords(buffer)
    if ((scan.damaged.length > 0 || scan.validEnd < buffer.length) && !reported.has(segment)) {
      reported.add(segment)
      keepDamaged(fs, segment, scan, buffer.length, log)
    }
    const events = eventsOf(buffer, scan, fromSequence)
    cached = { segment, bytes, from: fromSequence, events }
    // What was only listed at start is now known.
    if (!last) segment.lastSequence = events.at(-1)?.sequence ?? fromSequence - 1
    return events
  }

  /** One that somebody has removed holds no events; to wait for it would keep back all that follow. */
  async function contentOf(segment: Segment): Promise<Buffer> {
    try {
      return await fs.readFile(segment.path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      if (!reported.has(segment)) log('error', 'journal.segment_gone', { segment: segment.number })
      reported.add(segment)
      return Buffer.alloc(0)
    }
  }

  return {
    async read({ segments, recent, fromSequence, maxEvents, maxBytes }) {
      const first = recent[0]
      if (first && first.sequence <= fromSequence) return take(recent, fromSequence, maxEvents, maxBytes)
      let best: StoredEvent[] = []
      const listed = [...segments]
      for (const segment of listed) {
        if (segment.lastSequence < fromSequence) continue
        const events = await eventsIn(segment, fromSequence, segment === listed.at(-1))
        const found = take(events, fromSequence, maxEvents, maxBytes)
        if (found[0]?.sequence === fromSequence) return found
        // Past damage: what was carried over from a failed segment stands again in the next one.
        if (found[0] && (best[0] === undefined || found[0].sequence < best[0].sequence)) best = found
      }
      cached = null
      if (first && (best[0] === undefined || first.sequence < best[0].sequence)) {
        return take(recent, fromSequence, maxEvents, maxBytes)
      }
      return best
    },
  }
}

function take(
  events: readonly StoredEvent[],
  fromSequence: number,
  maxEvents: number,
  maxBytes: number,
): StoredEvent[] {
  const taken: StoredEvent[] = []
  let bytes = 0
  // Numbers rise by one save where a file was damaged: begin near the right place.
  let index = Math.max(0, Math.min(events.length - 1, fromSequence - (events[0]?.sequence ?? fromSequence)))
  while (index > 0 && (events[index]?.sequence ?? 0) > fromSequence) index -= 1
  for (; index < events.length && taken.length < maxEvents; index += 1) {
    const event = events[index]
    if (!event || event.sequence < fromSequence) continue
    const previous = taken.at(-1)
    if (previous && event.sequence !== previous.sequence + 1) break
    bytes += event.length
    if (previous && bytes > maxBytes) break
    taken.push(event)
  }
  return taken
}
