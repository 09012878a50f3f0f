import 'server-only'
import { decode, encode } from 'next-auth/jwt'
import type { Actor } from '../api/actor.ts'
import type { Role } from '../resources/roles.ts'
import { db, type Transaction } from './db.ts'
import { env } from './env.ts'
import { newId } from './ids.ts'
import { deriveKey } from './secrets.ts'

export const SESSION_IDLE_SECONDS = 8 * 3_600
export const SESSION_SECONDS = 7 * 86_400
/** How stale `last_seen_at` may get before a request writes it. */
const TOUCH_SECONDS = 60

/** Over https the browser itself then refuses a cookie set by a subdomain or over http. */
export function usesSecureCookies(): boolean {
  return env.adminUrl.startsWith('https://')
}

export function sessionCookieName(): string {
  return usesSecureCookies() ? '__Host-gatehouse.session' : 'gatehouse.session'
}

export function sessionSecret(): string {
  return deriveKey('session-cookie').toString('hex')
}

/** A new session row: signing in always makes a new id. */
export async function createSession(
  store: Transaction,
  session: { userId: string; now: Date; userAgent: string | null; address: string | null },
): Promise<string> {
  const { userId, now, userAgent, address } = session
  const { id } = await store.session.create({
    data: {
      id: newId('sess'),
      userId,
      createdAt: now,
      lastSeenAt: now,
      expiresAt: new Date(now.getTime() + SESSION_SECONDS * 1_000),
      userAgent: userAgent?.slice(0, 300) ?? null,
      address,
    },
  })
  return id
}

/** Ends sessions of a user at once: their cookies are refused by the next request. */
export async function revokeSessions(
  store: Transaction,
  filter: { userId: string; only?: string; except?: string | null },
  now: Date,
): Promise<number> {
  const id = filter.only ? { id: filter.only } : filter.except ? { id: { not: filter.except } } : {}
  const { count } = await store.session.updateMany({
    where: { userId: filter.userId, revokedAt: null, ...id },
    data: { revokedAt: now },
  })
  return count
}

/** The value of the session cookie: an encrypted JWT that names the row and nothing else. */
export function encodeSession(sessionId: string): Promise<string> {
  return encode({ token: { sid: sessionId }, secret: sessionSecret(), maxAge: SESSION_SECONDS })
}

/** The session id in a cookie's value; null for what we did not make, or what has expired. */
export async function decodeSession(value: string): Promise<string | null> {
  try {
    const token = await decode({ token: value, secret: sessionSecret() })
    return typeof token?.sid === 'string' ? token.sid : null
  } catch {
    return null
  }
}

interface SessionRow {
  sessionId: string
  stale: boolean
  id: string
  email: string
  name: string
  memberships: { teamId: string | null; teamName: string | null; role: Role }[]
}

/** The user behind a session that lives: looked up on every request, so that signing out takes effect at once. */
export async function actorOfSession(sessionId: string, now: Date): Promise<Actor | null> {
  const idleSince = new Date(now.getTime() - SESSION_IDLE_SECONDS * 1_000)
  const touchedBefore = new Date(now.getTime() - TOUCH_SECONDS * 1_000)
  const [row] = await db.$queryRaw<SessionRow[]>`
    SELECT s.id AS "sessionId", s.last_seen_at < ${touchedBefore} AS stale, u.id, u.email, u.name,
      coalesce((
        SELECT json_agg(json_build_object('teamId', m.team_id, 'teamName', t.name, 'role', m.role) ORDER BY t.name)
        FROM memberships m LEFT JOIN teams t ON t.id = m.team_id WHERE m.user_id = u.id), '[]') AS memberships
    FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = ${sessionId} AND s.revoked_at IS NULL AND s.expires_at > ${now}
      AND s.last_seen_at > ${idleSince} AND u.disabled_at IS NULL`
  if (!row) return null
  if (row.stale) await db.$executeRaw`UPDATE sessions SET last_seen_at = ${now} WHERE id = ${sessionId}`
  return {
    type: 'user',
    id: row.id,
    name: row.name,
    email: row.email,
    userId: row.id,
    ...rolesOf(row.memberships),
    scopes: null,
    sessionId: row.sessionId,
    expiresAt: null,
  }
}

/** Memberships as the database tells them, split into the role for the deployment and those in teams. */
export function rolesOf(memberships: SessionRow['memberships']): Pick<Actor, 'role' | 'teams'> {
  return {
    role: memberships.find((membership) => membership.teamId === null)?.role ?? null,
    teams: memberships.flatMap(({ teamId, teamName, role }) =>
      teamId === null ? [] : [{ teamId, teamName: teamName ?? teamId, role }],
    ),
  }
}
