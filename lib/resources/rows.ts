/** What rows of all resources have in common, on the server. */
import { z } from 'zod'
import { type Prisma, Prisma as Sql, type Transaction } from '../server/db.ts'
import { resourceId } from './fields.ts'

export const idParams = z.strictObject({ id: resourceId })

export interface BaseRow {
  readonly id: string
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly version: number
}

export function baseOf(row: BaseRow) {
  return {
    id: row.id,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    version: row.version,
  }
}

export const isoOrNull = (date: Date | null): string | null => date?.toISOString() ?? null
export const dateOrNull = (text: string | null | undefined): Date | null => (text ? new Date(text) : null)

/** Every change of a row moves its version. */
export const nextVersion = { increment: 1 } as const

/**
 * Locks a row to the end of the transaction, so that what is read next is what is changed: two writers of one object
 * go one after the other, and If-Match decides on the truth.
 */
export async function lockRow(db: Transaction, table: LockedTable, id: string): Promise<void> {
  await db.$queryRaw`SELECT 1 FROM ${Sql.raw(table)} WHERE id = ${id} FOR UPDATE`
}
type LockedTable =
  | 'teams'
  | 'users'
  | 'consumers'
  | 'api_keys'
  | 'providers'
  | 'routes'
  | 'prices'
  | 'limits'
  | 'budgets'
  | 'access_tokens'

/** Only what was given: a PATCH keeps what is absent. */
export function given<T extends Record<string, unknown>>(
  fields: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}

/** Keys that work now, counted by team or consumer. */
export async function countWorkingKeys(
  db: Transaction,
  by: 'team' | 'consumer',
  ids: readonly string[],
  now: Date,
): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map()
  const column: Prisma.Sql = by === 'team' ? Sql.sql`c.team_id` : Sql.sql`c.id`
  const rows = await db.$queryRaw<{ id: string; count: number }[]>`
    SELECT ${column} AS id, count(*)::int AS count
    FROM api_keys k JOIN consumers c ON c.id = k.consumer_id
    WHERE ${column} = ANY(${ids}) AND c.enabled AND k.revoked_at IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > ${now})
    GROUP BY 1`
  return new Map(rows.map((row) => [row.id, row.count]))
}
