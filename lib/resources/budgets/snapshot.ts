import type { BudgetEntity } from '../../contract/entities.ts'
import { budgetPeriod } from '../../contract/policy.ts'
import { env } from '../../server/env.ts'
import { type ScopeColumns, scopeOf } from '../policies/scope.ts'
import { budget } from './schema.ts'

interface WholeNumber {
  toFixed(): string
}

export interface BudgetColumns extends Omit<ScopeColumns, 'teamId'> {
  readonly id: string
  readonly name: string
  readonly amountPico: WholeNumber
  readonly period: string
  readonly enforcement: string
  readonly onExhausted: string
  readonly onUnbounded: string
  readonly reservation: string
  readonly holdWaitMs: number
  readonly overridePico: WholeNumber | null
  readonly overrideUntil: Date | null
  readonly enabled: boolean
  readonly recount: number
}

export function budgetEntityOf(row: BudgetColumns): BudgetEntity {
  const { id, name, holdWaitMs, enabled } = row
  const { enforcement, onExhausted, onUnbounded, reservation } = budget.shape
  return {
    type: 'budget',
    id,
    name,
    scope: scopeOf(row),
    amountPicoUsd: row.amountPico.toFixed(),
    period: budgetPeriod.parse(row.period),
    timeZone: env.timeZone,
    enforcement: enforcement.parse(row.enforcement),
    onExhausted: onExhausted.parse(row.onExhausted),
    onUnbounded: onUnbounded.parse(row.onUnbounded),
    reservation: reservation.parse(row.reservation),
    holdWaitMs,
    override:
      row.overridePico && row.overrideUntil
        ? { amountPicoUsd: row.overridePico.toFixed(), untilMs: row.overrideUntil.getTime() }
        : null,
    enabled,
    recount: row.recount,
  }
}
