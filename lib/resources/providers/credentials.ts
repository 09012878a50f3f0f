import { randomBytes } from 'node:crypto'
import type { z } from 'zod'
import { type FieldError, invalidField, problem } from '../../api/problem.ts'
import type { ProviderKind } from '../../contract/entities.ts'
import { checkUrl } from '../../contract/network-address.ts'
import { env } from '../../server/env.ts'
import { sealSecret } from '../../server/secrets.ts'
import type { providerCredentials } from './schema.ts'

type Credentials = z.infer<typeof providerCredentials>

/** A shorter secret would be told by its last four characters. */
const HINT_FROM_LENGTH = 12

/** The columns that hold credentials: sealed for this row, with a hint for people and a new version. */
export function credentialColumns(id: string, credentials: Credentials, now: Date) {
  const set = Object.entries(credentials).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  const hint = Object.fromEntries(
    set.map(([name, value]) => [
      name,
      [value].flat().map((secret) => ({ last4: secret.length >= HINT_FROM_LENGTH ? secret.slice(-4) : '' })),
    ]),
  )
  return {
    credentialsSealed: set.length > 0 ? sealSecret(Object.fromEntries(set), id) : null,
    credentialsVersion: randomBytes(12).toString('base64url'),
    credentialsHint: hint,
    credentialsSetAt: set.length > 0 ? now : null,
  }
}

interface Address {
  readonly kind: ProviderKind | string
  readonly baseUrl: string | null
  readonly allowPrivateNetwork: boolean
}

/** Whether calls would go elsewhere: then a stored secret must not go with them. */
export function movesAddress(from: Address, to: Address): boolean {
  return (
    from.kind !== to.kind ||
    from.baseUrl !== to.baseUrl ||
    from.allowPrivateNetwork !== to.allowPrivateNetwork
  )
}

/** @throws Problem 400 at the field that keeps this provider from working. */
export function checkProvider(
  provider: Address & { readonly options: unknown },
  credentialNames: readonly string[],
): void {
  const errors: FieldError[] = []
  if (provider.kind === 'openai' && !credentialNames.includes('apiKey')) {
    errors.push({ path: 'credentials.apiKey', message: 'OpenAI needs an API key' })
  }
  if (provider.kind === 'openai-compatible' && provider.baseUrl === null) {
    errors.push({
      path: 'baseUrl',
      message: 'is required: what the vendor’s SDK takes, such as https://host/v1',
    })
  }
  if (provider.kind !== 'openai-compatible' && (provider.options as { healthCheck?: unknown }).healthCheck) {
    errors.push({
      path: 'options.healthCheck',
      message: 'is for OpenAI-compatible servers: nobody else’s is looked after',
    })
  }
  if (provider.kind === 'sandbox' && provider.baseUrl !== null) {
    errors.push({ path: 'baseUrl', message: 'the sandbox runs in the gateway and has no address' })
  }
  if (errors[0]) throw problem('invalid_request', `${errors[0].path}: ${errors[0].message}`, errors)
  if (provider.baseUrl === null) return
  // Paths are put behind it; and a secret in it would be shown to everybody who sees the provider.
  if (/[?#]/.test(provider.baseUrl))
    throw invalidField('baseUrl', 'ends with its path: leave out what begins with ? or #')
  const refusal = checkUrl(provider.baseUrl, {
    allowPrivateNetwork: provider.allowPrivateNetwork,
    ownPorts: ownPorts(),
  })
  if (refusal) throw invalidField('baseUrl', refusal)
}

/** What listens here for Gatehouse alone: its two ports, and Postgres where it is on this machine. */
function ownPorts(): ReadonlySet<number> {
  const { hostname, port } = new URL(env.databaseUrl)
  const local = ['localhost', '127.0.0.1', '[::1]', ''].includes(hostname)
  return new Set([env.port, env.gatewayPort, ...(local ? [Number(port || 5432)] : [])])
}
