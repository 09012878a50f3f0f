/**
 * The hash of a configuration: the sum, modulo 2^256, of the SHA-256 of each entity. A sum, so that either side
 * brings it forward by the entities that changed and never walks the rest. It guards against divergence between
 * honest parties (a lost change, a bug), not against forgery: the control channel is authenticated.
 */
import { hash } from 'node:crypto'
import type { Entity } from './entities.ts'

const MODULUS = 1n << 256n

/** JSON with sorted keys and without `undefined`: one text for one value. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const record = value as Record<string, unknown>
  const fields = Object.keys(record)
    .filter((key) => record[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key])}`)
  return `{${fields.join(',')}}`
}

/** The share of one entity in the hash. A provider's `credentials` are left out: `credentialsVersion` stands for them. */
export function entityHash(entity: Entity): bigint {
  const { credentials: _credentials, ...hashed } = entity as Entity & { credentials?: unknown }
  return textHash(canonicalJson(hashed))
}

/** The share of an entity whose canonical JSON, without `credentials`, is at hand. */
export function textHash(canonical: string): bigint {
  return BigInt(`0x${hash('sha256', canonical)}`)
}

/** Brings a hash forward: `removed` and `added` are shares of entities; null where there is none. */
export function nextHash(current: string, removed: bigint | null, added: bigint | null): string {
  const sum = (BigInt(`0x${current}`) - (removed ?? 0n) + (added ?? 0n)) % MODULUS
  return (sum < 0n ? sum + MODULUS : sum).toString(16).padStart(64, '0')
}

/** The hash of a configuration without entities. */
export const EMPTY_HASH = '0'.repeat(64)
