/**
 * Raises the alerts of budgets. One is raised when the books reach its share of the amount, once for each subject,
 * period and share: the table's key sees to that, whoever looks and however often, over edits of the budget too. What
 * gateways know and have not shipped yet counts when it is booked; what calls in flight hold does not count.
 */
import 'server-only'
import type pg from 'pg'
import { parseDecimal } from '../../contract/money.ts'
import {
  type Period,
  type PolicyScope,
  periodAt,
  type ScopeSubjects,
  subjectsOf,
} from '../../contract/policy.ts'
import type { UsageEvent } from '../../contract/usage-event.ts'
import { ALERTS_CHANNEL } from '../../publish/channels.ts'
import { db, type Prisma } from '../../server/db.ts'
import { newId } from '../../server/ids.ts'
import { QUARTER_MS } from '../../usage/rollup.ts'
import { spentBySubject } from '../../usage/spent.ts'
import { budgetEntityOf } from './snapshot.ts'
import { amountAt } from './standing.ts'

/** Somebody who has spent something in a quarter-hour: every period begins with one. */
export interface Spender {
  readonly of: ScopeSubjects
  readonly at: number
}

/** By a key of their own. Refused and simulated calls spend nothing. */
export function spendersOf(events: readonly UsageEvent[]): Map<string, Spender> {
  const spenders = new Map<string, Spender>()
  for (const event of events) {
    if (event.simulated || event.attempts.length === 0) continue
    const at = Math.floor(event.at / QUARTER_MS) * QUARTER_MS
    const { teamId, consumerId, keyId, endUser, routeId, tags } = event
    for (const { providerId, model } of event.attempts) {
      const of = { teamId, consumerId, keyId, endUser, routeId, tags, providerId, model }
      spenders.set(JSON.stringify([at, of]), { of, at })
    }
  }
  return spenders
}

/** After they have spent: of every budget that counts them. */
export async function raiseFor(pool: pg.Pool, spenders: Iterable<Spender>, now: Date): Promise<void> {
  const budgets = await watched({})
  const touched = new Map<string, { budget: Watched; period: Period; subjects: Set<string> }>()
  for (const { of, at } of spenders) {
    for (const budget of budgets) {
      const { id, scope, period: name, timeZone } = budget.entity
      const subjects = subjectsOf(scope, of)
      if (subjects.length === 0) continue
      const period = periodAt(at, name, timeZone)
      const one = touched.get(`${id} ${period.startMs}`) ?? { budget, period, subjects: new Set() }
      touched.set(`${id} ${period.startMs}`, one)
      for (const subject of subjects) one.subjects.add(subject)
    }
  }
  const questions = [...touched.values()].flatMap(({ budget, period, subjects }): Question[] => {
    const { scope } = budget.entity
    if (!scope.each || subjects.size > ASKED_ONE_BY_ONE) return [{ budget, period, scope }]
    return [...subjects].map((id) => ({ budget, period, scope: { ...scope, id, each: false } }))
  })
  await raise(pool, questions, now)
}

/** Past so many subjects of one budget, all that have spent are read together. */
const ASKED_ONE_BY_ONE = 20

/**
 * Of these budgets (null: all) in their present period; with `withPrevious` also in the one before, where the budget has
 * not been edited since: its amount of then is known.
 */
export async function raiseOf(
  pool: pg.Pool,
  budgetIds: readonly string[] | null,
  now: Date,
  withPrevious: (period: Period) => boolean = () => false,
): Promise<void> {
  const budgets = await watched(budgetIds ? { id: { in: [...budgetIds] } } : {})
  const questions = budgets.flatMap((budget): Question[] => {
    const { scope, period: name, timeZone } = budget.entity
    const period = periodAt(now.getTime(), name, timeZone)
    const present = { budget, scope, period }
    if (period.endMs === null || budget.updatedAt.getTime() >= period.startMs || !withPrevious(period))
      return [present]
    return [{ budget, scope, period: periodAt(period.startMs - 1, name, timeZone) }, present]
  })
  await raise(pool, questions, now)
}

interface Watched {
  readonly entity: ReturnType<typeof budgetEntityOf>
  readonly teamId: string | null
  readonly updatedAt: Date
  readonly alertAt: readonly number[]
}

