import 'server-only'
import type pg from 'pg'
import { READ_ONLY } from '../server/read-only-connections.ts'

const ATTEMPTS = 3
/**
 * serialization_failure, deadlock_detected, a server that only reads: another run may well succeed, and nothing of this
 * one is left.
 */
const REPEATABLE = new Set(['40001', '40P01', READ_ONLY])

/** Runs `work` in one transaction, again when Postgres asks for it: `work` must not act outside of the database. */
export async function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const client = await pool.connect()
    let broken: Error | undefined
    try {
      await client.query('BEGIN')
      const result = await work(client)
      await client.query('COMMIT')
      return result
    } catch (error) {
      const code = (error as { code?: string }).code
      // An answer of Postgres leaves the connection usable; all else (a timeout, a broken socket) doesn't.
      await client.query('ROLLBACK').catch((failed: Error) => {
        broken = failed
      })
      if (!code || !/^[0-9A-Z]{5}$/.test(code)) broken = error as Error
      if (attempt >= ATTEMPTS || !REPEATABLE.has(code ?? '')) throw error
    } finally {
      client.release(broken)
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 30 * attempt))
  }
}

/** Everything that `work` reads is of one moment. */
export async function inSnapshot<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } catch (error) {
    broken = error as Error
    throw error
  } finally {
    client.release(broken)
  }
}
