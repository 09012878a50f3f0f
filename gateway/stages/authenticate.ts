/**
 * Who calls. Keys are looked up by the hash of what came, so nothing is compared byte by byte; every way of not being
 * let in has one message.
 */
import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../gateway-error.ts'
import type { Configuration, KeyOwner } from '../snapshot/configuration.ts'

const MAX_SECRET_LENGTH = 512

/**
 * The one key that a request carries: vendors' SDKs differ in which header they send.
 * @throws GatewayError `invalid_api_key` when there is none, or two that differ.
 */
export function readSecret(request: IncomingMessage): string {
  let secret: string | null = null
  const { rawHeaders } = request
  // The raw list: node keeps only the first of several `Authorization` headers.
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    if (name.length !== 13 && name.length !== 9 && name.length !== 7 && name.length !== 14) continue
    const found = secretIn(name.toLowerCase(), rawHeaders[at + 1] ?? '')
    // SDKs send the header that they have no key for empty.
    if (found === null || found === '') continue
    if (secret !== null && secret !== found) throw new GatewayError('invalid_api_key')
    secret = found
  }
  if (secret === null || secret.length > MAX_SECRET_LENGTH) throw new GatewayError('invalid_api_key')
  return secret
}

function secretIn(name: string, value: string): string | null {
  switch (name) {
    case 'authorization':
      return /^bearer +/i.test(value) ? value.replace(/^bearer +/i, '').trim() : null
    case 'x-api-key':
    case 'api-key':
    case 'x-goog-api-key':
      return value.trim()
    default:
      return null
  }
}

export interface Identified {
  readonly owner: KeyOwner
  /** False: the key is known, and no longer (or not now) good. */
  readonly valid: boolean
}

/** Secrets of keys that were used lately, by their digests; kept in this process alone, and with a configuration at most. */
const MAX_KNOWN = 4_096
const knownDigests = new WeakMap<Configuration, Map<string, string>>()

function digestsUnder(configuration: Configuration): Map<string, string> {
  let known = knownDigests.get(configuration)
  if (!known) {
    known = new Map()
    knownDigests.set(configuration, known)
  }
  return known
}

/** Whose key this is, and whether it is good at `now` (epoch milliseconds); null when nobody's. */
export function identify(configuration: Configuration, secret: string, now: number): Identified | null {
  const known = digestsUnder(configuration)
  const digest = known.get(secret) ?? hash('sha256', secret, 'hex')
  const owner = configuration.keyByHash(digest)
  if (!owner) return null
  if (known.size < MAX_KNOWN) known.set(secret, digest)
  const { key, consumer } = owner
  const current = key.hash === digest
  const inGrace = key.previousHash === digest && key.previousUntil !== null && now < key.previousUntil
  const unexpired = key.expiresAt === null || now < key.expiresAt
  return { owner, valid: (current || inGrace) && unexpired && consumer.enabled }
}
