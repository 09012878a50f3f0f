import { expect, test } from 'vitest'
import type { Role } from '../resources/roles.ts'
import { type Actor, ALL_ROLES, hasScope, mayGrant, rowScope, visibleTeams } from './actor.ts'

function actor(role: Role | null, teams: Record<string, Role> = {}, scopes: string[] | null = null): Actor {
  return {
    type: 'user',
    id: 'user_1',
    name: 'Somebody',
    email: null,
    userId: 'user_1',
    role,
    teams: Object.entries(teams).map(([teamId, held]) => ({ teamId, teamName: teamId, role: held })),
    scopes,
    sessionId: null,
    expiresAt: null,
  }
}

test('only an owner makes owners, and nobody gives more than they hold', () => {
  const granted = (by: Role) => ALL_ROLES.filter((role) => mayGrant(actor(by), role, null))
  expect(granted('owner')).toEqual(ALL_ROLES)
  expect(granted('admin')).toEqual(ALL_ROLES.filter((role) => role !== 'owner'))
  expect(granted('finance')).toEqual(['finance', 'viewer'])
  expect(granted('team-admin')).toEqual(['team-admin', 'developer', 'viewer'])
  expect(granted('developer')).toEqual(['developer'])
  expect(granted('viewer')).toEqual(['viewer'])
})

test('a role in a team gives power in that team alone', () => {
  const lead = actor(null, { a: 'team-admin' })
  for (const role of ALL_ROLES) {
    expect(mayGrant(lead, role, null), role).toBe(false)
    expect(mayGrant(lead, role, 'b'), role).toBe(false)
  }
  expect(mayGrant(lead, 'developer', 'a')).toBe(true)
  expect(mayGrant(lead, 'finance', 'a')).toBe(false)
})

test('a write scope reads, a read scope does not write, and nothing stands for all but the star', () => {
  const token = (scopes: string[]) => actor('owner', {}, scopes)
  expect(hasScope(token(['keys:write']), 'keys:read')).toBe(true)
  expect(hasScope(token(['keys:read']), 'keys:write')).toBe(false)
  expect(hasScope(token(['keys:write']), 'teams:read')).toBe(false)
  expect(hasScope(token(['keys:write']), '*')).toBe(false)
  expect(hasScope(token(['*']), 'keys:write')).toBe(true)
  expect(hasScope(actor('viewer'), 'keys:write')).toBe(true)
})

test('a developer sees their own rows, in the teams where they are one', () => {
  const permission = {
    scope: null,
    roles: ['admin', 'developer'] as Role[],
    teamRoles: ['viewer', 'developer'] as Role[],
  }
  expect(rowScope(actor('admin'), permission)).toMatchObject({ teams: null, ownTeams: [] })
  expect(rowScope(actor('developer'), permission)).toMatchObject({ teams: [], ownTeams: null })
  const mixed = actor(null, { a: 'developer', b: 'viewer', c: 'finance' })
  expect(rowScope(mixed, permission)).toMatchObject({ teams: ['b'], ownTeams: ['a'], userId: 'user_1' })
  expect(visibleTeams(mixed, permission)).toEqual(['a', 'b'])
})
