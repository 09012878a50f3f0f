/** Usage events as columns of `calls` and `ledger_lines`, for `unnest`: one array for each column. */
import type { UsageEvent } from '../contract/usage-event.ts'
import { callOutcome } from '../format/call-outcome.ts'

interface Column<T> {
  readonly name: string
  readonly type: string
  /** Undefined is null. */
  readonly value: (row: T) => string | number | boolean | null | undefined
}

interface CallRow {
  readonly event: UsageEvent
  /** YYYY-MM-DD */
  readonly day: string
  readonly gatewayId: string
}

const INT_MAX = 2_147_483_647
const int = (value: number) => Math.max(-INT_MAX, Math.min(INT_MAX, value))

/** Postgres takes neither NUL nor half of a surrogate pair in text; a caller's tag may hold both. */
export function clean<T extends string | null>(text: T): T {
  if (text === null) return text
  return (text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text).toWellFormed() as T
}

function json(value: unknown): string {
  const text = JSON.stringify(value)
  if (!/\\u0000|\\ud[89a-f]/i.test(text)) return text
  const cleaned = (part: unknown): unknown => {
    if (typeof part === 'string') return clean(part)
    if (Array.isArray(part)) return part.map(cleaned)
    if (part === null || typeof part !== 'object') return part
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [clean(key), cleaned(inner)]))
  }
  return JSON.stringify(cleaned(value))
}

const CALL_COLUMNS: readonly Column<CallRow>[] = [
  { name: 'day', type: 'date', value: ({ day }) => day },
  { name: 'id', type: 'uuid', value: ({ event }) => event.id },
  { name: 'at', type: 'timestamptz', value: ({ event }) => new Date(event.at).toISOString() },
  { name: 'trace_id', type: 'text', value: ({ event }) => clean(event.traceId) },
  { name: 'gateway_id', type: 'text', value: ({ gatewayId }) => gatewayId },
  { name: 'sequence', type: 'bigint', value: ({ event }) => event.sequence },
  { name: 'kind', type: 'text', value: ({ event }) => event.kind },
  { name: 'status', type: 'integer', value: ({ event }) => int(event.status) },
  { name: 'code', type: 'text', value: ({ event }) => clean(event.code) },
  { name: 'outcome', type: 'text', value: ({ event }) => callOutcome(event) },
  { name: 'team_id', type: 'text', value: ({ event }) => clean(event.teamId) },
  { name: 'consumer_id', type: 'text', value: ({ event }) => clean(event.consumerId) },
  { name: 'key_id', type: 'text', value: ({ event }) => clean(event.keyId) },
  { name: 'route_id', type: 'text', value: ({ event }) => clean(event.routeId) },
  { name: 'route', type: 'text', value: ({ event }) => clean(event.route) },
  { name: 'stream', type: 'boolean', value: ({ event }) => event.stream },
  { name: 'requested_model', type: 'text', value: ({ event }) => clean(event.requestedModel) },
  { name: 'served_model', type: 'text', value: ({ event }) => clean(event.servedModel) },
  { name: 'provider_id', type: 'text', value: ({ event }) => clean(event.providerId) },
  { name: 'end_user', type: 'text', value: ({ event }) => clean(event.endUser) },
  { name: 'input_tokens', type: 'bigint', value: ({ event }) => event.usage.inputTokens },
  { name: 'cached_input_tokens', type: 'bigint', value: ({ event }) => event.usage.cachedInputTokens },
  { name: 'cache_write_5m_tokens', type: 'bigint', value: ({ event }) => event.usage.cacheWrite5mTokens },
  { name: 'cache_write_1h_tokens', type: 'bigint', value: ({ event }) => event.usage.cacheWrite1hTokens },
  { name: 'input_audio_tokens', type: 'bigint', value: ({ event }) => event.usage.inputAudioTokens },
  { name: 'output_tokens', type: 'bigint', value: ({ event }) => event.usage.outputTokens },
  { name: 'reasoning_tokens', type: 'bigint', value: ({ event }) => event.usage.reasoningTokens },
  { name: 'output_audio_tokens', type: 'bigint', value: ({ event }) => event.usage.outputAudioTokens },
  { name: 'usage_source', type: 'text', value: ({ event }) => event.usageSource },
  { name: 'cost_pico', type: 'numeric', value: ({ event }) => event.costPicoUsd },
  { name: 'unpriced', type: 'boolean', value: ({ event }) => event.unpriced },
  { name: 'reserved_pico', type: 'numeric', value: ({ event }) => event.reservedPicoUsd },
  { name: 'simulated', type: 'boolean', value: ({ event }) => event.simulated },
  { name: 'latency_ms', type: 'bigint', value: ({ event }) => event.latencyMs },
  { name: 'first_token_ms', type: 'bigint', value: ({ event }) => event.firstTokenMs },
  { name: 'overhead_us', type: 'bigint', value: ({ event }) => event.overheadUs },
  { name: 'revision', type: 'bigint', value: ({ event }) => event.revision },
  { name: 'attempt_count', type: 'integer', value: ({ event }) => event.attempts.length },
  { name: 'attempts', type: 'jsonb', value: ({ event }) => json(event.attempts) },
  { name: 'dropped', type: 'jsonb', value: ({ event }) => json(event.dropped) },
  { name: 'tags', type: 'jsonb', value: ({ event }) => json(event.tags) },
  { name: 'degraded', type: 'jsonb', value: ({ event }) => event.degraded && json(event.degraded) },
  { name: 'routing', type: 'jsonb', value: ({ event }) => event.routing && json(event.routing) },
]

