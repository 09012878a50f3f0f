/** What targets did over time, of one route or one provider: from the rollups of targets alone. */
import 'server-only'
import type pg from 'pg'
import type { z } from 'zod'
import { LEFT_REASONS } from '../contract/usage-event.ts'
import type { HistoryValues, historyQuery, TargetHistory } from '../resources/routes/history-schema.ts'
import { type Cover, coverOf, type Span } from './cover.ts'
import { histogramQuantile } from './histogram.ts'
import { NOTHING_EXACT, readExact } from './marks.ts'
import { readNames } from './names.ts'
import { readRange, readStarts } from './range.ts'
import { Conditions } from './scope.ts'
import { TARGET_COUNT_NAMES, TARGET_COUNTS, TARGET_SUMS, type TargetCounts } from './target-rollup.ts'
import { inSnapshot } from './transaction.ts'

export type HistoryQuery = z.output<typeof historyQuery>

/** Told apart in one answer. */
const MAX_TARGETS = 50

/** Whose history. */
export type HistorySubject = { readonly routeId: string } | { readonly providerId: string }

/** @throws Problem 400 with the path of what is wrong. */
export async function queryHistory(
  pool: pg.Pool,
  subject: HistorySubject,
  query: HistoryQuery,
  more: { timeZone: string; now: Date },
): Promise<Omit<TargetHistory, 'changes'>> {
  const timeZone = query.timeZone ?? more.timeZone
  const range = readRange(query, timeZone, more.now.getTime())
  const starts = readStarts(range, query.interval, timeZone)
  const rows = await readRows(pool, subject, query, range, starts)

  const all = new Series(starts.length)
  const targets = new Map<string, Series & { providerId: string; model: string }>()
  for (const row of rows) {
    all.add(row)
    // The rest, and calls that were refused before anybody was asked.
    const { provider_id: providerId, model } = row
    if (providerId === null || model === null) continue
    const key = `${providerId}\0${model}`
    const target = targets.get(key) ?? Object.assign(new Series(starts.length), { providerId, model })
    targets.set(key, target)
    target.add(row)
  }
  const mostAsked = [...targets.values()].sort((a, b) => b.total.sums.attempts - a.total.sums.attempts)
  const names = await readNames(
    pool,
    mostAsked.map(({ providerId }) => ({ dimension: 'provider', id: providerId })),
  )
  const iso = (at: number) => new Date(at).toISOString()
  return {
    from: iso(range.from),
    to: iso(range.to),
    interval: query.interval,
    timeZone,
    buckets: starts.map(iso),
    ...all.render(),
    targets: mostAsked.map((target) => ({
      providerId: target.providerId,
      providerName: names.get(`provider ${target.providerId}`) ?? null,
      model: target.model,
      ...target.render(),
    })),
  }
}

/** Numbers in text, counts with commas between. */
type Row = Record<(typeof TARGET_SUMS)[number] | TargetCounts, string> & {
  readonly i: number
  readonly provider_id: string | null
  readonly model: string | null
}

interface Totals {
  readonly sums: Record<(typeof TARGET_SUMS)[number], number>
  readonly counts: Record<TargetCounts, number[]>
}

function emptyTotals(): Totals {
  const counts = Object.fromEntries(
    TARGET_COUNT_NAMES.map((name) => [name, new Array<number>(TARGET_COUNTS[name]).fill(0)]),
  ) as Totals['counts']
  return { sums: { calls: 0, errors: 0, refused: 0, attempts: 0, chosen_first: 0 }, counts }
}

class Series {
  readonly total = emptyTotals()
  readonly #values = new Map<number, Totals>()
  readonly #length: number

  constructor(length: number) {
    this.#length = length
  }

  add(row: Row): void {
    const value = this.#values.get(row.i) ?? emptyTotals()
    this.#values.set(row.i, value)
    for (const { sums, counts } of [value, this.total]) {
      for (const name of TARGET_SUMS) sums[name] += Number(row[name])
      for (const name of TARGET_COUNT_NAMES) {
        const into = counts[name]
        // Where nothing was counted there is no text between the commas.
        for (const [index, count] of row[name].split(',').entries())
          if (count !== '') into[index] = (into[index] ?? 0) + Number(count)
      }
    }
  }

  render(): { total: HistoryValues; values: HistoryValues[] } {
    const none = toValues(emptyTotals())
    const values = Array.from({ length: this.#length }, (_, index) => {
      const value = this.#values.get(index)
      return value ? toValues(value) : none
    })
    return { total: toValues(this.total), values }
  }
}

