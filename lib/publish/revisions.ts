/** Revisions as people read them: lists, differences, and what a roll-back has to put back. */
import 'server-only'
import { canonicalJson } from '../contract/content-hash.ts'
import { ENTITY_ORDER, type EntityType } from '../contract/entities.ts'
import type { RevisionDiff } from '../resources/revisions/schema.ts'
import { Prisma, type Transaction } from '../server/db.ts'
import { COUNTS_SQL } from './fleet.ts'
import type { RevisionChange } from './publish.ts'

/** Of an API key: never shown, not even as hashes. */
const HIDDEN_FIELDS: ReadonlySet<string> = new Set(['hash', 'previousHash', 'credentialsVersion'])
const HIDDEN = '(hidden)'

export interface RevisionRow {
  readonly revision: number
  readonly epoch: string
  readonly hash: string
  readonly summary: string
  readonly actorType: string
  readonly actorId: string | null
  readonly actorName: string
  readonly createdAt: Date
  /** Without bodies. */
  readonly changes: Pick<RevisionChange, 'type' | 'id' | 'name' | 'op'>[]
  readonly gateways: { id: string; hostname: string; status: 'applied' | 'pending' | 'refused' }[]
}

/** Newest first, those before `before`; with the gateways that count and what they say to each. */
export function readRevisions(
  db: Transaction,
  filter: { before?: number; only?: number; q?: string | undefined; limit: number },
): Promise<RevisionRow[]> {
  const search = filter.q ? `%${filter.q.replace(/[\\%_]/g, '\\$&')}%` : null
  return db.$queryRaw<RevisionRow[]>`
    SELECT r.revision, r.epoch, r.hash, r.summary, r.actor_type AS "actorType", r.actor_id AS "actorId",
      r.actor_name AS "actorName", r.created_at AS "createdAt",
      (SELECT coalesce(jsonb_agg(c - 'before' - 'after' ORDER BY n), '[]')
       FROM jsonb_array_elements(r.changes) WITH ORDINALITY AS e(c, n)) AS changes,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'hostname', g.hostname, 'status', CASE
          WHEN g.refused_revision = r.revision THEN 'refused'
          WHEN g.epoch = h.epoch AND g.revision >= r.revision THEN 'applied'
          ELSE 'pending' END) ORDER BY g.id), '[]')
       FROM gateways g, config_head h WHERE h.id = 1 AND ${Prisma.raw(COUNTS_SQL)}) AS gateways
    FROM config_revisions r
    WHERE (${filter.before ?? null}::int IS NULL OR r.revision < ${filter.before ?? null}::int)
      AND (${filter.only ?? null}::int IS NULL OR r.revision = ${filter.only ?? null}::int)
      AND (${search}::text IS NULL OR r.summary ILIKE ${search} OR r.actor_name ILIKE ${search})
    ORDER BY r.revision DESC LIMIT ${filter.limit}`
}

/** What lies between two states of the configuration; `from` may be the newer one. Entities that came and went are left out. */
export async function changesBetween(db: Transaction, from: number, to: number): Promise<RevisionChange[]> {
  const [low, high] = from < to ? [from, to] : [to, from]
  const rows = await db.$queryRaw<{ changes: RevisionChange[] }[]>`
    SELECT changes FROM config_revisions WHERE revision > ${low} AND revision <= ${high} ORDER BY revision`
  const ends = new Map<string, { first: RevisionChange; last: RevisionChange }>()
  for (const change of rows.flatMap((row) => row.changes)) {
    const key = `${change.type} ${change.id}`
    ends.set(key, { first: ends.get(key)?.first ?? change, last: change })
  }
  const changes: RevisionChange[] = []
  for (const { first, last } of ends.values()) {
    const [before, after] = from < to ? [first.before, last.after] : [last.after, first.before]
    if (canonicalJson(before) === canonicalJson(after)) continue
    const op = before === null ? 'create' : after === null ? 'delete' : 'update'
    const name = (from < to ? last : first).name
    changes.push({ type: last.type, id: last.id, name, op, before, after })
  }
  const order = (change: RevisionChange) => ENTITY_ORDER.indexOf(change.type as EntityType)
  return changes.sort((a, b) => order(a) - order(b) || (a.name < b.name ? -1 : 1))
}

export interface EntityChange {
  readonly revision: number
  readonly at: Date
  readonly actorName: string
  readonly change: RevisionChange
}

/** What became of one entity in [from, to), in order; of more than `most` the newest. */
export async function changesOf(
  db: Transaction,
  type: EntityType,
  id: string,
  { from, to, most }: { from: Date; to: Date; most: number },
): Promise<EntityChange[]> {
  const rows = await db.$queryRaw<EntityChange[]>`
    SELECT r.revision, r.created_at AS at, r.actor_name AS "actorName", c AS change
    FROM config_revisions r, jsonb_array_elements(r.changes) AS c
    WHERE r.created_at >= ${from} AND r.created_at < ${to} AND c->>'type' = ${type} AND c->>'id' = ${id}
    ORDER BY r.revision DESC LIMIT ${most}`
  return rows.reverse()
}

/** Names of the members in which an entity differs: `targets`, `strategy`. */
export function changedMembers(change: RevisionChange): string[] {
  const members = changedFields(change).map(({ path }) => path.split(/[.[]/, 1)[0] ?? path)
  return [...new Set(members)].filter((name) => !HIDDEN_FIELDS.has(name))
}

type Fields = RevisionDiff['changes'][number]['fields']

/** Field by field, to the leaves: `targets[0].model`. Hashes of keys are hidden: that they changed is what is told. */
export function changedFields({ before, after }: RevisionChange): Fields {
  const fields: Fields = []
  const walk = (path: string, old: unknown, now: unknown) => {
    if (canonicalJson(old ?? null) === canonicalJson(now ?? null)) return
    const name = path.split('.').at(-1) ?? path
    if (HIDDEN_FIELDS.has(name)) {
      const hidden = (value: unknown) => (value === undefined || value === null ? null : HIDDEN)
      fields.push({ path, before: hidden(old), after: hidden(now) })
      return
    }
    const inner = isObject(old) || isObject(now) ? [old, now] : null
    if (
      !inner ||
      (old !== undefined && old !== null && !isObject(old)) ||
      (now !== undefined && now !== null && !isObject(now))
    ) {
      fields.push({ path, before: old ?? null, after: now ?? null })
      return
    }
    const [oldFields, nowFields] = [asFields(old), asFields(now)]
    for (const key of keysOf(oldFields, nowFields)) {
      const list = Array.isArray(old) || Array.isArray(now)
      walk(list ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`, oldFields[key], nowFields[key])
    }
  }
  const { type: _, id: __, ...old } = before ?? {}
  const { type: ___, id: ____, ...now } = after ?? {}
  for (const key of keysOf(old, now)) walk(key, old[key], now[key])
  return fields
}

const keysOf = (...bodies: object[]) => [...new Set(bodies.flatMap(Object.keys))].sort()
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const asFields = (value: unknown): Record<string, unknown> =>
  isObject(value) ? (value as Record<string, unknown>) : {}
