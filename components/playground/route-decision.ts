/** What the headers of an answer say of the route's decision. */
import { leftReasonOf } from '@/lib/contract/usage-event'

export interface RouteDecision {
  readonly requestId: string | null
  readonly provider: string | null
  readonly model: string | null
  readonly attempts: number | null
  readonly simulated: boolean
  readonly degraded: ReturnType<typeof degradedOf>
  /** On a whole answer alone: a stream tells it in its usage. */
  readonly costUsd: string | null
}

export function decisionOf(headers: Headers): RouteDecision {
  const attempts = headers.get('x-gatehouse-attempts')
  return {
    requestId: headers.get('x-gatehouse-request-id'),
    provider: headers.get('x-gatehouse-provider'),
    model: headers.get('x-gatehouse-model'),
    attempts: attempts !== null && /^\d+$/.test(attempts) ? Number(attempts) : null,
    simulated: headers.get('x-gatehouse-simulated') === 'true',
    degraded: degradedOf(headers.get('x-gatehouse-degraded')),
    costUsd: headers.get('x-gatehouse-cost-usd'),
  }
}

/** `requested=…; served=…; reason=…`; null where it is none, or cannot be read. */
function degradedOf(header: string | null) {
  const [, requested, served, reason] =
    /^requested=(.*?); served=(.*?); reason=([^;]*)/.exec(header ?? '') ?? []
  return requested === undefined || served === undefined
    ? null
    : { requested, served, reason: leftReasonOf(reason ?? '') }
}
