/**
 * The one query behind every number on cost and usage. It reads rollups alone: days, hours and quarter-hours, and
 * minutes for the edges of a range that stand between them, or where minutes are asked for. Ranges are half-open,
 * [from, to).
 */
import 'server-only'
import type pg from 'pg'
import type { z } from 'zod'
import type { RowScope } from '../api/actor.ts'
import { invalidField } from '../api/problem.ts'
import type { UsageDimension, UsageReport, usageQuery } from '../resources/usage/schema.ts'
import { usageDimension } from '../resources/usage/schema.ts'
import { coverOf, type Span } from './cover.ts'
import { NOTHING_EXACT, readExact } from './marks.ts'
import { readNames } from './names.ts'
import { readRange, readStarts } from './range.ts'
import { addTo, emptyTotals, subtract, sumInto, type Totals, toUsageValues } from './totals.ts'
import { inSnapshot } from './transaction.ts'
import { coarseFor, rankSql, seriesSql } from './usage-sql.ts'

export type UsageQuery = z.output<typeof usageQuery>

/** Series times intervals in one answer; further groups are summed into one series. */
const MAX_VALUES = 60_000
const MAX_DIMENSIONS = 4

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
  const maxSeries = Math.min(query.top, Math.max(10, Math.floor(MAX_VALUES / starts.length)))
  const { rows, rest } = await readRows(pool, {
    query,
    scope: more.scope,
    range,
    starts,
    dimensions,
    maxSeries,
  })

  const total = emptyTotals()
  const series = new Map<string, Series>()
  for (const row of rows) {
    const keys = dimensions.map((_, index) => row[`g${index + 1}`] ?? null)
    const id = JSON.stringify(keys)
    const entry = series.get(id) ?? { keys, others: 0, total: emptyTotals(), values: new Map() }
    series.set(id, entry)
    const value = emptyTotals()
    addTo(value, row)
    entry.values.set(row.i, value)
    addTo(entry.total, row)
    addTo(total, row)
  }
  if (rest) series.set('rest', restOf(rest, [...series.values()], dimensions, total))
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

interface Series {
  readonly keys: (string | null)[]
  readonly others: number
  readonly total: Totals
  readonly values: Map<number, Totals>
}

/** As pg gives it: the interval it lies in, its groups, and sums in text. */
type Row = Record<string, string | null> & { i: number }

interface Rest {
  /** How many groups beyond the costliest. */
  readonly others: number
  /** Sums of all groups together. */
  readonly all: readonly Row[]
}

/** One snapshot for all that is read: the rest is a difference. */
async function readRows(
  pool: pg.Pool,
  asked: {
    query: UsageQuery
    scope: RowScope
    range: Span
    starts: readonly number[]
    dimensions: readonly UsageDimension[]
    maxSeries: number
  },
): Promise<{ rows: Row[]; rest: Rest | null }> {
  const { query, scope, range, starts, dimensions, maxSeries } = asked
  return inSnapshot(pool, async (client) => {
    const exact = coarseFor(query, scope, dimensions) ? await readExact(client, range) : NOTHING_EXACT
    const reading = (groupBy: readonly UsageDimension[], intervals: readonly number[]) => {
      const coarse = coarseFor(query, scope, groupBy)
      const cover =
        query.interval === 'minute'
          ? { days: [], hours: [], shifted: [], quarters: [], minutes: [range] }
          : coverOf(range, intervals, coarse?.common ? exact : { ...exact, shifted: new Set<number>() })
      return { query, scope, coarse, cover, groupBy }
    }
    const sums = async (groupBy: readonly UsageDimension[], only: Parameters<typeof seriesSql>[2]) => {
      const { text, values } = seriesSql(reading(groupBy, starts), starts, only)
      return (await client.query<Row>(text, values)).rows
    }
    if (dimensions.length === 0) return { rows: await sums([], null), rest: null }
    const { text, values } = rankSql(reading(dimensions, [range.from]), maxSeries)
    const ranked = (await client.query<Record<string, string> & { groups: number }>(text, values)).rows
    const keysOf = (row: Record<string, unknown>) =>
      dimensions.map((_, index) => row[`g${index + 1}`] as string)
    const shown = ranked.map(keysOf)
    const known = new Set(shown.map((keys) => keys.join('\0')))
    // Of two dimensions the statement may find pairs that are none of the costliest.
    const rows = (await sums(dimensions, shown)).filter((row) => known.has(keysOf(row).join('\0')))
    const others = (ranked[0]?.groups ?? 0) - ranked.length
    return { rows, rest: others > 0 ? { others, all: await sums([], null) } : null }
  })
}

/** All groups together without the shown ones, as one more series. `total` gets what it adds. */
function restOf(
  { others, all }: Rest,
  shown: readonly Series[],
  dimensions: readonly UsageDimension[],
  total: Totals,
): Series {
  const rest: Series = { keys: dimensions.map(() => null), others, total: emptyTotals(), values: new Map() }
  for (const row of all) {
    const value = emptyTotals()
    addTo(value, row)
    for (const { values } of shown) {
      const part = values.get(row.i)
      if (part) subtract(value, part)
    }
    if (value.sums.requests > 0) rest.values.set(row.i, value)
    sumInto(rest.total, value)
    sumInto(total, value)
  }
  return rest
}
