import { z } from 'zod'
import { ADMINS, TEAM_MANAGERS } from '../../api/actor.ts'
import { type Context, operation } from '../../api/operation.ts'
import { containsText, listOf, listPage, listQuery } from '../../api/pagination.ts'
import { invalidField, problem } from '../../api/problem.ts'
import type { Prisma } from '../../server/db.ts'
import { newId } from '../../server/ids.ts'
import { hashPassword } from '../../server/passwords.ts'
import { fromRoleColumn } from '../../server/role-column.ts'
import { revokeSessions } from '../../server/session.ts'
import { keyEntityOf } from '../keys/snapshot.ts'
import { baseOf, given, idParams, isoOrNull, lockRow, nextVersion } from '../rows.ts'
import {
  checkTeams,
  deploymentRole,
  lockOwners,
  requireGrant,
  requireOwner,
  setMemberships,
} from './memberships.ts'
import { type User, user, userInput, userPatch } from './schema.ts'

const tag = 'Users'
const reads = {
  scope: 'users:read',
  roles: [...ADMINS, 'finance', 'viewer', 'team-admin'],
  teamRoles: TEAM_MANAGERS,
} as const
const writes = { scope: 'users:write', roles: ADMINS, teamRoles: TEAM_MANAGERS }
const withRoles = {
  memberships: { include: { team: { select: { name: true } } } },
  sessions: { select: { lastSeenAt: true }, orderBy: { lastSeenAt: 'desc' }, take: 1 },
} as const satisfies Prisma.UserInclude
type Row = Prisma.UserGetPayload<{ include: typeof withRoles }>

export const userOperations = [
  operation({
    id: 'users.list',
    method: 'GET',
    path: '/users',
    summary: 'List users',
    tag,
    permission: reads,
    query: listQuery(['createdAt', 'name', 'email', 'updatedAt'], { teamId: z.string().optional() }),
    response: listOf(user),
    run: (context, { query }) =>
      listPage(
        'users',
        query,
        ({ where, ...order }) =>
          context.db.user.findMany({
            where: {
              AND: [
                where,
                visibleUsers(context),
                query.teamId ? { memberships: { some: { teamId: query.teamId } } } : {},
                query.q ? { OR: [{ name: containsText(query.q) }, { email: containsText(query.q) }] } : {},
              ],
            },
            include: withRoles,
            ...order,
          }),
        (row) => renderUser(context, row),
      ),
  }),
  operation({
    id: 'users.create',
    method: 'POST',
    path: '/users',
    summary: 'Create a user',
    description: 'Whoever runs a team creates users of that team, without a role for the deployment.',
    tag,
    permission: writes,
    body: userInput,
    response: user,
    secrets: ['password'],
    async run(context, { body }) {
      if (context.visibleTeams() !== null && body.teams.length === 0) {
        throw invalidField('teams', 'name a team of yours')
      }
      requireGrant(context, body.role, null, 'role')
      await checkTeams(context, body.teams)
      const id = newId('user')
      await context.db.user.create({
        data: {
          id,
          email: body.email,
          name: body.name,
          passwordHash: body.password === undefined ? null : await hashPassword(body.password),
        },
      })
      await setMemberships(context, id, [], { role: body.role, teams: body.teams })
      return noted(context, 'user.create', null, await findUser(context, id), false)
    },
  }),
  operation({
    id: 'users.get',
    method: 'GET',
    path: '/users/{id}',
    summary: 'Read a user',
    tag,
    permission: reads,
    params: idParams,
    response: user,
    run: async (context, { params }) => renderUser(context, await findUser(context, params.id)),
  }),
  operation({
    id: 'users.update',
    method: 'PATCH',
    path: '/users/{id}',
    summary: 'Change a user',
    description:
      'A new password, other roles and disabling end the user’s other sessions. Whoever runs a team changes its roles alone.',
    tag,
    permission: writes,
    params: idParams,
    body: userPatch,
    response: user,
    secrets: ['password'],
    async run(context, { params, body }) {
      const { name, password, role, teams, disabled } = body
      await lockOwners(context)
      await lockRow(context.db, 'users', params.id)
      const old = await findUser(context, params.id)
      const before = renderUser(context, old)
      context.match(before)
      const person = [name, password, role, disabled].some((field) => field !== undefined)
      if (person && context.visibleTeams() !== null) {
        throw problem('forbidden', 'In a team you change its roles alone: the rest is for the platform team.')
      }
      if (person) requireGrant(context, deploymentRole(old.memberships), null, 'role')
      requireGrant(context, role ?? null, null, 'role')
      if (teams) await checkTeams(context, teams)
      await context.db.user.update({
        where: { id: params.id },
        data: {
          ...given({ name }),
          ...(password === undefined ? {} : { passwordHash: await hashPassword(password) }),
          ...(disabled === undefined
            ? {}
            : { disabledAt: disabled ? (old.disabledAt ?? context.now) : null }),
          version: nextVersion,
        },
      })
      const moved = await setMemberships(context, params.id, old.memberships, { role, teams })
      if (moved || disabled) await requireOwner(context)
      if (moved || disabled || password !== undefined) {
        const except = context.actor.userId === params.id && !disabled ? context.actor.sessionId : null
        await revokeSessions(context.db, { userId: params.id, except }, context.now)
      }
      return noted(
        context,
        'user.update',
        before,
        await findUser(context, params.id, moved),
        password !== undefined,
      )
    },
  }),
  operation({
    id: 'users.delete',
    method: 'DELETE',
    path: '/users/{id}',
    summary: 'Delete a user',
    description: 'With sessions and access tokens. API keys stay and lose their owner.',
    tag,
    permission: { ...writes, teamRoles: [] },
    params: idParams,
    async run(context, { params }) {
      await lockOwners(context)
      await lockRow(context.db, 'users', params.id)
      const old = await findUser(context, params.id)
      const before = renderUser(context, old)
      context.match(before)
      requireGrant(context, deploymentRole(old.memberships), null, 'role')
      const keys = await context.db.apiKey.findMany({ where: { userId: params.id, revokedAt: null } })
      await context.db.user.delete({ where: { id: params.id } })
      await requireOwner(context)
      for (const key of keys) {
        context.publish({
          type: 'key',
          id: key.id,
          name: key.name,
          entity: keyEntityOf({ ...key, userId: null }),
        })
      }
      context.audit({
        action: 'user.delete',
        targetType: 'user',
        targetId: old.id,
        targetName: old.email,
        before,
      })
    },
  }),
]

