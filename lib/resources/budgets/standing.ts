/** Where budgets stand in their present period: spent by the books, held by what the gateways told last. */
import 'server-only'
import type { BudgetEntity } from '../../contract/entities.ts'
import { formatUsd } from '../../contract/money.ts'
import { periodAt } from '../../contract/policy.ts'
import { pool, type Transaction } from '../../server/db.ts'
import { type SpentRow, spentBySubject } from '../../usage/spent.ts'
import { type GatewayStandings, gatewayStandings } from '../policies/gateway-standings.ts'
import type { Budget } from './schema.ts'

/** `budgetId|subject|startMs` → pico-dollars. */
export type Held = GatewayStandings['held']

export async function heldNow(db: Transaction, now: Date): Promise<Held> {
  return (await gatewayStandings(db, now)).held
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

/** Of single subjects, in their order, those that have spent nothing included. */
export async function standingsOfSubjects(
  asked: readonly { readonly budget: BudgetEntity; readonly subject: string }[],
  held: Held,
  now: Date,
): Promise<Standing[]> {
  const budgets = asked.map(({ budget, subject }): BudgetEntity => {
    const { type } = budget.scope
    return { ...budget, scope: { type, id: type === 'organization' ? null : subject, each: false } }
  })
  const all = await standings(budgets, held, now)
  return asked.map(({ budget, subject }, index) => {
    const found = all[index]?.find((standing) => standing.subject === subject)
    return found ?? { subject, spent: 0n, held: 0n, left: amountAt(budget, now.getTime()) }
  })
}

function standingsOf(budget: BudgetEntity, spent: readonly SpentRow[], held: Held, now: Date): Standing[] {
  const { startMs } = periodAt(now.getTime(), budget.period, budget.timeZone)
  const rows = new Map(spent.map((row) => [row.subject, row]))
  const amount = amountAt(budget, now.getTime())
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

/** `own`: its standings, or those of them that may be seen. */
export function currentFrom(budget: BudgetEntity, own: readonly Standing[], now: Date): Budget['current'] {
  const { startMs, endMs } = periodAt(now.getTime(), budget.period, budget.timeZone)
  const amount = amountAt(budget, now.getTime())
  const shown = own[0] ?? { subject: budget.scope.id ?? '', spent: 0n, held: 0n, left: amount }
  return {
    from: endMs === null ? null : new Date(startMs).toISOString(),
    to: endMs === null ? null : new Date(endMs).toISOString(),
    amountUsd: formatUsd(amount),
    ...standingToWire(shown),
    subjects: own.length,
  }
}

export function standingToWire({ subject, spent, held, left }: Standing) {
  return { subject, spentUsd: formatUsd(spent), heldUsd: formatUsd(held), leftUsd: formatUsd(left) }
}
