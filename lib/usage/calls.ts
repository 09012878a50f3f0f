/** Calls as they are read: their columns, one call as its receipt. Names are joined as they are now. */
import 'server-only'
import type pg from 'pg'
import type { RowScope } from '../api/actor.ts'
import { formatUsd } from '../contract/money.ts'
import {
  type Attempt,
  answeringAttempt,
  type CallDegraded,
  type CallRouting,
  leftReasonOf,
} from '../contract/usage-event.ts'
import type { Call, Receipt } from '../resources/calls/schema.ts'
import { dayOf, uuidTime } from './call-days.ts'
import { Conditions } from './scope.ts'

export const CALL_COLUMNS = `day, id, at, trace_id, gateway_id, sequence, kind, status, code, team_id, consumer_id, key_id,
  route_id, route, stream, requested_model, served_model, provider_id, end_user, input_tokens, cached_input_tokens,
  cache_write_5m_tokens, cache_write_1h_tokens, input_audio_tokens, output_tokens, reasoning_tokens,
  output_audio_tokens, usage_source, cost_pico, unpriced, simulated, latency_ms, first_token_ms, attempt_count, tags,
  revision, degraded`
export const NAMES = `t.name AS team_name, co.name AS consumer_name, k.name AS key_name, k.user_id AS key_user_id,
  p.name AS provider_name`
export const JOINS = `LEFT JOIN teams t ON t.id = c.team_id LEFT JOIN consumers co ON co.id = c.consumer_id
  LEFT JOIN api_keys k ON k.id = c.key_id LEFT JOIN providers p ON p.id = c.provider_id`

/** Null when there is none, or the scope does not open it. */
export async function findReceipt(pool: pg.Pool, id: string, scope: RowScope): Promise<Receipt | null> {
  if (uuidTime(id) === null) return null
  const where = new Conditions()
  where.raw(`day = ${where.value(dayOf(id))}::date`).add(id, (p) => `id = ${p}::uuid`)
  where.within(scope)
  const { rows } = await pool.query<ReceiptRow>(
    `SELECT c.*, ${NAMES} FROM (SELECT * FROM calls WHERE ${where.sql}) c ${JOINS}`,
    where.values,
  )
  const row = rows[0]
  if (!row) return null
  const lines = await pool.query<LineRow>(
    'SELECT * FROM ledger_lines WHERE day = $1::date AND call_id = $2::uuid ORDER BY line_no',
    [dayOf(id), id],
  )
  const providerIds = [...new Set(row.attempts.map((attempt) => attempt.providerId))]
  const providers = await pool.query<{ id: string; name: string }>(
    'SELECT id, name FROM providers WHERE id = ANY($1)',
    [providerIds],
  )
  const names = new Map(providers.rows.map((provider) => [provider.id, provider.name]))
  return {
    ...toCall(row),
    lines: lines.rows.map((line) => ({
      attempt: line.attempt,
      meter: line.meter,
      quantity: Number(line.quantity),
      usdPerMillion: line.usd_per_million,
      ...(line.unit === null ? {} : { unit: line.unit }),
      ...(line.usd_per_unit === null ? {} : { usdPerUnit: line.usd_per_unit }),
      costUsd: formatUsd(BigInt(line.cost_pico)),
      priceVersion: line.price_version,
      ...(line.correction_of === null ? {} : { correctionOf: line.correction_of }),
    })),
    attempts: row.attempts.map(({ providerKind: _, startedAt: __, costPicoUsd, ...attempt }) => ({
      ...NOT_TOLD,
      ...attempt,
      reason: attempt.reason ? leftReasonOf(attempt.reason) : null,
      providerName: names.get(attempt.providerId) ?? null,
      costUsd: usdOrNull(costPicoUsd),
    })),
    routing: toRouting(row.routing, row.attempts),
    reservedUsd: usdOrNull(row.reserved_pico),
    dropped: row.dropped,
    overheadUs: numberOrNull(row.overhead_us),
    gatewayId: row.gateway_id,
    sequence: Number(row.sequence),
  }
}

/** What the attempts of older gateways do not say. */
const NOT_TOLD = { serviceTier: null, requestedServiceTier: null, vendorCostUsd: null }

/** Calls with names and the owner of their key, for the stream of events. Unknown ids are left out. */
export async function readCalls(
  pool: pg.Pool,
  ids: readonly string[],
): Promise<{ call: Call; keyUserId: string | null }[]> {
  if (ids.length === 0) return []
  const { rows } = await pool.query<CallRow>({
    name: 'live-calls',
    text: `SELECT c.*, ${NAMES} FROM (
        SELECT ${CALL_COLUMNS} FROM calls JOIN unnest($1::date[], $2::uuid[]) AS w(wday, wid) ON day = wday AND id = wid
        -- The ids say which partitions: at most two days, unless old ones are shipped late.
        WHERE day = ANY($3::date[])
      ) c ${JOINS} ORDER BY c.day, c.id`,
    values: [ids.map(dayOf), ids, [...new Set(ids.map(dayOf))]],
  })
  return rows.map((row) => ({ call: toCall(row), keyUserId: row.key_user_id }))
}

