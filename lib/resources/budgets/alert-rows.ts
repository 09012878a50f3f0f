/** Alerts that were raised, as the API and the stream of events tell them, and whose business they are. */
import 'server-only'
import { formatUsd } from '../../contract/money.ts'
import { budgetPeriod, scopeType } from '../../contract/policy.ts'
import { db, type Prisma } from '../../server/db.ts'
import { readSubjectNames } from '../policies/subject-names.ts'
import { isForTeams } from '../policies/subject-teams.ts'
import { isoOrNull } from '../rows.ts'
import type { BudgetAlert } from './schema.ts'

export const withBudget = { budget: { select: { name: true } } } as const
type Row = Prisma.BudgetAlertGetPayload<{ include: typeof withBudget }>

export interface RaisedAlert {
  readonly alert: BudgetAlert
  /** Whether a member of these teams sees it (null: of all): as with budgets, and of `each` only their own. */
  isFor(teams: readonly string[] | null): boolean
}

/** For the WHERE of a query, as `isFor`. */
export function visibleAlerts(teams: readonly string[] | null): Prisma.BudgetAlertWhereInput {
  if (teams === null) return {}
  return { OR: [{ teamId: { in: [...teams] } }, { teamId: null, scopeEach: false }] }
}

export async function readAlerts(ids: readonly string[]): Promise<RaisedAlert[]> {
  const rows = await db.budgetAlert.findMany({
    where: { id: { in: [...ids] } },
    include: withBudget,
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  })
  const alerts = await renderAlerts(rows)
  return rows.flatMap(({ teamId, scopeEach }, index) => {
    const alert = alerts[index]
    if (!alert) return []
    const isFor = (teams: readonly string[] | null) => isForTeams(teams, teamId, scopeEach)
    return [{ alert, isFor }]
  })
}

export async function renderAlerts(rows: readonly Row[]): Promise<BudgetAlert[]> {
  const names = await readSubjectNames(rows.map(({ scopeType: type, subject }) => ({ type, subject })))
  return rows.map((row) => ({
    id: row.id,
    createdAt: row.createdAt.toISOString(),
    budgetId: row.budgetId,
    budgetName: row.budget.name,
    scope: { type: scopeType.parse(row.scopeType), each: row.scopeEach },
    subject: row.subject,
    subjectName: names.get(`${row.scopeType} ${row.subject}`) ?? null,
    period: budgetPeriod.parse(row.period),
    from: row.periodEnd === null ? null : row.periodStart.toISOString(),
    to: isoOrNull(row.periodEnd),
    threshold: row.threshold,
    spentUsd: formatUsd(BigInt(row.spentPico.toFixed())),
    amountUsd: formatUsd(BigInt(row.amountPico.toFixed())),
  }))
}
