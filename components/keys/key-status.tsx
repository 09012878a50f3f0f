import { Status, type Tone } from '@/components/ui/badge'
import type { Key } from '@/lib/resources/keys/schema'

export const KEY_STATUS: Record<Key['status'], { tone: Tone; label: string; meaning: string }> = {
  active: { tone: 'ok', label: 'Active', meaning: 'It works.' },
  expiring: { tone: 'warn', label: 'Expiring', meaning: 'It works, and ends within 7 days.' },
  expired: { tone: 'neutral', label: 'Expired', meaning: 'Its end has passed: calls are refused.' },
  revoked: { tone: 'danger', label: 'Revoked', meaning: 'It was ended: calls are refused for good.' },
  disabled: {
    tone: 'neutral',
    label: 'Consumer off',
    meaning: 'Its consumer is off: calls are refused until it is on.',
  },
}

export function KeyStatus({ status }: { status: Key['status'] }) {
  const { tone, label } = KEY_STATUS[status]
  return <Status tone={tone}>{label}</Status>
}

/** `gh_live_ab…wxyz`: enough to tell keys apart, never enough to use one. */
export function KeyHint({ prefix, last4 }: { prefix: string; last4: string }) {
  return (
    <span className="font-mono text-xs whitespace-nowrap text-muted">
      {prefix}…{last4}
    </span>
  )
}
