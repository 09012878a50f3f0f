/**
 * What the scopes of budgets have spent between two instants, by subject. It reads rollups alone: days and hours where
 * they know the scope, else quarter-hours, on which the periods of every time zone begin. Simulated calls are no money.
 */
import 'server-only'
import type pg from 'pg'
import type { SpentAnswer, SpentQuery } from '../contract/control.ts'
import { isOfTarget, type PolicyScope, type ScopeType, subjectsOf } from '../contract/policy.ts'
import { ALL_TEAMS } from './compaction.ts'
import { coverOf, type Span } from './cover.ts'
import { type Exact, NOTHING_EXACT, readExact } from './marks.ts'
import { QUARTER_MS } from './rollup.ts'
import { Conditions } from './scope.ts'
import { SPENT_SCOPES } from './spent-rollup.ts'
import { inSnapshot } from './transaction.ts'
import { daysOf } from './usage-sql.ts'

export interface SpentRange {
  readonly scope: PolicyScope
  /** [startMs, endMs) in epoch milliseconds, on quarter-hours; null: without end. */
  readonly startMs: number
  readonly endMs: number | null
}

export interface SpentRow {
  readonly subject: string
  readonly spent: bigint
  /** Held by calls that a crash cut: nobody knows what they cost. */
  readonly held: bigint
}

/** The subjects of each range that have spent or hold something; in the order of the ranges, and all of one moment. */
export function spentBySubject(pool: pg.Pool, ranges: readonly SpentRange[]): Promise<SpentRow[][]> {
  return inSnapshot(pool, (client) => readSpent(client, ranges))
}

/**
 * For a gateway to which budgets are new: the sums, and its newest event that they hold, of one moment.
 */
export function answerSpent(pool: pg.Pool, { gatewayId, budgets }: SpentQuery): Promise<SpentAnswer> {
  return inSnapshot(pool, async (client) => {
    const { rows } = await client.query<{ last_sequence: string }>(
      'SELECT last_sequence FROM gateways WHERE id = $1',
      [gatewayId],
    )
    const spent = await readSpent(client, budgets)
    return {
      committedSequence: Number(rows[0]?.last_sequence ?? 0),
      budgets: budgets.map(({ id }, index) => ({
        id,
        subjects: (spent[index] ?? []).map(({ subject, spent, held }) => ({
          subject,
          spentPicoUsd: spent.toString(),
          heldPicoUsd: held.toString(),
        })),
      })),
    }
  })
}

/** Ranges of one period and one type of scope: they are read together. */
interface Group {
  readonly type: ScopeType
  readonly startMs: number
  readonly endMs: number | null
  /** Null: every subject. */
  ids: string[] | null
}

async function readSpent(client: pg.PoolClient, ranges: readonly SpentRange[]): Promise<SpentRow[][]> {
  const groups = new Map<string, Group>()
  for (const { scope, startMs, endMs } of ranges) {
    const key = groupKey({ scope, startMs, endMs })
    const group = groups.get(key) ?? { type: scope.type, startMs, endMs, ids: [] }
    groups.set(key, group)
    if (scope.each || scope.type === 'organization') group.ids = null
    else group.ids?.push(scope.id ?? '')
  }
  const spent = await readSums(client, [...groups.values()])
  const keys = [...groups.keys()]
  const unknown = await readUnknown(client, ranges)
  return ranges.map((range) => {
    const { scope } = range
    const rows = new Map<string, { subject: string; spent: bigint; held: bigint }>()
    const rowOf = (subject: string) => {
      const row = rows.get(subject) ?? { subject, spent: 0n, held: 0n }
      rows.set(subject, row)
      return row
    }
    for (const { subject, pico } of spent[keys.indexOf(groupKey(range))] ?? []) {
      const meant = scope.each ? subject !== '' : scope.type === 'organization' || subject === scope.id
      if (meant) rowOf(subject).spent += BigInt(pico)
    }
    // Of one target nobody knows what was held: the bound stands with the whole call.
    for (const call of isOfTarget(scope) ? [] : unknown) {
      if (call.at < range.startMs || (range.endMs !== null && call.at >= range.endMs)) continue
      for (const subject of subjectsOf(scope, call)) rowOf(subject).held += call.held
    }
    return [...rows.values()].filter(({ spent, held }) => spent !== 0n || held !== 0n)
  })
}

const groupKey = ({ scope, startMs, endMs }: SpentRange) => `${scope.type} ${startMs} ${endMs}`

/** By group: subjects and what they have spent. */
async function readSums(
  client: pg.PoolClient,
  groups: readonly Group[],
): Promise<{ subject: string; pico: string }[][]> {
  const { rows: bounds } = await client.query<{ first: Date | null; last: Date | null }>(
    'SELECT min(bucket) AS first, max(bucket) AS last FROM rollup_quarters',
  )
  const [first, last] = [bounds[0]?.first?.getTime(), bounds[0]?.last?.getTime()]
  const sums: { subject: string; pico: string }[][] = groups.map(() => [])
  if (first === undefined || last === undefined || groups.length === 0) return sums
  const within = ({ startMs, endMs }: Group): Span => ({
    from: Math.max(first, startMs),
    to: Math.min(last + QUARTER_MS, endMs ?? Number.POSITIVE_INFINITY),
  })
  const from = Math.min(...groups.map((group) => within(group).from))
  const exact = await readExact(client, { from, to: last + QUARTER_MS })
  const values: unknown[] = []
  const parts = groups.flatMap((group, n) => {
    const span = within(group)
    return span.from < span.to ? partsOf(group, span, exact, n, values) : []
  })
  if (parts.length === 0) return sums
  const { rows } = await client.query<{ n: number; subject: string; pico: string }>(
    `SELECT n, subject, sum(pico)::text AS pico FROM (${parts.join(' UNION ALL ')}) AS part GROUP BY 1, 2`,
    values,
  )
  for (const row of rows) sums[row.n]?.push(row)
  return sums
}

