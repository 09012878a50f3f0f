/** Looks for what would keep a policy from doing what its owner means. */
import type { Context } from '../../api/operation.ts'
import { findPricing } from '../../contract/catalogue/catalogue.ts'
import { providerKind } from '../../contract/entities.ts'
import type { PolicyScope } from '../../contract/policy.ts'
import type { PolicyWarning } from './schema.ts'

export async function policyWarnings(
  context: Context,
  policy: { readonly scope: PolicyScope; readonly enabled: boolean; readonly needsPrices: boolean },
): Promise<PolicyWarning[]> {
  const { scope, enabled } = policy
  const warnings: PolicyWarning[] = []
  if (!enabled) warnings.push({ code: 'disabled', message: 'It is switched off: nothing is counted by it.' })
  const unreachable = await unreachableScope(context, scope)
  if (unreachable) warnings.push(unreachable)
  else if (policy.needsPrices) warnings.push(...(await priceWarnings(context, scope)))
  return warnings
}

async function unreachableScope(
  { db, now }: Context,
  { type, id }: PolicyScope,
): Promise<PolicyWarning | null> {
  if (id === null) return null
  const gone = (what: string): PolicyWarning => ({
    code: 'scope_gone',
    message: `${what} no longer exists: it counts nothing.`,
  })
  const unreachable = (message: string): PolicyWarning => ({ code: 'scope_unreachable', message })
  const works = { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] }
  switch (type) {
    case 'team': {
      if (!(await db.team.findUnique({ where: { id } }))) return gone('The team')
      const keys = await db.apiKey.count({ where: { consumer: { teamId: id, enabled: true }, ...works } })
      return keys > 0 ? null : unreachable('The team has no key that works: no call can reach it.')
    }
    case 'consumer': {
      const consumer = await db.consumer.findUnique({ where: { id } })
      if (!consumer) return gone('The consumer')
      if (!consumer.enabled) return unreachable('The consumer is switched off: no call can reach it.')
      const keys = await db.apiKey.count({ where: { consumerId: id, ...works } })
      return keys > 0 ? null : unreachable('The consumer has no key that works: no call can reach it.')
    }
    case 'key': {
      if (!(await db.apiKey.findUnique({ where: { id } }))) return gone('The key')
      const working = await db.apiKey.count({ where: { id, consumer: { enabled: true }, ...works } })
      return working > 0 ? null : unreachable('The key does not work any more: no call can reach it.')
    }
    case 'route': {
      const route = await db.route.findUnique({ where: { id } })
      if (!route) return gone('The route')
      return route.enabled ? null : unreachable('The route is switched off: no call can reach it.')
    }
    case 'provider': {
      if (!(await db.provider.findUnique({ where: { id } }))) return gone('The provider')
      const targets = await db.routeTarget.count({ where: { providerId: id, route: { enabled: true } } })
      return targets > 0 ? null : unreachable('No route that is switched on uses the provider.')
    }
    case 'model': {
      const targets = await db.routeTarget.count({ where: { model: id, route: { enabled: true } } })
      return targets > 0
        ? null
        : {
            code: 'model_not_routed',
            message: `No route that is switched on has the model ${id} as a target.`,
          }
    }
    default:
      return null
  }
}

/** Models named at most in a warning. */
const NAMED = 5

/** Under a hard budget calls to a model without a price are refused, and the sandbox's money is none. */
async function priceWarnings({ db, now }: Context, scope: PolicyScope): Promise<PolicyWarning[]> {
  const targets = await db.routeTarget.findMany({
    where: {
      route: { enabled: true, ...(scope.type === 'route' && scope.id !== null ? { id: scope.id } : {}) },
      ...(scope.type === 'provider' && scope.id !== null ? { providerId: scope.id } : {}),
      ...(scope.type === 'model' && scope.id !== null ? { model: scope.id } : {}),
    },
    include: { provider: { select: { kind: true, baseUrl: true, id: true } } },
    take: 1_000,
  })
  if (targets.length === 0) return []
  const real = targets.filter(({ provider }) => provider.kind !== 'sandbox')
  if (real.length === 0)
    return [{ code: 'only_simulated', message: 'All that it covers is the sandbox, whose cost is no money.' }]
  const own = await db.price.findMany({
    where: { effectiveFrom: { lte: now } },
    select: { providerId: true, providerKind: true, model: true },
  })
  const priced = new Set(own.map((price) => `${price.providerId ?? price.providerKind ?? ''} ${price.model}`))
  const unpriced = new Set(
    real.flatMap(({ provider, model }) => {
      const known =
        [provider.id, provider.kind, ''].some((of) => priced.has(`${of} ${model}`)) ||
        findPricing(providerKind.parse(provider.kind), provider.baseUrl, model, now.getTime()) !== null
      return known ? [] : [model]
    }),
  )
  if (unpriced.size === 0) return []
  const names = [...unpriced].sort()
  const rest = names.length > NAMED ? ` and ${names.length - NAMED} more` : ''
  return [
    {
      code: 'models_unpriced',
      message: `No price is known for ${names.slice(0, NAMED).join(', ')}${rest}: calls to them are refused. Enter prices, or let the budget allow what has no bound.`,
    },
  ]
}
