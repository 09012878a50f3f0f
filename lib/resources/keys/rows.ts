/** Reading keys: who sees which, and how a row looks on the wire. Never with a hash. */
import { ADMINS, TEAM_MANAGERS } from '../../api/actor.ts'
import type { Context } from '../../api/operation.ts'
import { containsText } from '../../api/pagination.ts'
import { type FieldError, problem } from '../../api/problem.ts'
import type { Prisma } from '../../server/db.ts'
import type { Role } from '../roles.ts'
import { baseOf, isoOrNull } from '../rows.ts'
import type { Key } from './schema.ts'

const EXPIRING_MS = 7 * 86_400_000
const managers: readonly Role[] = [...ADMINS, 'team-admin']

export const keyReads = {
  scope: 'keys:read',
  roles: [...managers, 'finance', 'viewer', 'developer'],
  teamRoles: [...TEAM_MANAGERS, 'finance', 'viewer', 'developer'],
} as const
export const keyWrites = {
  scope: 'keys:write',
  roles: [...managers, 'developer'],
  teamRoles: [...TEAM_MANAGERS, 'developer'],
} as const

export const withNames = {
  consumer: { select: { name: true, enabled: true, teamId: true, team: { select: { name: true } } } },
  user: { select: { name: true } },
  use: { select: { lastUsedAt: true } },
} as const
export type KeyRow = Prisma.ApiKeyGetPayload<{ include: typeof withNames }>

/** The keys that the actor may see: those of whole teams, and a developer's own. */
export function visibleKeys(context: Context): Prisma.ApiKeyWhereInput {
  const { teams, ownTeams, userId } = context.rowScope()
  if (teams === null) return {}
  const whole: Prisma.ApiKeyWhereInput[] = [{ consumer: { teamId: { in: [...teams] } } }]
  if (userId === null) return { OR: whole }
  return { OR: [...whole, { userId, ...(ownTeams ? { consumer: { teamId: { in: [...ownTeams] } } } : {}) }] }
}

/** Further consumers are found by a join, which the database plans less well. */
const MAX_CONSUMERS = 5_000

/** Keys of whole teams, for lists: the consumers are read first, so that the planner knows how many keys they have. */
export async function keysOfTeams(
  context: Context,
  teams: readonly string[],
): Promise<Prisma.ApiKeyWhereInput> {
  const teamId = { in: [...teams] }
  const consumers = await context.db.consumer.findMany({
    where: { teamId },
    select: { id: true },
    take: MAX_CONSUMERS + 1,
  })
  if (consumers.length > MAX_CONSUMERS) return { consumer: { teamId } }
  return { consumerId: { in: consumers.map((consumer) => consumer.id) } }
}

/** As visibleKeys, for lists. */
export async function visibleInLists(context: Context): Promise<Prisma.ApiKeyWhereInput> {
  const { teams, ownTeams, userId } = context.rowScope()
  if (teams === null) return {}
  const either: Prisma.ApiKeyWhereInput[] = teams.length > 0 ? [await keysOfTeams(context, teams)] : []
  if (userId !== null)
    either.push({ userId, ...(ownTeams ? { consumer: { teamId: { in: [...ownTeams] } } } : {}) })
  return { OR: either }
}

/** More are read in the order of the list instead: a page of so many is soon full. */
const MAX_FOUND = 1_000

