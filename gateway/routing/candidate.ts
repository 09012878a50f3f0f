/** A target of a route, with what choosing needs to know of it. */
import type { CompiledTarget } from '../snapshot/configuration.ts'
import { hashText } from './hash.ts'
import type { TargetHealth } from './target-health.ts'

export interface Candidate {
  readonly target: CompiledTarget
  readonly health: TargetHealth
  /** Of its provider and model: the same over restarts and in every gateway. */
  readonly seed: number
  /** Its running weight among those whose turn it may be. */
  turn: number
}

export const targetKey = ({ provider, model }: CompiledTarget): string => `${provider.id} ${model}`

export function candidateOf(target: CompiledTarget, health: TargetHealth): Candidate {
  return { target, health, seed: hashText(targetKey(target)), turn: 0 }
}

/** For people: `OpenAI/gpt-4o`. */
export const nameOf = ({ target }: Candidate): string => `${target.provider.name}/${target.model}`
