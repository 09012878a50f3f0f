/** Whether a fallback answers instead of what the route asks for first, and how that is told to the caller. */
import type { RoutePolicy } from '../../lib/contract/entities.ts'
import type { CompiledRoute, CompiledTarget } from '../snapshot/configuration.ts'

export interface Degradation {
  readonly requested: string
  readonly served: string
  readonly reason: string
  readonly notify: RoutePolicy['degradation']['notify']
  /** A line for the answer itself, where the route wants one. */
  readonly notice: string | null
}

/** Null when the answering target is as good as the one asked first: another account of the same model is no loss. */
export function degradationOf(
  { route, targets }: CompiledRoute,
  target: CompiledTarget,
  first: CompiledTarget,
  lastFailure: string | null,
): Degradation | null {
  let best = targets[0] ?? first
  for (const candidate of targets) if (candidate.priority < best.priority) best = candidate
  // The first one asked may itself be a fallback, when all before it want to be left alone.
  const wanted = first.priority === best.priority ? first : best
  if (target.priority === best.priority && target.model === wanted.model) return null
  const { notify, message } = route.degradation
  return {
    requested: wanted.model,
    served: target.model,
    reason: lastFailure ?? 'unavailable',
    notify,
    notice:
      notify === 'message' ? (message ?? `(Answered by ${target.model} instead of ${wanted.model}.)`) : null,
  }
}
