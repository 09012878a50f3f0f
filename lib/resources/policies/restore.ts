/** Limits and budgets brought back by a roll-back. */
import type { ChangedEntity } from '../../api/operation.ts'
import type { BudgetEntity, LimitEntity } from '../../contract/entities.ts'
import type { PolicyScope } from '../../contract/policy.ts'
import type { Transaction } from '../../server/db.ts'
import { budgetInput } from '../budgets/schema.ts'
import { budgetEntityOf } from '../budgets/snapshot.ts'
import { limitEntityOf } from '../limits/snapshot.ts'
import { nextVersion } from '../rows.ts'

export async function restoreLimit(tx: Transaction, body: LimitEntity): Promise<ChangedEntity> {
  const { type, id, scope, limit: amount, ...rest } = body
  const columns = { ...rest, ...(await columnsOf(tx, scope)), amount }
  const row = await tx.limit.upsert({
    where: { id },
    create: { id, ...columns },
    update: { ...columns, version: nextVersion },
  })
  return { type, id, name: row.name, entity: limitEntityOf(row) }
}

/**
 * What no gateway needs stays as it is, or as a new budget has it: when to alert, and why an override was made. So does
 * the number of corrections, for the books are not rolled back.
 */
export async function restoreBudget(tx: Transaction, body: BudgetEntity): Promise<ChangedEntity> {
  const { type, id, scope, amountPicoUsd, override, timeZone: _, recount: __, ...rest } = body
  const columns = {
    ...rest,
    ...(await columnsOf(tx, scope)),
    amountPico: amountPicoUsd,
    overridePico: override?.amountPicoUsd ?? null,
    overrideUntil: override ? new Date(override.untilMs) : null,
  }
  const row = await tx.budget.upsert({
    where: { id },
    create: { id, ...columns, alertAt: budgetInput.shape.alertAt.parse(undefined) },
    update: { ...columns, version: nextVersion },
  })
  return { type, id, name: row.name, entity: budgetEntityOf(row) }
}

async function columnsOf(tx: Transaction, { type, id, each }: PolicyScope) {
  return { scopeType: type, scopeId: id, scopeEach: each, teamId: await teamOf(tx, type, id) }
}

async function teamOf(tx: Transaction, type: PolicyScope['type'], id: string | null): Promise<string | null> {
  if (id === null) return null
  if (type === 'team') return id
  if (type === 'consumer') {
    const found = await tx.consumer.findUnique({ where: { id }, select: { teamId: true } })
    return found?.teamId ?? null
  }
  if (type !== 'key') return null
  const found = await tx.apiKey.findUnique({
    where: { id },
    select: { consumer: { select: { teamId: true } } },
  })
  return found?.consumer.teamId ?? null
}
