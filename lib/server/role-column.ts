import type { Role } from '../resources/roles.ts'

/** The generated client spells the enum's values as identifiers. */
export type RoleColumn = Exclude<Role, 'team-admin'> | 'team_admin'

export const toRoleColumn = (role: Role): RoleColumn => (role === 'team-admin' ? 'team_admin' : role)
export const fromRoleColumn = (role: RoleColumn): Role => (role === 'team_admin' ? 'team-admin' : role)
