/** Where budgets stand in their present period: spent by the books, held by what the gateways told last. */
import 'server-only'
import { z } from 'zod'
import type { BudgetEntity } from '../../contract/entities.ts'
import { formatUsd } from '../../contract/money.ts'
import { periodAt } from '../../contract/policy.ts'
import { pool, type Transaction } from '../../server/db.ts'
import { type SpentRow, spentBySubject } from '../../usage/spent.ts'
import type { Budget } from './schema.ts'

const report = z.object({
  held: z
    .array(
      z.object({ budgetId: z.string(), subject: z.string(), startMs: z.number(), heldPicoUsd: z.string() }),
    )
    .default([]),
})

/** `budgetId|subject|startMs` → pico-dollars, over all gateways that live. */
export type Held = ReadonlyMap<string, bigint>

export async function heldNow(db: Transaction, now: Date): Promise<Held> {
  const rows = await db.gateway.findMany({ where: { leaseUntil: { gt: now } }, select: { report: true } })
  const held = new Map<string, bigint>()
  for (const row of rows) {
    for (const { budgetId, subject, startMs, heldPicoUsd } of report.safeParse(row.report).data?.held ?? []) {
      const key = `${budgetId}|${subject}|${startMs}`
      held.set(key, (held.get(key) ?? 0n) + BigInt(heldPicoUsd))
    }
  }
  return held
}

export interface Standing {
  readonly subject: string
  readonly spent: bigint
  readonly held: bigint
  readonly left: bigint
}

/** Of each budget every subject that has spent or holds something, the nearest to its end first. */
export async function standings(
  budgets: readonly BudgetEntity[],
  held: Held,
  now: Date,
): Promise<Standing[][]> {
  const spent = await spentBySubject(
    pool,
    budgets.map(({ scope, period, timeZone }) => ({ scope, ...periodAt(now.getTime(), period, timeZone) })),
  )
  return budgets.map((budget, index) => standingsOf(budget, spent[index] ?? [], held, now))
}

function standingsOf(budget: BudgetEntity, spent: readonly SpentRow[], held: Held, now: Date): Standing[] {
  const { startMs } = periodAt(now.getTime(), budget.period, budget.timeZone)
  const rows = new Map(spent.map((row) => [row.subject, row]))
  const amount = amountNow(budget, now)
  const prefix = `${budget.id}|`
  const suffix = `|${startMs}`
  for (const key of held.keys()) {
    if (!key.startsWith(prefix) || !key.endsWith(suffix)) continue
    const subject = key.slice(prefix.length, -suffix.length)
    if (!rows.has(subject)) rows.set(subject, { subject, spent: 0n, held: 0n })
  }
  return [...rows.values()]
    .map(({ subject, spent, held: stuck }) => {
      // What a crash left behind is in the gateways' own holds too, while they know of it.
      const told = held.get(`${prefix}${subject}${suffix}`) ?? 0n
      const holds = told > stuck ? told : stuck
      return { subject, spent, held: holds, left: amount - spent - holds }
    })
    .sort((a, b) => (a.left < b.left ? -1 : a.left > b.left ? 1 : a.subject < b.subject ? -1 : 1))
}

/** What may be spent at an instant, an override included; pico-dollars. */
export function amountAt({ amountPicoUsd, override }: BudgetEntity, at: number): bigint {
  return BigInt(override && at < override.untilMs ? override.amountPicoUsd : amountPicoUsd)
}

const amountNow = (budget: BudgetEntity, now: Date): bigint => amountAt(budget, now.getTime())

/** Of the kinds of subjects those whose names are kept elsewhere. */
export const namedDimension = (type: string) =>
  (['team', 'consumer', 'key', 'provider'] as const).find((dimension) => dimension === type)

/** In the order of the budgets. */
export async function currentOf(
  budgets: readonly BudgetEntity[],
  held: Held,
  now: Date,
): Promise<Budget['current'][]> {
  const all = await standings(budgets, held, now)
  return budgets.map((budget, index) => {
    const { startMs, endMs } = periodAt(now.getTime(), budget.period, budget.timeZone)
    const amount = amountNow(budget, now)
    const own = all[index] ?? []
    const shown = own[0] ?? { subject: budget.scope.id ?? '', spent: 0n, held: 0n, left: amount }
    return {
      from: endMs === null ? null : new Date(startMs).toISOString(),
      to: endMs === null ? null : new Date(endMs).toISOString(),
      amountUsd: formatUsd(amount),
      ...standingToWire(shown),
      subjects: own.length,
    }
  })
}

export function standingToWire({ subject, spent, held, left }: Standing) {
  return { subject, spentUsd: formatUsd(spent), heldUsd: formatUsd(held), leftUsd: formatUsd(left) }
}
