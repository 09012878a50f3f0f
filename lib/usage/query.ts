/**
 * The one query behind every number on cost and usage. It reads rollups alone: whole quarter-hours, and minutes for the
 * edges of a range that stand between them, or where minutes are asked for. Ranges are half-open, [from, to).
 */
import 'server-only'
import type pg from 'pg'
import type { z } from 'zod'
import type { RowScope } from '../api/actor.ts'
import { invalidField } from '../api/problem.ts'
import type { UsageDimension, UsageReport, usageQuery } from '../resources/usage/schema.ts'
import { usageDimension } from '../resources/usage/schema.ts'
import { HISTOGRAM_SIZE } from './histogram.ts'
import { readNames } from './names.ts'
import { MINUTE_MS, QUARTER_MS, SUM_COLUMNS } from './rollup.ts'
import { Conditions } from './scope.ts'
import { bucketStarts, type Interval, startOf, TooManyBuckets } from './time-buckets.ts'
import { addTo, emptyTotals, type Totals, toUsageValues } from './totals.ts'

export type UsageQuery = z.output<typeof usageQuery>

const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const MINUTES_KEPT_MS = 48 * HOUR_MS
/** The whole of what minutes are kept for. */
const MAX_BUCKETS = 3_000
/** Series times intervals in one answer; further groups are summed into one series. */
const MAX_VALUES = 60_000
const MAX_SERIES = 100
const MAX_DIMENSIONS = 4
const DEFAULT_SPAN_MS: Record<Interval, number> = {
  minute: HOUR_MS,
  hour: DAY_MS,
  day: 30 * DAY_MS,
  month: 365 * DAY_MS,
}

const COLUMNS: Record<UsageDimension, string> = {
  team: 'team_id',
  consumer: 'consumer_id',
  key: 'key_id',
  route: 'route',
  provider: 'provider_id',
  model: 'model',
  kind: 'kind',
}

/** @throws Problem 400 with the path of what is wrong. */
export async function queryUsage(
  pool: pg.Pool,
  query: UsageQuery,
  more: { scope: RowScope; timeZone: string; now: Date },
): Promise<UsageReport> {
  const now = more.now.getTime()
  const timeZone = query.timeZone ?? more.timeZone
  const dimensions = readDimensions(query.groupBy)
  const range = readRange(query, timeZone, now)
  const starts = readStarts(range, query.interval, timeZone)
  const maxSeries = Math.max(10, Math.min(MAX_SERIES, Math.floor(MAX_VALUES / starts.length)))
  const { text, values } = buildQuery(query, more.scope, range, starts, dimensions, maxSeries)
  const { rows } = await pool.query<
    Record<string, string | null> & { i: number; latency: string[]; first_token: string[] }
  >(text, values)

  const total = emptyTotals()
  const series = new Map<
    string,
    { keys: (string | null)[]; others: number; total: Totals; values: Map<number, Totals> }
  >()
  for (const row of rows) {
    const keys = dimensions.map((_, index) => row[`g${index + 1}`] ?? null)
    const id = JSON.stringify(keys)
    const entry = series.get(id) ?? {
      keys,
      others: Number(row.others),
      total: emptyTotals(),
      values: new Map(),
    }
    series.set(id, entry)
    const value = emptyTotals()
    addTo(value, row)
    entry.values.set(row.i, value)
    addTo(entry.total, row)
    addTo(total, row)
  }
  if (dimensions.length === 0 && series.size === 0) {
    series.set('', { keys: [], others: 0, total: emptyTotals(), values: new Map() })
  }
  const costliest = [...series.values()].sort(
    (a, b) =>
      Number(a.others > 0) - Number(b.others > 0) ||
      (a.total.costPico < b.total.costPico ? 1 : a.total.costPico > b.total.costPico ? -1 : 0) ||
      b.total.sums.requests - a.total.sums.requests ||
      (a.keys.join() < b.keys.join() ? -1 : 1),
  )
  const names = await readNames(
    pool,
    dimensions.flatMap((dimension, index) =>
      costliest.map(({ keys }) => ({ dimension, id: keys[index] || null })),
    ),
  )
  const none = toUsageValues(emptyTotals())
  return {
    from: new Date(range.from).toISOString(),
    to: new Date(range.to).toISOString(),
    interval: query.interval,
    timeZone,
    buckets: starts.map((start) => new Date(start).toISOString()),
    total: toUsageValues(total),
    series: costliest.map((entry) => {
      const named = (value: (dimension: UsageDimension, id: string | null) => string | null) =>
        Object.fromEntries(
          dimensions.map((dimension, index) => [dimension, value(dimension, entry.keys[index] || null)]),
        )
      return {
        key: named((_, id) => id),
        label: named((dimension, id) =>
          entry.others > 0 ? `${entry.others} others` : (names.get(`${dimension} ${id}`) ?? null),
        ),
        ...(entry.others > 0 ? { others: entry.others } : {}),
        total: toUsageValues(entry.total),
        values: starts.map((_, index) => {
          const value = entry.values.get(index)
          return value ? toUsageValues(value) : none
        }),
      }
    }),
  }
}

interface Range {
  readonly from: number
  readonly to: number
}

function readDimensions(groupBy: string | undefined): UsageDimension[] {
  if (!groupBy) return []
  const names = groupBy.split(',').map((name) => name.trim())
  const known = usageDimension.options.join(', ')
  const dimensions = names.map((name) => {
    const parsed = usageDimension.safeParse(name)
    if (!parsed.success) throw invalidField('groupBy', `"${name.slice(0, 40)}" is none of ${known}`)
    return parsed.data
  })
  if (new Set(dimensions).size !== dimensions.length) throw invalidField('groupBy', 'names one twice')
  if (dimensions.length > MAX_DIMENSIONS)
    throw invalidField('groupBy', `takes at most ${MAX_DIMENSIONS} of them`)
  return dimensions
}

