/** Reads events that wait to be shipped: from memory where they are recent, else from their segment on disk. */
import type { JournalFs } from './journal-fs.ts'
import { eventsOf, type Segment, type StoredEvent } from './recovery.ts'

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

export function createEventReader(fs: JournalFs): EventReader {
  /** The last segment read; a backlog is shipped in batches far smaller than a segment. */
  let cached: { segment: Segment; bytes: number; from: number; events: StoredEvent[] } | null = null

  async function eventsIn(segment: Segment, fromSequence: number, last: boolean): Promise<StoredEvent[]> {
    const bytes = segment.bytes
    if (cached?.segment === segment && cached.bytes === bytes && cached.from <= fromSequence)
      return cached.events
    const buffer = await fs.readFile(segment.path)
    const events = eventsOf(buffer.subarray(0, bytes), fromSequence)
    cached = { segment, bytes, from: fromSequence, events }
    // What was only listed at start is now known.
    if (!last) segment.lastSequence = events.at(-1)?.sequence ?? fromSequence - 1
    return events
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
    bytes += event.text.length
    if (previous && bytes > maxBytes) break
    taken.push(event)
  }
  return taken
}
