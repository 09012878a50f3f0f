/** Whether a fallback answers instead of what the route asks for first, and how that is told to the caller. */
import type { RoutePolicy } from '../../lib/contract/entities.ts'
import type { CallDegraded } from '../../lib/contract/usage-event.ts'
import type { Call } from '../call.ts'
import { asksForJson } from '../dialects/openai-chat-request.ts'
import type { NoticeFate } from '../dialects/openai-notice.ts'
import type { CompiledTarget } from '../snapshot/configuration.ts'

export interface Degradation {
  readonly requested: string
  readonly served: string
  readonly reason: string
  readonly notify: RoutePolicy['degradation']['notify']
  /** A line for the answer itself, where the route wants one. */
  readonly notice: string | null
}

/** As the books have it: what the caller was really told, which for one that had gone is nothing. */
export function degradedRecord(degradation: Degradation, fate: NoticeFate, gone: boolean): CallDegraded {
  const { requested, served, reason, notify, notice } = degradation
  const record = { requested, served, reason: reason.slice(0, 40) }
  if (gone || notify === 'none') return { ...record, told: 'none' }
  if (notify === 'header') return { ...record, told: 'header' }
  if (notice !== null && fate === 'told') return { ...record, told: 'message' }
  return { ...record, told: 'header', whyNotMessage: notice === null || fate === 'told' ? 'json' : fate }
}

/** Null when the answering target is as good as the one that was wanted: another account of the same model is no loss. */
export function degradationOf(
  { route, chat, lastFailure }: Pick<Call, 'route' | 'chat' | 'lastFailure'>,
  target: CompiledTarget,
  wanted: CompiledTarget,
): Degradation | null {
  if (!route || (target.priority === wanted.priority && target.model === wanted.model)) return null
  const { notify, message } = route.route.degradation
  // A line before it would make JSON none.
  const tellsInAnswer = notify === 'message' && !(chat && asksForJson(chat.fields))
  return {
    requested: wanted.model,
    served: target.model,
    reason: lastFailure ?? 'unavailable',
    notify,
    notice: tellsInAnswer ? (message ?? `(Answered by ${target.model} instead of ${wanted.model}.)`) : null,
  }
}
