import { ADMINS, ALL_ROLES, TEAM_MANAGERS } from '../../api/actor.ts'
import { type Context, operation } from '../../api/operation.ts'
import { containsText, listOf, listPage, listQuery } from '../../api/pagination.ts'
import { problem } from '../../api/problem.ts'
import { newId } from '../../server/ids.ts'
import { type BaseRow, baseOf, countWorkingKeys, given, idParams, lockRow, nextVersion } from '../rows.ts'
import { type Team, team, teamInput } from './schema.ts'
import { teamEntityOf } from './snapshot.ts'

const reads = { scope: 'teams:read', roles: ALL_ROLES, teamRoles: ALL_ROLES }
const writes = { scope: 'teams:write', roles: ADMINS }
const counts = { _count: { select: { consumers: true, memberships: true } } } as const

interface Row extends BaseRow {
  readonly name: string
  readonly _count: { readonly consumers: number; readonly memberships: number }
}

export const teamOperations = [
  operation({
    id: 'teams.list',
    method: 'GET',
    path: '/teams',
    summary: 'List teams',
    tag: 'Teams',
    permission: reads,
    query: listQuery(['createdAt', 'name', 'updatedAt']),
    response: listOf(team),
    async run(context, { query }) {
      const { db } = context
      const teams = context.visibleTeams()
      const page = await listPage(
        'teams',
        query,
        ({ where, ...order }) =>
          db.team.findMany({
            where: {
              AND: [
                where,
                teams ? { id: { in: teams } } : {},
                query.q ? { name: containsText(query.q) } : {},
              ],
            },
            include: counts,
            ...order,
          }),
        (row) => row,
      )
      return { data: await renderTeams(context, page.data), nextCursor: page.nextCursor }
    },
  }),
  operation({
    id: 'teams.create',
    method: 'POST',
    path: '/teams',
    summary: 'Create a team',
    tag: 'Teams',
    permission: writes,
    body: teamInput,
    response: team,
    async run(context, { body }) {
      const row = await context.db.team.create({
        data: { id: newId('team'), name: body.name },
        include: counts,
      })
      return changed(context, 'team.create', null, row)
    },
  }),
  operation({
    id: 'teams.get',
    method: 'GET',
    path: '/teams/{id}',
    summary: 'Read a team',
    tag: 'Teams',
    permission: reads,
    params: idParams,
    response: team,
    run: async (context, { params }) => renderTeam(context, await findTeam(context, params.id)),
  }),
  operation({
    id: 'teams.update',
    method: 'PATCH',
    path: '/teams/{id}',
    summary: 'Change a team',
    tag: 'Teams',
    permission: { ...writes, teamRoles: TEAM_MANAGERS },
    params: idParams,
    body: teamInput.partial(),
    response: team,
    async run(context, { params, body }) {
      await lockRow(context.db, 'teams', params.id)
      const before = await renderTeam(context, await findTeam(context, params.id))
      context.match(before)
      const row = await context.db.team.update({
        where: { id: params.id },
        data: { ...given(body), version: nextVersion },
        include: counts,
      })
      return changed(context, 'team.update', before, row)
    },
  }),
  operation({
    id: 'teams.delete',
    method: 'DELETE',
    path: '/teams/{id}',
    summary: 'Delete a team without consumers',
    tag: 'Teams',
    permission: writes,
    params: idParams,
    async run(context, { params }) {
      await lockRow(context.db, 'teams', params.id)
      const before = await renderTeam(context, await findTeam(context, params.id))
      context.match(before)
      const consumers = await context.db.consumer.findMany({
        where: { teamId: params.id },
        select: { id: true, name: true },
        orderBy: { name: 'asc' },
        take: 20,
      })
      if (consumers.length > 0) {
        throw problem(
          'in_use',
          `Delete its consumers first: ${consumers.map(({ name }) => name).join(', ')}.`,
          [],
          {
            extra: { usedBy: consumers.map((consumer) => ({ type: 'consumer', ...consumer })) },
          },
        )
      }
      await context.db.team.delete({ where: { id: params.id } })
      context.audit({
        action: 'team.delete',
        targetType: 'team',
        targetId: params.id,
        targetName: before.name,
        before,
      })
      context.publish({ type: 'team', id: params.id, name: before.name, entity: null })
    },
  }),
]

/** @throws Problem 404, also for a team that the actor may not see. */
async function findTeam(context: Context, id: string): Promise<Row> {
  const teams = context.visibleTeams()
  const row =
    !teams || teams.includes(id) ? await context.db.team.findUnique({ where: { id }, include: counts }) : null
  if (!row) throw problem('not_found', 'There is no such team.')
  return row
}

async function changed(context: Context, action: string, before: Team | null, row: Row): Promise<Team> {
  const after = await renderTeam(context, row)
  context.audit({
    action,
    targetType: 'team',
    targetId: row.id,
    targetName: row.name,
    teamId: row.id,
    before,
    after,
  })
  context.publish({ type: 'team', id: row.id, name: row.name, entity: teamEntityOf(row) })
  return after
}

async function renderTeams(context: Context, rows: readonly Row[]): Promise<Team[]> {
  const ids = rows.map((row) => row.id)
  const keys = await countWorkingKeys(context.db, 'team', ids, context.now)
  return rows.map((row) => ({
    ...baseOf(row),
    name: row.name,
    consumerCount: row._count.consumers,
    keyCount: keys.get(row.id) ?? 0,
    memberCount: row._count.memberships,
  }))
}

async function renderTeam(context: Context, row: Row): Promise<Team> {
  const [team] = await renderTeams(context, [row])
  if (!team) throw new Error('a team renders as one team')
  return team
}
