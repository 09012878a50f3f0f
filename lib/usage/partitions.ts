import 'server-only'
import type pg from 'pg'

const PARTITIONED = ['calls', 'ledger_lines'] as const
/** How many days ahead have a partition of their own. */
const DAYS_AHEAD = 7
const DAY_MS = 86_400_000
/** Any number that nobody else locks by: several admins make partitions one after the other. */
const LOCK_ID = 7_470_240_118

/**
 * Makes the daily partitions of yesterday to a week ahead. Rows of such a day that stand in the default partition
 * (the job had not run) are moved in the same transaction. Gives the names of what it made.
 */
export async function makePartitions(pool: pg.Pool, today: Date): Promise<string[]> {
  const made: string[] = []
  const { rows } = await pool.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = ANY($1::text[]::regclass[])`,
    [PARTITIONED],
  )
  const existing = new Set(rows.map((row) => row.name))
  for (const table of PARTITIONED) {
    for (let offset = -1; offset <= DAYS_AHEAD; offset += 1) {
      const day = isoDay(today.getTime() + offset * DAY_MS)
      const name = `${table}_${day.replaceAll('-', '')}`
      if (existing.has(name)) continue
      if (await makePartition(pool, table, name, day)) made.push(name)
    }
  }
  return made
}

async function makePartition(pool: pg.Pool, table: string, name: string, day: string): Promise<boolean> {
  const next = isoDay(Date.parse(day) + DAY_MS)
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK_ID])
    const { rows } = await client.query('SELECT 1 WHERE to_regclass($1) IS NULL', [name])
    if (rows.length > 0) {
      // The names are made of digits and our own words: nothing to quote. Attached when it is filled, for a partition
      // can't be made while the default one holds rows of its range; writers wait for this short transaction.
      await client.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
      await client.query(`CREATE TABLE ${name} (LIKE ${table} INCLUDING ALL)`)
      await client.query(
        `WITH moved AS (DELETE FROM ${table}_default WHERE day >= '${day}' AND day < '${next}' RETURNING *)
         INSERT INTO ${name} SELECT * FROM moved`,
      )
      await client.query(
        `ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM ('${day}') TO ('${next}')`,
      )
    }
    await client.query('COMMIT')
    return rows.length > 0
  } catch (error) {
    broken = error as Error
    throw error
  } finally {
    // A connection that failed in a transaction is not used again.
    client.release(broken)
  }
}

function isoDay(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10)
}