/** The range as it is counted: its edges on minutes while those are kept, else outwards to quarter-hours. */
function readRange(query: UsageQuery, timeZone: string, now: number): Range {
  const to = query.to ? Date.parse(query.to) : now
  let from = query.from ? Date.parse(query.from) : to - DEFAULT_SPAN_MS[query.interval]
  if (from >= to) throw invalidField('from', 'must be before "to"')
  if (!query.from) {
    try {
      from = startOf(from, query.interval, timeZone)
    } catch (error) {
      throw zoneProblem(error)
    }
  }
  if (query.interval === 'minute' && from < now - MINUTES_KEPT_MS) {
    throw invalidField('from', 'minutes are kept for 48 hours: ask for hours, or for a later start')
  }
  const step = (edge: number) => (edge >= now - MINUTES_KEPT_MS ? MINUTE_MS : QUARTER_MS)
  return {
    from: Math.floor(from / step(from)) * step(from),
    to: Math.ceil(to / step(to)) * step(to),
  }
}

function readStarts(range: Range, interval: Interval, timeZone: string): number[] {
  try {
    return bucketStarts(range.from, range.to, interval, timeZone, MAX_BUCKETS)
  } catch (error) {
    if (error instanceof TooManyBuckets) {
      throw invalidField('interval', `the range has more than ${MAX_BUCKETS} of them: ask for longer ones`)
    }
    throw zoneProblem(error)
  }
}

function zoneProblem(error: unknown): unknown {
  return error instanceof RangeError
    ? invalidField('timeZone', 'is no IANA time zone, such as Europe/Berlin')
    : error
}

function buildQuery(
  query: UsageQuery,
  scope: RowScope,
  { from, to }: Range,
  starts: readonly number[],
  dimensions: readonly UsageDimension[],
  maxSeries: number,
): { text: string; values: unknown[] } {
  const where = new Conditions()
  where
    .within(scope)
    .add(query.teamId, (p) => `team_id = ${p}`)
    .add(query.consumerId, (p) => `consumer_id = ${p}`)
    .add(query.keyId, (p) => `key_id = ${p}`)
    .add(query.route, (p) => `route = ${p}`)
    .add(query.providerId, (p) => `provider_id = ${p}`)
    .add(query.model, (p) => `model = ${p}`)
    .add(query.kind, (p) => `kind = ${p}`)
  if (query.simulated !== 'include') where.add(query.simulated === 'only', (p) => `simulated = ${p}`)

  const instant = (ms: number) => `${where.value(new Date(ms).toISOString())}::timestamptz`
  const between = (start: number, end: number) => `(bucket >= ${instant(start)} AND bucket < ${instant(end)})`
  const firstQuarter = Math.ceil(from / QUARTER_MS) * QUARTER_MS
  const lastQuarter = Math.floor(to / QUARTER_MS) * QUARTER_MS
  const minutes = (ranges: string[]) =>
    ranges.length > 0 ? `SELECT * FROM rollup_minutes WHERE (${ranges.join(' OR ')}) AND ${where.sql}` : null
  const sources =
    query.interval === 'minute' || firstQuarter >= lastQuarter
      ? [minutes([between(from, to)])]
      : [
          `SELECT * FROM rollup_quarters WHERE ${between(firstQuarter, lastQuarter)} AND ${where.sql}`,
          minutes([
            ...(from < firstQuarter ? [between(from, firstQuarter)] : []),
            ...(lastQuarter < to ? [between(lastQuarter, to)] : []),
          ]),
        ]

  const groups = dimensions.map((_, index) => `g${index + 1}`)
  const list = (parts: readonly string[]) => parts.map((part) => `, ${part}`).join('')
  const sums = [...SUM_COLUMNS, 'cost_pico'].map((name) => `sum(${name}) AS ${name}`)
  const histograms = ['latency', 'first_token'].map(
    (name) =>
      `ARRAY[${Array.from({ length: HISTOGRAM_SIZE }, (_, i) => `sum(${name}[${i + 1}])`).join(', ')}]::bigint[] AS ${name}`,
  )
  const startList = where.value(starts.map((start) => new Date(start).toISOString()))
  const top = where.value(maxSeries)
  // Every dimension is '' where there is none, so NULL is free to mean "the others".
  const text = `
    WITH source AS (${sources.filter((part) => part !== null).join(' UNION ALL ')}),
    grouped AS (
      SELECT width_bucket(bucket, ${startList}::timestamptz[]) - 1 AS i${list(
        dimensions.map((dimension, index) => `${COLUMNS[dimension]} AS g${index + 1}`),
      )}, ${[...sums, ...histograms].join(', ')}
      FROM source GROUP BY 1${list(dimensions.map((_, index) => String(index + 2)))}
    ),
    ranked AS (
      SELECT row_number() OVER (ORDER BY sum(cost_pico) DESC, sum(requests) DESC${list(groups)}) AS rank,
             count(*) OVER () AS groups${list(groups)}
      FROM grouped ${groups.length > 0 ? `GROUP BY ${groups.join(', ')}` : ''}
    )
    SELECT i${list(groups.map((group) => `CASE WHEN rank <= ${top}::bigint THEN ${group} END AS ${group}`))},
           CASE WHEN rank <= ${top}::bigint THEN 0 ELSE max(groups) - ${top}::bigint END AS others,
           ${[...sums, ...histograms].join(', ')}
    FROM grouped JOIN ranked ${groups.length > 0 ? `USING (${groups.join(', ')})` : 'ON true'}
    GROUP BY i, rank <= ${top}::bigint${list(groups.map((_, index) => String(index + 2)))}`
  return { text, values: where.values }
}
