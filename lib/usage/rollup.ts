/** Calls summed into the rows of `rollup_minutes` and `rollup_quarters`, and corrections of what they cost. */
import { type Attempt, answeringAttempt, type UsageEvent } from '../contract/usage-event.ts'
import { callOutcome } from '../format/call-outcome.ts'
import { clean, type Statement } from './call-rows.ts'
import { emptyHistogram, HISTOGRAM_SIZE, histogramBucket } from './histogram.ts'

export const MINUTE_MS = 60_000
export const QUARTER_MS = 15 * MINUTE_MS

/** In the order of the primary key. '' is none. */
const KEY_COLUMNS = ['team_id', 'consumer_id', 'key_id', 'route', 'provider_id', 'model', 'kind'] as const
/** Counted and summed by addition. */
export const SUM_COLUMNS = [
  'requests',
  'errors',
  'refused',
  'input_tokens',
  'cached_input_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'input_audio_tokens',
  'output_tokens',
  'reasoning_tokens',
  'output_audio_tokens',
  'unpriced',
  'estimated',
] as const

interface RollupRow {
  readonly bucketMs: number
  readonly keys: readonly string[]
  readonly simulated: boolean
  readonly sums: number[]
  costPico: bigint
  readonly latency: number[]
  readonly firstToken: number[]
}

/** What says in which row a call is counted. */
type Counted = Pick<
  UsageEvent,
  'at' | 'teamId' | 'consumerId' | 'keyId' | 'route' | 'providerId' | 'servedModel' | 'kind' | 'simulated'
> & { readonly attempts: readonly Pick<Attempt, 'model' | 'outcome'>[] }

/** What a correction moves in the rows of its call. */
export interface RollupCorrection {
  readonly call: Counted
  readonly costPico: bigint
  /** 1 when it became unpriced, -1 when it no longer is. */
  readonly unpriced: number
}

/** The statements that add these calls to both rollups, rows in the order of their keys: two batches can't deadlock. */
export function addToRollups(events: readonly UsageEvent[]): Statement[] {
  return [
    addStatement(
      'rollup_minutes',
      sum(events, MINUTE_MS, (event) => event, add),
    ),
    addStatement(
      'rollup_quarters',
      sum(events, QUARTER_MS, (event) => event, add),
    ),
  ]
}

/** As `addToRollups`; minutes before `minutesFrom` are gone, and stay so. */
export function correctRollups(corrections: readonly RollupCorrection[], minutesFrom: number): Statement[] {
  const recent = corrections.filter(({ call }) => call.at >= minutesFrom)
  const callOf = ({ call }: RollupCorrection) => call
  return [
    addStatement('rollup_minutes', sum(recent, MINUTE_MS, callOf, correct)),
    addStatement('rollup_quarters', sum(corrections, QUARTER_MS, callOf, correct)),
  ]
}

const UNPRICED = SUM_COLUMNS.indexOf('unpriced')

function correct(row: RollupRow, { costPico, unpriced }: RollupCorrection): void {
  row.costPico += costPico
  row.sums[UNPRICED] = (row.sums[UNPRICED] ?? 0) + unpriced
}

function sum<T>(
  items: readonly T[],
  bucketSize: number,
  callOf: (item: T) => Counted,
  addTo: (row: RollupRow, item: T) => void,
): RollupRow[] {
  const rows = new Map<string, RollupRow>()
  for (const item of items) {
    const event = callOf(item)
    const bucketMs = Math.floor(event.at / bucketSize) * bucketSize
    const keys = [
      event.teamId,
      event.consumerId,
      event.keyId,
      event.route,
      event.providerId,
      rollupModel(event),
      event.kind,
    ].map((key) => clean(key ?? ''))
    const id = `${String(bucketMs).padStart(16, '0')}\0${keys.join('\0')}\0${event.simulated}`
    let row = rows.get(id)
    if (!row) {
      row = {
        bucketMs,
        keys,
        simulated: event.simulated,
        sums: SUM_COLUMNS.map(() => 0),
        costPico: 0n,
        latency: emptyHistogram(),
        firstToken: emptyHistogram(),
      }
      rows.set(id, row)
    }
    addTo(row, item)
  }
  return [...rows.keys()].sort().map((id) => rows.get(id) as RollupRow)
}