/** Where days and hours hold a scope, and the column of the quarter-hours that does. */
const SOURCES: Partial<Record<ScopeType, { dimension: string | null; coarse: string; fine: string }>> = {
  organization: { dimension: 'all', coarse: `''`, fine: `''` },
  team: { dimension: 'team', coarse: 'team_id', fine: 'team_id' },
  consumer: { dimension: 'consumer', coarse: 'value', fine: 'consumer_id' },
  key: { dimension: null, coarse: `''`, fine: 'key_id' },
}

/** Statements that give `n, subject, pico`. */
function partsOf({ type, ids }: Group, span: Span, exact: Exact, n: number, values: unknown[]): string[] {
  const instant = (ms: number) => new Date(ms).toISOString()
  const part = (table: string, subject: string, cost: Conditions) => {
    if (ids !== null) cost.add(ids, (value) => `${subject} = ANY(${value}::text[])`)
    return `SELECT ${n} AS n, ${subject} AS subject, cost_pico AS pico FROM ${table} WHERE ${cost.sql}`
  }
  const between = (spans: readonly Span[]) => {
    const conditions = new Conditions(values)
    const each = spans.map(
      ({ from, to }) =>
        `(bucket >= ${conditions.value(instant(from))}::timestamptz AND bucket < ${conditions.value(instant(to))}::timestamptz)`,
    )
    return conditions.raw(`(${each.join(' OR ')})`)
  }
  const at = (buckets: readonly number[]) =>
    new Conditions(values).add(buckets.map(instant), (value) => `bucket = ANY(${value}::timestamptz[])`)
  const own = SPENT_SCOPES.find((scope) => scope === type)
  if (own) {
    const { days, quarters } = coverOf(span, [span.from], { ...NOTHING_EXACT, days: exact.spent })
    const parts =
      days.length > 0 ? [part('rollup_spent_days', 'subject', at(days).raw(`scope = '${own}'`))] : []
    if (quarters.length === 0) return parts
    return [...parts, part('rollup_spent', 'subject', between(quarters).raw(`scope = '${own}'`))]
  }
  const source = SOURCES[type]
  if (!source) return []

  const known = source.dimension ? { ...exact, shifted: NOTHING_EXACT.shifted } : NOTHING_EXACT
  const { days, hours, quarters } = coverOf(span, [span.from], known)
  const parts = (
    [
      ['rollup_days', days],
      ['rollup_hours', hours],
    ] as const
  ).flatMap(([table, buckets]) => {
    if (buckets.length === 0) return []
    const conditions = at(buckets).raw(`dimension = '${source.dimension}'`).raw('NOT simulated')
    if (type === 'organization') conditions.raw(`team_id = '${ALL_TEAMS}'`)
    return [part(table, source.coarse, conditions)]
  })
  if (quarters.length === 0) return parts
  const conditions = between(quarters).raw('NOT simulated')
  // What the indexes by team and by key begin with.
  if (ids !== null && (type === 'team' || type === 'key'))
    conditions.add(daysOf(quarters), (value) => `(bucket AT TIME ZONE 'UTC')::date = ANY(${value}::date[])`)
  return [...parts, part('rollup_quarters', source.fine, conditions)]
}

/** Calls that a crash cut and whose cost nobody knows, those of a quarter-hour that are alike as one: there are few. */
async function readUnknown(client: pg.PoolClient, ranges: readonly SpentRange[]) {
  if (ranges.length === 0) return []
  const from = Math.min(...ranges.map(({ startMs }) => startMs))
  const { rows } = await client.query<{
    at: Date
    team_id: string | null
    consumer_id: string | null
    key_id: string | null
    end_user: string | null
    route_id: string | null
    tags: Record<string, string>
    held: string
  }>(
    `SELECT date_bin('15 minutes', at, 'epoch') AS at, team_id, consumer_id, key_id, end_user, route_id, tags,
       sum(reserved_pico)::text AS held
     FROM calls WHERE day >= $1::date AND outcome <> 'ok' AND reserved_pico IS NOT NULL
       AND attempts @> '[{"outcome": "unknown"}]' AND NOT simulated
     GROUP BY 1, 2, 3, 4, 5, 6, 7`,
    // The day is that of the id: within an hour of the arrival.
    [new Date(Math.max(0, from - 3_600_000)).toISOString().slice(0, 10)],
  )
  return rows.map((row) => ({
    at: row.at.getTime(),
    teamId: row.team_id,
    consumerId: row.consumer_id,
    keyId: row.key_id,
    endUser: row.end_user,
    routeId: row.route_id,
    tags: row.tags,
    providerId: null,
    model: null,
    held: BigInt(row.held),
  }))
}
