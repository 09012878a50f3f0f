import { z } from 'zod'
import { ADMINS, ALL_ROLES } from '../../api/actor.ts'
import { type Context, operation } from '../../api/operation.ts'
import { containsText, listOf, listPage, listQuery } from '../../api/pagination.ts'
import { type FieldError, invalidField, problem } from '../../api/problem.ts'
import {
  type RoutePolicy,
  type RouteTarget,
  routeKind,
  routePolicy,
  strategy,
} from '../../contract/entities.ts'
import type { Prisma } from '../../server/db.ts'
import { newId } from '../../server/ids.ts'
import { baseOf, given, idParams, lockRow, nextVersion } from '../rows.ts'
import { checkChoice } from './choice.ts'
import { forgetRoute } from './forget.ts'
import { routeHealthOperation } from './health-operations.ts'
import { routeHistoryOperation } from './history-operations.ts'
import { type Route, type RouteWarning, route, routeInput, routePatch } from './schema.ts'
import { simulateRoute } from './simulation.ts'
import { routeEntityOf } from './snapshot.ts'

const tag = 'Routes'
const reads = { scope: 'routes:read', roles: ALL_ROLES, teamRoles: ALL_ROLES }
const writes = { scope: 'routes:write', roles: ADMINS }
const withTargets = {
  targets: { orderBy: { position: 'asc' }, include: { provider: { select: { name: true } } } },
} as const satisfies Prisma.RouteInclude
type Row = Prisma.RouteGetPayload<{ include: typeof withTargets }>

export const routeOperations = [
  operation({
    id: 'routes.list',
    method: 'GET',
    path: '/routes',
    summary: 'List routes',
    tag,
    permission: reads,
    query: listQuery(['createdAt', 'name', 'updatedAt'], { providerId: z.string().optional() }),
    response: listOf(route),
    run: (context, { query }) =>
      listPage(
        'routes',
        query,
        ({ where, ...order }) =>
          context.db.route.findMany({
            where: {
              AND: [
                where,
                query.providerId ? { targets: { some: { providerId: query.providerId } } } : {},
                query.q ? { name: containsText(query.q) } : {},
              ],
            },
            include: withTargets,
            ...order,
          }),
        renderRoute,
      ),
  }),
  operation({
    id: 'routes.create',
    method: 'POST',
    path: '/routes',
    summary: 'Create a route',
    tag,
    permission: writes,
    body: routeInput,
    response: route,
    async run(context, { body }) {
      const { name, kind, strategy, enabled, targets, ...rest } = body
      const policy = routePolicy.parse(rest)
      await checkTargets(context, strategy, targets)
      await checkChoice(context, strategy, targets, policy)
      const row = await context.db.route.create({
        data: {
          id: newId('route'),
          name,
          kind,
          strategy,
          enabled,
          policy,
          targets: { create: inOrder(targets) },
        },
        include: withTargets,
      })
      return changed(context, 'route.create', null, row)
    },
  }),
  operation({
    id: 'routes.get',
    method: 'GET',
    path: '/routes/{id}',
    summary: 'Read a route',
    tag,
    permission: reads,
    params: idParams,
    response: route,
    run: async (context, { params }) => withWarnings(renderRoute(await findRoute(context, params.id))),
  }),
  operation({
    id: 'routes.update',
    method: 'PATCH',
    path: '/routes/{id}',
    summary: 'Change a route',
    description: 'Policies are merged field by field; `targets` is replaced whole.',
    tag,
    permission: writes,
    params: idParams,
    body: routePatch,
    response: route,
    async run(context, { params, body }) {
      await lockRow(context.db, 'routes', params.id)
      const old = await findRoute(context, params.id)
      context.match(renderRoute(old))
      const { name, kind, strategy, enabled, targets, ...rest } = body
      const policy = mergePolicy(routePolicy.parse(old.policy), rest)
      await checkTargets(context, strategy ?? old.strategy, targets ?? old.targets)
      await checkChoice(context, strategy ?? old.strategy, targets ?? old.targets, policy)
      if (targets) await context.db.routeTarget.deleteMany({ where: { routeId: params.id } })
      const row = await context.db.route.update({
        where: { id: params.id },
        data: {
          ...given({ name, kind, strategy, enabled }),
          policy,
          ...(targets ? { targets: { create: inOrder(targets) } } : {}),
          version: nextVersion,
        },
        include: withTargets,
      })
      return changed(context, 'route.update', old, row)
    },
  }),
  operation({
    id: 'routes.delete',
    method: 'DELETE',
    path: '/routes/{id}',
    summary: 'Delete a route',
    description: 'Keys that were limited to it lose it from their list, and gain nothing.',
    tag,
    permission: writes,
    params: idParams,
    async run(context, { params }) {
      await lockRow(context.db, 'routes', params.id)
      const old = await findRoute(context, params.id)
      context.match(renderRoute(old))
      for (const key of await forgetRoute(context.db, params.id)) context.publish(key)
      await context.db.route.delete({ where: { id: params.id } })
      context.publish({ type: 'route', id: old.id, name: old.name, entity: null })
      context.audit({
        action: 'route.delete',
        targetType: 'route',
        targetId: old.id,
        targetName: old.name,
        before: renderRoute(old),
      })
    },
  }),
  simulateRoute,
  routeHealthOperation,
  routeHistoryOperation,
]

