/**
 * The log of calls, page by page, newest first. A search reads the days on which there can be something for it, the
 * newest ones first and few at a time: a page is nearly always full by then, and older partitions stay untouched.
 */
import 'server-only'
import type pg from 'pg'
import type { z } from 'zod'
import type { RowScope } from '../api/actor.ts'
import { openCursor, sealCursor } from '../api/pagination.ts'
import { canonicalJson } from '../contract/content-hash.ts'
import type { Call, callFilters } from '../resources/calls/schema.ts'
import { dayOf, firstIdAt, uuidTime } from './call-days.ts'
import { ANY_CALL, daysWith, type Facet, namesBeginning } from './call-facets.ts'
import { CALL_COLUMNS, type CallRow, JOINS, NAMES, toCall } from './calls.ts'
import { Conditions } from './scope.ts'

export type CallQuery = z.output<typeof callFilters> & {
  limit: number
  cursor?: string | undefined
  q?: string | undefined
}

/** "at" and the time in the id, whose day the partition is, may be an hour apart. */
const SLACK_MS = 3_600_000
/** How many days are looked at in one step; the last number goes on. */
const STEPS_DAYS = [2, 8, 60] as const

/** One page, newest first, by keyset: what is booked meanwhile neither repeats nor skips rows of the pages after. */
export async function listCalls(
  pool: pg.Pool,
  query: CallQuery,
  scope: RowScope,
): Promise<{ data: Call[]; nextCursor: string | null }> {
  const { limit, cursor, ...filters } = query
  const cursorScope = `calls ${canonicalJson(filters)}`
  const after = cursor === undefined ? null : (openCursor(cursor, cursorScope)[0] ?? null)
  const [search, owned, owner] = await Promise.all([
    query.q ? findSearch(pool, query.q) : null,
    scope.teams !== null && scope.userId !== null ? keysOf(pool, scope.userId, query) : null,
    findOwner(pool, query),
  ])
  const to = query.to ? firstIdAt(Date.parse(query.to) + SLACK_MS) : null
  const from = query.from ? firstIdAt(Date.parse(query.from) - SLACK_MS) : null
  const before = after !== null && (to === null || after < to) ? after : to
  const nothing =
    (search !== null && search.facets.length === 0 && search.alone.length === 0) ||
    (scope.teams?.length === 0 && owned?.length === 0) ||
    (owner !== null && !mayHave(owner, query, scope, owned))
  const days = nothing
    ? []
    : await daysWith(pool, facetConditions(query, search), {
        from: from && dayOf(from),
        to: before && dayOf(before),
      })

  const rows: CallRow[] = []
  for (let at = 0, step = 0; at < days.length && rows.length <= limit; step += 1) {
    const size = STEPS_DAYS[Math.min(step, STEPS_DAYS.length - 1)] ?? 60
    const where = callConditions(query, scope, owned, search)
    where.raw(`day = ANY(${where.value(days.slice(at, at + size))}::date[])`)
    if (before) where.raw(`(day, id) < (${where.value(dayOf(before))}::date, ${where.value(before)}::uuid)`)
    if (from) where.raw(`(day, id) >= (${where.value(dayOf(from))}::date, ${where.value(from)}::uuid)`)
    const result = await pool.query<CallRow>(
      `SELECT c.*, ${NAMES} FROM (
         SELECT ${CALL_COLUMNS} FROM calls WHERE ${where.sql} ORDER BY day DESC, id DESC
         LIMIT ${where.value(limit + 1 - rows.length)}
       ) c ${JOINS} ORDER BY c.day DESC, c.id DESC`,
      where.values,
    )
    rows.push(...result.rows)
    at += size
  }
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  return { data: shown.map(toCall), nextCursor: last ? sealCursor([last.id], cursorScope) : null }
}

/** What a text of search stands for: facets and ids, one of which a call has to have. */
interface Search {
  readonly facets: readonly { facet: Facet; value: string }[]
  /** Conditions that no facet tells of. */
  readonly alone: readonly ((where: Conditions) => string)[]
}

/** A request id, a trace id, or the beginning of a route, a model or a consumer's name. */
async function findSearch(pool: pg.Pool, q: string): Promise<Search> {
  const alone: ((where: Conditions) => string)[] = []
  const hex = q.toLowerCase().replaceAll('-', '')
  const dashed = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  if (uuidTime(dashed) !== null) {
    alone.push((where) => `(day = ${where.value(dayOf(dashed))}::date AND id = ${where.value(dashed)}::uuid)`)
  }
  const [facets, consumers, traces] = await Promise.all([
    namesBeginning(pool, q),
    consumersNamed(pool, q),
    pool.query('SELECT 1 FROM calls WHERE trace_id = $1 LIMIT 1', [q.toLowerCase()]),
  ])
  if (consumers.length > 0) alone.push((where) => `consumer_id = ANY(${where.value(consumers)})`)
  if (traces.rows.length > 0) alone.push((where) => `trace_id = ${where.value(q.toLowerCase())}`)
  return { facets, alone }
}

