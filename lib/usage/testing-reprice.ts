/** For tests of repricing: calls as gateways price them, published prices, and every sum of the books side by side. */
import { expect } from 'vitest'
import type { PriceEntity } from '../contract/entities.ts'
import { byEffect, priceScope, pricingOfAttempt, selectPricing } from '../contract/price-selection.ts'
import { priceAttempt } from '../contract/pricing.ts'
import { NO_USAGE } from '../contract/usage.ts'
import type { Attempt, LedgerLine, UsageEvent } from '../contract/usage-event.ts'
import { newGatewayId, publishOnce } from '../publish/testing.ts'
import { db, pool } from '../server/db.ts'
import { ingest } from './ingest.ts'
import { repriceStep } from './reprice.ts'
import { inSequence, usageEventOf } from './testing.ts'

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
/** Of one test run: what it books lies before it, some of it young enough for minutes. */
export const NOW = Date.now()
const gatewayId = newGatewayId()
let serial = 0

export async function forgetAll(): Promise<void> {
  await pool.query(`TRUNCATE calls, ledger_lines, call_facets, rollup_minutes, rollup_quarters, rollup_hours,
    rollup_days, rollup_marks, rollup_spent, repricings`)
  const { rows } = await pool.query<{ id: string }>(`SELECT id FROM config_entities WHERE type = 'price'`)
  for (const { id } of rows) await publishPrice(id, null)
}

export function publishPrice(id: string, entity: PriceEntity | null): Promise<number> {
  return publishOnce([{ type: 'price', id, name: id, entity }])
}

export function priceOf(id: string, more: Partial<PriceEntity> = {}): PriceEntity {
  return {
    type: 'price',
    id,
    version: 1,
    providerId: null,
    providerKind: null,
    model: 'model-1',
    effectiveFrom: 0,
    rates: { input: '1', output: '2' },
    tiers: [],
    serviceTiers: {},
    contextTokens: null,
    maxOutputTokens: null,
    ...more,
  }
}

/** A gateway's look-up, from the prices as they stand. */
function pricingFor(prices: readonly PriceEntity[], attempt: Attempt, at: number) {
  const byScope = new Map<string, PriceEntity[]>()
  for (const one of prices)
    byScope.set(priceScope(one), [...(byScope.get(priceScope(one)) ?? []), one].sort(byEffect))
  const provider = { id: attempt.providerId, kind: attempt.providerKind, baseUrl: null }
  return pricingOfAttempt((model) => selectPricing(byScope, provider, model, at), attempt)
}

export interface Shape {
  readonly ago: number
  readonly team: string | null
  readonly attempts: readonly {
    model: number
    provider: number
    input: number
    cached: number
    output: number
    kind: 'used' | 'none' | 'unknown'
    serviceTier?: string | null
    vendorCostUsd?: string | null
  }[]
  readonly simulated: boolean
}

/** A call as a gateway books it under these prices. */
export function eventOf(
  prices: readonly PriceEntity[],
  { ago, team, attempts, simulated }: Shape,
): UsageEvent {
  const at = NOW - ago
  const lines: LedgerLine[] = []
  const booked = attempts.map((one, index): Attempt => {
    const usage = {
      ...NO_USAGE,
      inputTokens: one.input + one.cached,
      cachedInputTokens: one.cached,
      outputTokens: one.output,
    }
    const attempt: Attempt = {
      providerId: `prov_${one.provider}`,
      providerKind: 'openai',
      model: `model-${one.model}`,
      servedModel: one.model === 2 ? 'model-1' : null,
      status: 200,
      code: null,
      outcome: one.kind === 'unknown' ? 'unknown' : 'ok',
      startedAt: at,
      latencyMs: 10,
      firstTokenMs: null,
      usage: one.kind === 'none' ? NO_USAGE : usage,
      usageSource: one.kind === 'none' ? 'none' : 'provider',
      serviceTier: one.serviceTier ?? null,
      requestedServiceTier: null,
      vendorCostUsd: one.vendorCostUsd ?? null,
      costPicoUsd: null,
    }
    if (one.kind === 'unknown') return attempt
    const priced = priceAttempt(pricingFor(prices, attempt, at), attempt, index)
    lines.push(...priced.lines)
    return { ...attempt, costPicoUsd: priced.costPicoUsd?.toString() ?? null }
  })
  const known = booked.every(({ costPicoUsd }) => costPicoUsd !== null)
  return usageEventOf({
    at,
    teamId: team,
    attempts: booked,
    lines,
    simulated,
    endUser: team,
    tags: team === null ? {} : { team },
    servedModel: booked.at(-1)?.servedModel ?? null,
    unpriced: booked.some(({ costPicoUsd, outcome }) => costPicoUsd === null && outcome !== 'unknown'),
    costPicoUsd: known ? lines.reduce((sum, line) => sum + BigInt(line.costPicoUsd), 0n).toString() : null,
  })
}

export async function book(events: readonly UsageEvent[]): Promise<void> {
  if (events.length > 0) await ingest(pool, { gatewayId, events: inSequence(events) })
}

export async function begin(price: PriceEntity): Promise<string> {
  serial += 1
  const id = `repricing_${serial}`
  await db.repricing.create({
    data: {
      id,
      priceId: price.id,
      priceVersion: price.version,
      model: price.model,
      toAt: new Date(NOW + HOUR_MS),
      actorType: 'user',
      actorName: 'Test',
    },
  })
  return id
}

