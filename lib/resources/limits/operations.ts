import { z } from 'zod'
import { ADMINS, ALL_ROLES } from '../../api/actor.ts'
import { type Context, operation } from '../../api/operation.ts'
import { containsText, listOf, listPage, listQuery, pageQuery } from '../../api/pagination.ts'
import { invalidField, problem } from '../../api/problem.ts'
import { parseUsd } from '../../contract/money.ts'
import { type LimitMetric, limitMetric, scopeType } from '../../contract/policy.ts'
import type { Prisma } from '../../server/db.ts'
import { newId } from '../../server/ids.ts'
import { scopeColumns, scopeOf, visiblePolicies } from '../policies/scope.ts'
import { policyWarnings } from '../policies/warnings.ts'
import { baseOf, given, idParams, lockRow, nextVersion } from '../rows.ts'
import { type Limit, limit, limitInput, limitPatch, limitSubject } from './schema.ts'
import { limitEntityOf, limitQuantity } from './snapshot.ts'
import { limitSubjects } from './standing.ts'

const tag = 'Limits'
const reads = { scope: 'limits:read', roles: ALL_ROLES, teamRoles: ALL_ROLES }
const writes = { scope: 'limits:write', roles: ADMINS }
type Row = Prisma.LimitGetPayload<object>

export const limitOperations = [
  operation({
    id: 'limits.list',
    method: 'GET',
    path: '/limits',
    summary: 'List limits',
    tag,
    permission: reads,
    query: listQuery(['createdAt', 'name', 'updatedAt'], {
      scopeType: scopeType.optional(),
      scopeId: z.string().optional(),
      metric: limitMetric.optional(),
    }),
    etag: 'content',
    response: listOf(limit),
    async run(context, { query }) {
      const page = await listPage(
        'limits',
        query,
        ({ where, ...order }) =>
          context.db.limit.findMany({
            where: {
              AND: [
                where,
                visiblePolicies(context),
                given({ scopeType: query.scopeType, scopeId: query.scopeId, metric: query.metric }),
                query.q ? { name: containsText(query.q) } : {},
              ],
            },
            ...order,
          }),
        (row) => row,
      )
      return { data: await render(context, page.data), nextCursor: page.nextCursor }
    },
  }),
  operation({
    id: 'limits.create',
    method: 'POST',
    path: '/limits',
    summary: 'Create a limit',
    description:
      'A sliding window that admits its whole amount as a burst. All limits that apply must have room.',
    tag,
    permission: writes,
    body: limitInput,
    response: limit,
    async run(context, { body }) {
      const row = await context.db.limit.create({
        data: {
          id: newId('limit'),
          name: body.name,
          ...(await scopeColumns(context, body.scope)),
          metric: body.metric,
          amount: amountOf(body.metric, body.limit),
          windowSeconds: windowOf(body.metric, body.windowSeconds),
          countCachedInput: body.countCachedInput,
          enabled: body.enabled,
        },
      })
      return changed(context, 'limit.create', null, row)
    },
  }),
  operation({
    id: 'limits.get',
    method: 'GET',
    path: '/limits/{id}',
    summary: 'Read a limit',
    tag,
    permission: reads,
    params: idParams,
    response: limit,
    run: async (context, { params }) => renderLimit(context, await findLimit(context, params.id)),
  }),
  operation({
    id: 'limits.subjects',
    method: 'GET',
    path: '/limits/{id}/subjects',
    summary: 'List whom a limit counts',
    description:
      'Who of them counts something just now, the nearest to the end first. Gateways tell the 200 that are nearest over all limits; whoever is not among them is further from it.',
    tag,
    permission: reads,
    etag: 'content',
    params: idParams,
    query: pageQuery.pick({ limit: true }),
    response: z.object({ data: z.array(limitSubject), total: z.int() }),
    async run(context, { params, query }) {
      const [subjects = []] = await limitSubjects(context, [await findLimit(context, params.id)])
      return { data: subjects.slice(0, query.limit), total: subjects.length }
    },
  }),
  operation({
    id: 'limits.update',
    method: 'PATCH',
    path: '/limits/{id}',
    summary: 'Change a limit',
    description: 'What was counted within its window stays counted.',
    tag,
    permission: writes,
    params: idParams,
    body: limitPatch,
    response: limit,
    async run(context, { params, body }) {
      await lockRow(context.db, 'limits', params.id)
      const old = await findLimit(context, params.id)
      context.match(await renderLimit(context, old))
      const metric = body.metric ?? limitMetric.parse(old.metric)
      if (body.limit === undefined && isMoney(metric) !== isMoney(limitMetric.parse(old.metric)))
        throw invalidField('limit', 'another metric needs another amount')
      const row = await context.db.limit.update({
        where: { id: params.id },
        data: {
          ...given({ name: body.name, countCachedInput: body.countCachedInput, enabled: body.enabled }),
          ...(body.scope ? await scopeColumns(context, body.scope) : {}),
          metric,
          ...(body.limit === undefined ? {} : { amount: amountOf(metric, body.limit) }),
          windowSeconds: windowOf(
            metric,
            body.windowSeconds === undefined && metric !== 'concurrency'
              ? old.windowSeconds
              : body.windowSeconds,
          ),
          version: nextVersion,
        },
      })
      return changed(context, 'limit.update', old, row)
    },
  }),
  operation({
    id: 'limits.delete',
    method: 'DELETE',
    path: '/limits/{id}',
    summary: 'Delete a limit',
    tag,
    permission: writes,
    params: idParams,
    async run(context, { params }) {
      await lockRow(context.db, 'limits', params.id)
      const old = await findLimit(context, params.id)
      context.match({ ...baseOf(old), ...audited(old) })
      await context.db.limit.delete({ where: { id: params.id } })
      context.publish({ type: 'limit', id: old.id, name: old.name, entity: null })
      const { id, name, teamId } = old
      context.audit({
        action: 'limit.delete',
        targetType: 'limit',
        targetId: id,
        targetName: name,
        teamId,
        before: audited(old),
      })
    },
  }),
]

