import { z } from 'zod'
import { ADMINS, ALL_ROLES, TEAM_MANAGERS } from '../../api/actor.ts'
import { type Context, operation } from '../../api/operation.ts'
import { containsText, listOf, listPage, listQuery } from '../../api/pagination.ts'
import { invalidField, problem } from '../../api/problem.ts'
import { newId } from '../../server/ids.ts'
import { visibleKeys } from '../keys/rows.ts'
import { appliedTo } from '../policies/applied.ts'
import { appliedPolicies } from '../policies/applied-schema.ts'
import type { Role } from '../roles.ts'
import { type BaseRow, baseOf, countWorkingKeys, given, idParams, lockRow, nextVersion } from '../rows.ts'
import { type Consumer, consumer, consumerInput, consumerPatch } from './schema.ts'
import { consumerEntityOf } from './snapshot.ts'

const writers: readonly Role[] = [...ADMINS, 'team-admin']
const reads = { scope: 'consumers:read', roles: ALL_ROLES, teamRoles: ALL_ROLES }
const writes = { scope: 'consumers:write', roles: writers, teamRoles: TEAM_MANAGERS }
const team = { team: { select: { name: true } } } as const

interface Row extends BaseRow {
  readonly name: string
  readonly teamId: string
  readonly description: string | null
  readonly enabled: boolean
  readonly team: { readonly name: string }
}

export const consumerOperations = [
  operation({
    id: 'consumers.list',
    method: 'GET',
    path: '/consumers',
    summary: 'List consumers',
    tag: 'Consumers',
    permission: reads,
    query: listQuery(['createdAt', 'name', 'updatedAt'], { teamId: z.string().optional() }),
    response: listOf(consumer),
    async run(context, { query }) {
      const teams = context.visibleTeams()
      const page = await listPage(
        'consumers',
        query,
        ({ where, ...order }) =>
          context.db.consumer.findMany({
            where: {
              AND: [
                where,
                teams ? { teamId: { in: teams } } : {},
                query.teamId ? { teamId: query.teamId } : {},
                query.q ? { name: containsText(query.q) } : {},
              ],
            },
            include: team,
            ...order,
          }),
        (row) => row,
      )
      return { data: await renderConsumers(context, page.data), nextCursor: page.nextCursor }
    },
  }),
  operation({
    id: 'consumers.create',
    method: 'POST',
    path: '/consumers',
    summary: 'Create a consumer',
    tag: 'Consumers',
    permission: writes,
    body: consumerInput,
    response: consumer,
    async run(context, { body }) {
      const teams = context.visibleTeams()
      const owner =
        !teams || teams.includes(body.teamId)
          ? await context.db.team.findUnique({ where: { id: body.teamId }, select: { id: true } })
          : null
      if (!owner) throw invalidField('teamId', 'there is no such team')
      const row = await context.db.consumer.create({ data: { id: newId('cons'), ...body }, include: team })
      return changed(context, 'consumer.create', null, row)
    },
  }),
  operation({
    id: 'consumers.get',
    method: 'GET',
    path: '/consumers/{id}',
    summary: 'Read a consumer',
    tag: 'Consumers',
    permission: reads,
    params: idParams,
    response: consumer,
    run: async (context, { params }) => renderConsumer(context, await findConsumer(context, params.id)),
  }),
  operation({
    id: 'consumers.policies',
    method: 'GET',
    path: '/consumers/{id}/policies',
    summary: 'List what applies to the calls of a consumer, and why',
    description:
      'Each limit and budget that a call with one of its keys may count under, how near it is to its end, and the routes that it is about. Keys may be held to fewer routes.',
    tag: 'Consumers',
    permission: reads,
    etag: 'content',
    params: idParams,
    response: appliedPolicies,
    async run(context, { params }) {
      const row = await findConsumer(context, params.id)
      const keys = await context.db.apiKey.findMany({
        where: { AND: [{ consumerId: row.id, revokedAt: null }, visibleKeys(context)] },
        select: { id: true, name: true },
        orderBy: { name: 'asc' },
        take: MAX_KEYS,
      })
      return appliedTo(context, {
        who: 'this consumer',
        teamId: row.teamId,
        teamName: row.team.name,
        consumerId: row.id,
        consumerName: row.name,
        keys,
        allowedRoutes: null,
      })
    },
  }),
  operation({
    id: 'consumers.update',
    method: 'PATCH',
    path: '/consumers/{id}',
    summary: 'Change a consumer',
    tag: 'Consumers',
    permission: writes,
    params: idParams,
    body: consumerPatch,
    response: consumer,
    async run(context, { params, body }) {
      await lockRow(context.db, 'consumers', params.id)
      const before = await renderConsumer(context, await findConsumer(context, params.id))
      context.match(before)
      const row = await context.db.consumer.update({
        where: { id: params.id },
        data: { ...given(body), version: nextVersion },
        include: team,
      })
      return changed(context, 'consumer.update', before, row)
    },
  }),
  operation({
    id: 'consumers.delete',
    method: 'DELETE',
    path: '/consumers/{id}',
    summary: 'Delete a consumer and its keys',
    tag: 'Consumers',
    permission: writes,
    params: idParams,
    async run(context, { params }) {
      await lockRow(context.db, 'consumers', params.id)
      const before = await renderConsumer(context, await findConsumer(context, params.id))
      context.match(before)
      const keys = await context.db.apiKey.findMany({
        where: { consumerId: params.id, revokedAt: null },
        select: { id: true, name: true },
      })
      await context.db.consumer.delete({ where: { id: params.id } })
      context.audit({
        action: 'consumer.delete',
        targetType: 'consumer',
        targetId: params.id,
        targetName: before.name,
        teamId: before.teamId,
        before,
      })
      for (const key of keys) context.publish({ type: 'key', ...key, entity: null })
      context.publish({ type: 'consumer', id: params.id, name: before.name, entity: null })
    },
  }),
]

/** What applies to one key alone is looked up for so many. */
const MAX_KEYS = 500

/** @throws Problem 404, also for a consumer of a team that the actor may not see. */
async function findConsumer(context: Context, id: string): Promise<Row> {
  const teams = context.visibleTeams()
  const row = await context.db.consumer.findUnique({ where: { id }, include: team })
  if (!row || (teams && !teams.includes(row.teamId))) throw problem('not_found', 'There is no such consumer.')
  return row
}

async function changed(
  context: Context,
  action: string,
  before: Consumer | null,
  row: Row,
): Promise<Consumer> {
  const after = await renderConsumer(context, row)
  context.audit({
    action,
    targetType: 'consumer',
    targetId: row.id,
    targetName: row.name,
    teamId: row.teamId,
    before,
    after,
  })
  context.publish({ type: 'consumer', id: row.id, name: row.name, entity: consumerEntityOf(row) })
  return after
}

async function renderConsumers(context: Context, rows: readonly Row[]): Promise<Consumer[]> {
  const ids = rows.map((row) => row.id)
  const keys = await countWorkingKeys(context.db, 'consumer', ids, context.now)
  return rows.map((row) => ({
    ...baseOf(row),
    name: row.name,
    teamId: row.teamId,
    teamName: row.team.name,
    description: row.description,
    enabled: row.enabled,
    keyCount: keys.get(row.id) ?? 0,
  }))
}

async function renderConsumer(context: Context, row: Row): Promise<Consumer> {
  const [rendered] = await renderConsumers(context, [row])
  if (!rendered) throw new Error('a consumer renders as one consumer')
  return rendered
}
