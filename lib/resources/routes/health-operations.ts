/** `GET /routes/{id}/health`, `GET /providers/{id}/health` and `GET /provider-health`. */
import { ADMINS, ALL_ROLES } from '../../api/actor.ts'
import { operation } from '../../api/operation.ts'
import { problem } from '../../api/problem.ts'
import { idParams } from '../rows.ts'
import { checkOf, credentialsOf } from './credential-health.ts'
import { healthOf, readReports, sum } from './health.ts'
import { allHealth, providerHealth, routeHealth } from './health-schema.ts'

export const routeHealthOperation = operation({
  id: 'routes.health',
  method: 'GET',
  path: '/routes/{id}/health',
  summary: 'Read how the targets of a route do',
  description: 'From the calls of the last half minute, as the gateways told it at most three seconds ago.',
  tag: 'Routes',
  permission: { scope: 'routes:read', roles: ALL_ROLES, teamRoles: ALL_ROLES },
  params: idParams,
  response: routeHealth,
  etag: 'content',
  async run({ db }, { params }) {
    const targets = await db.routeTarget.findMany({
      where: { routeId: params.id },
      orderBy: { position: 'asc' },
      include: { provider: { select: { name: true } } },
    })
    if (targets.length === 0) throw problem('not_found', 'There is no such route.')
    const reports = await readReports()
    const shares = reports.flatMap((report) => report.shares.filter(({ routeId }) => routeId === params.id))
    const all = sum(shares.map(({ calls }) => calls))
    return {
      gateways: reports.length,
      targets: targets.map(({ providerId, model, provider }) => {
        const own = shares.filter((share) => share.providerId === providerId && share.model === model)
        return {
          ...healthOf({ providerId, model }, reports),
          providerName: provider.name,
          share: all === 0 ? null : sum(own.map(({ calls }) => calls)) / all,
        }
      }),
    }
  },
})

export const providerHealthOperation = operation({
  id: 'providers.health',
  method: 'GET',
  path: '/providers/{id}/health',
  summary: 'Read how the models and credentials of a provider do',
  description: 'From the calls of the last half minute, as the gateways told it at most three seconds ago.',
  tag: 'Providers',
  permission: { scope: 'providers:read', roles: [...ADMINS, 'finance', 'viewer'] },
  params: idParams,
  response: providerHealth,
  etag: 'content',
  async run({ db }, { params }) {
    const provider = await db.provider.findUnique({
      where: { id: params.id },
      select: {
        id: true,
        credentialsVersion: true,
        credentialsHint: true,
        targets: { select: { model: true } },
      },
    })
    if (!provider) throw problem('not_found', 'There is no such provider.')
    const reports = await readReports()
    const told = reports.flatMap(({ targets }) =>
      targets.filter(({ providerId }) => providerId === provider.id),
    )
    const models = new Set([...provider.targets, ...told].map(({ model }) => model))
    return {
      gateways: reports.length,
      targets: [...models].sort().map((model) => healthOf({ providerId: provider.id, model }, reports)),
      credentials: credentialsOf(provider, reports),
      check: checkOf(provider.id, reports),
    }
  },
})

export const allHealthOperation = operation({
  id: 'providerHealth.list',
  method: 'GET',
  path: '/provider-health',
  summary: 'Read how the models of all providers do',
  description:
    'As `GET /providers/{id}/health`, of every provider at once: the targets that gateways told of, the busiest of each, and those whose server is down.',
  tag: 'Providers',
  permission: providerHealthOperation.permission,
  response: allHealth,
  etag: 'content',
  async run({ db }) {
    const reports = await readReports()
    const checked = reports.flatMap((report) => report.checks.filter(({ isDown }) => isDown))
    const down = await db.routeTarget.findMany({
      where: { providerId: { in: checked.map(({ providerId }) => providerId) } },
      distinct: ['providerId', 'model'],
      select: { providerId: true, model: true },
    })
    const known = [...reports.flatMap(({ targets }) => targets), ...down].map(
      ({ providerId, model }) => [`${providerId} ${model}`, { providerId, model }] as const,
    )
    return {
      gateways: reports.length,
      targets: [...new Map(known).values()].map((target) => healthOf(target, reports)),
    }
  },
})
