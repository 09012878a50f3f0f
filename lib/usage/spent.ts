/**
 * What the scope of a budget has spent between two instants, by subject, from the books: rollups where they know the
 * subject, else the calls of those days. Simulated calls are no money.
 */
import 'server-only'
import type pg from 'pg'
import type { SpentAnswer, SpentQuery } from '../contract/control.ts'
import type { PolicyScope } from '../contract/policy.ts'
import { Conditions } from './scope.ts'

export interface SpentRange {
  readonly scope: PolicyScope
  readonly startMs: number
  readonly endMs: number | null
}

export interface SpentRow {
  readonly subject: string
  readonly spent: bigint
  /** Held by calls that a crash cut: nobody knows what they cost. */
  readonly held: bigint
}

/** What a connection and the pool have in common. */
type Queryable = Pick<pg.Pool, 'query'>

const ROLLUP_COLUMNS: Partial<Record<PolicyScope['type'], string>> = {
  organization: `''`,
  team: 'team_id',
  consumer: 'consumer_id',
  key: 'key_id',
}
const CALL_COLUMNS: Partial<Record<PolicyScope['type'], string>> = {
  ...ROLLUP_COLUMNS,
  user: 'end_user',
  route: 'route_id',
}

export async function spentBySubject(db: Queryable, range: SpentRange): Promise<SpentRow[]> {
  const [spent, held] = [await spentRows(db, range), await heldRows(db, range)]
  const rows = new Map<string, { subject: string; spent: bigint; held: bigint }>()
  const rowOf = (subject: string) => {
    const row = rows.get(subject) ?? { subject, spent: 0n, held: 0n }
    rows.set(subject, row)
    return row
  }
  for (const { subject, pico } of spent) rowOf(subject).spent += BigInt(pico)
  for (const { subject, pico } of held) rowOf(subject).held += BigInt(pico)
  return [...rows.values()].filter(({ spent, held }) => spent !== 0n || held !== 0n)
}

type Sums = { subject: string; pico: string }[]

function spentRows(db: Queryable, range: SpentRange): Promise<Sums> {
  const { scope } = range
  const column = ROLLUP_COLUMNS[scope.type]
  if (column) {
    // Periods begin on quarter-hours in every time zone.
    const conditions = within(new Conditions(), 'bucket', range).raw('NOT simulated')
    onlySubject(conditions, column, scope)
    return sums(
      db,
      `SELECT ${column} AS subject, sum(cost_pico)::text AS pico FROM rollup_quarters WHERE ${conditions.sql} GROUP BY 1`,
      conditions,
    )
  }
  if (scope.type === 'model' || scope.type === 'provider') {
    const field = scope.type === 'model' ? 'model' : 'providerId'
    const conditions = ofCalls(range)
    onlySubject(conditions, `a->>'${field}'`, scope)
    return sums(
      db,
      `SELECT a->>'${field}' AS subject, sum((a->>'costPicoUsd')::numeric)::text AS pico
       FROM calls, jsonb_array_elements(attempts) AS a WHERE ${conditions.sql} AND a->>'costPicoUsd' IS NOT NULL GROUP BY 1`,
      conditions,
    )
  }
  return callSums(db, range, 'cost_pico', ofCalls(range).raw('cost_pico IS NOT NULL'))
}

/** Of one target nobody knows what was held: the bound stands with the whole call. */
function heldRows(db: Queryable, range: SpentRange): Promise<Sums> {
  const { type } = range.scope
  if (type === 'model' || type === 'provider') return Promise.resolve([])
  const conditions = ofCalls(range)
    .raw(`outcome <> 'ok'`)
    .raw('reserved_pico IS NOT NULL')
    .raw(`attempts @> '[{"outcome": "unknown"}]'`)
  return callSums(db, range, 'reserved_pico', conditions)
}

function callSums(
  db: Queryable,
  { scope }: SpentRange,
  amount: string,
  conditions: Conditions,
): Promise<Sums> {
  if (scope.type === 'tag') {
    const pair = `t.key || '=' || t.value`
    onlySubject(conditions, pair, scope)
    return sums(
      db,
      `SELECT ${pair} AS subject, sum(${amount})::text AS pico FROM calls, jsonb_each_text(tags) AS t
       WHERE ${conditions.sql} GROUP BY 1`,
      conditions,
    )
  }
  const column = CALL_COLUMNS[scope.type]
  if (!column) return Promise.resolve([])
  onlySubject(conditions, column, scope)
  return sums(
    db,
    `SELECT ${column} AS subject, sum(${amount})::text AS pico FROM calls
     WHERE ${conditions.sql} AND ${column} IS NOT NULL GROUP BY 1`,
    conditions,
  )
}

/** The day stands in the partition key, and is that of the id: within an hour of the arrival. */
function ofCalls({ startMs, endMs }: SpentRange): Conditions {
  const conditions = new Conditions().raw('NOT simulated')
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)
  conditions.add(day(Math.max(0, startMs - 3_600_000)), (value) => `day >= ${value}::date`)
  if (endMs !== null) conditions.add(day(endMs + 3_600_000), (value) => `day <= ${value}::date`)
  return within(conditions, 'at', { startMs, endMs })
}

function within(
  conditions: Conditions,
  column: string,
  { startMs, endMs }: Omit<SpentRange, 'scope'>,
): Conditions {
  conditions.add(new Date(startMs).toISOString(), (value) => `${column} >= ${value}::timestamptz`)
  if (endMs !== null)
    conditions.add(new Date(endMs).toISOString(), (value) => `${column} < ${value}::timestamptz`)
  return conditions
}

function onlySubject(conditions: Conditions, column: string, { type, id, each }: PolicyScope): void {
  if (type !== 'organization' && !each) conditions.add(id ?? '', (value) => `${column} = ${value}`)
  else if (type !== 'organization') conditions.raw(`${column} <> ''`)
}

async function sums(db: Queryable, text: string, { values }: Conditions): Promise<Sums> {
  const { rows } = await db.query<{ subject: string; pico: string }>(text, [...values])
  return rows
}

/**
 * For a gateway to which budgets are new: the sums, and its newest event that they hold, of one moment.
 */
export async function answerSpent(pool: pg.Pool, { gatewayId, budgets }: SpentQuery): Promise<SpentAnswer> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const { rows } = await client.query<{ last_sequence: string }>(
      'SELECT last_sequence FROM gateways WHERE id = $1',
      [gatewayId],
    )
    const answers: SpentAnswer['budgets'] = []
    for (const { id, scope, startMs, endMs } of budgets) {
      const subjects = await spentBySubject(client, { scope, startMs, endMs })
      answers.push({
        id,
        subjects: subjects.map(({ subject, spent, held }) => ({
          subject,
          spentPicoUsd: spent.toString(),
          heldPicoUsd: held.toString(),
        })),
      })
    }
    await client.query('COMMIT')
    client.release()
    return { committedSequence: Number(rows[0]?.last_sequence ?? 0), budgets: answers }
  } catch (error) {
    client.release(error as Error)
    throw error
  }
}