/** Keys with the text anywhere in their name or prefix. */
export async function matchingKeys(context: Context, text: string): Promise<Prisma.ApiKeyWhereInput> {
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`
  const rows = await context.db.$queryRaw<{ id: string }[]>`
    SELECT id FROM api_keys
    WHERE text_pieces(name || ' ' || prefix, '{1,2,3}') @> text_pieces(${text}, ARRAY[least(3, length(${text}))])
      AND (name ILIKE ${pattern} OR prefix ILIKE ${pattern})
    LIMIT ${MAX_FOUND + 1}`
  if (rows.length <= MAX_FOUND) return { id: { in: rows.map((row) => row.id) } }
  return { OR: [{ name: containsText(text) }, { prefix: containsText(text) }] }
}

/** @throws Problem 404, also for a key that the actor may not see. */
export async function findKey(context: Context, id: string): Promise<KeyRow> {
  const row = await context.db.apiKey.findFirst({
    where: { AND: [{ id }, visibleKeys(context)] },
    include: withNames,
  })
  if (!row) throw problem('not_found', 'There is no such key.')
  return row
}

export function statusOf(row: KeyRow, now: Date): Key['status'] {
  if (row.revokedAt) return 'revoked'
  if (row.expiresAt && row.expiresAt <= now) return 'expired'
  if (!row.consumer.enabled) return 'disabled'
  if (row.expiresAt && row.expiresAt.getTime() <= now.getTime() + EXPIRING_MS) return 'expiring'
  return 'active'
}

/** The same as statusOf, for the database. */
export function statusWhere(status: Key['status'], now: Date): Prisma.ApiKeyWhereInput {
  const soon = new Date(now.getTime() + EXPIRING_MS)
  const lives: Prisma.ApiKeyWhereInput = {
    revokedAt: null,
    OR: [{ expiresAt: null }, { expiresAt: { gt: now } }],
  }
  switch (status) {
    case 'revoked':
      return { revokedAt: { not: null } }
    case 'expired':
      return { revokedAt: null, expiresAt: { lte: now } }
    case 'disabled':
      return { AND: [lives, { consumer: { enabled: false } }] }
    case 'expiring':
      return { AND: [lives, { consumer: { enabled: true }, expiresAt: { lte: soon } }] }
    case 'active':
      return {
        AND: [lives, { consumer: { enabled: true }, OR: [{ expiresAt: null }, { expiresAt: { gt: soon } }] }],
      }
  }
}

export function renderKey(row: KeyRow, now: Date): Key {
  const grace = row.previousUntil !== null && row.previousUntil > now
  return {
    ...baseOf(row),
    name: row.name,
    consumerId: row.consumerId,
    consumerName: row.consumer.name,
    teamId: row.consumer.teamId,
    teamName: row.consumer.team.name,
    userId: row.userId,
    userName: row.user?.name ?? null,
    prefix: row.prefix,
    last4: row.last4,
    status: statusOf(row, now),
    allowedRoutes: row.limitsRoutes ? row.allowedRoutes : null,
    allowedToolsets: row.limitsToolsets ? row.allowedToolsets : null,
    expiresAt: isoOrNull(row.expiresAt),
    revokedAt: isoOrNull(row.revokedAt),
    rotatedAt: isoOrNull(row.rotatedAt),
    previousUntil: grace ? isoOrNull(row.previousUntil) : null,
    previousLast4: grace ? row.previousLast4 : null,
    lastUsedAt: isoOrNull(row.use?.lastUsedAt ?? null),
  }
}

/**
 * Route ids for a list of ids or names.
 * @throws Problem 400 at `allowedRoutes[i]` for each that is no route.
 */
export async function resolveRoutes(context: Context, wanted: readonly string[]): Promise<string[]> {
  const list = [...wanted]
  const routes = await context.db.route.findMany({
    where: { OR: [{ id: { in: list } }, { name: { in: list } }] },
    select: { id: true, name: true },
  })
  const ids = new Map(routes.flatMap(({ id, name }) => [[name, id] as const, [id, id] as const]))
  const errors: FieldError[] = []
  const resolved = list.flatMap((name, at) => {
    const id = ids.get(name)
    if (id === undefined) errors.push({ path: `allowedRoutes[${at}]`, message: 'there is no such route' })
    return id === undefined ? [] : [id]
  })
  if (errors.length > 0) throw problem('invalid_request', 'A route in allowedRoutes does not exist.', errors)
  return [...new Set(resolved)]
}
