import type { Role } from '../resources/roles.ts'
import { problem } from './problem.ts'

/** Who makes a call. A session is a user; a token is a user's or a service account's. */
export interface Actor {
  readonly type: 'user' | 'token' | 'system'
  /** Of the user for a session, of the access token for a token. */
  readonly id: string
  readonly name: string
  readonly email: string | null
  /** The user behind it; null for service accounts. */
  readonly userId: string | null
  /** For the deployment. */
  readonly role: Role | null
  readonly teams: readonly { readonly teamId: string; readonly teamName: string; readonly role: Role }[]
  /** Null: all (a session). */
  readonly scopes: readonly string[] | null
  readonly sessionId: string | null
  /** When the token ends; null for sessions and for tokens without an end. */
  readonly expiresAt: Date | null
}

/** What an operation needs. The permission page, OpenAPI and `execute` read it. */
export interface Permission {
  /** `<resource>:read` or `<resource>:write`; an access token needs it. Null: any token may. */
  readonly scope: string | null
  /** Roles for the deployment. */
  readonly roles: readonly Role[]
  /** Roles in a team: the operation then sees the rows of those teams alone. */
  readonly teamRoles?: readonly Role[]
  /** Everybody who is signed in. */
  readonly anyone?: boolean
  /** Without signing in. */
  readonly public?: boolean
}

/** Which rows an actor may touch through an operation. */
export interface RowScope {
  /** Teams whose rows are seen whole; null: all. */
  readonly teams: readonly string[] | null
  /** Teams in which a developer sees their own rows alone; null: all. */
  readonly ownTeams: readonly string[] | null
  readonly userId: string | null
}

export const ALL_ROLES: readonly Role[] = ['owner', 'admin', 'finance', 'team-admin', 'developer', 'viewer']
/** The platform team. */
export const ADMINS: readonly Role[] = ['owner', 'admin']
/** Who runs a team: an owner or admin of one team is its team-admin. */
export const TEAM_MANAGERS: readonly Role[] = ['owner', 'admin', 'team-admin']

/** A write scope includes reading. */
export function hasScope(actor: Actor, scope: string | null): boolean {
  if (scope === null || actor.scopes === null) return true
  return (
    actor.scopes.includes('*') ||
    actor.scopes.includes(scope) ||
    (scope.endsWith(':read') && actor.scopes.includes(scope.replace(/:read$/, ':write')))
  )
}

/** @throws Problem 403 when neither role nor scope allows it. */
export function authorize(actor: Actor, permission: Permission): void {
  if (!hasScope(actor, permission.scope)) {
    throw problem('forbidden', `This access token lacks the scope ${permission.scope}.`)
  }
  if (!mayUse(actor, permission)) {
    throw problem('forbidden', 'Your roles do not include this.')
  }
}

/** Whether the roles allow it somewhere, scopes aside. */
export function mayUse(actor: Actor, permission: Permission): boolean {
  if (permission.anyone || permission.public || actor.type === 'system') return true
  if (actor.role && permission.roles.includes(actor.role)) return true
  return actor.teams.some((team) => permission.teamRoles?.includes(team.role))
}

/** Teams in which the actor holds one of these roles; null: all, by a role for the deployment. */
export function teamsWith(actor: Actor, deployment: readonly Role[], team: readonly Role[]): string[] | null {
  if (actor.type === 'system' || (actor.role && deployment.includes(actor.role))) return null
  return actor.teams
    .filter((membership) => team.includes(membership.role))
    .map((membership) => membership.teamId)
}

/** Every team that the permission opens to the actor, wholly or for their own rows; null: all. */
export function visibleTeams(actor: Actor, permission: Permission): string[] | null {
  if (permission.anyone) return teamsWith(actor, ALL_ROLES, ALL_ROLES)
  return teamsWith(actor, permission.roles, permission.teamRoles ?? [])
}

/** As visibleTeams, with developers held to what is their own. */
export function rowScope(actor: Actor, permission: Permission): RowScope {
  const whole = (role: Role) => role !== 'developer'
  const deployment = permission.anyone ? ALL_ROLES : permission.roles
  const team = permission.anyone ? ALL_ROLES : (permission.teamRoles ?? [])
  return {
    teams: teamsWith(actor, deployment.filter(whole), team.filter(whole)),
    ownTeams: teamsWith(
      actor,
      deployment.filter((role) => role === 'developer'),
      team.filter((role) => role === 'developer'),
    ),
    userId: actor.userId,
  }
}

const GRANTS: Record<Role, readonly Role[]> = {
  owner: ALL_ROLES,
  admin: ['admin', 'finance', 'team-admin', 'developer', 'viewer'],
  finance: ['finance', 'viewer'],
  'team-admin': ['team-admin', 'developer', 'viewer'],
  developer: ['developer'],
  viewer: ['viewer'],
}

/** Whether the actor holds at least the power of `role`, in that team or (null) for the deployment. */
export function mayGrant(actor: Actor, role: Role, teamId: string | null): boolean {
  if (actor.type === 'system') return true
  // For one team no role reaches beyond its team-admin.
  const power = teamId !== null && (role === 'owner' || role === 'admin') ? 'team-admin' : role
  if (actor.role && GRANTS[actor.role].includes(power)) return true
  if (teamId === null) return false
  return actor.teams.some((membership) => {
    const held = TEAM_MANAGERS.includes(membership.role) ? 'team-admin' : membership.role
    return membership.teamId === teamId && GRANTS[held].includes(power)
  })
}
