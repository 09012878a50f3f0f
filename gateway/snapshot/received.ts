/**
 * Reads what the control channel carries without forgetting what this gateway does not know: the hash is taken over
 * an entity as it was received, unknown types and fields included, while only known fields are acted upon.
 */
import { z } from 'zod'
import { canonicalJson, entityHash, textHash } from '../../lib/contract/content-hash.ts'
import {
  ENTITY_ORDER,
  type Entity,
  type EntityType,
  entity as entitySchema,
} from '../../lib/contract/entities.ts'

/** An entity that the gateway holds. */
export interface Held {
  readonly type: string
  readonly id: string
  /** Its share in the hash of the configuration. */
  readonly share: bigint
  /** As received: what goes into the copy on disk. */
  readonly raw: object
  /** Null when this gateway does not know the type. */
  readonly entity: Entity | null
}

/** The admin's message can't become the running configuration; the message says what and where, and holds no secret. */
export class RefusedConfiguration extends Error {
  override readonly name = 'RefusedConfiguration'
  /** The two sides do not hold the same: a whole snapshot mends it. */
  readonly diverged: boolean

  constructor(message: string, diverged = false) {
    super(message)
    this.diverged = diverged
  }
}

const MAX_ENTITY_BYTES = 1024 * 1024
export const MAX_ENTITIES = 1_000_000
export const MAX_CHANGES = 200_000

const envelope = z.looseObject({ type: z.string().min(1).max(60), id: z.string().min(1).max(120) })
const hash = z.string().regex(/^[0-9a-f]{64}$/)
const epoch = z.string().min(1).max(64)
const revision = z.int().min(0)

const snapshotEnvelope = z.object({ epoch, revision, hash, entities: z.array(z.unknown()).max(MAX_ENTITIES) })
export type ReceivedSnapshot = z.infer<typeof snapshotEnvelope>

const changeEnvelope = z.discriminatedUnion('op', [
  z.object({ op: z.literal('put'), entity: z.unknown() }),
  z.object({ op: z.literal('delete'), type: z.string().max(60), id: z.string().max(120) }),
])
const changeSetEnvelope = z.object({
  epoch,
  from: revision,
  to: revision,
  hash,
  changes: z.array(changeEnvelope).max(MAX_CHANGES),
})
export type ReceivedChangeSet = z.infer<typeof changeSetEnvelope>

/** @throws RefusedConfiguration */
export function readSnapshot(message: unknown): ReceivedSnapshot {
  return parse(snapshotEnvelope, message, 'the snapshot')
}

/** @throws RefusedConfiguration */
export function readChangeSet(message: unknown): ReceivedChangeSet {
  return parse(changeSetEnvelope, message, 'the change set')
}

const KNOWN: ReadonlySet<string> = new Set<EntityType>(ENTITY_ORDER)

/** @throws RefusedConfiguration naming the entity and the field. */
export function readEntity(received: unknown): Held {
  const named = isNamed(received) ? received : parse(envelope, received, 'an entity')
  const name = `${named.type} ${named.id}`
  const canonical = canonicalJson(received)
  if (canonical.length > MAX_ENTITY_BYTES) {
    throw new RefusedConfiguration(`${name} is larger than ${MAX_ENTITY_BYTES} bytes`)
  }
  // Credentials are no part of the hash; without them the text is at hand already.
  const share = 'credentials' in named ? entityHash(received as Entity) : textHash(canonical)
  const raw = received as object
  if (!KNOWN.has(named.type)) return { type: named.type, id: named.id, share, raw, entity: null }
  const entity = parse(entitySchema, received, name)
  // One object instead of two where nothing was dropped or filled in: nearly always.
  return {
    type: named.type,
    id: named.id,
    share,
    raw: isSameJson(entity, raw) ? entity : raw,
    entity,
  }
}

/** Without the schema, which takes several times as long as all the rest of a name that is right. */
function isNamed(received: unknown): received is { type: string; id: string } {
  if (typeof received !== 'object' || received === null || Array.isArray(received)) return false
  const { type, id } = received as { type?: unknown; id?: unknown }
  return isText(type, 60) && isText(id, 120)
}

const isText = (value: unknown, most: number) =>
  typeof value === 'string' && value.length > 0 && value.length <= most

function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every(
    (key) =>
      Object.hasOwn(b, key) &&
      isSameJson((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  )
}

function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const path = issue?.path.map(String).join('.') ?? ''
  throw new RefusedConfiguration(`${what}${path ? `: ${path}` : ''}: ${issue?.message ?? 'not valid'}`)
}
