import { type ProviderEntity, providerKind, providerLimit } from '../../contract/entities.ts'
import { openSecret } from '../../server/secrets.ts'

export interface ProviderColumns {
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly baseUrl: string | null
  readonly allowPrivateNetwork: boolean
  readonly options: unknown
  readonly limits: unknown
  readonly credentialsVersion: string
}

/** As revisions keep it: the version stands for the credentials. */
export function providerEntityOf(row: ProviderColumns): Omit<ProviderEntity, 'credentials'> {
  return {
    type: 'provider',
    id: row.id,
    name: row.name,
    kind: providerKind.parse(row.kind),
    baseUrl: row.baseUrl,
    allowPrivateNetwork: row.allowPrivateNetwork,
    options: row.options as Record<string, unknown>,
    limits: providerLimit.array().parse(row.limits),
    credentialsVersion: row.credentialsVersion,
  }
}

/**
 * The credentials in plain, for the control channel alone.
 * @throws Error when they were sealed under another GATEHOUSE_SECRET.
 */
export function openCredentials(row: {
  id: string
  credentialsSealed: string | null
}): Record<string, unknown> {
  return row.credentialsSealed === null
    ? {}
    : (openSecret(row.credentialsSealed, row.id) as Record<string, unknown>)
}
