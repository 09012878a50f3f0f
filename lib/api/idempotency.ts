import { canonicalJson } from '../contract/content-hash.ts'
import { db, Prisma, type Transaction } from '../server/db.ts'
import { fingerprint } from '../server/secrets.ts'
import type { Actor } from './actor.ts'
import { problem } from './problem.ts'

const KEEP_MS = 86_400_000
/**
 * A reservation without an answer after this long is of a process that died: its transaction cannot live so long, and
 * the answer is written in the transaction of the change.
 */
const STALE_MS = 60_000

export interface Reservation {
  readonly actor: string
  readonly key: string
  readonly createdAt: Date
}

export interface StoredAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers: Record<string, string>
}

/** @throws Problem 400 for a key that is none. */
export function readIdempotencyKey(request: Request): string | null {
  const key = request.headers.get('idempotency-key')
  if (key === null) return null
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw problem(
      'invalid_request',
      'An Idempotency-Key has 1 to 255 printable ASCII characters without spaces.',
    )
  }
  return key
}

/**
 * Takes the key for this request, or gives the answer of the first one.
 * @throws Problem 409 while the first is running, 422 when the key came with another request.
 */
export async function reserve(
  actor: Actor,
  key: string,
  request: { operation: string; path: string; query: unknown; body: unknown },
  now: Date,
): Promise<{ reservation: Reservation } | { replay: StoredAnswer }> {
  // Service accounts and users alike; two tokens of one user are two actors.
  const owner = `${actor.type}:${actor.id}`
  // Keyed: the body may hold a secret that is easily guessed.
  const requestHash = fingerprint('idempotency', canonicalJson(request))
  const expiresAt = new Date(now.getTime() + KEEP_MS)
  const stale = new Date(now.getTime() - STALE_MS)
  const taken = await db.$queryRaw<{ createdAt: Date }[]>`
    INSERT INTO idempotency_keys (actor, key, operation, request_hash, created_at, expires_at)
    VALUES (${owner}, ${key}, ${request.operation}, ${requestHash}, ${now}, ${expiresAt})
    ON CONFLICT (actor, key) DO UPDATE SET operation = excluded.operation, request_hash = excluded.request_hash,
      created_at = excluded.created_at, expires_at = excluded.expires_at,
      status = NULL, body = NULL, headers = NULL, completed_at = NULL
    WHERE idempotency_keys.expires_at <= ${now}
      OR (idempotency_keys.completed_at IS NULL AND idempotency_keys.created_at <= ${stale})
    RETURNING created_at AS "createdAt"`
  if (taken[0]) return { reservation: { actor: owner, key, createdAt: taken[0].createdAt } }

  const first = await db.idempotencyKey.findUnique({ where: { actor_key: { actor: owner, key } } })
  if (first && first.requestHash !== requestHash) {
    throw problem(
      'idempotency_mismatch',
      'This Idempotency-Key was used with another request. Use a new one.',
    )
  }
  if (!first || first.completedAt === null || first.status === null) {
    throw problem('idempotency_in_progress', undefined, [], { headers: { 'retry-after': '1' } })
  }
  return {
    replay: {
      status: first.status,
      body: first.body,
      headers: (first.headers ?? {}) as Record<string, string>,
    },
  }
}

/** Stores the answer in the transaction of the change: either both are there or neither is. */
export async function complete(
  tx: Transaction,
  reservation: Reservation,
  answer: StoredAnswer,
  now: Date,
): Promise<void> {
  const { actor, key, createdAt } = reservation
  const { count } = await tx.idempotencyKey.updateMany({
    where: { actor, key, createdAt, completedAt: null },
    data: {
      status: answer.status,
      body: answer.body === undefined ? Prisma.DbNull : (answer.body as object),
      headers: answer.headers,
      completedAt: now,
    },
  })
  if (count !== 1)
    throw problem('idempotency_in_progress', undefined, [], { headers: { 'retry-after': '1' } })
}

/** The request failed and changed nothing: the same key may try again. */
export async function release({ actor, key, createdAt }: Reservation): Promise<void> {
  await db.idempotencyKey.deleteMany({ where: { actor, key, createdAt, completedAt: null } })
}

/** Removes what is past its day. */
export async function removeExpired(now: Date): Promise<number> {
  const { count } = await db.idempotencyKey.deleteMany({ where: { expiresAt: { lte: now } } })
  return count
}
