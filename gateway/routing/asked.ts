/** What a route's choice may depend on: of one call, or of one that the simulator makes up. */
import type { IncomingHttpHeaders } from 'node:http'
import type { BudgetEntity } from '../../lib/contract/entities.ts'
import { type ScopeSubjects, subjectsOf } from '../../lib/contract/policy.ts'
import type { ChatRequest } from '../dialects/openai-chat-request.ts'
import { isRecord } from '../dialects/openai-usage.ts'
import type { Counters } from '../limits/counters.ts'
import { amountOf, budgetKey, periodOf } from '../limits/policing.ts'
import type { Configuration } from '../snapshot/configuration.ts'

export interface Asked {
  readonly chat: Pick<ChatRequest, 'stream' | 'maxOutputTokens' | 'estimatedInputTokens' | 'fields'>
  readonly subjects: ScopeSubjects
  /** Epoch milliseconds. */
  readonly at: number
  readonly configuration: Configuration
  readonly headers: IncomingHttpHeaders
  readonly counters: Counters
}

/** A member of the request, with dots between the names: text or a number as text; null for anything else. */
export function fieldOf({ chat }: Asked, path: string): string | null {
  let value: unknown = chat.fields
  for (const name of path.split('.')) {
    if (!isRecord(value) || !Object.hasOwn(value, name)) return null
    value = value[name]
  }
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : null
}

export function headerOf({ headers }: Asked, name: string): string | null {
  const value = headers[name.toLowerCase()]
  return typeof value === 'string' && value !== '' ? value : null
}

/** The share of a budget that is neither spent nor held, 0 to 1; null: it does not count this call, or is gone. */
export function budgetLeft(
  { configuration, subjects, at, counters }: Asked,
  budgetId: string,
): number | null {
  const budget = configuration.policies.budget(budgetId)
  const subject = budget && subjectsOf(budget.scope, subjects)[0]
  return budget && subject !== undefined ? shareLeft(budget, subject, at, counters) : null
}

/** In millionths: money itself is never a floating number. */
function shareLeft(budget: BudgetEntity, subject: string, at: number, counters: Counters): number {
  const amount = amountOf(budget, at)
  const { spent, held } = counters.money(budgetKey(budget, subject, periodOf(budget, at).startMs))
  const left = amount - spent - held
  if (left <= 0n) return 0
  return Number((left * 1_000_000n) / amount) / 1_000_000
}
