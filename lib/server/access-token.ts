import 'server-only'
import type { Actor } from '../api/actor.ts'
import type { Role } from '../resources/roles.ts'
import { db } from './db.ts'
import { hashSecret } from './secrets.ts'
import { rolesOf } from './session.ts'

interface TokenRow {
  id: string
  name: string
  role: Role | null
  teamId: string | null
  teamName: string | null
  scopes: string[]
  expiresAt: Date | null
  stale: boolean
  userId: string | null
  userName: string | null
  email: string | null
  memberships: Parameters<typeof rolesOf>[0]
}

/** Whoever an access token speaks for; null when it is unknown, revoked, expired, or its user is disabled. */
export async function actorOfAccessToken(secret: string, now: Date): Promise<Actor | null> {
  const hash = hashSecret(secret)
  const touchedBefore = new Date(now.getTime() - 60_000)
  const [row] = await db.$queryRaw<TokenRow[]>`
    SELECT a.id, a.name, a.role::text AS role, a.team_id AS "teamId", t.name AS "teamName", a.scopes,
      a.expires_at AS "expiresAt", coalesce(a.last_used_at < ${touchedBefore}, true) AS stale,
      u.id AS "userId", u.name AS "userName", u.email,
      coalesce((
        SELECT json_agg(json_build_object('teamId', m.team_id, 'teamName', mt.name, 'role', m.role) ORDER BY mt.name)
        FROM memberships m LEFT JOIN teams mt ON mt.id = m.team_id WHERE m.user_id = u.id), '[]') AS memberships
    FROM access_tokens a LEFT JOIN users u ON u.id = a.user_id LEFT JOIN teams t ON t.id = a.team_id
    WHERE a.hash = ${hash} AND a.revoked_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > ${now})
      AND u.disabled_at IS NULL`
  if (!row) return null
  if (row.stale) await db.$executeRaw`UPDATE access_tokens SET last_used_at = ${now} WHERE id = ${row.id}`
  const own: Parameters<typeof rolesOf>[0] =
    row.role === null ? row.memberships : [{ teamId: row.teamId, teamName: row.teamName, role: row.role }]
  return {
    type: 'token',
    id: row.id,
    name: row.userName ? `${row.userName} (${row.name})` : row.name,
    email: row.email,
    userId: row.userId,
    ...rolesOf(own),
    scopes: row.scopes,
    sessionId: null,
    expiresAt: row.expiresAt,
  }
}