/** @throws Problem 404 */
async function findRoute(context: Context, id: string): Promise<Row> {
  const row = await context.db.route.findUnique({ where: { id }, include: withTargets })
  if (!row) throw problem('not_found', 'There is no such route.')
  return row
}

const inOrder = (targets: readonly RouteTarget[]) =>
  targets.map((target, position) => ({ position, ...target }))

/** @throws Problem 400 at `targets[i].providerId` for each that names no provider. */
async function checkTargets(
  context: Context,
  strategy: string,
  targets: readonly RouteTarget[],
): Promise<void> {
  const ids = targets.map((target) => target.providerId)
  const providers = await context.db.provider.findMany({ where: { id: { in: ids } }, select: { id: true } })
  const known = new Set(providers.map((provider) => provider.id))
  const errors = targets.flatMap((target, at): FieldError[] =>
    known.has(target.providerId)
      ? []
      : [{ path: `targets[${at}].providerId`, message: 'there is no such provider' }],
  )
  if (errors.length > 0)
    throw problem('invalid_request', 'A target names a provider that does not exist.', errors)
  if (strategy === 'weighted' && targets.every((target) => target.weight === 0)) {
    throw invalidField('targets', 'one of them needs a weight above 0')
  }
}

function mergePolicy(old: RoutePolicy, patch: Record<string, unknown>): RoutePolicy {
  const merged: Record<string, unknown> = { ...old }
  for (const [field, value] of Object.entries(patch)) {
    if (value === undefined) continue
    const before = merged[field]
    merged[field] = isObject(before) && isObject(value) ? { ...before, ...value } : value
  }
  return routePolicy.parse(merged)
}

/** A list is replaced whole. */
function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function changed(context: Context, action: string, before: Row | null, row: Row): Route {
  const after = renderRoute(row)
  context.audit({
    action,
    targetType: 'route',
    targetId: row.id,
    targetName: row.name,
    before: before && renderRoute(before),
    after,
  })
  context.publish({ type: 'route', id: row.id, name: row.name, entity: routeEntityOf(row) })
  return withWarnings(after)
}

function withWarnings(route: Route): Route {
  const warnings: RouteWarning[] = []
  if (route.onLoss !== 'allow') {
    warnings.push({
      code: 'on_loss_without_effect',
      message: `onLoss "${route.onLoss}" has no effect yet: it is for counters that several gateways share, and here each gateway keeps its own.`,
    })
  }
  return { ...route, warnings }
}

function renderRoute(row: Row): Route {
  return {
    ...baseOf(row),
    name: row.name,
    kind: routeKind.parse(row.kind),
    strategy: strategy.parse(row.strategy),
    enabled: row.enabled,
    targets: row.targets.map(({ providerId, model, weight, priority, group, provider }) => ({
      providerId,
      providerName: provider.name,
      model,
      weight,
      priority,
      group,
    })),
    ...routePolicy.parse(row.policy),
  }
}