function add(row: RollupRow, event: UsageEvent): void {
  const outcome = callOutcome(event)
  const { usage } = event
  const values: Record<(typeof SUM_COLUMNS)[number], number> = {
    requests: 1,
    errors: outcome === 'error' ? 1 : 0,
    refused: outcome === 'refused' ? 1 : 0,
    input_tokens: usage.inputTokens,
    cached_input_tokens: usage.cachedInputTokens,
    cache_write_5m_tokens: usage.cacheWrite5mTokens,
    cache_write_1h_tokens: usage.cacheWrite1hTokens,
    input_audio_tokens: usage.inputAudioTokens,
    output_tokens: usage.outputTokens,
    reasoning_tokens: usage.reasoningTokens,
    output_audio_tokens: usage.outputAudioTokens,
    unpriced: event.unpriced ? 1 : 0,
    estimated: event.usageSource === 'estimated' ? 1 : 0,
  }
  for (const [index, column] of SUM_COLUMNS.entries())
    row.sums[index] = (row.sums[index] ?? 0) + values[column]
  // The lines are what is known of a cost where a part of the call has no price.
  if (event.costPicoUsd !== null) row.costPico += BigInt(event.costPicoUsd)
  else for (const line of event.lines) row.costPico += BigInt(line.costPicoUsd)
  const count = (histogram: number[], ms: number) => {
    const bucket = histogramBucket(ms)
    histogram[bucket] = (histogram[bucket] ?? 0) + 1
  }
  // A refusal takes no time worth telling: it would hide how long the answered calls take.
  if (outcome !== 'refused') count(row.latency, event.latencyMs)
  if (event.firstTokenMs !== null) count(row.firstToken, event.firstTokenMs)
}

/** Never the model that was asked for: callers may ask for anything, and each name would be a row for good. */
function rollupModel(event: Counted): string | null {
  return event.servedModel ?? answeringAttempt(event.attempts)?.model ?? null
}

function addStatement(table: string, rows: readonly RollupRow[]): Statement {
  const columns = [
    'bucket',
    ...KEY_COLUMNS,
    'simulated',
    ...SUM_COLUMNS,
    'cost_pico',
    'latency',
    'first_token',
  ]
  const types = [
    'timestamptz',
    ...KEY_COLUMNS.map(() => 'text'),
    'boolean',
    ...SUM_COLUMNS.map(() => 'bigint'),
    'numeric',
    'text',
    'text',
  ]
  const plus = [...SUM_COLUMNS, 'cost_pico'].map((name) => `${name} = t.${name} + excluded.${name}`)
  const plusEach = ['latency', 'first_token'].map((name) => {
    const parts = Array.from(
      { length: HISTOGRAM_SIZE },
      (_, i) => `t.${name}[${i + 1}] + excluded.${name}[${i + 1}]`,
    )
    return `${name} = ARRAY[${parts.join(', ')}]`
  })
  const values: unknown[][] = [
    rows.map((row) => new Date(row.bucketMs).toISOString()),
    ...KEY_COLUMNS.map((_, index) => rows.map((row) => row.keys[index])),
    rows.map((row) => row.simulated),
    ...SUM_COLUMNS.map((_, index) => rows.map((row) => row.sums[index])),
    rows.map((row) => row.costPico.toString()),
    rows.map((row) => `{${row.latency.join(',')}}`),
    rows.map((row) => `{${row.firstToken.join(',')}}`),
  ]
  const names = columns.join(', ')
  const read = columns.map((name) =>
    name === 'latency' || name === 'first_token' ? `${name}::integer[]` : name,
  )
  return {
    name: `ingest-${table}`,
    text: `INSERT INTO ${table} AS t (${names})
      SELECT ${read.join(', ')} FROM unnest(${types.map((type, i) => `$${i + 1}::${type}[]`).join(', ')}) AS p(${names})
      ON CONFLICT (bucket, ${KEY_COLUMNS.join(', ')}, simulated) DO UPDATE SET ${[...plus, ...plusEach].join(', ')}`,
    values,
  }
}
