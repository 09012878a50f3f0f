/**
 * Reads what a price has to do with: the calls that it may price now, and those that it priced before, page by page in
 * the order of their ids. A page is a bounded stretch of the log, however few of its calls are meant.
 */
import 'server-only'
import type pg from 'pg'
import { type PriceEntity, priceEntity } from '../contract/entities.ts'
import { byEffect, priceScope, pricingOfAttempt, selectPricing } from '../contract/price-selection.ts'
import type { Attempt } from '../contract/usage-event.ts'
import { firstIdAt, isoDay } from './call-days.ts'
import { ANY_CALL, daysWith } from './call-facets.ts'
import type { BookedCall, BookedLine, Repricer } from './reprice-plan.ts'

/** What a page, and a transaction, looks at at most. */
const PAGE_CALLS = 2_000
/** "at" and the time in the id, whose day the partition is, may be an hour apart. */
const SLACK_MS = 3_600_000
const FIRST_ID = firstIdAt(0)

export interface RepriceRange {
  /** Epoch milliseconds, by the arrival of a call: [fromMs, toMs). */
  readonly fromMs: number | null
  readonly toMs: number
}

/** Behind the last call that was looked at; null at the beginning. */
export interface Cursor {
  readonly day: string
  readonly id: string
}

export interface PageOptions {
  /** The calls are held to the end of the transaction, before their lines are read. */
  readonly lock: boolean
  readonly pageCalls?: number | undefined
}

export interface Page {
  readonly calls: readonly BookedCall[]
  /** Null: that was the last one. */
  readonly next: Cursor | null
}

/** The price as it was published; null: there is none any more. */
export async function readPrice(client: pg.ClientBase, id: string): Promise<PriceEntity | null> {
  const { rows } = await client.query<{ body: unknown }>(
    `SELECT body FROM config_entities WHERE type = 'price' AND id = $1`,
    [id],
  )
  return rows[0] ? priceEntity.parse(rows[0].body) : null
}

export async function readPage(
  client: pg.ClientBase,
  price: PriceEntity,
  range: RepriceRange,
  cursor: Cursor | null,
  { lock, pageCalls = PAGE_CALLS }: PageOptions,
): Promise<Page> {
  const days = (
    await daysWith(client, [ANY_CALL], {
      from: cursor?.day ?? (range.fromMs === null ? null : isoDay(range.fromMs - SLACK_MS)),
      to: isoDay(range.toMs + SLACK_MS),
    })
  ).reverse()
  const [day, following] = days
  if (day === undefined) return { calls: [], next: null }
  const after = cursor?.day === day ? cursor.id : FIRST_ID
  const { rows: bound } = await client.query<{ id: string }>(
    `SELECT id FROM calls WHERE day = $1::date AND id > $2::uuid ORDER BY id OFFSET $3 LIMIT 1`,
    [day, after, pageCalls - 1],
  )
  const last = bound[0]?.id ?? null
  const calls = await readCalls(client, price, range, { day, after, last }, lock)
  if (last !== null) return { calls, next: { day, id: last } }
  return { calls, next: following === undefined ? null : { day: following, id: FIRST_ID } }
}

/** Its model was asked for or served where the price applies. */
const IN_SCOPE = `$[*] ? ((@.servedModel == $model || @.model == $model)
  && ($provider == "" || @.providerId == $provider) && ($kind == "" || @.providerKind == $kind))`

