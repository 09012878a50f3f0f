/**
 * The hash of a configuration: the sum, modulo 2^256, of the SHA-256 of each entity. A sum, so that either side
 * brings it forward by the entities that changed and never walks the rest. It guards against divergence between
 * honest parties (a lost change, a bug), not against forgery: the control channel is authenticated.
 */
import { hash } from 'node:crypto'
import type { Entity } from './entities.ts'

const MASK = (1n << 256n) - 1n

/** JSON with sorted keys and without `undefined`: one text for one value. */
export function canonicalJson(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value)
  if (typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) {
    let list = ''
    for (const item of value) list += `${list === '' ? '' : ','}${canonicalJson(item)}`
    return `[${list}]`
  }
  const record = value as Record<string, unknown>
  let fields = ''
  for (const key of sortedKeys(record)) {
    const field = record[key]
    if (field !== undefined) fields += `${fields === '' ? '' : ','}${quoted(key)}:${canonicalJson(field)}`
  }
  return `{${fields}}`
}

/** Text that stands in JSON as it is. */
const PLAIN = /^[ !#-[\]-~]*$/

/** Entities of one type follow one another, with their fields in one order. */
let lastKeys: readonly string[] = []
let lastSorted: readonly string[] = []

function sortedKeys(record: object): readonly string[] {
  const keys = Object.keys(record)
  if (keys.length !== lastKeys.length || keys.some((key, index) => key !== lastKeys[index])) {
    lastKeys = keys
    lastSorted = keys.toSorted()
  }
  return lastSorted
}

/** Names of fields come again and again: a hundred thousand keys have the same ten. */
const quotedNames = new Map<string, string>()
const MAX_QUOTED_NAMES = 1_000

function quoted(name: string): string {
  const known = quotedNames.get(name)
  if (known !== undefined) return known
  const text = JSON.stringify(name)
  if (quotedNames.size < MAX_QUOTED_NAMES) quotedNames.set(name, text)
  return text
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
  return sumText(nextSum(textSum(current), removed, added))
}

/** The same for a hash as a number, which is quicker where many entities follow one another. */
export function nextSum(current: bigint, removed: bigint | null, added: bigint | null): bigint {
  return (current - (removed ?? 0n) + (added ?? 0n)) & MASK
}

export const textSum = (text: string): bigint => BigInt(`0x${text}`)

export const sumText = (sum: bigint): string => sum.toString(16).padStart(64, '0')

/** The hash of a configuration without entities. */
export const EMPTY_HASH = '0'.repeat(64)
