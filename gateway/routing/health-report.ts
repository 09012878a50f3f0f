/**
 * How targets and credentials do and how routes are spread, as a lease tells it: the busiest first, and no more than it
 * may hold.
 */
import type { LeaseRenewal } from '../../lib/contract/control.ts'
import { MAX_CREDENTIALS, MAX_SHARES, MAX_TARGETS } from '../../lib/contract/control.ts'
import type { Clock } from '../clock.ts'
import type { Balancer } from './balancer.ts'
import { modelOf, providerIdOf } from './candidate.ts'
import type { Credential } from './credential.ts'
import type { ProviderCredentials } from './provider-credentials.ts'
import type { TargetHealth } from './target-health.ts'

interface Told {
  readonly targets: NonNullable<LeaseRenewal['targets']>
  readonly shares: NonNullable<LeaseRenewal['shares']>
  readonly credentials: NonNullable<LeaseRenewal['credentials']>
}

interface Moment {
  readonly now: number
  readonly wallNow: number
}

export function healthReport(balancer: Balancer, clock: Clock): Told {
  const moment = { now: clock.monotonic(), wallNow: clock.now() }
  const providers = new Map([...balancer.allCredentials()].map((one) => [one.providerId, one]))
  const targets = [...balancer.targets()].flatMap((health) => {
    const credentialsMs = providers.get(providerIdOf(health.key))?.waitMs(modelOf(health.key), moment.now)
    return toldTarget(health, Math.max(health.restMs(moment.now), credentialsMs ?? 0), moment) ?? []
  })
  const shares = [...balancer.routes()].flatMap(({ compiled, candidates, shares }) =>
    candidates.map(({ health, target }) => ({
      routeId: compiled.route.id,
      providerId: target.provider.id,
      model: target.model,
      calls: shares.calls(health.key, moment.now),
    })),
  )
  const credentials = [...providers.values()].flatMap((provider) =>
    provider.list.flatMap((credential) => toldCredential(provider, credential, moment) ?? []),
  )
  return {
    targets: busiest(targets, MAX_TARGETS),
    shares: busiest(
      shares.filter(({ calls }) => calls > 0),
      MAX_SHARES,
    ),
    // Those that are out come first.
    credentials: credentials
      .sort((a, b) => Number(a.state === 'ready') - Number(b.state === 'ready') || b.calls - a.calls)
      .slice(0, MAX_CREDENTIALS),
  }
}

/** Null: there is nothing to tell. */
function toldTarget(
  health: TargetHealth,
  restMs: number,
  { now, wallNow }: Moment,
): Told['targets'][number] | null {
  const state = health.state(now)
  const calls = health.window.calls(now)
  const median = health.medianFirstTokenMs
  if (state === 'closed' && calls === 0 && restMs === 0 && health.inFlight === 0 && median === null)
    return null
  const isOpen = state === 'open' && health.downBecause === null
  const backMs = Math.max(restMs, isOpen ? health.openUntil - now : 0)
  return {
    providerId: providerIdOf(health.key),
    model: modelOf(health.key),
    state,
    calls,
    failed: health.window.failed(now),
    firstTokenMs: median === null ? null : Math.round(median),
    inFlight: health.inFlight,
    outUntilMs: backMs > 0 ? Math.round(wallNow + backMs) : null,
  }
}

/** Null: there is nothing to tell. */
function toldCredential(
  { providerId, version, areSeveral }: ProviderCredentials,
  credential: Credential,
  { now, wallNow }: Moment,
): Told['credentials'][number] | null {
  const { state, until, code } = credential.state(now)
  const calls = credential.window.calls(now)
  if (state === 'ready' && calls === 0) return null
  return {
    providerId,
    version,
    position: credential.position,
    state,
    // A single one goes with every call.
    untilMs: until === null || !areSeveral ? null : Math.round(wallNow + until - now),
    code: code?.slice(0, 200) ?? null,
    calls,
    failed: credential.window.failed(now),
  }
}

function busiest<T extends { readonly calls: number }>(list: T[], count: number): T[] {
  return list.length <= count ? list : list.sort((a, b) => b.calls - a.calls).slice(0, count)
}