async function readCalls(
  client: pg.ClientBase,
  price: PriceEntity,
  { fromMs, toMs }: RepriceRange,
  { day, after, last }: { day: string; after: string; last: string | null },
  lock: boolean,
): Promise<BookedCall[]> {
  const { rows } = await client.query<CallRow>(
    `SELECT id, at, kind, team_id, consumer_id, key_id, route_id, route, provider_id, served_model, end_user, tags,
       simulated, unpriced, cost_pico, attempts
     FROM calls c
     WHERE day = $1::date AND id > $2::uuid AND ($3::uuid IS NULL OR id <= $3)
       AND ($4::timestamptz IS NULL OR at >= $4) AND at < $5
       AND (jsonb_path_exists(attempts, $6::jsonpath, $7::jsonb) OR EXISTS (
         SELECT 1 FROM ledger_lines l WHERE l.day = $1::date AND l.call_id = c.id AND starts_with(l.price_version, $8)))
     ORDER BY id ${lock ? 'FOR UPDATE' : ''}`,
    [
      day,
      after,
      last,
      fromMs === null ? null : new Date(fromMs).toISOString(),
      new Date(toMs).toISOString(),
      IN_SCOPE,
      JSON.stringify({
        model: price.model,
        provider: price.providerId ?? '',
        kind: price.providerKind ?? '',
      }),
      `${price.id}@`,
    ],
  )
  if (rows.length === 0) return []
  const lines = await readLines(client, day, rows)
  return rows.map((row) => ({
    id: row.id,
    day,
    at: row.at.getTime(),
    kind: row.kind,
    teamId: row.team_id,
    consumerId: row.consumer_id,
    keyId: row.key_id,
    routeId: row.route_id,
    route: row.route,
    providerId: row.provider_id,
    servedModel: row.served_model,
    endUser: row.end_user,
    tags: row.tags,
    simulated: row.simulated,
    unpriced: row.unpriced,
    costPicoUsd: row.cost_pico,
    attempts: row.attempts.map((attempt) => ({ ...YOUNGER_FIELDS, ...attempt })),
    lines: lines.get(row.id) ?? [],
  }))
}

/** What attempts that were booked by an older release lack. */
const YOUNGER_FIELDS = { serviceTier: null, requestedServiceTier: null, vendorCostUsd: null }

interface CallRow {
  id: string
  at: Date
  kind: BookedCall['kind']
  team_id: string | null
  consumer_id: string | null
  key_id: string | null
  route_id: string | null
  route: string | null
  provider_id: string | null
  served_model: string | null
  end_user: string | null
  tags: Record<string, string>
  simulated: boolean
  unpriced: boolean
  cost_pico: string | null
  attempts: Attempt[]
}

async function readLines(
  client: pg.ClientBase,
  day: string,
  calls: readonly { id: string }[],
): Promise<Map<string, BookedLine[]>> {
  const { rows } = await client.query<BookedLine & { callId: string; quantity: string | number }>(
    `SELECT call_id AS "callId", line_no AS "lineNo", attempt, meter, quantity, usd_per_million AS "usdPerMillion",
       unit, usd_per_unit AS "usdPerUnit", cost_pico AS "costPicoUsd", price_version AS "priceVersion",
       correction_of AS "correctionOf"
     FROM ledger_lines WHERE day = $1::date AND call_id = ANY($2::uuid[]) ORDER BY call_id, line_no`,
    [day, calls.map(({ id }) => id)],
  )
  const lines = new Map<string, BookedLine[]>()
  for (const { callId, ...line } of rows) {
    const of = lines.get(callId)
    const booked = { ...line, quantity: Number(line.quantity) }
    if (of) of.push(booked)
    else lines.set(callId, [booked])
  }
  return lines
}

/** The prices that these calls have as they were published, and what the catalogue has to know of their providers. */
export async function repricerFor(
  client: pg.ClientBase,
  price: PriceEntity,
  calls: readonly BookedCall[],
): Promise<Repricer> {
  const attempts = calls.flatMap((call) => call.attempts)
  const models = [...new Set(attempts.flatMap(({ model, servedModel }) => [model, servedModel ?? model]))]
  const prices = new Map<string, PriceEntity[]>()
  const { rows } = await client.query<{ body: unknown }>(
    `SELECT body FROM config_entities WHERE type = 'price' AND body->>'model' = ANY($1)`,
    [models],
  )
  for (const { body } of rows) {
    const one = priceEntity.parse(body)
    const scope = priceScope(one)
    prices.set(scope, [...(prices.get(scope) ?? []), one].sort(byEffect))
  }
  const { rows: providers } = await client.query<{ id: string; baseUrl: string | null }>(
    `SELECT id, body->>'baseUrl' AS "baseUrl" FROM config_entities WHERE type = 'provider' AND id = ANY($1)`,
    [[...new Set(attempts.map(({ providerId }) => providerId))]],
  )
  const baseUrls = new Map(providers.map(({ id, baseUrl }) => [id, baseUrl]))
  return {
    priceId: price.id,
    pricingOf(call, attempt) {
      const { providerId: id, providerKind: kind } = attempt
      const provider = { id, kind, baseUrl: baseUrls.get(id) ?? null }
      return pricingOfAttempt((model) => selectPricing(prices, provider, model, call.at), attempt)
    },
  }
}
