/**
 * What each target of a route was asked and what came of it, by the minute and the quarter-hour: the rows of
 * `rollup_target_minutes` and `rollup_target_quarters`. A call counts in the row of the target that answered it (of
 * the one that was asked last, where none did; of none, where it was refused before), each attempt in the row of its own.
 */
import {
  type Attempt,
  answeringAttempt,
  LEFT_REASONS,
  type LeftReason,
  leftReasonOf,
  type UsageEvent,
} from '../contract/usage-event.ts'
import { callOutcome } from '../format/call-outcome.ts'
import { clean, type Statement } from './call-rows.ts'
import { HISTOGRAM_SIZE, histogramBucket } from './histogram.ts'
import { MINUTE_MS, QUARTER_MS } from './rollup.ts'

/** In the order of the primary key, after the bucket. */
const KEY_COLUMNS = ['route_id', 'provider_id', 'model'] as const
export const TARGET_SUMS = ['calls', 'errors', 'refused', 'attempts', 'chosen_first'] as const
/** Arrays of counts, with their lengths: of reasons by their place in `LEFT_REASONS`, and of times. */
export const TARGET_COUNTS = {
  /** Attempts that failed, by reason. */
  failures: LEFT_REASONS.length,
  /** Calls that it answered in the place of another, by reason. */
  fallbacks: LEFT_REASONS.length,
  /** Of calls, as their callers had them. */
  latency: HISTOGRAM_SIZE,
  first_token: HISTOGRAM_SIZE,
  /** Of attempts that went well. */
  attempt_latency: HISTOGRAM_SIZE,
  attempt_first_token: HISTOGRAM_SIZE,
} as const
export type TargetCounts = keyof typeof TARGET_COUNTS
export const TARGET_COUNT_NAMES = Object.keys(TARGET_COUNTS) as TargetCounts[]

interface TargetRow {
  readonly bucketMs: number
  readonly keys: readonly string[]
  readonly simulated: boolean
  readonly sums: Record<(typeof TARGET_SUMS)[number], number>
  readonly counts: Record<TargetCounts, number[]>
}

/** The statements that add these calls to both rollups, rows in the order of their keys: two batches can't deadlock. */
export function addToTargets(events: readonly UsageEvent[]): Statement[] {
  const routed = events.filter(({ routeId }) => routeId !== null)
  if (routed.length === 0) return []
  return [
    addStatement('rollup_target_minutes', sum(routed, MINUTE_MS)),
    addStatement('rollup_target_quarters', sum(routed, QUARTER_MS)),
  ]
}

function sum(events: readonly UsageEvent[], bucketSize: number): TargetRow[] {
  const rows = new Map<string, TargetRow>()
  const rowOf = ({ at, routeId, simulated }: UsageEvent, target: Attempt | undefined): TargetRow => {
    const bucketMs = Math.floor(at / bucketSize) * bucketSize
    const keys = [routeId, target?.providerId, target?.model].map((key) => clean(key ?? ''))
    const id = `${String(bucketMs).padStart(16, '0')}\0${keys.join('\0')}\0${simulated}`
    const row = rows.get(id) ?? emptyRow(bucketMs, keys, simulated)
    rows.set(id, row)
    return row
  }
  for (const event of events) {
    addCall(rowOf(event, answeringAttempt(event.attempts)), event)
    for (const [index, attempt] of event.attempts.entries())
      addAttempt(rowOf(event, attempt), attempt, index === 0)
  }
  return [...rows.keys()].sort().map((id) => rows.get(id) as TargetRow)
}

function emptyRow(bucketMs: number, keys: readonly string[], simulated: boolean): TargetRow {
  const counts = Object.fromEntries(
    TARGET_COUNT_NAMES.map((name) => [name, new Array<number>(TARGET_COUNTS[name]).fill(0)]),
  ) as TargetRow['counts']
  const sums = { calls: 0, errors: 0, refused: 0, attempts: 0, chosen_first: 0 }
  return { bucketMs, keys, simulated, sums, counts }
}

