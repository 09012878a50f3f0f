import type { LimitEntity } from '../../contract/entities.ts'
import { formatUsd } from '../../contract/money.ts'
import { limitMetric } from '../../contract/policy.ts'
import { type ScopeColumns, scopeOf } from '../policies/scope.ts'

export interface LimitColumns extends Omit<ScopeColumns, 'teamId'> {
  readonly id: string
  readonly name: string
  readonly metric: string
  /** A whole number. */
  readonly amount: { toFixed(): string }
  readonly windowSeconds: number | null
  readonly countCachedInput: boolean
  readonly enabled: boolean
}

/** In the unit of the metric, as the API says it: USD as a decimal in a string, all else a whole number. */
export function limitQuantity(metric: string, amount: bigint): number | string {
  return metric === 'costUsd' ? formatUsd(amount) : Number(amount)
}

export function limitEntityOf(row: LimitColumns): LimitEntity {
  const { id, name, windowSeconds, countCachedInput, enabled } = row
  return {
    type: 'limit',
    id,
    name,
    scope: scopeOf(row),
    metric: limitMetric.parse(row.metric),
    limit: row.amount.toFixed(),
    windowSeconds,
    countCachedInput,
    enabled,
  }
}
