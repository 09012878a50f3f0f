/** How the credentials of a provider do, and what the last check of its server said: what the gateways tell together. */
import { credentialState } from '../../contract/control.ts'
import { type GatewayReport, sum } from './health.ts'
import type { CredentialHealth, ServerCheck } from './health-schema.ts'

interface Credentials {
  readonly id: string
  readonly credentialsVersion: string
  /** `{apiKey:[{last4}]}` */
  readonly credentialsHint: unknown
}

const WORST_FIRST = [...credentialState.options].reverse()

export function credentialsOf(
  { id, credentialsVersion, credentialsHint }: Credentials,
  reports: readonly GatewayReport[],
): CredentialHealth[] {
  const { apiKey = [] } = credentialsHint as { apiKey?: { last4: string }[] }
  const told = reports
    .flatMap(({ credentials }) => credentials)
    .filter(({ providerId, version }) => providerId === id && version === credentialsVersion)
  return apiKey.map(({ last4 }, position) => {
    const own = told.filter((one) => one.position === position)
    const state = WORST_FIRST.find((state) => own.some((one) => one.state === state)) ?? 'ready'
    const worst = own.filter((one) => one.state === state)
    const until = Math.max(0, ...worst.map(({ untilMs }) => untilMs ?? 0))
    return {
      last4,
      position,
      state,
      untilAt: until > 0 ? new Date(until).toISOString() : null,
      code: worst.find(({ code }) => code !== null)?.code ?? null,
      calls: sum(own.map(({ calls }) => calls)),
      failed: sum(own.map(({ failed }) => failed)),
    }
  })
}

export function checkOf(providerId: string, reports: readonly GatewayReport[]): ServerCheck | null {
  const [last] = reports
    .flatMap(({ checks }) => checks.filter((check) => check.providerId === providerId))
    .sort((a, b) => Number(a.ok) - Number(b.ok) || b.atMs - a.atMs)
  if (!last) return null
  const { ok, atMs, latencyMs, message } = last
  return { ok, at: new Date(atMs).toISOString(), latencyMs, message }
}
