import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { UserError } from '../user-error.ts'
import { type Migration, readMigrations } from './history.ts'

/** Any number that nobody else locks by; Prisma's own engine takes 72707369. */
const LOCK_ID = 7_470_240_117
const LOCK_WAIT_MS = 120_000

interface AppliedRow {
  migration_name: string
  checksum: string
  started_at: Date
  finished_at: Date | null
}

export interface MigrateOptions {
  /** Default: `prisma/migrations`. */
  migrations?: Migration[]
  /** Told the name of each migration before it is applied. */
  onApply?: (name: string) => void
}

/**
 * Brings the database to the newest migration and returns the names of those applied now.
 *
 * Each migration and its row in `_prisma_migrations` are one transaction: a kill leaves it applied or not, never half.
 * That is why this does not go through Prisma's engine, whose pg adapter cuts a script at every semicolon and runs
 * the pieces one by one. The table is Prisma's, so `prisma migrate` works on the same database.
 *
 * Several processes may call it at once: one works, the others wait for its lock. Throws UserError.
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<string[]> {
  const migrations = options.migrations ?? (await readMigrations())
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => {})
  await connect(client, url)
  try {
    await lock(client)
    await client.query(CREATE_TABLE)
    const waiting = pending(migrations, await appliedRows(client))
    for (const migration of waiting) {
      options.onApply?.(migration.name)
      await apply(client, migration)
    }
    return waiting.map((migration) => migration.name)
  } finally {
    // Ends the session and with it the lock.
    await client.end().catch(() => {})
  }
}

async function connect(client: pg.Client, url: string): Promise<void> {
  try {
    await client.connect()
  } catch (error) {
    throw new UserError(connectionProblem(url, error))
  }
}

/** One sentence on why a database can't be used; names the host and never the password. */
export function connectionProblem(url: string, error: unknown): string {
  let where = 'the database'
  try {
    const parsed = new URL(url)
    where = `the database ${parsed.pathname.slice(1) || '(default)'} at ${parsed.hostname}:${parsed.port || 5432}`
  } catch {
    return 'DATABASE_URL is not a URL: write postgresql://user:password@host:5432/database.'
  }
  const { code, message } = error as { code?: string; message?: string }
  switch (code) {
    case 'ECONNREFUSED':
      return `DATABASE_URL: ${where} refuses connections: is Postgres running there?`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `DATABASE_URL: the host of ${where} is unknown.`
    case '28P01':
    case '28000':
      return `DATABASE_URL: ${where} does not accept this user and password.`
    case '3D000':
      return `DATABASE_URL: ${where} does not exist: create it first.`
    default:
      return `DATABASE_URL: ${where} cannot be used: ${message || code || 'no reason given'}.`
  }
}

async function lock(client: pg.Client): Promise<void> {
  await client.query(`SET lock_timeout = ${LOCK_WAIT_MS}`)
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK_ID])
  } catch {
    throw new UserError(
      `Another process has been migrating this database for ${LOCK_WAIT_MS / 1000} seconds: start again when it has ended.`,
    )
  }
  await client.query('RESET lock_timeout')
}

async function appliedRows(client: pg.Client): Promise<AppliedRow[]> {
  const { rows } = await client.query<AppliedRow>(
    `SELECT migration_name, checksum, started_at, finished_at FROM _prisma_migrations
     WHERE rolled_back_at IS NULL ORDER BY started_at, migration_name`,
  )
  return rows
}

/** What is to be applied. Throws UserError where the database and the folder contradict each other. */
function pending(migrations: Migration[], applied: AppliedRow[]): Migration[] {
  const known = new Map(migrations.map((migration) => [migration.name, migration]))
  for (const row of applied) {
    if (row.finished_at === null) {
      throw new UserError(
        `The migration ${row.migration_name} was started at ${row.started_at.toISOString()} by another tool and never finished: restore the backup taken before it, or finish it by hand and mark it with "prisma migrate resolve".`,
      )
    }
    const migration = known.get(row.migration_name)
    if (!migration) {
      throw new UserError(
        `This database is newer than this Gatehouse: it has the migration ${row.migration_name}. Start the newer version.`,
      )
    }
    if (migration.checksum !== row.checksum) {
      throw new UserError(
        `The migration ${row.migration_name} was changed after this database had applied it: restore the file and put the change into a new migration.`,
      )
    }
  }
  const done = new Set(applied.map((row) => row.migration_name))
  return migrations.filter((migration) => !done.has(migration.name))
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query('BEGIN')
  try {
    await client.query(sql)
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    )
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    const { message, position } = error as { message: string; position?: string }
    const line = position ? ` (line ${sql.slice(0, Number(position)).split('\n').length})` : ''
    throw new UserError(`The migration ${name} failed and was undone: ${message}${line}.`)
  }
}

/** As Prisma's engine creates it. */
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id                  VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum            VARCHAR(64) NOT NULL,
  finished_at         TIMESTAMPTZ,
  migration_name      VARCHAR(255) NOT NULL,
  logs                TEXT,
  rolled_back_at      TIMESTAMPTZ,
  started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`
