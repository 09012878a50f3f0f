/** How targets do and how routes are spread, as a lease tells it: the busiest first, and no more than it may hold. */
import type { LeaseRenewal } from '../../lib/contract/control.ts'
import { MAX_SHARES, MAX_TARGETS } from '../../lib/contract/control.ts'
import type { Clock } from '../clock.ts'
import type { Balancer } from './balancer.ts'
import type { TargetHealth } from './target-health.ts'

interface Told {
  readonly targets: NonNullable<LeaseRenewal['targets']>
  readonly shares: NonNullable<LeaseRenewal['shares']>
}

export function healthReport(balancer: Balancer, clock: Clock): Told {
  const [now, wallNow] = [clock.monotonic(), clock.now()]
  const targets = [...balancer.targets()].flatMap((health) => toldTarget(health, now, wallNow) ?? [])
  const shares = [...balancer.routes()].flatMap(({ compiled, candidates, shares }) =>
    candidates.map(({ health, target }) => ({
      routeId: compiled.route.id,
      providerId: target.provider.id,
      model: target.model,
      calls: shares.calls(health.key, now),
    })),
  )
  return {
    targets: busiest(targets, MAX_TARGETS),
    shares: busiest(
      shares.filter(({ calls }) => calls > 0),
      MAX_SHARES,
    ),
  }
}

/** Null: there is nothing to tell. */
function toldTarget(health: TargetHealth, now: number, wallNow: number): Told['targets'][number] | null {
  const state = health.state(now)
  const calls = health.window.calls(now)
  const restMs = health.restMs(now)
  const median = health.medianFirstTokenMs
  if (state === 'closed' && calls === 0 && restMs === 0 && health.inFlight === 0 && median === null)
    return null
  const space = health.key.indexOf(' ')
  const backMs = Math.max(restMs, state === 'open' ? health.openUntil - now : 0)
  return {
    providerId: health.key.slice(0, space),
    model: health.key.slice(space + 1),
    state,
    calls,
    failed: health.window.failed(now),
    firstTokenMs: median === null ? null : Math.round(median),
    inFlight: health.inFlight,
    outUntilMs: backMs > 0 ? Math.round(wallNow + backMs) : null,
  }
}

function busiest<T extends { readonly calls: number }>(list: T[], count: number): T[] {
  return list.length <= count ? list : list.sort((a, b) => b.calls - a.calls).slice(0, count)
}
