/** Which limits and budgets a call, or one attempt of it, counts under. */
import type { ScopeSubjects, ScopeType } from '../../lib/contract/policy.ts'
import type { Policy, PolicyIndex } from '../snapshot/policy-index.ts'

export interface Applied<P extends Policy = Policy> {
  readonly policy: P
  /** The id that its counter belongs to; `''` for the organization. */
  readonly subject: string
}

/** Policies whose scope the call itself decides. */
export function policiesOfCall(policies: PolicyIndex, of: ScopeSubjects): Applied[] {
  const found: Applied[] = []
  if (policies.has('organization'))
    for (const policy of policies.of('organization', '')) found.push({ policy, subject: '' })
  collect(policies, 'team', of.teamId, found)
  collect(policies, 'consumer', of.consumerId, found)
  collect(policies, 'key', of.keyId, found)
  collect(policies, 'user', of.endUser, found)
  collect(policies, 'route', of.routeId, found)
  if (policies.has('tag')) {
    for (const [name, value] of Object.entries(of.tags)) collect(policies, 'tag', `${name}=${value}`, found)
  }
  return found
}

/** Policies whose scope the target of an attempt decides. */
export function policiesOfTarget(policies: PolicyIndex, of: ScopeSubjects): Applied[] {
  const found: Applied[] = []
  collect(policies, 'model', of.model, found)
  collect(policies, 'provider', of.providerId, found)
  return found
}

function collect(policies: PolicyIndex, type: ScopeType, id: string | null, found: Applied[]): void {
  if (id === null || !policies.has(type)) return
  for (const policy of policies.of(type, id)) found.push({ policy, subject: id })
  for (const policy of policies.of(type, null)) found.push({ policy, subject: id })
}
