import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { ADMINS } from '../../api/actor.ts'
import { type Context, operation } from '../../api/operation.ts'
import { containsText, listOf, listPage, listQuery } from '../../api/pagination.ts'
import { problem } from '../../api/problem.ts'
import { type ProviderEntity, providerKind, providerLimit, providerLimitId } from '../../contract/entities.ts'
import { probe } from '../../publish/probe.ts'
import type { Prisma } from '../../server/db.ts'
import { newId } from '../../server/ids.ts'
import { gatewayStandings } from '../policies/gateway-standings.ts'
import { allHealthOperation, providerHealthOperation } from '../routes/health-operations.ts'
import { providerHistoryOperation } from '../routes/history-operations.ts'
import { baseOf, given, idParams, isoOrNull, lockRow, nextVersion } from '../rows.ts'
import { checkProvider, credentialColumns, keepStored, type SecretHint } from './credentials.ts'
import {
  keepsStored,
  movesAddress,
  type Provider,
  provider,
  providerInput,
  providerLimitUse,
  providerOptions,
  providerPatch,
  providerTest,
  providerTestInput,
} from './schema.ts'
import { openCredentials, providerEntityOf } from './snapshot.ts'

const tag = 'Providers'
const reads = { scope: 'providers:read', roles: [...ADMINS, 'finance', 'viewer'] } as const
const writes = { scope: 'providers:write', roles: ADMINS }
const withTargets = { targets: { select: { routeId: true } } } as const
type Row = Prisma.ProviderGetPayload<{ include: typeof withTargets }>

export const providerOperations = [
  operation({
    id: 'providers.list',
    method: 'GET',
    path: '/providers',
    summary: 'List providers',
    tag,
    permission: reads,
    query: listQuery(['createdAt', 'name', 'updatedAt'], { kind: providerKind.optional() }),
    response: listOf(provider),
    run: (context, { query }) =>
      listPage(
        'providers',
        query,
        ({ where, ...order }) =>
          context.db.provider.findMany({
            where: {
              AND: [
                where,
                query.kind ? { kind: query.kind } : {},
                query.q ? { OR: [{ name: containsText(query.q) }, { baseUrl: containsText(query.q) }] } : {},
              ],
            },
            include: withTargets,
            ...order,
          }),
        renderProvider,
      ),
  }),
  operation({
    id: 'providers.create',
    method: 'POST',
    path: '/providers',
    summary: 'Create a provider',
    tag,
    permission: writes,
    body: providerInput,
    response: provider,
    secrets: ['credentials'],
    async run(context, { body }) {
      const { credentials, options, ...columns } = body
      checkProvider({ ...columns, options }, Object.keys(credentials))
      const id = newId('prov')
      const row = await context.db.provider.create({
        data: { id, ...columns, options: given(options), ...credentialColumns(id, credentials, context.now) },
        include: withTargets,
      })
      return changed(context, 'provider.create', null, row)
    },
  }),
  operation({
    id: 'providers.get',
    method: 'GET',
    path: '/providers/{id}',
    summary: 'Read a provider',
    tag,
    permission: reads,
    params: idParams,
    response: provider,
    run: async (context, { params }) => renderProvider(await findProvider(context, params.id)),
  }),
  operation({
    id: 'providers.limits',
    method: 'GET',
    path: '/providers/{id}/limits',
    summary: 'Read how much of what a vendor allows is used',
    description:
      'Gateways tell the 200 limits that are nearest to their end over all; one that is not among them reads as 0.',
    tag,
    permission: reads,
    etag: 'content',
    params: idParams,
    response: z.object({ data: z.array(providerLimitUse) }),
    async run(context, { params }) {
      const { limits } = renderProvider(await findProvider(context, params.id))
      const { used } = await gatewayStandings(context.db, context.now)
      return {
        data: limits.map((limit) => ({
          ...limit,
          used: Number(used.get(`${providerLimitId(params.id, limit)}|${limit.model ?? ''}`) ?? 0n),
        })),
      }
    },
  }),
  operation({
    id: 'providers.update',
    method: 'PATCH',
    path: '/providers/{id}',
    summary: 'Change a provider',
    description:
      'A change of `baseUrl`, `kind` or `allowPrivateNetwork` needs the `credentials` in the same call.',
    tag,
    permission: writes,
    params: idParams,
    body: providerPatch,
    response: provider,
    secrets: ['credentials'],
    async run(context, { params, body }) {
      await lockRow(context.db, 'providers', params.id)
      const old = await findProvider(context, params.id)
      context.match(renderProvider(old))
      const { credentials, options, ...rest } = body
      const next = { ...old, ...given(rest) }
      if (movesAddress(old, next) && keepsStored(credentials) && old.credentialsSealed !== null) {
        throw problem(
          'credentials_required',
          'A stored secret never goes to a new address: send the credentials too.',
          [{ path: 'credentials', message: 'is required when the address, kind or private network changes' }],
        )
      }
      checkProvider(
        options ? { ...next, options } : next,
        Object.keys(credentials === undefined ? (old.credentialsHint as object) : (credentials ?? {})),
      )
      const replaced = credentials && keepStored(credentials, storedOf(old))
      const row = await context.db.provider.update({
        where: { id: params.id },
        data: {
          ...given(rest),
          ...(options ? { options: given(options) } : {}),
          ...(credentials === undefined
            ? {}
            : credentialColumns(params.id, replaced?.credentials ?? {}, context.now, replaced?.kept)),
          version: nextVersion,
        },
        include: withTargets,
      })
      return changed(context, 'provider.update', old, row)
    },
  }),
  operation({
    id: 'providers.delete',
    method: 'DELETE',
    path: '/providers/{id}',
    summary: 'Delete a provider that no route uses',
    description: 'Its own prices go with it.',
    tag,
    permission: writes,
    params: idParams,
    secrets: ['credentials'],
    async run(context, { params }) {
      await lockRow(context.db, 'providers', params.id)
      const old = await findProvider(context, params.id)
      context.match(renderProvider(old))
      const routes = await context.db.route.findMany({
        where: { targets: { some: { providerId: params.id } } },
        select: { id: true, name: true },
        orderBy: { name: 'asc' },
        take: 20,
      })
      if (routes.length > 0) {
        throw problem('in_use', `Routes still use it: ${routes.map(({ name }) => name).join(', ')}.`, [], {
          extra: { usedBy: routes.map((route) => ({ type: 'route', ...route })) },
        })
      }
      const prices = await context.db.price.findMany({
        where: { providerId: params.id },
        select: { id: true, model: true },
      })
      await context.db.provider.delete({ where: { id: params.id } })
      for (const { id, model } of prices) context.publish({ type: 'price', id, name: model, entity: null })
      context.publish({ type: 'provider', id: old.id, name: old.name, entity: null })
      audit(context, 'provider.delete', old, null)
    },
  }),
  operation({
    id: 'providers.test',
    method: 'POST',
    path: '/providers/{id}/test',
    summary: 'Test the connection of a provider',
    description: 'A gateway makes the call, on the way that production takes.',
    tag,
    permission: writes,
    mode: 'read',
    params: idParams,
    body: providerTestInput,
    response: providerTest,
    secrets: ['credentials'],
    async run(context, { params, body }) {
      const row = await findProvider(context, params.id)
      return probe({ ...providerEntityOf(row), credentials: openCredentials(row) }, body.model)
    },
  }),
  operation({
    id: 'providers.testUnsaved',
    method: 'POST',
    path: '/providers/test',
    summary: 'Test a connection before it is saved',
    tag,
    permission: writes,
    mode: 'read',
    status: 200,
    body: providerInput.extend(providerTestInput.shape),
    response: providerTest,
    secrets: ['credentials'],
    async run(_context, { body }) {
      const { model, credentials, options, ...columns } = body
      checkProvider({ ...columns, options }, Object.keys(credentials))
      const unsaved: ProviderEntity = {
        type: 'provider',
        id: newId('prov'),
        ...columns,
        options: given(options),
        credentialsVersion: randomBytes(12).toString('base64url'),
        credentials: given(credentials),
      }
      return probe(unsaved, model)
    },
  }),
  providerHealthOperation,
  providerHistoryOperation,
  allHealthOperation,
]

