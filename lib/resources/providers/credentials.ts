import { randomBytes } from 'node:crypto'
import type { z } from 'zod'
import { type FieldError, invalidField, problem } from '../../api/problem.ts'
import { checkUrl } from '../../contract/network-address.ts'
import { env } from '../../server/env.ts'
import { sealSecret } from '../../server/secrets.ts'
import type { ProviderAddress, ProviderCredentialsPatch, providerCredentials } from './schema.ts'

type Credentials = z.infer<typeof providerCredentials>

/** What people see of a secret. Without `setAt` in what was stored before it was noted. */
export type SecretHint = { readonly last4: string; readonly setAt?: string }

/** A shorter secret would be told by its last four characters. */
const HINT_FROM_LENGTH = 12

/**
 * The columns that hold credentials: sealed for this row, with a hint for people and a new version.
 * @param kept by position, the hints of API keys that were stored already.
 */
export function credentialColumns(
  id: string,
  credentials: Credentials,
  now: Date,
  kept: readonly (SecretHint | null)[] = [],
) {
  const set = Object.entries(credentials).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  const hint = Object.fromEntries(
    set.map(([name, value]) => [
      name,
      [value].flat().map((secret, position) => kept[position] ?? hintOf(secret, now)),
    ]),
  )
  return {
    credentialsSealed: set.length > 0 ? sealSecret(Object.fromEntries(set), id) : null,
    credentialsVersion: randomBytes(12).toString('base64url'),
    credentialsHint: hint,
    credentialsSetAt: set.length > 0 ? now : null,
  }
}

function hintOf(secret: string, now: Date): SecretHint {
  return { last4: secret.length >= HINT_FROM_LENGTH ? secret.slice(-4) : '', setAt: now.toISOString() }
}

/**
 * Puts the stored keys into the places of a list that keeps them.
 * @param stored as `openCredentials` gives it, with its hints, in the same order.
 * @throws Problem 400 at what is kept and is not there, or twice.
 */
export function keepStored(
  { apiKey }: ProviderCredentialsPatch,
  stored: { readonly credentials: Readonly<Record<string, unknown>>; readonly hints: readonly SecretHint[] },
): { credentials: Credentials; kept: (SecretHint | null)[] } {
  if (!Array.isArray(apiKey)) return { credentials: apiKey === undefined ? {} : { apiKey }, kept: [] }
  const secrets = [stored.credentials.apiKey ?? []].flat() as string[]
  const positions = new Set<number>()
  const kept: (SecretHint | null)[] = []
  const list = apiKey.map((one, index) => {
    kept.push(typeof one === 'string' ? null : (stored.hints[one.keep] ?? null))
    if (typeof one === 'string') return one
    const secret = secrets[one.keep]
    const path = `credentials.apiKey[${index}].keep`
    if (secret === undefined) throw invalidField(path, `no key is stored at position ${one.keep}`)
    if (positions.has(one.keep)) throw invalidField(path, 'is kept twice')
    positions.add(one.keep)
    return secret
  })
  return { credentials: { apiKey: list }, kept }
}

/** @throws Problem 400 at the field that keeps this provider from working. */
export function checkProvider(
  provider: ProviderAddress & { readonly options: unknown },
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
