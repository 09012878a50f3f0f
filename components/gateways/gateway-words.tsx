import { Status, type Tone } from '@/components/ui/badge'
import { formatPlural } from '@/lib/format/tokens'
import type { Gateway } from '@/lib/resources/gateways/schema'

const STATUSES: Record<Gateway['status'], { tone: Tone; word: string; meaning: string }> = {
  live: { tone: 'ok', word: 'Live', meaning: 'In touch, and on the newest revision.' },
  behind: { tone: 'warn', word: 'Behind', meaning: 'In touch, but not yet on the newest revision.' },
  refused: {
    tone: 'danger',
    word: 'Refused',
    meaning: 'It refused the newest revision, and serves the one before.',
  },
  silent: {
    tone: 'warn',
    word: 'Silent',
    meaning: 'Not heard of for some seconds. It serves its last good revision; changes wait for it.',
  },
  gone: {
    tone: 'neutral',
    word: 'Gone',
    meaning: 'Not heard of for over a minute. Changes no longer wait for it.',
  },
}

export function GatewayStatus({ gateway }: { gateway: Gateway }) {
  const status = STATUSES[gateway.status]
  return (
    <Status tone={refusesCalls(gateway) ? 'danger' : status.tone}>
      {refusesCalls(gateway) ? 'books full' : status.word}
      {gateway.state === 'ready' ? null : (
        <span className="text-muted">{gateway.counters === 'waiting' ? 'waiting' : gateway.state}</span>
      )}
    </Status>
  )
}

/** Of one that is in touch: what one that is gone said last is of no use to anybody. */
export function refusesCalls(gateway: Pick<Gateway, 'status' | 'takesCalls'>): boolean {
  return !gateway.takesCalls && gateway.status !== 'gone'
}

const COUNTERS: Record<Gateway['counters'], string> = {
  held: 'counts limits and budgets for all',
  waiting: 'another gateway counts: not ready until that one is gone',
  independent: 'counts for itself',
  unknown: 'not told',
}

export function countersMeaning(counters: Gateway['counters']): string {
  return COUNTERS[counters]
}

export function statusMeaning(status: Gateway['status']): string {
  return STATUSES[status].meaning
}

/** How far behind the newest revision: `2 behind`. */
export function lagText(gateway: Pick<Gateway, 'revision'>, newest: number | undefined): string | null {
  if (newest === undefined || gateway.revision === null || gateway.revision >= newest) return null
  return `${formatPlural(newest - gateway.revision, 'revision')} behind`
}
