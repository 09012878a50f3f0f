/**
 * Prices past calls again, a page in one transaction: the lines that correct them, the calls, the rollups, and how far
 * it has come, all together or not at all. Any admin may take the next page, and one that dies leaves nothing half done.
 * It books beside the ingest of new calls and the summing of rollups in the order of locks that they have.
 */
import 'server-only'
import type pg from 'pg'
import { insertLines } from './call-rows.ts'
import { takeBackMarks } from './compaction.ts'
import { MINUTES_KEPT_HOURS } from './housekeeping.ts'
import { readBudgets } from './reprice-budgets.ts'
import { type Cursor, readPage, readPrice, repricerFor } from './reprice-calls.ts'
import { type Correction, planCorrection } from './reprice-plan.ts'
import { correctRollups } from './rollup.ts'
import { addToSpent } from './spent-rollup.ts'
import { inTransaction } from './transaction.ts'

/** `busy`: another admin has it, or it has ended. `scanned`: it only needs its end. */
export type Step = 'more' | 'scanned' | 'busy'

interface JobRow {
  price_id: string
  price_version: number
  from_at: Date | null
  to_at: Date
  cursor_day: string | null
  cursor_id: string | null
}

/** Periods of budgets turn on the clocks of the gateways: one that ended a moment ago counts as present. */
const CLOCK_SLACK_MS = 5 * 60_000

/** Does the next page of a repricing. */
export function repriceStep(pool: pg.Pool, id: string, now: Date, pageCalls?: number): Promise<Step> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<JobRow>(
      `SELECT price_id, price_version, from_at, to_at, cursor_day::text, cursor_id FROM repricings
       WHERE id = $1 AND scanned_at IS NULL FOR UPDATE SKIP LOCKED`,
      [id],
    )
    const [job] = rows
    if (!job) return 'busy'
    const price = await readPrice(client, job.price_id)
    if (price?.version !== job.price_version) {
      await client.query(
        'UPDATE repricings SET scanned_at = now(), updated_at = now(), stop_reason = $2 WHERE id = $1',
        [id, price ? 'The price was changed meanwhile.' : 'The price was deleted meanwhile.'],
      )
      return 'scanned'
    }
    const cursor: Cursor | null =
      job.cursor_day === null || job.cursor_id === null ? null : { day: job.cursor_day, id: job.cursor_id }
    const range = { fromMs: job.from_at?.getTime() ?? null, toMs: job.to_at.getTime() }
    const page = await readPage(client, price, range, cursor, { lock: true, pageCalls })
    const repricer = await repricerFor(client, price, page.calls)
    const corrections: Correction[] = []
    let skipped = 0
    for (const call of page.calls) {
      try {
        const correction = planCorrection(call, repricer)
        if (correction) corrections.push(correction)
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        skipped += 1
      }
    }
    if (corrections.length > 0) await book(client, id, corrections, now)
    const money = corrections.filter(({ call }) => !call.simulated)
    const before = money.reduce((sum, one) => sum + one.before, 0n)
    const difference = money.reduce((sum, one) => sum + one.difference, 0n)
    await client.query(
      `UPDATE repricings SET cursor_day = $2::date, cursor_id = $3::uuid, corrected_calls = corrected_calls + $4,
         skipped_calls = skipped_calls + $5, before_pico = before_pico + $6::numeric, after_pico = after_pico + $7::numeric,
         budget_ids = ARRAY(SELECT DISTINCT unnest(budget_ids || $8::text[]) ORDER BY 1),
         scanned_at = CASE WHEN $9 THEN now() END, updated_at = now()
       WHERE id = $1`,
      [
        id,
        page.next?.day ?? job.cursor_day,
        page.next?.id ?? job.cursor_id,
        corrections.length,
        skipped,
        before.toString(),
        (before + difference).toString(),
        await presentBudgets(client, corrections, now),
        page.next === null,
      ],
    )
    return page.next === null ? 'scanned' : 'more'
  })
}

/** In the order in which a booking takes its locks: calls (held already), lines, marks, rollups. */
async function book(
  client: pg.PoolClient,
  id: string,
  corrections: readonly Correction[],
  now: Date,
): Promise<void> {
  const lines = corrections.flatMap(({ call, lines }) =>
    lines.map((line) => ({ day: call.day, callId: call.id, ...line })),
  )
  if (lines.length > 0) await client.query(insertLines(lines))
  await client.query(
    `UPDATE calls c SET cost_pico = u.cost, unpriced = u.unpriced, attempts = u.attempts::jsonb, repriced_by = $6
     FROM unnest($2::uuid[], $3::numeric[], $4::boolean[], $5::text[]) AS u(id, cost, unpriced, attempts)
     WHERE c.day = $1::date AND c.id = u.id`,
    [
      corrections[0]?.call.day,
      corrections.map(({ call }) => call.id),
      corrections.map(({ costPicoUsd }) => costPicoUsd?.toString() ?? null),
      corrections.map(({ unpriced }) => unpriced),
      corrections.map(({ attempts }) => JSON.stringify(attempts)),
      id,
    ],
  )
  await client.query(takeBackMarks(corrections.map(({ call }) => call.at)))
  const moved = corrections.map(({ call, difference, unpriced }) => ({
    call,
    costPico: difference,
    unpriced: Number(unpriced) - Number(call.unpriced),
  }))
  for (const statement of correctRollups(moved, now.getTime() - MINUTES_KEPT_HOURS * 3_600_000))
    await client.query(statement)
  const spent = addToSpent(
    corrections.map(({ call, attempts, differences }) => ({
      ...call,
      attempts: attempts.map(({ model, providerId }, index) => ({
        model,
        providerId,
        costPicoUsd: (differences[index] ?? 0n).toString(),
      })),
    })),
  )
  if (spent) await client.query(spent)
}

/** Ids of the budgets whose present period is another sum now. */
async function presentBudgets(
  client: pg.PoolClient,
  corrections: readonly Correction[],
  now: Date,
): Promise<string[]> {
  if (corrections.every(({ difference }) => difference === 0n)) return []
  const budgets = await readBudgets(client)
  const ids = new Set<string>()
  for (const correction of corrections) {
    for (const { budget, period } of budgets.of(correction)) {
      if (period.endMs === null || period.endMs > now.getTime() - CLOCK_SLACK_MS) ids.add(budget.id)
    }
  }
  return [...ids]
}

/** Those that are not finished, the oldest first. */
export async function openRepricings(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    'SELECT id FROM repricings WHERE finished_at IS NULL ORDER BY created_at, id',
  )
  return rows.map(({ id }) => id)
}
