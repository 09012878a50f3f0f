import { entityHref } from '@/components/overview/entity-href'
import type { AuditEntry } from '@/lib/resources/audit-log/schema'

const VERBS: Record<string, string> = {
  create: 'Created',
  update: 'Changed',
  delete: 'Deleted',
  revoke: 'Revoked',
  rotate: 'Rotated',
  override: 'Overrode',
  'end-override': 'Ended the override of',
  rollback: 'Rolled back',
  'sign-in': 'Signed in',
  'sign-out': 'Signed out',
  'sign-in-failed': 'Failed to sign in',
}

/** `key.create` → `Created key`; an action that this page does not know stands as it is. */
export function actionWords(action: string): string {
  const dot = action.lastIndexOf('.')
  const noun = action.slice(0, dot)
  const verb = VERBS[action.slice(dot + 1)]
  if (dot < 0 || !verb) return action
  return noun === 'session' ? verb : `${verb} ${nounWords(noun)}`
}

/** What a revision did, `key.rotate laptop` → `Rotated key laptop`. */
export function summaryWords(summary: string): string {
  const space = summary.indexOf(' ')
  if (space < 0) return actionWords(summary)
  return `${actionWords(summary.slice(0, space))} ${summary.slice(space + 1)}`
}

/** `accessToken` → `access token`. */
export function nounWords(noun: string): string {
  return noun.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll('-', ' ')
}

/** Where the thing is now; null when it has no page or is gone. */
export function targetHref(entry: Pick<AuditEntry, 'targetType' | 'targetId' | 'action'>): string | null {
  if (entry.targetId === null || entry.action.endsWith('.delete')) return null
  return entityHref(entry.targetType, entry.targetId)
}
