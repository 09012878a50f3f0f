/**
 * The SQL behind a report on usage. It reads the coarsest sums that hold what is asked: days and hours by one dimension
 * (compaction.ts) where there are some, else quarter-hours, and minutes at the edges.
 */
import type { RowScope } from '../api/actor.ts'
import type { UsageDimension } from '../resources/usage/schema.ts'
import { ALL_TEAMS } from './compaction.ts'
import { type Cover, DAY_MS, type Span } from './cover.ts'
import { HISTOGRAM_SIZE } from './histogram.ts'
import type { UsageQuery } from './query.ts'
import { SUM_COLUMNS } from './rollup.ts'
import { Conditions } from './scope.ts'

const COLUMNS: Record<UsageDimension, string> = {
  team: 'team_id',
  consumer: 'consumer_id',
  key: 'key_id',
  route: 'route',
  provider: 'provider_id',
  model: 'model',
  kind: 'kind',
}
const FILTERS = {
  teamId: 'team',
  consumerId: 'consumer',
  keyId: 'key',
  route: 'route',
  providerId: 'provider',
  model: 'model',
  kind: 'kind',
} as const satisfies Partial<Record<keyof UsageQuery, UsageDimension>>

/** How days and hours hold what a query asks for. */
interface Coarse {
  readonly dimension: string
  /** The teams whose rows count; null: those of each single team. */
  readonly teams: readonly string[] | null
  readonly value: string | undefined
  /** Whether hours that begin at half past hold it too. */
  readonly common: boolean
}

/** Null when they don't: with two dimensions besides the team, with keys, and for whoever sees their own keys alone. */
export function coarseFor(
  query: UsageQuery,
  scope: RowScope,
  groupBy: readonly UsageDimension[],
): Coarse | null {
  const filtered = (Object.keys(FILTERS) as (keyof typeof FILTERS)[]).filter(
    (name) => query[name] !== undefined,
  )
  const others = new Set(
    [...groupBy, ...filtered.map((name) => FILTERS[name])].filter((one) => one !== 'team'),
  )
  if (others.size > 1 || others.has('key')) return null
  const ownKeys = scope.teams !== null && scope.userId !== null && scope.ownTeams?.length !== 0
  if (ownKeys) return null
  const [other] = others
  const asked = query.teamId === undefined ? null : [query.teamId]
  const teams =
    asked && scope.teams ? asked.filter((team) => scope.teams?.includes(team)) : (asked ?? scope.teams)
  const byTeam = groupBy.includes('team') || teams !== null
  const filter = filtered.find((name) => name !== 'teamId')
  const value = filter === undefined ? undefined : query[filter]
  if (other === undefined)
    return { dimension: byTeam ? 'team' : 'all', teams: byTeam ? teams : [ALL_TEAMS], value, common: true }
  // The rows of consumers are those of their teams.
  const common = !byTeam && other !== 'consumer'
  return { dimension: other, teams: common ? [ALL_TEAMS] : teams, value, common }
}

/** What one statement needs beside the cover. */
interface Reading {
  readonly query: UsageQuery
  readonly scope: RowScope
  readonly coarse: Coarse | null
  readonly cover: Cover
  readonly groupBy: readonly UsageDimension[]
}

interface Sql {
  readonly text: string
  readonly values: unknown[]
}

const SUMS = [...SUM_COLUMNS, 'cost_pico'].map((name) => `sum(${name}) AS ${name}`).join(', ')
const HISTOGRAMS = ['latency', 'first_token']
  .map((name) => {
    const sums = Array.from({ length: HISTOGRAM_SIZE }, (_, at) => `sum(${name}[${at + 1}])`)
    // As text: arrays of the driver take several times as long to read.
    return `array_to_string(ARRAY[${sums.join(', ')}], ',', '') AS ${name}`
  })
  .join(', ')
const list = (parts: readonly string[]) => parts.map((part) => `, ${part}`).join('')

/** The costliest groups of the whole range, without their histograms, which are most of the work; and how many there are. */
export function rankSql(reading: Reading, most: number): Sql {
  const where = new Conditions()
  const groups = names(reading.groupBy)
  return {
    text: `SELECT count(*) OVER ()::int AS groups${list(groups)} FROM (${sourceSql(where, reading)}) source
      GROUP BY ${groups.join(', ')}
      ORDER BY sum(cost_pico) DESC, sum(requests) DESC, ${groups.join(', ')} LIMIT ${where.value(most)}`,
    values: where.values,
  }
}

