import 'server-only'
import type pg from 'pg'
import type { Span } from './cover.ts'

/** Starts of what has sums of its own, in epoch milliseconds. */
export interface Exact {
  readonly days: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  /** Hours that begin at half past. */
  readonly shifted: ReadonlySet<number>
  /** Days of what budgets read. */
  readonly spent: ReadonlySet<number>
  /** Days of what targets did. */
  readonly targetDays: ReadonlySet<number>
}

export const NOTHING_EXACT: Exact = {
  days: new Set(),
  hours: new Set(),
  shifted: new Set(),
  spent: new Set(),
  targetDays: new Set(),
}

/** Read in the transaction that reads the sums: a mark may be taken back at any moment. */
export async function readExact(client: pg.PoolClient, { from, to }: Span): Promise<Exact> {
  const { rows } = await client.query<{ grain: string; bucket: Date }>(
    'SELECT grain, bucket FROM rollup_marks WHERE exact AND bucket >= $1 AND bucket < $2',
    [new Date(from).toISOString(), new Date(to).toISOString()],
  )
  const of = (grain: string) =>
    new Set(rows.filter((row) => row.grain === grain).map((row) => row.bucket.getTime()))
  return {
    days: of('day'),
    hours: of('hour'),
    shifted: of('shifted'),
    spent: of('spent'),
    targetDays: of('target'),
  }
}