/** @throws Problem 404 */
async function findLimit(context: Context, id: string): Promise<Row> {
  const row = await context.db.limit.findFirst({ where: { AND: [{ id }, visiblePolicies(context)] } })
  if (!row) throw problem('not_found', 'There is no such limit.')
  return row
}

const isMoney = (metric: LimitMetric): boolean => metric === 'costUsd'

/** @throws Problem 400 */
function amountOf(metric: LimitMetric, value: number | string): string {
  if (isMoney(metric)) {
    if (typeof value !== 'string')
      throw invalidField('limit', 'an amount in USD is a string, such as "10.00"')
    return pico(value)
  }
  if (typeof value === 'string') throw invalidField('limit', 'is a whole number, not a string')
  return String(value)
}

function pico(text: string): string {
  try {
    const amount = parseUsd(text)
    if (amount > 0n) return amount.toString()
  } catch {
    throw invalidField('limit', 'is finer than a pico-dollar')
  }
  throw invalidField('limit', 'is more than zero')
}

/** @throws Problem 400 */
function windowOf(metric: LimitMetric, seconds: number | null | undefined): number | null {
  if (metric === 'concurrency') {
    if (typeof seconds === 'number') throw invalidField('windowSeconds', 'concurrency has no window')
    return null
  }
  if (typeof seconds !== 'number') throw invalidField('windowSeconds', 'is required for this metric')
  return seconds
}

async function changed(context: Context, action: string, before: Row | null, row: Row): Promise<Limit> {
  const after = await renderLimit(context, row)
  const { id, name, teamId } = row
  context.audit({
    action,
    targetType: 'limit',
    targetId: id,
    targetName: name,
    teamId,
    before: before && audited(before),
    after: audited(row),
  })
  context.publish({ type: 'limit', id, name, entity: limitEntityOf(row) })
  return after
}

function audited(row: Row) {
  const metric = limitMetric.parse(row.metric)
  const amount = row.amount.toFixed()
  return {
    name: row.name,
    scope: scopeOf(row),
    metric,
    limit: limitQuantity(metric, BigInt(amount)),
    windowSeconds: row.windowSeconds,
    countCachedInput: row.countCachedInput,
    enabled: row.enabled,
  }
}

async function render(context: Context, rows: readonly Row[]): Promise<Limit[]> {
  const subjects = await limitSubjects(context, rows)
  return rows.map((row, index) => ({
    ...baseOf(row),
    ...audited(row),
    current: subjects[index]?.[0] ?? null,
  }))
}

async function renderLimit(context: Context, row: Row): Promise<Limit> {
  const [rendered] = (await render(context, [row])) as [Limit]
  const { scope, enabled } = rendered
  return { ...rendered, warnings: await policyWarnings(context, { scope, enabled, needsPrices: false }) }
}