function toValues({ sums, counts }: Totals): HistoryValues {
  const byReason = (name: 'failures' | 'fallbacks') =>
    Object.fromEntries(
      LEFT_REASONS.map((reason, place) => [reason, counts[name][place] ?? 0]).filter(([, n]) => n),
    )
  return {
    calls: sums.calls,
    errors: sums.errors,
    refused: sums.refused,
    attempts: sums.attempts,
    chosenFirst: sums.chosen_first,
    failures: byReason('failures'),
    fallbacks: byReason('fallbacks'),
    latencyP50Ms: histogramQuantile(counts.latency, 0.5),
    latencyP95Ms: histogramQuantile(counts.latency, 0.95),
    firstTokenP50Ms: histogramQuantile(counts.first_token, 0.5),
    firstTokenP95Ms: histogramQuantile(counts.first_token, 0.95),
    attemptP50Ms: histogramQuantile(counts.attempt_latency, 0.5),
    attemptP95Ms: histogramQuantile(counts.attempt_latency, 0.95),
    attemptFirstTokenP50Ms: histogramQuantile(counts.attempt_first_token, 0.5),
    attemptFirstTokenP95Ms: histogramQuantile(counts.attempt_first_token, 0.95),
  }
}

/** Sums by interval and target, of one moment: days where they are exact, quarter-hours, and minutes at the edges. */
async function readRows(
  pool: pg.Pool,
  subject: HistorySubject,
  query: HistoryQuery,
  range: Span,
  starts: readonly number[],
): Promise<Row[]> {
  return inSnapshot(pool, async (client) => {
    const { targetDays } = await readExact(client, range)
    const cover =
      query.interval === 'minute'
        ? { days: [], quarters: [], minutes: [range] }
        : coverOf(range, starts, { ...NOTHING_EXACT, days: targetDays })
    const { text, values } = historySql(subject, query, cover, starts)
    return (await client.query<Row>(text, values)).rows
  })
}

const SUMS = TARGET_SUMS.map((name) => `sum(${name}) AS ${name}`)
const COUNTS = TARGET_COUNT_NAMES.map((name) => {
  const sums = Array.from({ length: TARGET_COUNTS[name] }, (_, at) => `sum(${name}[${at + 1}])`)
  return `array_to_string(ARRAY[${sums.join(', ')}], ',', '') AS ${name}`
})
const COLUMNS = ['provider_id', 'model', ...TARGET_SUMS, ...TARGET_COUNT_NAMES].join(', ')

function historySql(
  subject: HistorySubject,
  { simulated }: HistoryQuery,
  { days, quarters, minutes }: Pick<Cover, 'days' | 'quarters' | 'minutes'>,
  starts: readonly number[],
): { text: string; values: unknown[] } {
  const where = new Conditions()
  const instant = (at: number) => new Date(at).toISOString()
  const whose =
    'routeId' in subject
      ? `route_id = ${where.value(subject.routeId)}`
      : `provider_id = ${where.value(subject.providerId)}`
  const which = simulated === 'include' ? 'true' : simulated === 'only' ? 'simulated' : 'NOT simulated'
  const select = (table: string, when: string) =>
    `SELECT bucket, ${COLUMNS} FROM ${table} WHERE ${whose} AND ${which} AND ${when}`
  const within = ({ from, to }: Span) =>
    `(bucket >= ${where.value(instant(from))}::timestamptz AND bucket < ${where.value(instant(to))}::timestamptz)`
  const parts = [
    ...(days.length > 0
      ? [select('rollup_target_days', `bucket = ANY(${where.value(days.map(instant))}::timestamptz[])`)]
      : []),
    ...quarters.map((span) => select('rollup_target_quarters', within(span))),
    ...minutes.map((span) => select('rollup_target_minutes', within(span))),
  ]
  const startList = where.value(starts.map(instant))
  return {
    text: `WITH source AS MATERIALIZED (${parts.join(' UNION ALL ')}),
      most AS (SELECT provider_id, model FROM source WHERE provider_id <> '' GROUP BY 1, 2
        ORDER BY sum(attempts) DESC, 1, 2 LIMIT ${MAX_TARGETS})
      SELECT width_bucket(bucket, ${startList}::timestamptz[]) - 1 AS i, most.provider_id, most.model,
        ${[...SUMS, ...COUNTS].join(', ')}
      FROM source LEFT JOIN most USING (provider_id, model) GROUP BY 1, 2, 3`,
    values: where.values,
  }
}
