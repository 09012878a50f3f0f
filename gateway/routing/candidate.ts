/** A target of a route, with what choosing needs to know of it. */
import type { CompiledTarget } from '../snapshot/configuration.ts'
import { hashText } from './hash.ts'
import type { ProviderCredentials } from './provider-credentials.ts'
import type { TargetHealth } from './target-health.ts'

export interface Candidate {
  readonly target: CompiledTarget
  readonly health: TargetHealth
  readonly credentials: ProviderCredentials
  /** Of its provider and model: the same over restarts and in every gateway. */
  readonly seed: number
  /** Its running weight among those whose turn it may be. */
  turn: number
}

const keys = new WeakMap<CompiledTarget, string>()

/** By what a target is known over restarts and configurations. */
export function targetKey(target: CompiledTarget): string {
  let key = keys.get(target)
  if (key === undefined) {
    key = `${target.provider.id} ${target.model}`
    keys.set(target, key)
  }
  return key
}

export const providerIdOf = (key: string): string => key.slice(0, key.indexOf(' '))
export const modelOf = (key: string): string => key.slice(key.indexOf(' ') + 1)

export function candidateOf(
  target: CompiledTarget,
  health: TargetHealth,
  credentials: ProviderCredentials,
): Candidate {
  return { target, health, credentials, seed: hashText(targetKey(target)), turn: 0 }
}

/** Milliseconds for which it gets no call: its vendor asked for that, or takes none of its credentials; 0: none. */
export function restMs({ target, health, credentials }: Candidate, now: number): number {
  return Math.max(health.restMs(now), credentials.waitMs(target.model, now))
}

/** For people: `OpenAI/gpt-4o`. */
export const nameOf = ({ target }: Candidate): string => `${target.provider.name}/${target.model}`