/** What one budget's scope, or one subject of it, has spent in one period. */
interface Question {
  readonly budget: Watched
  readonly scope: PolicyScope
  readonly period: Period
}

async function watched(where: Prisma.BudgetWhereInput): Promise<Watched[]> {
  const rows = await db.budget.findMany({
    where: { AND: [where, { enabled: true, NOT: { alertAt: { isEmpty: true } } }] },
  })
  return rows.map((row) => ({
    entity: budgetEntityOf(row),
    teamId: row.teamId,
    updatedAt: row.updatedAt,
    alertAt: row.alertAt,
  }))
}

interface Reached {
  readonly question: Question
  readonly subject: string
  readonly threshold: number
  readonly spent: bigint
  readonly amount: bigint
}

async function raise(pool: pg.Pool, questions: readonly Question[], now: Date): Promise<void> {
  if (questions.length === 0) return
  const spent = await spentBySubject(
    pool,
    questions.map(({ scope, period }) => ({ scope, ...period })),
  )
  const reached = questions.flatMap((question, index) =>
    (spent[index] ?? []).flatMap(({ subject, spent }): Reached[] => {
      const { entity, alertAt } = question.budget
      const { endMs } = question.period
      const amount = amountAt(entity, Math.min(now.getTime(), (endMs ?? Number.POSITIVE_INFINITY) - 1))
      return alertAt
        .filter((share) => reaches(spent, amount, share))
        .map((threshold) => ({ question, subject, threshold, spent, amount }))
    }),
  )
  for (let at = 0; at < reached.length; at += INSERTED_AT_ONCE)
    await insert(pool, reached.slice(at, at + INSERTED_AT_ONCE))
}

const INSERTED_AT_ONCE = 2_000

/** Whether so much is the share of the amount: exactly, and never by having spent nothing. */
export function reaches(spent: bigint, amount: bigint, share: number): boolean {
  const { coefficient, scale } = parseDecimal(String(share))
  return spent > 0n && spent * 10n ** BigInt(scale) >= amount * coefficient
}

/** Whoever is second inserts nothing and announces nothing. In the order of the key: two admins can't deadlock. */
async function insert(pool: pg.Pool, reached: readonly Reached[]): Promise<void> {
  const instant = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
  const rows = reached
    .map(({ question: { budget, period }, subject, threshold, spent, amount }) => {
      const { id, scope, period: name } = budget.entity
      return [
        newId('alert'),
        id,
        name,
        instant(period.startMs),
        instant(period.endMs),
        subject,
        threshold,
        scope.type,
        scope.each,
        budget.teamId,
        spent.toString(),
        amount.toString(),
      ] as const
    })
    .sort((a, b) => (JSON.stringify(a.slice(1)) < JSON.stringify(b.slice(1)) ? -1 : 1))
  await pool.query(
    `WITH raised AS (
       INSERT INTO budget_alerts (id, budget_id, period, period_start, period_end, subject, threshold, scope_type,
         scope_each, spent_pico, amount_pico, team_id)
       SELECT id, budget_id, period, period_start, period_end, subject, threshold, scope_type, scope_each, spent_pico,
         amount_pico, coalesce(team_id, CASE scope_type
           WHEN 'team' THEN subject
           WHEN 'consumer' THEN (SELECT c.team_id FROM consumers c WHERE c.id = subject)
           WHEN 'key' THEN (SELECT c.team_id FROM api_keys k JOIN consumers c ON c.id = k.consumer_id WHERE k.id = subject)
         END)
       FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::float8[],
         $8::text[], $9::boolean[], $10::text[], $11::numeric[], $12::numeric[])
         AS p(id, budget_id, period, period_start, period_end, subject, threshold, scope_type, scope_each, team_id,
              spent_pico, amount_pico)
       ON CONFLICT (budget_id, period, period_start, subject, threshold) DO NOTHING RETURNING id
     ) SELECT pg_notify($13, id) FROM raised`,
    [...Array.from({ length: 12 }, (_, column) => rows.map((row) => row[column])), ALERTS_CHANNEL],
  )
}
