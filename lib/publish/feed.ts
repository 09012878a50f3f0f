/**
 * The change sets that this admin has read, once for all of its streams. It is moved on by a notification, by a look
 * at the head each second, and by each new LISTEN connection. A stream asks what lies between its gateway's revision
 * and the head, and gets several revisions as one change set.
 */
import 'server-only'
import type pg from 'pg'
import { CONFIG_CHANNEL } from './channels.ts'
import { ensureHead, type Head, readHead } from './head.ts'
import type { Listener } from './listener.ts'
import type { RevisionChange } from './publish.ts'

/** An entity that changed: its body as published, or null when it is gone. */
export interface FeedChange {
  readonly type: string
  readonly id: string
  readonly body: Record<string, unknown> | null
  /** It did not exist before. */
  readonly created: boolean
}

interface FeedRevision {
  readonly revision: number
  readonly changes: readonly FeedChange[]
}

export interface Feed {
  /** Null until the database has answered once. */
  readonly head: Head | null
  /** Whether the head was read within the last seconds. */
  isFresh(): boolean
  /** Reads the head and what is new; concurrent calls share one reading. Never rejects: the database may be away. */
  advance(): Promise<void>
  /**
   * The newest state of each entity that changed after `revision`, up to the head; null when the feed doesn't reach back
   * so far or the epoch is another: the gateway needs a snapshot.
   */
  changesSince(epoch: string, revision: number): FeedChange[] | null
  /** Called after each move of the head. Gives the way to stop. */
  onMove(handler: () => void): () => void
  close(): void
}

const POLL_MS = 1_000
const FRESH_MS = 5_000
/** A gateway that is further behind gets a snapshot. */
const MAX_REVISIONS = 1_000
const MAX_CHANGES = 20_000

export function createFeed(pool: pg.Pool, listener: Listener): Feed {
  let head: Head | null = null
  let revisions: FeedRevision[] = []
  let changeCount = 0
  let reading: Promise<void> | null = null
  let again = false
  let mustEnsure = true
  let away = false
  let readAt = Number.NEGATIVE_INFINITY
  const handlers = new Set<() => void>()

  const read = async () => {
    // After each new connection too: the database behind it may have been restored.
    const wasEnsuring = mustEnsure
    mustEnsure = false
    try {
      const next = wasEnsuring ? await ensureHead(pool) : ((await readHead(pool)) ?? (await ensureHead(pool)))
      if (head && next.epoch === head.epoch && next.revision === head.revision) return
      const from = head && next.epoch === head.epoch ? head.revision : null
      if (from === null || next.revision - from > MAX_REVISIONS) {
        revisions = []
        changeCount = 0
        const first = Math.max(0, next.revision - 100)
        await readRevisions(first, next.revision)
      } else {
        await readRevisions(from, next.revision)
      }
      head = next
    } catch (error) {
      mustEnsure ||= wasEnsuring
      throw error
    }
    for (const handler of handlers) handler()
  }

  const readRevisions = async (after: number, upTo: number) => {
    const { rows } = await pool.query<{ revision: number; changes: RevisionChange[] }>(
      `SELECT revision, changes FROM config_revisions WHERE revision > $1 AND revision <= $2 ORDER BY revision`,
      [after, upTo],
    )
    for (const row of rows) {
      const changes = row.changes.map(({ type, id, op, after: body }) => ({
        type,
        id,
        body,
        created: op === 'create',
      }))
      revisions.push({ revision: row.revision, changes })
      changeCount += changes.length
    }
    while (revisions.length > MAX_REVISIONS || (changeCount > MAX_CHANGES && revisions.length > 1)) {
      changeCount -= revisions.shift()?.changes.length ?? 0
    }
  }

  const advance = async (): Promise<void> => {
    if (reading !== null) {
      // What moved after the present reading began is seen by one more.
      again = true
      return reading
    }
    reading = (async () => {
      do {
        again = false
        try {
          await read()
          readAt = performance.now()
          if (away) console.error('publishing: the database answers again')
          away = false
        } catch (error) {
          if (!away) console.error(`publishing: the head cannot be read: ${(error as Error).message}`)
          away = true
          again = false
        }
      } while (again)
      reading = null
    })()
    return reading
  }

  const stopNotify = listener.on(CONFIG_CHANNEL, () => void advance())
  const stopConnect = listener.onConnect(() => {
    mustEnsure = true
    void advance()
  })
  const poll = setInterval(() => void advance(), POLL_MS)
  poll.unref()
  void advance()

  return {
    get head() {
      return head
    },
    isFresh: () => performance.now() - readAt < FRESH_MS,
    advance,
    changesSince(epoch, revision) {
      if (!head || epoch !== head.epoch || revision > head.revision) return null
      if (revision === head.revision) return []
      // Revisions have no gaps: the ring reaches back when it holds the one after.
      const start = revisions.findIndex((entry) => entry.revision === revision + 1)
      if (start < 0) return null
      const newest = new Map<string, FeedChange>()
      for (const entry of revisions.slice(start)) {
        if (entry.revision > head.revision) break
        for (const change of entry.changes) {
          const key = `${change.type} ${change.id}`
          newest.set(key, { ...change, created: newest.get(key)?.created ?? change.created })
        }
      }
      // What came and went in between, the gateway never needs to hear of.
      return [...newest.values()].filter((change) => change.body !== null || !change.created)
    },
    onMove(handler) {
      handlers.add(handler)
      return () => handlers.delete(handler)
    },
    close() {
      stopNotify()
      stopConnect()
      clearInterval(poll)
    },
  }
}