function addCall({ sums, counts }: TargetRow, event: UsageEvent): void {
  const outcome = callOutcome(event)
  sums.calls += 1
  if (outcome === 'error') sums.errors += 1
  if (outcome === 'refused') sums.refused += 1
  else count(counts.latency, histogramBucket(event.latencyMs))
  if (event.firstTokenMs !== null) count(counts.first_token, histogramBucket(event.firstTokenMs))
  if (event.degraded) count(counts.fallbacks, placeOf(leftReasonOf(event.degraded.reason)))
}

function addAttempt({ sums, counts }: TargetRow, attempt: Attempt, isFirst: boolean): void {
  sums.attempts += 1
  if (isFirst) sums.chosen_first += 1
  if (attempt.outcome === 'ok') {
    count(counts.attempt_latency, histogramBucket(attempt.latencyMs))
    if (attempt.firstTokenMs !== null)
      count(counts.attempt_first_token, histogramBucket(attempt.firstTokenMs))
  } else count(counts.failures, placeOf(failureOf(attempt)))
}

/** Older gateways told no reason, but a code. */
function failureOf({ reason, code, outcome }: Attempt): LeftReason {
  if (reason) return leftReasonOf(reason)
  if (outcome === 'unknown') return 'unknown'
  if (code === 'provider_rate_limited') return 'rateLimit'
  if (code === 'provider_timeout') return 'timeout'
  return code === 'client_closed' ? 'callerGone' : 'other'
}

const placeOf = (reason: LeftReason): number => LEFT_REASONS.indexOf(reason)

function count(counts: number[], place: number): void {
  counts[place] = (counts[place] ?? 0) + 1
}

function addStatement(table: string, rows: readonly TargetRow[]): Statement {
  const names = ['bucket', ...KEY_COLUMNS, 'simulated', ...TARGET_SUMS, ...TARGET_COUNT_NAMES]
  const types = [
    'timestamptz',
    ...KEY_COLUMNS.map(() => 'text'),
    'boolean',
    ...TARGET_SUMS.map(() => 'bigint'),
    // An array of arrays would have to be of one length.
    ...TARGET_COUNT_NAMES.map(() => 'text'),
  ]
  const isCounts = (name: string): name is TargetCounts => name in TARGET_COUNTS
  // A list of reasons that has grown since has no count in older rows.
  const added = TARGET_COUNT_NAMES.map((name) => {
    const parts = Array.from(
      { length: TARGET_COUNTS[name] },
      (_, i) => `coalesce(t.${name}[${i + 1}], 0) + excluded.${name}[${i + 1}]`,
    )
    return `${name} = ARRAY[${parts.join(', ')}]`
  })
  return {
    name: `ingest-${table}`,
    text: `INSERT INTO ${table} AS t (${names.join(', ')})
      SELECT ${names.map((name) => (isCounts(name) ? `${name}::integer[]` : name)).join(', ')}
      FROM unnest(${types.map((type, i) => `$${i + 1}::${type}[]`).join(', ')}) AS p(${names.join(', ')})
      ON CONFLICT (bucket, ${KEY_COLUMNS.join(', ')}, simulated) DO UPDATE SET
        ${[...TARGET_SUMS.map((name) => `${name} = t.${name} + excluded.${name}`), ...added].join(', ')}`,
    values: [
      rows.map(({ bucketMs }) => new Date(bucketMs).toISOString()),
      ...KEY_COLUMNS.map((_, index) => rows.map(({ keys }) => keys[index])),
      rows.map(({ simulated }) => simulated),
      ...TARGET_SUMS.map((name) => rows.map(({ sums }) => sums[name])),
      ...TARGET_COUNT_NAMES.map((name) => rows.map(({ counts }) => `{${counts[name].join(',')}}`)),
    ],
  }
}
