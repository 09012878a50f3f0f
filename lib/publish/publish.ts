/**
 * Publishing: the last writes of a change's own transaction. The lock on config_head, held to the commit, makes the
 * order of revisions the order of commits; what was read of config_entities under it can't change any more.
 */
import 'server-only'
import type { ChangedEntity, PublishedEntity } from '../api/operation.ts'
import { canonicalJson, EMPTY_HASH, entityHash, nextHash } from '../contract/content-hash.ts'
import { type Entity, entity as entitySchema } from '../contract/entities.ts'
import { pool, type Transaction } from '../server/db.ts'
import { CONFIG_CHANNEL } from './channels.ts'
import { type Applied, waitForAcknowledgements } from './fleet.ts'
import { publishingRuntime } from './runtime.ts'

export interface PublishingActor {
  readonly type: string
  readonly id: string | null
  readonly name: string
}

/** One entity of a revision, as `config_revisions.changes` keeps it: bodies without secrets. */
export interface RevisionChange {
  readonly type: string
  readonly id: string
  readonly name: string
  readonly op: 'create' | 'update' | 'delete'
  readonly before: Record<string, unknown> | null
  readonly after: Record<string, unknown> | null
}

interface StoredEntity {
  type: string
  id: string
  body: Record<string, unknown>
  hash: string
}

/**
 * Publishes the changes as one revision and returns its number. Call it last in the transaction. Changes that change
 * nothing of what gateways see are left out; when none is left, there is no new revision and the present one's number
 * is returned. The last change of an entity counts.
 * @throws ZodError when an entity is not what the contract says: a defect of the caller.
 */
export async function publish(
  tx: Transaction,
  changes: readonly ChangedEntity[],
  actor: PublishingActor,
  summary: string,
): Promise<number> {
  const wanted = new Map(changes.map((change) => [`${change.type} ${change.id}`, change]))
  const head = await lockHead(tx)
  const stored = await readStored(tx, [...wanted.values()])

  let hash = head.hash
  const revisionChanges: RevisionChange[] = []
  const puts: StoredEntity[] = []
  const deletes: { type: string; id: string }[] = []
  for (const [key, change] of wanted) {
    const old = stored.get(key)
    if (change.entity === null) {
      if (!old) continue
      hash = nextHash(hash, BigInt(`0x${old.hash}`), null)
      deletes.push({ type: change.type, id: change.id })
      revisionChanges.push({ ...identity(change), op: 'delete', before: old.body, after: null })
      continue
    }
    const body = publishedBody(change.entity)
    const share = entityHash(body as unknown as Entity)
    const shareHex = share.toString(16).padStart(64, '0')
    if (old?.hash === shareHex) continue
    hash = nextHash(hash, old ? BigInt(`0x${old.hash}`) : null, share)
    puts.push({ type: change.type, id: change.id, body, hash: shareHex })
    revisionChanges.push({
      ...identity(change),
      op: old ? 'update' : 'create',
      before: old?.body ?? null,
      after: body,
    })
  }
  if (revisionChanges.length === 0) return head.revision

  const revision = head.revision + 1
  // One statement, one round trip while the head is locked. Its parts touch different tables: their order is free.
  await tx.$executeRaw`
    WITH head AS (
      UPDATE config_head SET revision = ${revision}, hash = ${hash} WHERE id = 1
    ), put AS (
      INSERT INTO config_entities (type, id, body, hash, revision)
      SELECT t, i, b::jsonb, h, ${revision}
      FROM unnest(${puts.map((put) => put.type)}::text[], ${puts.map((put) => put.id)}::text[],
                  ${puts.map((put) => canonicalJson(put.body))}::text[], ${puts.map((put) => put.hash)}::text[]) AS p(t, i, b, h)
      ON CONFLICT (type, id) DO UPDATE SET body = excluded.body, hash = excluded.hash, revision = excluded.revision
    ), gone AS (
      DELETE FROM config_entities e
      USING unnest(${deletes.map((gone) => gone.type)}::text[], ${deletes.map((gone) => gone.id)}::text[]) AS d(t, i)
      WHERE e.type = d.t AND e.id = d.i
    ), revised AS (
      INSERT INTO config_revisions (revision, epoch, hash, changes, summary, actor_type, actor_id, actor_name)
      VALUES (${revision}, ${head.epoch}, ${hash}, ${JSON.stringify(revisionChanges)}::jsonb,
              ${summary.slice(0, 500)}, ${actor.type}, ${actor.id}, ${actor.name})
    )
    SELECT pg_notify(${CONFIG_CHANNEL}, ${String(revision)})`
  return revision
}

/**
 * Call it after the commit. Resolves when every gateway that counts has acknowledged the revision (or refused it), or
 * after 250 ms; never rejects: the change is committed, whatever became of the database since.
 */
export async function waitForGateways(revision: number): Promise<Applied> {
  const runtime = publishingRuntime()
  try {
    return await waitForAcknowledgements(pool, runtime.listener, revision)
  } catch (error) {
    console.error(`the wait for gateways failed: ${(error as Error).message}`)
    return { applied: 0, total: 0 }
  }
}

function identity(change: ChangedEntity): Pick<RevisionChange, 'type' | 'id' | 'name'> {
  return { type: change.type, id: change.id, name: change.name }
}

/** The body as it is stored, hashed and sent: what the contract's schema makes of it, without credentials. */
function publishedBody(entity: PublishedEntity): Record<string, unknown> {
  const { credentials: _empty, ...body } = entitySchema.parse({ credentials: {}, ...entity }) as Entity & {
    credentials?: unknown
  }
  return body
}

async function lockHead(tx: Transaction): Promise<{ epoch: string; revision: number; hash: string }> {
  const lock = () =>
    tx.$queryRaw<{ epoch: string; revision: number; hash: string }[]>`
      SELECT epoch, revision, hash FROM config_head WHERE id = 1 FOR UPDATE`
  let [head] = await lock()
  if (!head) {
    // Before the first start has made it: without a fingerprint, so that the start gives it a proper epoch.
    await tx.$executeRaw`INSERT INTO config_head (id, epoch, revision, hash) VALUES (1, 'unstarted', 0, ${EMPTY_HASH})
      ON CONFLICT (id) DO NOTHING`
    ;[head] = await lock()
  }
  if (!head) throw new Error('config_head has no row')
  return head
}

async function readStored(
  tx: Transaction,
  changes: readonly ChangedEntity[],
): Promise<Map<string, StoredEntity>> {
  const rows = await tx.$queryRaw<StoredEntity[]>`
    SELECT e.type, e.id, e.body, e.hash FROM config_entities e
    JOIN unnest(${changes.map((change) => change.type)}::text[], ${changes.map((change) => change.id)}::text[]) AS w(t, i)
      ON e.type = w.t AND e.id = w.i`
  return new Map(rows.map((row) => [`${row.type} ${row.id}`, row]))
}
