/** Which budgets count a call, by their scopes as they are now: a look-up for each call, however many budgets there are. */
import 'server-only'
import type pg from 'pg'
import { type BudgetEntity, budgetEntity } from '../contract/entities.ts'
import { isOfTarget, type Period, periodAt, type ScopeSubjects, subjectsOf } from '../contract/policy.ts'
import type { Correction } from './reprice-plan.ts'

export interface Touched {
  readonly budget: BudgetEntity
  /** That the call belongs to. */
  readonly period: Period
  /** Pico-dollars, for one of its subjects. */
  readonly difference: bigint
}

export interface BudgetIndex {
  of(correction: Correction): Touched[]
}

export async function readBudgets(client: pg.ClientBase): Promise<BudgetIndex> {
  const { rows } = await client.query<{ body: unknown }>(
    `SELECT body FROM config_entities WHERE type = 'budget' AND (body->>'enabled')::boolean`,
  )
  const byScope = new Map<string, BudgetEntity[]>()
  for (const { body } of rows) {
    const budget = budgetEntity.parse(body)
    const { type, id, each } = budget.scope
    const key = each || type === 'organization' ? type : `${type}:${id}`
    byScope.set(key, [...(byScope.get(key) ?? []), budget])
  }
  const periods = new Map<string, Period>()
  const periodOf = ({ period, timeZone }: BudgetEntity, at: number): Period => {
    const key = `${period} ${timeZone}`
    const known = periods.get(key)
    if (known && at >= known.startMs && (known.endMs === null || at < known.endMs)) return known
    const found = periodAt(at, period, timeZone)
    periods.set(key, found)
    return found
  }
  return {
    of({ call, attempts, differences, difference }) {
      if (byScope.size === 0 || call.simulated) return []
      const touched: Touched[] = []
      const add = (of: ScopeSubjects, amount: bigint, ofTarget: boolean) => {
        if (amount === 0n) return
        for (const key of scopeKeys(of)) {
          for (const budget of byScope.get(key) ?? []) {
            if (isOfTarget(budget.scope) !== ofTarget) continue
            for (const _subject of subjectsOf(budget.scope, of))
              touched.push({ budget, period: periodOf(budget, call.at), difference: amount })
          }
        }
      }
      add({ ...call, providerId: null, model: null }, difference, false)
      for (const [index, { providerId, model }] of attempts.entries())
        add({ ...call, providerId, model }, differences[index] ?? 0n, true)
      return touched
    },
  }
}

function scopeKeys(of: ScopeSubjects): string[] {
  const ids = {
    team: of.teamId,
    consumer: of.consumerId,
    key: of.keyId,
    user: of.endUser,
    route: of.routeId,
    model: of.model,
    provider: of.providerId,
  }
  const keys = [
    'organization',
    'tag',
    ...Object.entries(of.tags).map(([name, value]) => `tag:${name}=${value}`),
  ]
  for (const [type, id] of Object.entries(ids)) if (id !== null) keys.push(type, `${type}:${id}`)
  return keys
}
