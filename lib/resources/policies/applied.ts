/**
 * Which limits and budgets the calls of a key or a consumer count under, by the matching that the gateway uses, and how
 * near each of them is to its end.
 */
import 'server-only'
import type { Context } from '../../api/operation.ts'
import {
  isOfTarget,
  limitMetric,
  type PolicyScope,
  type ScopeSubjects,
  subjectsOf,
} from '../../contract/policy.ts'
import type { Prisma } from '../../server/db.ts'
import { budgetEntityOf } from '../budgets/snapshot.ts'
import { currentFrom, standingsOfSubjects } from '../budgets/standing.ts'
import { limitQuantity } from '../limits/snapshot.ts'
import type { AppliedPolicies, AppliedPolicy } from './applied-schema.ts'
import { reasonOf } from './applied-words.ts'
import { gatewayStandings } from './gateway-standings.ts'
import { scopeOf, visiblePolicies } from './scope.ts'

export interface Caller {
  readonly who: 'this key' | 'this consumer'
  readonly teamId: string
  readonly teamName: string
  readonly consumerId: string
  readonly consumerName: string
  /** One key, or all of a consumer. */
  readonly keys: readonly { readonly id: string; readonly name: string }[]
  /** Route ids; null: every route. */
  readonly allowedRoutes: readonly string[] | null
}

/** So many are listed at most: with `each` over models there may be very many. */
const LISTED = 200

type LimitRow = Prisma.LimitGetPayload<object>
type BudgetRow = Prisma.BudgetGetPayload<object>
type PolicyRow = (LimitRow & { kind: 'limit' }) | (BudgetRow & { kind: 'budget' })
type RouteRow = Prisma.RouteGetPayload<{ include: { targets: { include: { provider: true } } } }>

interface Met {
  readonly row: PolicyRow
  readonly scope: PolicyScope
  /** Null: what the call says decides. */
  readonly subject: string | null
  readonly subjectName: string
  readonly routes: Map<string, string> | null
}

export async function appliedTo(context: Context, caller: Caller): Promise<AppliedPolicies> {
  const routes = await context.db.route.findMany({
    where: { enabled: true, ...(caller.allowedRoutes ? { id: { in: [...caller.allowedRoutes] } } : {}) },
    include: { targets: { include: { provider: true } } },
    orderBy: { name: 'asc' },
  })
  const met = (await candidates(context, caller, routes)).flatMap((row) => meetings(row, caller, routes))
  const rendered = await render(context, caller, met)
  rendered.sort(
    (a, b) => (b.share ?? -1) - (a.share ?? -1) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  )
  return { data: rendered.slice(0, LISTED), total: rendered.length }
}

/** Those that can be meant: by the ids that such a call can have. */
async function candidates(
  context: Context,
  caller: Caller,
  routes: readonly RouteRow[],
): Promise<PolicyRow[]> {
  const targets = routes.flatMap((route) => route.targets)
  const ids = [
    caller.teamId,
    caller.consumerId,
    ...caller.keys.map((key) => key.id),
    ...routes.map((route) => route.id),
    ...new Set(targets.flatMap(({ providerId, model }) => [providerId, model])),
  ]
  const where = {
    AND: [
      { enabled: true },
      visiblePolicies(context),
      {
        OR: [
          { scopeEach: true },
          { scopeType: { in: ['organization', 'user', 'tag'] } },
          { scopeId: { in: ids } },
        ],
      },
    ],
  }
  const limits = await context.db.limit.findMany({ where })
  const budgets = await context.db.budget.findMany({ where })
  return [
    ...limits.map((row) => ({ ...row, kind: 'limit' as const })),
    ...budgets.map((row) => ({ ...row, kind: 'budget' as const })),
  ]
}

/** One for each subject that such calls count under. */
function meetings(row: PolicyRow, caller: Caller, routes: readonly RouteRow[]): Met[] {
  const scope = scopeOf(row)
  const found = new Map<string, Met>()
  const ask = (of: ScopeSubjects, subjectName: string, route: RouteRow | null) => {
    for (const subject of subjectsOf(scope, of)) {
      const one = found.get(subject) ?? { row, scope, subject, subjectName, routes: route && new Map() }
      if (route) one.routes?.set(route.id, route.name)
      found.set(subject, one)
    }
  }
  if (scope.type === 'user' || scope.type === 'tag')
    return [{ row, scope, subject: scope.each ? null : scope.id, subjectName: '', routes: null }]
  const call: ScopeSubjects = {
    teamId: caller.teamId,
    consumerId: caller.consumerId,
    keyId: null,
    endUser: null,
    routeId: null,
    tags: {},
    providerId: null,
    model: null,
  }
  if (scope.type === 'route') {
    for (const route of routes) ask({ ...call, routeId: route.id }, route.name, route)
  } else if (isOfTarget(scope)) {
    for (const route of routes) {
      for (const { providerId, provider, model } of route.targets)
        ask({ ...call, providerId, model }, scope.type === 'model' ? model : provider.name, route)
    }
  } else if (scope.type === 'key') {
    for (const key of caller.keys) ask({ ...call, keyId: key.id }, key.name, null)
  } else ask(call, '', null)
  return [...found.values()]
}

async function render(context: Context, caller: Caller, met: readonly Met[]): Promise<AppliedPolicy[]> {
  const { held, used } = await gatewayStandings(context.db, context.now)
  const ofBudgets = met.flatMap(({ row, subject }) =>
    row.kind === 'budget' && subject !== null ? [{ budget: budgetEntityOf(row), subject }] : [],
  )
  const standings = new Map(
    (await standingsOfSubjects(ofBudgets, held, context.now)).map((standing, index) => [
      `${ofBudgets[index]?.budget.id} ${standing.subject}`,
      standing,
    ]),
  )
  return met.map(({ row, scope, subject, subjectName, routes }): AppliedPolicy => {
    const keyName = caller.who === 'this key' ? null : subjectName
    const base = {
      id: row.id,
      name: row.name,
      scope,
      subject,
      reason: reasonOf(scope, { ...caller, keyName }, subjectName),
      routes: routes && [...routes].map(([id, name]) => ({ id, name })),
    }
    if (row.kind === 'limit') {
      const metric = limitMetric.parse(row.metric)
      const [limit, now] = [BigInt(row.amount.toFixed()), used.get(`${row.id}|${subject}`) ?? 0n]
      return {
        ...base,
        kind: 'limit',
        share: subject === null ? null : shareOf(now, limit),
        limit: {
          metric,
          limit: limitQuantity(metric, limit),
          windowSeconds: row.windowSeconds,
          used: limitQuantity(metric, now),
        },
        budget: null,
      }
    }
    const entity = budgetEntityOf(row)
    const standing = standings.get(`${row.id} ${subject}`)
    const {
      subject: _,
      subjects: __,
      ...current
    } = currentFrom(entity, standing ? [standing] : [], context.now)
    const { period, enforcement } = entity
    return {
      ...base,
      kind: 'budget',
      share: standing
        ? shareOf(standing.spent + standing.held, standing.left + standing.spent + standing.held)
        : null,
      limit: null,
      budget: { period, enforcement, ...current },
    }
  })
}

/** To be compared and drawn: a ten-thousandth is finer than any screen. What has no room at all is used up. */
function shareOf(used: bigint, whole: bigint): number {
  return whole <= 0n ? 1 : Number((used * 10_000n) / whole) / 10_000
}