/** How many of these calls belong to each team and key owner. */
export async function countCalls(
  pool: pg.Pool,
  ids: readonly string[],
): Promise<{ teamId: string | null; keyUserId: string | null; count: number }[]> {
  if (ids.length === 0) return []
  const { rows } = await pool.query<{ team_id: string | null; user_id: string | null; count: number }>({
    name: 'live-counts',
    text: `SELECT c.team_id, k.user_id, count(*)::int AS count
      FROM calls c JOIN unnest($1::date[], $2::uuid[]) AS w(wday, wid) ON c.day = wday AND c.id = wid
      LEFT JOIN api_keys k ON k.id = c.key_id WHERE c.day = ANY($3::date[]) GROUP BY 1, 2`,
    values: [ids.map(dayOf), ids, [...new Set(ids.map(dayOf))]],
  })
  return rows.map((row) => ({ teamId: row.team_id, keyUserId: row.user_id, count: row.count }))
}

/** As pg gives it: bigint and numeric as text. */
export interface CallRow {
  id: string
  at: Date
  trace_id: string
  gateway_id: string
  sequence: string
  kind: Call['kind']
  status: number
  code: string | null
  team_id: string | null
  team_name: string | null
  consumer_id: string | null
  consumer_name: string | null
  key_id: string | null
  key_name: string | null
  key_user_id: string | null
  route_id: string | null
  route: string | null
  stream: boolean
  requested_model: string | null
  served_model: string | null
  provider_id: string | null
  provider_name: string | null
  end_user: string | null
  input_tokens: string
  cached_input_tokens: string
  cache_write_5m_tokens: string
  cache_write_1h_tokens: string
  input_audio_tokens: string
  output_tokens: string
  reasoning_tokens: string
  output_audio_tokens: string
  usage_source: Call['usageSource']
  cost_pico: string | null
  unpriced: boolean
  simulated: boolean
  latency_ms: string
  first_token_ms: string | null
  attempt_count: number
  tags: Record<string, string>
  revision: string
  degraded: CallDegraded | null
}

interface ReceiptRow extends CallRow {
  reserved_pico: string | null
  overhead_us: string | null
  attempts: Attempt[]
  routing: CallRouting | null
  dropped: string[]
}

interface LineRow {
  attempt: number
  meter: Receipt['lines'][number]['meter']
  quantity: string
  usd_per_million: string | null
  unit: string | null
  usd_per_unit: string | null
  cost_pico: string
  price_version: string
  correction_of: string | null
}

export function toCall(row: CallRow): Call {
  return {
    id: row.id,
    traceId: row.trace_id,
    at: row.at.toISOString(),
    kind: row.kind,
    status: row.status,
    code: row.code,
    teamId: row.team_id,
    teamName: row.team_name,
    consumerId: row.consumer_id,
    consumerName: row.consumer_name,
    keyId: row.key_id,
    keyName: row.key_name,
    routeId: row.route_id,
    route: row.route,
    stream: row.stream,
    requestedModel: row.requested_model,
    servedModel: row.served_model,
    providerId: row.provider_id,
    providerName: row.provider_name,
    endUser: row.end_user,
    usage: {
      inputTokens: Number(row.input_tokens),
      cachedInputTokens: Number(row.cached_input_tokens),
      cacheWrite5mTokens: Number(row.cache_write_5m_tokens),
      cacheWrite1hTokens: Number(row.cache_write_1h_tokens),
      inputAudioTokens: Number(row.input_audio_tokens),
      outputTokens: Number(row.output_tokens),
      reasoningTokens: Number(row.reasoning_tokens),
      outputAudioTokens: Number(row.output_audio_tokens),
    },
    usageSource: row.usage_source,
    costUsd: usdOrNull(row.cost_pico),
    unpriced: row.unpriced,
    attemptCount: row.attempt_count,
    simulated: row.simulated,
    latencyMs: Number(row.latency_ms),
    firstTokenMs: numberOrNull(row.first_token_ms),
    tags: row.tags,
    revision: Number(row.revision),
    degraded: row.degraded && { ...row.degraded, reason: leftReasonOf(row.degraded.reason) },
  }
}

/** Whom the route wanted stands in the books where it was somebody else than the one that answered. */
function toRouting(routing: CallRouting | null, attempts: readonly Attempt[]): Receipt['routing'] {
  if (!routing) return null
  const answering = answeringAttempt(attempts)
  return {
    strategy: routing.strategy,
    rule: routing.rule ?? null,
    canary: routing.canary ?? null,
    wantedProviderId: routing.wantedProviderId ?? answering?.providerId ?? null,
    wantedModel: routing.wantedModel ?? answering?.model ?? null,
  }
}

const usdOrNull = (pico: string | null): string | null => (pico === null ? null : formatUsd(BigInt(pico)))
const numberOrNull = (text: string | null): number | null => (text === null ? null : Number(text))
