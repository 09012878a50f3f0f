/** What gateways told last of limits and budgets: money held by calls in flight, and what counts under limits. */
import 'server-only'
import { z } from 'zod'
import type { Transaction } from '../../server/db.ts'

const report = z.object({
  held: z
    .array(
      z.object({ budgetId: z.string(), subject: z.string(), startMs: z.number(), heldPicoUsd: z.string() }),
    )
    .default([]),
  near: z.array(z.object({ limitId: z.string(), subject: z.string(), used: z.string() })).default([]),
})

export interface GatewayStandings {
  /** `budgetId|subject|startMs` → pico-dollars, over all gateways that live. */
  readonly held: ReadonlyMap<string, bigint>
  /**
   * `limitId|subject` → what counts, in the unit of the limit: of those nearest to their end alone. Gateways that count
   * each for itself have the whole amount each: it is the one that is nearest.
   */
  readonly used: ReadonlyMap<string, bigint>
}

export async function gatewayStandings(db: Transaction, now: Date): Promise<GatewayStandings> {
  const rows = await db.gateway.findMany({ where: { leaseUntil: { gt: now } }, select: { report: true } })
  const held = new Map<string, bigint>()
  const used = new Map<string, bigint>()
  for (const row of rows) {
    const told = report.safeParse(row.report).data
    for (const { budgetId, subject, startMs, heldPicoUsd } of told?.held ?? []) {
      const key = `${budgetId}|${subject}|${startMs}`
      held.set(key, (held.get(key) ?? 0n) + BigInt(heldPicoUsd))
    }
    for (const { limitId, subject, used: text } of told?.near ?? []) {
      const key = `${limitId}|${subject}`
      const [known, amount] = [used.get(key) ?? 0n, BigInt(text)]
      used.set(key, amount > known ? amount : known)
    }
  }
  return { held, used }
}