/** Sums of each group in each interval; of the groups `only`, when given. */
export function seriesSql(
  reading: Reading,
  starts: readonly number[],
  only: readonly (readonly (string | null)[])[] | null,
): Sql {
  const where = new Conditions()
  const groups = names(reading.groupBy)
  const source = sourceSql(where, reading, only)
  const startList = where.value(starts.map((start) => new Date(start).toISOString()))
  return {
    text: `SELECT width_bucket(bucket, ${startList}::timestamptz[]) - 1 AS i${list(groups)}, ${SUMS}, ${HISTOGRAMS}
      FROM (${source}) source GROUP BY ${['1', ...groups].join(', ')}`,
    values: where.values,
  }
}

const names = (groupBy: readonly UsageDimension[]) => groupBy.map((_, index) => `g${index + 1}`)

/** Rows of all tables that together are the cover, as `bucket, g1, g2, sums, histograms`. */
function sourceSql(
  where: Conditions,
  { query, scope, coarse, cover, groupBy }: Reading,
  only: readonly (readonly (string | null)[])[] | null = null,
): string {
  const simulated =
    query.simulated === 'include' ? [] : [query.simulated === 'only' ? 'simulated' : 'NOT simulated']
  const within = (columns: readonly string[]) =>
    only === null
      ? []
      : columns.map(
          (column, index) => `${column} = ANY(${where.value(only.map((keys) => keys[index] ?? ''))}::text[])`,
        )
  const select = (table: string, columns: readonly string[], conditions: readonly string[]) =>
    `SELECT bucket${list(columns.map((column, index) => `${column} AS g${index + 1}`))}, ${SELECTED}
     FROM ${table} WHERE ${[...conditions, ...simulated, ...within(columns)].join(' AND ')}`
  const parts: string[] = []

  if (coarse && cover.days.length + cover.hours.length + cover.shifted.length > 0) {
    const columns = groupBy.map((dimension) => (dimension === 'team' ? 'team_id' : 'value'))
    const held = [`dimension = '${coarse.dimension}'`]
    if (coarse.teams) held.push(`team_id = ANY(${where.value(coarse.teams)}::text[])`)
    else if (coarse.dimension !== 'team' && coarse.dimension !== 'consumer')
      held.push(`team_id <> '${ALL_TEAMS}'`)
    if (coarse.value !== undefined) held.push(`value = ${where.value(coarse.value)}`)
    for (const [table, buckets] of [
      ['rollup_days', cover.days] as const,
      ['rollup_hours', cover.hours] as const,
      ['rollup_shifted_hours', cover.shifted] as const,
    ]) {
      if (buckets.length === 0) continue
      const starts = where.value(buckets.map((at) => new Date(at).toISOString()))
      parts.push(select(table, columns, [...held, `bucket = ANY(${starts}::timestamptz[])`]))
    }
  }

  // A parameter that the text does not name is an error.
  if (cover.quarters.length + cover.minutes.length === 0) return parts.join(' UNION ALL ')
  const fine = new Conditions(where.values)
  fine.within(scope)
  for (const [name, dimension] of Object.entries(FILTERS) as [keyof typeof FILTERS, UsageDimension][]) {
    fine.add(query[name], (p) => `${COLUMNS[dimension]} = ${p}`)
  }
  const instant = (ms: number) => `${where.value(new Date(ms).toISOString())}::timestamptz`
  const between = ({ from, to }: Span) => `(bucket >= ${instant(from)} AND bucket < ${instant(to)})`
  const columns = groupBy.map((dimension) => COLUMNS[dimension])
  for (const [table, spans] of [
    ['rollup_quarters', cover.quarters] as const,
    ['rollup_minutes', cover.minutes] as const,
  ]) {
    if (spans.length === 0) continue
    const conditions = [`(${spans.map(between).join(' OR ')})`, fine.sql]
    // What the indexes by team and by key begin with.
    if (table === 'rollup_quarters' && fine.sql !== 'true') {
      conditions.push(`(bucket AT TIME ZONE 'UTC')::date = ANY(${where.value(daysOf(spans))}::date[])`)
    }
    parts.push(select(table, columns, conditions))
  }
  return parts.join(' UNION ALL ')
}

/** The days (UTC) that have a part of the spans. */
export function daysOf(spans: readonly Span[]): string[] {
  const days = new Set<string>()
  for (const { from, to } of spans) {
    for (let at = Math.floor(from / DAY_MS) * DAY_MS; at < to; at += DAY_MS)
      days.add(new Date(at).toISOString().slice(0, 10))
  }
  return [...days]
}

const SELECTED = [...SUM_COLUMNS, 'cost_pico', 'latency', 'first_token'].join(', ')
