/**
 * The head of the configuration and its epoch. An epoch ends where the numbers of revisions may no longer mean what a
 * gateway thinks they mean: in a database that was restored or copied. Its name ends in a fingerprint of the database
 * that it was made in, so that a copy notices at its first start that the epoch is not its own.
 */
import 'server-only'
import { createHash, randomBytes } from 'node:crypto'
import type pg from 'pg'
import { EMPTY_HASH } from '../contract/content-hash.ts'

export interface Head {
  readonly epoch: string
  readonly revision: number
  readonly hash: string
}

export async function readHead(client: pg.Pool | pg.ClientBase): Promise<Head | null> {
  const { rows } = await client.query<Head>('SELECT epoch, revision, hash FROM config_head WHERE id = 1')
  return rows[0] ?? null
}

/** Makes the head of a new database, and a new epoch when this database is not the one that the epoch was made in. */
export async function ensureHead(pool: pg.Pool): Promise<Head> {
  const fingerprint = await databaseFingerprint(pool)
  await pool.query(
    `INSERT INTO config_head (id, epoch, revision, hash) VALUES (1, $1, 0, $2) ON CONFLICT (id) DO NOTHING`,
    [newEpoch(fingerprint), EMPTY_HASH],
  )
  // The condition is checked again under the row's lock: of several admins that start at once, one makes the epoch.
  await pool.query(`UPDATE config_head SET epoch = $1 WHERE id = 1 AND epoch NOT LIKE '%-' || $2`, [
    newEpoch(fingerprint),
    fingerprint,
  ])
  const head = await readHead(pool)
  if (!head) throw new Error('config_head has no row')
  return head
}

/**
 * A gateway runs a revision that this epoch never published: the database has gone back in time under the same
 * identity (a copy of its files was put back). Does nothing when another admin has been faster.
 */
export async function replaceEpoch(pool: pg.Pool, seen: { epoch: string; revision: number }): Promise<void> {
  const fingerprint = await databaseFingerprint(pool)
  await pool.query('UPDATE config_head SET epoch = $1 WHERE id = 1 AND epoch = $2 AND revision < $3', [
    newEpoch(fingerprint),
    seen.epoch,
    seen.revision,
  ])
}

function newEpoch(fingerprint: string): string {
  return `${randomBytes(10).toString('hex')}-${fingerprint}`
}

/**
 * Differs after a restore from a dump (another cluster, or another database in it) and after a recovery to a point in
 * time or a failover (another timeline), where commits may be missing.
 */
async function databaseFingerprint(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ oid: string }>(
    'SELECT oid::text FROM pg_database WHERE datname = current_database()',
  )
  // Some hosts forbid these functions; then the database's own id has to do.
  const cluster = await pool
    .query<{ id: string }>(
      `SELECT s.system_identifier || '/' || c.timeline_id AS id FROM pg_control_system() s, pg_control_checkpoint() c`,
    )
    .then((result) => result.rows[0]?.id ?? '')
    .catch((error: { code?: string }) => {
      if (error.code === '42501') return ''
      throw error
    })
  return createHash('sha256').update(`${cluster}/${rows[0]?.oid}`).digest('hex').slice(0, 12)
}
