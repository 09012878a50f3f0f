/** Whom a limit or a budget counts, in words. */
import type { ScopeInput } from '@/lib/resources/policies/schema'

export type ScopeKind = ScopeInput['type']

/** What one of each kind is called, and where its name is read; kinds without a list are named by hand. */
export const SCOPES: Record<ScopeKind, { noun: string; path: string | null; example: string }> = {
  organization: { noun: 'whole organization', path: null, example: '' },
  team: { noun: 'team', path: '/teams', example: '' },
  consumer: { noun: 'consumer', path: '/consumers', example: '' },
  key: { noun: 'key', path: '/keys', example: '' },
  user: { noun: 'end user', path: null, example: 'As x-gatehouse-user names them, such as ana@example.com' },
  route: { noun: 'route', path: '/routes', example: '' },
  model: { noun: 'model', path: null, example: 'Of the target, such as gpt-5-mini' },
  provider: { noun: 'provider', path: '/providers', example: '' },
  tag: { noun: 'tag', path: null, example: 'As x-gatehouse-tags says it, such as env=production' },
}
export const SCOPE_KINDS = Object.keys(SCOPES) as ScopeKind[]

/** For a list of policies. */
export const SCOPE_FILTER = {
  id: 'scopeType',
  label: 'Counts',
  options: SCOPE_KINDS.map((kind) => ({ value: kind, label: SCOPES[kind].noun })),
}

/** A kind that a later version may know and this one does not stands as it is. */
export function scopeNoun(type: string): string {
  return (SCOPES as Record<string, { noun: string }>)[type]?.noun ?? type
}

export function scopePath(type: string): string | null {
  return (SCOPES as Record<string, { path: string | null }>)[type]?.path ?? null
}

/** `each key`, `team search`, `the whole organization`. */
export function scopeWords(
  { type, id, each }: { type: string; id?: string | null | undefined; each?: boolean | undefined },
  name: string | null = null,
): string {
  if (type === 'organization') return 'the whole organization'
  return each ? `each ${scopeNoun(type)}` : `${scopeNoun(type)} ${name ?? id ?? ''}`.trim()
}