/** @throws Problem 404 */
async function findProvider(context: Context, id: string): Promise<Row> {
  const row = await context.db.provider.findUnique({ where: { id }, include: withTargets })
  if (!row) throw problem('not_found', 'There is no such provider.')
  return row
}

function changed(context: Context, action: string, before: Row | null, row: Row): Provider {
  audit(context, action, before, row)
  context.publish({ type: 'provider', id: row.id, name: row.name, entity: providerEntityOf(row) })
  return renderProvider(row)
}

function audit(context: Context, action: string, before: Row | null, after: Row | null): void {
  const row = after ?? before
  context.audit({
    action,
    targetType: 'provider',
    targetId: row?.id ?? null,
    targetName: row?.name ?? null,
    before: before && renderProvider(before),
    after: after && renderProvider(after),
  })
}

function renderProvider(row: Row): Provider {
  return {
    ...baseOf(row),
    name: row.name,
    kind: providerKind.parse(row.kind),
    baseUrl: row.baseUrl,
    options: providerOptions.parse(row.options),
    limits: providerLimit.array().parse(row.limits),
    allowPrivateNetwork: row.allowPrivateNetwork,
    credentials: Object.fromEntries(
      Object.entries(hintsOf(row)).map(([name, hints]) => [
        name,
        hints.map(({ last4, setAt }) => ({ last4, setAt: setAt ?? isoOrNull(row.credentialsSetAt) })),
      ]),
    ),
    credentialsSetAt: isoOrNull(row.credentialsSetAt),
    routeCount: new Set(row.targets.map((target) => target.routeId)).size,
  }
}

const hintsOf = (row: Row) => row.credentialsHint as unknown as Record<string, SecretHint[]>

function storedOf(row: Row) {
  const setAt = isoOrNull(row.credentialsSetAt)
  // Stored before each had a time of its own: the time of all is kept for it.
  const hints = (hintsOf(row).apiKey ?? []).map((hint) => ({ ...(setAt ? { setAt } : {}), ...hint }))
  return { credentials: openCredentials(row), hints }
}
