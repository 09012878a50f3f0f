/**
 * What limits and budgets are, as both sides must agree on it: whom they apply to, what they count, and the period that
 * an amount belongs to (design, sections 4.2 and 6).
 */
import { z } from 'zod'
import { nextStart, startOf } from './calendar.ts'

const id = z.string().min(1).max(300)

export const scopeType = z.enum([
  'organization',
  'team',
  'consumer',
  'key',
  'user',
  'route',
  'model',
  'provider',
  'mcpServer',
  'tool',
  'service',
  'tag',
])
export type ScopeType = z.infer<typeof scopeType>

/** `user` is the end user that a caller names; the id of a `model` is the target's model; that of a `tag`, `name=value`. */
export const policyScope = z.object({
  type: scopeType,
  id: id.nullable(),
  /** Each one separately. */
  each: z.boolean(),
})
export type PolicyScope = z.infer<typeof policyScope>

export const limitMetric = z.enum([
  'requests',
  'tokens',
  'inputTokens',
  'outputTokens',
  'costUsd',
  'concurrency',
])
export type LimitMetric = z.infer<typeof limitMetric>

export const budgetPeriod = z.enum(['hour', 'day', 'week', 'month', 'quarter', 'total'])
export type BudgetPeriod = z.infer<typeof budgetPeriod>

/** [startMs, endMs) in epoch milliseconds; `endMs` null: without end. */
export interface Period {
  readonly startMs: number
  readonly endMs: number | null
}

/** The period that an instant lies in, by the calendar of the time zone. */
export function periodAt(at: number, period: BudgetPeriod, timeZone: string): Period {
  if (period === 'total') return { startMs: 0, endMs: null }
  const startMs = startOf(at, period, timeZone)
  return { startMs, endMs: nextStart(startMs, period, timeZone) }
}

/** What a scope is asked about: the call, and the target of one attempt. */
export interface ScopeSubjects {
  readonly teamId: string | null
  readonly consumerId: string | null
  readonly keyId: string | null
  readonly endUser: string | null
  readonly routeId: string | null
  readonly tags: Readonly<Record<string, string>>
  readonly providerId: string | null
  readonly model: string | null
}

/** A scope that only a target decides: it is asked for each attempt, the others once for a call. */
export function isOfTarget({ type }: PolicyScope): boolean {
  return type === 'model' || type === 'provider'
}

/**
 * The subjects that a scope counts this under, by their ids: none where it does not apply. A counter belongs to a
 * policy and a subject, so that a policy that is moved to another team does not take the first one's count along. Only
 * `each` over tags can give several.
 */
export function subjectsOf(scope: PolicyScope, of: ScopeSubjects): readonly string[] {
  if (scope.type === 'organization') return ORGANIZATION
  if (scope.type === 'tag') {
    const pairs = Object.entries(of.tags).map(([name, value]) => `${name}=${value}`)
    return scope.each ? pairs : pairs.filter((pair) => pair === scope.id)
  }
  const value = subjectOf(scope.type, of)
  return value !== null && (scope.each || value === scope.id) ? [value] : NONE
}

const ORGANIZATION: readonly string[] = ['']
const NONE: readonly string[] = []

function subjectOf(type: Exclude<ScopeType, 'organization' | 'tag'>, of: ScopeSubjects): string | null {
  switch (type) {
    case 'team':
      return of.teamId
    case 'consumer':
      return of.consumerId
    case 'key':
      return of.keyId
    case 'user':
      return of.endUser
    case 'route':
      return of.routeId
    case 'model':
      return of.model
    case 'provider':
      return of.providerId
    // Of traffic that is not carried yet.
    case 'mcpServer':
    case 'tool':
    case 'service':
      return null
  }
}
