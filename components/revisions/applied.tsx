import Link from 'next/link'
import { Status, type Tone } from '@/components/ui/badge'
import type { Revision } from '@/lib/resources/revisions/schema'

type GatewayState = Revision['gateways'][number]

const STATES: Record<GatewayState['status'], { tone: Tone; word: string }> = {
  applied: { tone: 'ok', word: 'applied' },
  pending: { tone: 'warn', word: 'not yet' },
  refused: { tone: 'danger', word: 'refused' },
}

/** `3/3 gateways`, or who refused it. */
export function Applied({ gateways }: { gateways: readonly GatewayState[] }) {
  if (gateways.length === 0) return <span className="text-muted">no gateway</span>
  const applied = gateways.filter((gateway) => gateway.status === 'applied').length
  const refused = gateways.filter((gateway) => gateway.status === 'refused')
  const tone: Tone = refused.length > 0 ? 'danger' : applied === gateways.length ? 'ok' : 'warn'
  return (
    <Status tone={tone}>
      {applied}/{gateways.length} {refused.length > 0 ? 'refused' : 'applied'}
    </Status>
  )
}

export function GatewayStates({ gateways }: { gateways: readonly GatewayState[] }) {
  if (gateways.length === 0) return <p className="text-sm text-muted">No gateway has been connected since.</p>
  return (
    <ul className="flex flex-col">
      {gateways.map((gateway) => (
        <li key={gateway.id} className="flex items-center gap-3 border-t py-1.5 text-sm first:border-t-0">
          <Link
            href={`/gateways?gateway=${encodeURIComponent(gateway.id)}`}
            className="truncate hover:underline"
          >
            {gateway.hostname}
          </Link>
          <span className="truncate font-mono text-xs text-muted">{gateway.id}</span>
          <Status tone={STATES[gateway.status].tone} className="ml-auto">
            {STATES[gateway.status].word}
          </Status>
        </li>
      ))}
    </ul>
  )
}