async function run(id: string, pageCalls?: number): Promise<void> {
  while ((await repriceStep(pool, id, new Date(NOW), pageCalls)) === 'more');
}

export async function reprice(price: PriceEntity, pageCalls?: number): Promise<string> {
  const id = await begin(price)
  await run(id, pageCalls)
  return id
}

/** Every sum of the books says the same, to the pico-dollar. */
export async function expectBooksAgree(): Promise<void> {
  const { rows } = await pool.query<Record<string, string>>(`
    WITH lines AS (SELECT day, call_id, attempt, sum(cost_pico) AS pico FROM ledger_lines GROUP BY 1, 2, 3),
    of_call AS (SELECT day, call_id, sum(pico) AS pico FROM lines GROUP BY 1, 2),
    attempts AS (
      SELECT c.day, c.id, c.simulated, n - 1 AS attempt, (a->>'costPicoUsd')::numeric AS pico, a->>'model' AS model
      FROM calls c, jsonb_array_elements(attempts) WITH ORDINALITY AS t(a, n))
    SELECT
      (SELECT count(*) FROM calls c LEFT JOIN of_call l ON l.day = c.day AND l.call_id = c.id
        WHERE c.cost_pico IS NOT NULL AND c.cost_pico <> coalesce(l.pico, 0)) AS calls_that_differ,
      (SELECT count(*) FROM attempts a LEFT JOIN lines l ON l.day = a.day AND l.call_id = a.id AND l.attempt = a.attempt
        WHERE coalesce(a.pico, 0) <> coalesce(l.pico, 0)) AS attempts_that_differ,
      (SELECT count(*) FROM ledger_lines WHERE sign(quantity) <> sign(cost_pico) AND cost_pico <> 0) AS odd_lines,
      (SELECT coalesce(sum(pico), 0) FROM lines) AS lines,
      (SELECT coalesce(sum(cost_pico), 0) FROM rollup_quarters) AS quarters,
      (SELECT count(*) FROM calls WHERE unpriced) AS unpriced,
      (SELECT coalesce(sum(unpriced), 0) FROM rollup_quarters) AS unpriced_quarters,
      (SELECT coalesce(sum(pico), 0) FROM attempts WHERE NOT simulated) AS spent,
      (SELECT coalesce(sum(cost_pico), 0) FROM rollup_spent WHERE scope = 'model') AS spent_models,
      (SELECT coalesce(sum(a.pico), 0) FROM attempts a JOIN calls c ON c.day = a.day AND c.id = a.id
        WHERE NOT c.simulated AND c.end_user IS NOT NULL) AS of_users,
      (SELECT coalesce(sum(cost_pico), 0) FROM rollup_spent WHERE scope = 'user') AS spent_users,
      (SELECT count(*) FROM rollup_quarters q
        WHERE bucket >= date_trunc('hour', now()) - interval '40 hours' AND cost_pico <> (
          SELECT sum(cost_pico) FROM rollup_minutes m WHERE date_bin('15 minutes', m.bucket, 'epoch') = q.bucket
            AND (m.team_id, m.provider_id, m.model, m.simulated) = (q.team_id, q.provider_id, q.model, q.simulated))) AS minutes_that_differ,
      (SELECT count(*) FROM rollup_marks m WHERE exact AND grain = 'hour' AND
        (SELECT coalesce(sum(cost_pico), 0) FROM rollup_hours h WHERE h.bucket = m.bucket AND dimension = 'all') <>
        (SELECT coalesce(sum(cost_pico), 0) FROM rollup_quarters q
          WHERE q.bucket >= m.bucket AND q.bucket < m.bucket + interval '1 hour')) AS hours_that_differ,
      (SELECT count(*) FROM rollup_marks m WHERE exact AND grain = 'day' AND
        (SELECT coalesce(sum(cost_pico), 0) FROM rollup_days h WHERE h.bucket = m.bucket AND dimension = 'all') <>
        (SELECT coalesce(sum(cost_pico), 0) FROM rollup_quarters q
          WHERE q.bucket >= m.bucket AND q.bucket < m.bucket + interval '1 day')) AS days_that_differ`)
  const row = rows[0] ?? {}
  for (const name of Object.keys(row).filter((name) => /differ|odd/.test(name)))
    expect([name, row[name]]).toEqual([name, '0'])
  expect(row.quarters).toBe(row.lines)
  expect(row.unpriced_quarters).toBe(row.unpriced)
  expect(row.spent_models).toBe(row.spent)
  expect(row.spent_users).toBe(row.of_users)
}

/** What a price should have made of each attempt that it applies to. */
export async function expectPricedBy(price: PriceEntity, prices: readonly PriceEntity[]): Promise<void> {
  const { rows } = await pool.query<{ id: string; at: Date; attempts: Attempt[] }>(
    'SELECT id, at, attempts FROM calls',
  )
  for (const { id, at, attempts } of rows) {
    for (const [index, attempt] of attempts.entries()) {
      if (attempt.outcome === 'unknown') continue
      const pricing = pricingFor(prices, attempt, at.getTime())
      if (!pricing?.version.startsWith(`${price.id}@`)) continue
      const cost = priceAttempt(pricing, attempt, index).costPicoUsd?.toString()
      expect([id, index, attempt.costPicoUsd]).toEqual([id, index, cost])
    }
  }
}

export const used = (ago: number, more: Partial<Shape> = {}): Shape => ({
  ago,
  team: 'team_1',
  simulated: false,
  attempts: [{ model: 1, provider: 1, input: 1_000, cached: 100, output: 50, kind: 'used' }],
  ...more,
})
