/** `GET /routes/{id}/history` and `GET /providers/{id}/history`. */
import { ADMINS } from '../../api/actor.ts'
import { type Context, operation } from '../../api/operation.ts'
import { problem } from '../../api/problem.ts'
import { changedMembers, changesOf } from '../../publish/revisions.ts'
import { pool } from '../../server/db.ts'
import { env } from '../../server/env.ts'
import { type HistoryQuery, type HistorySubject, queryHistory } from '../../usage/target-history.ts'
import { idParams } from '../rows.ts'
import { historyQuery, type TargetHistory, targetHistory } from './history-schema.ts'

const MAX_CHANGES = 200
const description =
  'Ranges are as those of `GET /usage`. It counts from the day on which an admin that knows it was installed.'

export const routeHistoryOperation = operation({
  id: 'routes.history',
  method: 'GET',
  path: '/routes/{id}/history',
  summary: 'Read what a route did over time: its targets, their failures, its fallbacks and its changes',
  description,
  tag: 'Routes',
  // Of all teams together, which their members do not see.
  permission: { scope: 'routes:read', roles: [...ADMINS, 'finance', 'viewer'] },
  params: idParams,
  query: historyQuery,
  response: targetHistory,
  async run(context, { params, query }) {
    const found = await context.db.route.findUnique({ where: { id: params.id }, select: { id: true } })
    if (!found) throw problem('not_found', 'There is no such route.')
    return readHistory(context, 'route', { routeId: params.id }, query)
  },
})

export const providerHistoryOperation = operation({
  id: 'providers.history',
  method: 'GET',
  path: '/providers/{id}/history',
  summary: 'Read what a provider did over time: its models and their failures, over all routes',
  description,
  tag: 'Providers',
  permission: { scope: 'providers:read', roles: [...ADMINS, 'finance', 'viewer'] },
  params: idParams,
  query: historyQuery,
  response: targetHistory,
  async run(context, { params, query }) {
    const found = await context.db.provider.findUnique({ where: { id: params.id }, select: { id: true } })
    if (!found) throw problem('not_found', 'There is no such provider.')
    return readHistory(context, 'provider', { providerId: params.id }, query)
  },
})

async function readHistory(
  { db, now }: Context,
  type: 'route' | 'provider',
  subject: HistorySubject,
  query: HistoryQuery,
): Promise<TargetHistory> {
  const history = await queryHistory(pool, subject, query, { timeZone: env.timeZone, now })
  const range = { from: new Date(history.from), to: new Date(history.to), most: MAX_CHANGES }
  const id = 'routeId' in subject ? subject.routeId : subject.providerId
  const changes = await changesOf(db, type, id, range)
  return {
    ...history,
    changes: changes.map(({ revision, at, actorName, change }) => ({
      revision,
      at: at.toISOString(),
      actorName,
      op: change.op,
      members: change.op === 'update' ? changedMembers(change) : [],
    })),
  }
}