function facetConditions(query: CallQuery, search: Search | null): (readonly [Facet, string][])[] {
  const one = (facet: Facet, value: string | undefined) => (value === undefined ? [] : [[pair(facet, value)]])
  const { simulated, model } = query
  return [
    ANY_CALL,
    ...one('kind', query.kind),
    ...one('outcome', query.outcome),
    ...one('stream', query.stream),
    ...one('simulated', simulated === 'include' ? undefined : String(simulated === 'only')),
    ...one('code', query.code),
    ...one('route', query.route),
    ...one('provider', query.providerId),
    ...one('degraded', query.degraded),
    ...(model === undefined ? [] : [[pair('served', model), pair('requested', model)]]),
    ...(search && search.alone.length === 0
      ? [search.facets.map(({ facet, value }) => pair(facet, value))]
      : []),
  ]
}

const pair = (facet: Facet, value: string): [Facet, string] => [facet, value]

function callConditions(
  query: CallQuery,
  scope: RowScope,
  owned: readonly string[] | null,
  search: Search | null,
): Conditions {
  const where = new Conditions()
  where
    .within(scope, owned)
    .add(query.from, (p) => `at >= ${p}::timestamptz`)
    .add(query.to, (p) => `at < ${p}::timestamptz`)
    .add(query.teamId, (p) => `team_id = ${p}`)
    .add(query.consumerId, (p) => `consumer_id = ${p}`)
    .add(query.keyId, (p) => `key_id = ${p}`)
    .add(query.route, (p) => `route = ${p}`)
    .add(query.providerId, (p) => `provider_id = ${p}`)
    .add(query.model, (p) => modelIs(p))
    .add(query.kind, (p) => `kind = ${p}`)
    .add(query.outcome, (p) => `outcome = ${p}`)
    .add(query.code, (p) => `code = ${p}`)
    .add(query.stream, (p) => `stream = ${p}::boolean`)
    .add(query.repricedBy, (p) => `repriced_by = ${p}`)
  // Said once more, for the partial indexes.
  if (query.outcome && query.outcome !== 'ok') where.raw(`outcome <> 'ok'`)
  if (query.degraded) where.raw('degraded IS NOT NULL')
  if (query.kind && query.kind !== 'llm') where.raw(`kind <> 'llm'`)
  if (query.simulated !== 'include') where.raw(query.simulated === 'only' ? 'simulated' : 'NOT simulated')
  if (search) {
    const either = search.alone.map((condition) => condition(where))
    const values = (facet: Facet) =>
      search.facets.filter((one) => one.facet === facet).map((one) => one.value)
    const routes = values('route')
    const models = [...new Set([...values('served'), ...values('requested')])]
    if (routes.length > 0) either.push(`route = ANY(${where.value(routes)})`)
    if (models.length > 0) either.push(modelIs(`ANY(${where.value(models)})`))
    where.raw(`(${either.join(' OR ')})`)
  }
  return where
}

/** Served or requested. What is asked for is nearly always the route's own name: only else is it indexed by itself. */
function modelIs(p: string): string {
  return `(served_model = ${p} OR (route = ${p} AND requested_model = route)
    OR (requested_model = ${p} AND requested_model IS DISTINCT FROM route))`
}

/** Read first, for a condition on known keys finds its index; without those that the query rules out. */
async function keysOf(pool: pg.Pool, userId: string, { keyId, consumerId }: CallQuery): Promise<string[]> {
  const where = new Conditions()
  where
    .add(userId, (p) => `user_id = ${p}`)
    .add(keyId, (p) => `id = ${p}`)
    .add(consumerId, (p) => `consumer_id = ${p}`)
  const { rows } = await pool.query<{ id: string }>(
    `SELECT id FROM api_keys WHERE ${where.sql}`,
    where.values,
  )
  return rows.map((row) => row.id)
}

interface Owner {
  readonly consumerId: string
  readonly teamId: string
}

/** Whose the key or consumer asked for is, for good; null when none is asked for, or it is no longer there. */
async function findOwner(pool: pg.Pool, { keyId, consumerId }: CallQuery): Promise<Owner | null> {
  if (keyId === undefined && consumerId === undefined) return null
  const { rows } = await pool.query<Owner>(
    keyId === undefined
      ? 'SELECT id AS "consumerId", team_id AS "teamId" FROM consumers WHERE id = $1'
      : `SELECT c.id AS "consumerId", c.team_id AS "teamId" FROM api_keys k JOIN consumers c ON c.id = k.consumer_id
         WHERE k.id = $1`,
    [keyId ?? consumerId],
  )
  return rows[0] ?? null
}

/**
 * Whether a call of this owner can be what is asked for, by somebody who may see it. The database takes conditions for
 * independent and would read all calls of a consumer to find none of another team among them.
 */
function mayHave(
  owner: Owner,
  { consumerId, teamId }: CallQuery,
  scope: RowScope,
  owned: readonly string[] | null,
): boolean {
  if (consumerId !== undefined && consumerId !== owner.consumerId) return false
  if (teamId !== undefined && teamId !== owner.teamId) return false
  return scope.teams === null || scope.teams.includes(owner.teamId) || (owned !== null && owned.length > 0)
}

async function consumersNamed(pool: pg.Pool, prefix: string): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    'SELECT id FROM consumers WHERE name ILIKE $1 LIMIT 1000',
    [`${prefix.replace(/[\\%_]/g, '\\$&')}%`],
  )
  return rows.map((row) => row.id)
}
