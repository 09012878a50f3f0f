import { clientAddress } from '../server/client-address.ts'
import type { Transaction } from '../server/db.ts'
import { newId } from '../server/ids.ts'
import { type Actor, rowScope, visibleTeams } from './actor.ts'
import { difference } from './difference.ts'
import type { AuditNote, ChangedEntity, Context, Operation } from './operation.ts'
import { problem } from './problem.ts'
import { namesEtag } from './render.ts'

/** What is known of a call before it runs. */
export interface CallState {
  readonly operation: Operation
  readonly operations: readonly Operation[]
  readonly actor: Actor
  readonly request: Request
  readonly requestId: string
  readonly now: Date
  readonly path: string
}

/** What an operation left behind while it ran: written at the end of its transaction. */
export interface RunState {
  readonly context: Context
  readonly notes: readonly AuditNote[]
  readonly changes: ReadonlyMap<string, ChangedEntity>
  readonly afterCommit: readonly (() => void | Promise<void>)[]
  summary(): string
  matched(): boolean
}

export function createContext(call: CallState, db: Transaction): RunState {
  const { actor, operation, request } = call
  const notes: AuditNote[] = []
  const changes = new Map<string, ChangedEntity>()
  const afterCommit: (() => void | Promise<void>)[] = []
  let summary: string | null = null
  let matched = false
  const context: Context = {
    actor,
    db,
    now: call.now,
    requestId: call.requestId,
    address: clientAddress(request.headers),
    request,
    headers: new Headers(),
    operations: call.operations,
    audit: (note) => void notes.push(note),
    publish(change) {
      const key = `${change.type} ${change.id}`
      // Set anew at the end: what was removed and made again is newest last.
      changes.delete(key)
      changes.set(key, change)
    },
    summarize(text) {
      summary = text
    },
    afterCommit: (task) => void afterCommit.push(task),
    visibleTeams: () => visibleTeams(actor, operation.permission),
    rowScope: () => rowScope(actor, operation.permission),
    match(current) {
      matched = true
      const header = request.headers.get('if-match')
      if (header === null || namesEtag(header, `"${current.version}"`, 'strong')) return
      throw problem('precondition_failed', 'Somebody changed it after you read it.', [], {
        extra: { current },
        headers: { etag: `"${current.version}"` },
      })
    },
  }
  return {
    context,
    notes,
    changes,
    afterCommit,
    summary: () => summary ?? summarize(notes),
    matched: () => matched,
  }
}

/**
 * The end of a change: the audit entries, then the revision. The entries name the revision, so they are written behind
 * it, under the same lock on the head.
 * @returns the revision, or null when nothing that gateways know was changed.
 * @throws Error for an operation that changes something and notes nothing: a defect.
 */
export async function finishWrite(
  call: CallState,
  state: RunState,
  tx: Transaction,
  publish: (changes: ChangedEntity[], summary: string) => Promise<number>,
): Promise<number | null> {
  const { operation, actor, request } = call
  if (state.notes.length === 0) throw new Error(`${operation.id} noted nothing for the audit log`)
  if (request.headers.has('if-match') && !state.matched()) {
    // A condition that nothing can be held against is not met (RFC 9110 §13.1.1).
    throw problem('precondition_failed', 'What is here has no version that If-Match could name.')
  }
  const changes = [...state.changes.values()]
  const revision = changes.length > 0 ? await publish(changes, state.summary()) : null
  await tx.auditEntry.createMany({
    data: state.notes.map((note) => ({
      id: newId('audit'),
      at: call.now,
      actorType: actor.type,
      actorId: actor.id,
      actorName: actor.name,
      action: note.action,
      targetType: note.targetType,
      targetId: note.targetId ?? null,
      targetName: note.targetName ?? null,
      teamId: note.teamId ?? null,
      difference: difference(note.before, note.after, operation.secrets) as object,
      address: state.context.address,
      requestId: call.requestId,
      revision,
    })),
  })
  return revision
}

/** "route.create gpt-4o, provider.update OpenAI" */
function summarize(notes: readonly AuditNote[]): string {
  const words = notes.map((note) => [note.action, note.targetName].filter(Boolean).join(' '))
  return (words.length > 3 ? [...words.slice(0, 3), `${words.length - 3} more`] : words)
    .join(', ')
    .slice(0, 300)
}