export interface LineRow {
  readonly day: string
  readonly callId: string
  readonly lineNo: number
  readonly line: UsageEvent['lines'][number]
  /** In a correction: see `CorrectionLine`. */
  readonly correctionOf?: string
}

const LINE_COLUMNS: readonly Column<LineRow>[] = [
  { name: 'day', type: 'date', value: ({ day }) => day },
  { name: 'call_id', type: 'uuid', value: ({ callId }) => callId },
  { name: 'line_no', type: 'integer', value: ({ lineNo }) => lineNo },
  { name: 'attempt', type: 'integer', value: ({ line }) => int(line.attempt) },
  { name: 'meter', type: 'text', value: ({ line }) => line.meter },
  { name: 'quantity', type: 'bigint', value: ({ line }) => line.quantity },
  { name: 'usd_per_million', type: 'text', value: ({ line }) => line.usdPerMillion },
  { name: 'unit', type: 'text', value: ({ line }) => clean(line.unit) },
  { name: 'usd_per_unit', type: 'text', value: ({ line }) => line.usdPerUnit },
  { name: 'cost_pico', type: 'numeric', value: ({ line }) => line.costPicoUsd },
  { name: 'price_version', type: 'text', value: ({ line }) => clean(line.priceVersion) },
  { name: 'correction_of', type: 'text', value: ({ correctionOf }) => correctionOf ?? null },
]

export interface Statement {
  /** For a prepared statement: the text is the same for every batch. */
  readonly name: string
  readonly text: string
  readonly values: unknown[][]
}

/** Inserts calls that aren't there yet and gives their ids. */
export function insertCalls(rows: readonly CallRow[]): Statement {
  return statement('ingest-calls', 'calls', CALL_COLUMNS, rows, 'ON CONFLICT DO NOTHING RETURNING id')
}

export function insertLines(rows: readonly LineRow[]): Statement {
  return statement('ingest-lines', 'ledger_lines', LINE_COLUMNS, rows, 'ON CONFLICT DO NOTHING')
}

function statement<T>(
  name: string,
  table: string,
  columns: readonly Column<T>[],
  rows: readonly T[],
  end: string,
): Statement {
  const names = columns.map((column) => column.name).join(', ')
  const arrays = columns.map((column, index) => `$${index + 1}::${column.type}[]`).join(', ')
  return {
    name,
    text: `INSERT INTO ${table} (${names}) SELECT * FROM unnest(${arrays}) ${end}`,
    values: columns.map((column) => rows.map(column.value)),
  }
}