/** Whoever runs teams sees the people of those teams. */
function visibleUsers(context: Context): Prisma.UserWhereInput {
  const teams = context.visibleTeams()
  return teams ? { memberships: { some: { teamId: { in: teams } } } } : {}
}

/**
 * @param changed the row was visible before this change took it out of sight.
 * @throws Problem 404, also for a user of other teams.
 */
async function findUser(context: Context, id: string, changed = false): Promise<Row> {
  const where = changed ? { id } : { AND: [{ id }, visibleUsers(context)] }
  const row = await context.db.user.findFirst({ where, include: withRoles })
  if (!row) throw problem('not_found', 'There is no such user.')
  return row
}

function noted(context: Context, action: string, before: User | null, row: Row, newPassword: boolean): User {
  const after = renderUser(context, row)
  context.audit({
    action,
    targetType: 'user',
    targetId: row.id,
    targetName: row.email,
    before,
    after: newPassword ? { ...after, password: true } : after,
  })
  return after
}

function renderUser(context: Context, row: Row): User {
  const visible = context.visibleTeams()
  return {
    ...baseOf(row),
    email: row.email,
    name: row.name,
    role: deploymentRole(row.memberships),
    teams: row.memberships
      .flatMap(({ teamId, team, role }) =>
        teamId === null || (visible && !visible.includes(teamId))
          ? []
          : [{ teamId, teamName: team?.name ?? teamId, role: fromRoleColumn(role) }],
      )
      .sort((a, b) => a.teamName.localeCompare(b.teamName)),
    disabled: row.disabledAt !== null,
    lastSeenAt: isoOrNull(row.sessions[0]?.lastSeenAt ?? null),
  }
}
