/** Who may give which role to whom, and that somebody stays the owner. */
import { mayGrant } from '../../api/actor.ts'
import type { Context } from '../../api/operation.ts'
import { type FieldError, problem } from '../../api/problem.ts'
import { newId } from '../../server/ids.ts'
import { fromRoleColumn, type RoleColumn, toRoleColumn } from '../../server/role-column.ts'
import type { Role } from '../roles.ts'

export interface MembershipRow {
  readonly teamId: string | null
  readonly role: RoleColumn
}

export const deploymentRole = (memberships: readonly MembershipRow[]): Role | null => {
  const found = memberships.find((membership) => membership.teamId === null)
  return found ? fromRoleColumn(found.role) : null
}

/** @throws Problem 403 unless the actor has at least the power that the role gives. */
export function requireGrant(context: Context, role: Role | null, teamId: string | null, path: string): void {
  if (role === null || mayGrant(context.actor, role, teamId)) return
  throw problem('forbidden', `Your roles do not reach to ${role}${teamId ? ' in this team' : ''}.`, [
    { path, message: 'needs a role at least as high' },
  ])
}

/** @throws Problem 400 at `teams[i].teamId` for teams that do not exist or that the actor may not see, or come twice. */
export async function checkTeams(
  context: Context,
  teams: readonly { teamId: string; role: Role }[],
): Promise<void> {
  const visible = context.visibleTeams()
  const ids = teams.map((team) => team.teamId)
  const rows = await context.db.team.findMany({ where: { id: { in: ids } }, select: { id: true } })
  const known = new Set(rows.map((row) => row.id).filter((id) => !visible || visible.includes(id)))
  const errors = teams.flatMap(({ teamId }, at): FieldError[] => {
    if (!known.has(teamId)) return [{ path: `teams[${at}].teamId`, message: 'there is no such team' }]
    return ids.indexOf(teamId) < at ? [{ path: `teams[${at}].teamId`, message: 'is given twice' }] : []
  })
  if (errors.length > 0) throw problem('invalid_request', 'A team in teams cannot be used.', errors)
  for (const [at, { teamId, role }] of teams.entries())
    requireGrant(context, role, teamId, `teams[${at}].role`)
}

/**
 * Makes the memberships what they shall be. Teams that the actor may not see stay as they are.
 * @returns whether anything changed.
 */
export async function setMemberships(
  context: Context,
  userId: string,
  old: readonly MembershipRow[],
  wanted: { role?: Role | null | undefined; teams?: readonly { teamId: string; role: Role }[] | undefined },
): Promise<boolean> {
  let moved = false
  const put = async (teamId: string | null, role: Role | null) => {
    const before = old.find((membership) => membership.teamId === teamId)
    if ((before ? fromRoleColumn(before.role) : null) === role) return
    // What is taken away must be within one's power too.
    if (before) requireGrant(context, fromRoleColumn(before.role), teamId, teamId === null ? 'role' : 'teams')
    moved = true
    await context.db.membership.deleteMany({ where: { userId, teamId } })
    if (role) {
      await context.db.membership.create({
        data: { id: newId('mem'), userId, teamId, role: toRoleColumn(role) },
      })
    }
  }
  if (wanted.role !== undefined) await put(null, wanted.role)
  if (wanted.teams) {
    const visible = context.visibleTeams()
    const roles = new Map(wanted.teams.map(({ teamId, role }) => [teamId, role]))
    const touched = new Set([
      ...roles.keys(),
      ...old.flatMap(({ teamId }) => (teamId === null ? [] : [teamId])),
    ])
    for (const teamId of touched) {
      if (!visible || visible.includes(teamId)) await put(teamId, roles.get(teamId) ?? null)
    }
  }
  return moved
}

/** Orders all changes of owners, so that two owners cannot remove each other at once. */
export async function lockOwners(context: Context): Promise<void> {
  await context.db.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('gatehouse owners'))`
}

/** @throws Problem 409 when nobody would be left who is owner and may sign in. Call it behind the change. */
export async function requireOwner(context: Context): Promise<void> {
  const owners = await context.db.membership.count({
    where: { teamId: null, role: 'owner', user: { disabledAt: null } },
  })
  if (owners === 0) throw problem('last_owner', 'Make somebody else an owner first.')
}
