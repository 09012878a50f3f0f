import { z } from 'zod'
import { ADMINS, ALL_ROLES } from '../../api/actor.ts'
import { type Context, operation } from '../../api/operation.ts'
import { containsText, listOf, listPage, listQuery, pageQuery } from '../../api/pagination.ts'
import { invalidField, problem } from '../../api/problem.ts'
import { formatUsd, parseUsd } from '../../contract/money.ts'
import { budgetPeriod, scopeType } from '../../contract/policy.ts'
import type { Prisma } from '../../server/db.ts'
import { pool } from '../../server/db.ts'
import { newId } from '../../server/ids.ts'
import { scopeColumns, scopeOf, visiblePolicies } from '../policies/scope.ts'
import { readSubjectNames } from '../policies/subject-names.ts'
import { isForTeams, readSubjectTeams } from '../policies/subject-teams.ts'
import { policyWarnings } from '../policies/warnings.ts'
import { baseOf, given, idParams, lockRow, nextVersion } from '../rows.ts'
import { raiseOf } from './alerts.ts'
import {
  type Budget,
  type BudgetSubject,
  budget,
  budgetInput,
  budgetOverride,
  budgetPatch,
  budgetSubject,
} from './schema.ts'
import { budgetEntityOf } from './snapshot.ts'
import { currentFrom, heldNow, type Standing, standings, standingToWire } from './standing.ts'

const tag = 'Budgets'
export const budgetReads = { scope: 'budgets:read', roles: ALL_ROLES, teamRoles: ALL_ROLES }
const writes = { scope: 'budgets:write', roles: [...ADMINS, 'finance'] } as const
type Row = Prisma.BudgetGetPayload<object>

export const budgetOperations = [
  operation({
    id: 'budgets.list',
    method: 'GET',
    path: '/budgets',
    summary: 'List budgets',
    description: 'Each with what is spent, held and left in its present period.',
    tag,
    permission: budgetReads,
    etag: 'content',
    query: listQuery(['createdAt', 'name', 'updatedAt'], {
      scopeType: scopeType.optional(),
      scopeId: z.string().optional(),
      period: budgetPeriod.optional(),
      enforcement: z.enum(['hard', 'soft']).optional(),
    }),
    response: listOf(budget),
    async run(context, { query }) {
      const { scopeType: type, scopeId, period, enforcement } = query
      const page = await listPage(
        'budgets',
        query,
        ({ where, ...order }) =>
          context.db.budget.findMany({
            where: {
              AND: [
                where,
                visiblePolicies(context),
                given({ scopeType: type, scopeId, period, enforcement }),
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
    id: 'budgets.create',
    method: 'POST',
    path: '/budgets',
    summary: 'Create a budget',
    description:
      'It starts from what its scope has spent in this period. A hard one is never exceeded by calls whose cost can be bounded.',
    tag,
    permission: writes,
    body: budgetInput,
    response: budget,
    async run(context, { body }) {
      const { scope, amountUsd, ...rest } = body
      const row = await context.db.budget.create({
        data: {
          id: newId('budget'),
          ...rest,
          alertAt: rising(rest.alertAt),
          ...(await scopeColumns(context, scope)),
          amountPico: picoOf(amountUsd),
        },
      })
      return changed(context, 'budget.create', null, row)
    },
  }),
  operation({
    id: 'budgets.get',
    method: 'GET',
    path: '/budgets/{id}',
    summary: 'Read a budget',
    tag,
    permission: budgetReads,
    params: idParams,
    response: budget,
    run: async (context, { params }) => renderWhole(context, await findBudget(context, params.id)),
  }),
  operation({
    id: 'budgets.subjects',
    method: 'GET',
    path: '/budgets/{id}/subjects',
    summary: 'List whom a budget counts',
    description:
      'With `each`, every one that has spent or holds something in this period, the nearest to its end first.',
    tag,
    permission: budgetReads,
    etag: 'content',
    params: idParams,
    query: pageQuery.pick({ limit: true }),
    response: z.object({ data: z.array(budgetSubject), total: z.int() }),
    async run(context, { params, query }) {
      const row = await findBudget(context, params.id)
      const [all = []] = await seenStandings(context, [row])
      return { data: await named(row, all.slice(0, query.limit).map(standingToWire)), total: all.length }
    },
  }),
  operation({
    id: 'budgets.update',
    method: 'PATCH',
    path: '/budgets/{id}',
    summary: 'Change a budget',
    description: 'What was spent stays spent. Another scope or period counts what that has spent already.',
    tag,
    permission: writes,
    params: idParams,
    body: budgetPatch,
    response: budget,
    async run(context, { params, body }) {
      await lockRow(context.db, 'budgets', params.id)
      const old = await findBudget(context, params.id)
      context.match({ ...baseOf(old), ...audited(old) })
      const { scope, amountUsd, alertAt, ...rest } = body
      const row = await context.db.budget.update({
        where: { id: params.id },
        data: {
          ...given(rest),
          ...(alertAt ? { alertAt: rising(alertAt) } : {}),
          ...(scope ? await scopeColumns(context, scope) : {}),
          ...(amountUsd === undefined ? {} : { amountPico: picoOf(amountUsd) }),
          version: nextVersion,
        },
      })
      return changed(context, 'budget.update', old, row)
    },
  }),
  operation({
    id: 'budgets.override',
    method: 'POST',
    path: '/budgets/{id}/override',
    summary: 'Override a budget for a time',
    description: 'Another amount applies until then, with the reason in the audit log.',
    tag,
    permission: writes,
    params: idParams,
    body: budgetOverride,
    response: budget,
    async run(context, { params, body }) {
      const until = new Date(body.until)
      if (until <= context.now) throw invalidField('until', 'is in the past')
      await lockRow(context.db, 'budgets', params.id)
      const old = await findBudget(context, params.id)
      context.match({ ...baseOf(old), ...audited(old) })
      const row = await context.db.budget.update({
        where: { id: params.id },
        data: {
          overridePico: picoOf(body.amountUsd),
          overrideUntil: until,
          overrideReason: body.reason,
          version: nextVersion,
        },
      })
      return changed(context, 'budget.override', old, row)
    },
  }),
  operation({
    id: 'budgets.endOverride',
    method: 'DELETE',
    path: '/budgets/{id}/override',
    summary: 'End an override',
    tag,
    permission: writes,
    params: idParams,
    response: budget,
    async run(context, { params }) {
      await lockRow(context.db, 'budgets', params.id)
      const old = await findBudget(context, params.id)
      context.match({ ...baseOf(old), ...audited(old) })
      const row = await context.db.budget.update({
        where: { id: params.id },
        data: { overridePico: null, overrideUntil: null, overrideReason: null, version: nextVersion },
      })
      return changed(context, 'budget.end-override', old, row)
    },
  }),
  operation({
    id: 'budgets.delete',
    method: 'DELETE',
    path: '/budgets/{id}',
    summary: 'Delete a budget',
    tag,
    permission: writes,
    params: idParams,
    async run(context, { params }) {
      await lockRow(context.db, 'budgets', params.id)
      const old = await findBudget(context, params.id)
      context.match({ ...baseOf(old), ...audited(old) })
      await context.db.budget.delete({ where: { id: params.id } })
      const { id, name, teamId } = old
      context.publish({ type: 'budget', id, name, entity: null })
      context.audit({
        action: 'budget.delete',
        targetType: 'budget',
        targetId: id,
        targetName: name,
        teamId,
        before: audited(old),
      })
    },
  }),
]

/** @throws Problem 404 */
async function findBudget(context: Context, id: string): Promise<Row> {
  const row = await context.db.budget.findFirst({ where: { AND: [{ id }, visiblePolicies(context)] } })
  if (!row) throw problem('not_found', 'There is no such budget.')
  return row
}

async function named(
  { scopeType: type }: Row,
  subjects: Omit<BudgetSubject, 'name'>[],
): Promise<BudgetSubject[]> {
  const names = await readSubjectNames(subjects.map(({ subject }) => ({ type, subject })))
  return subjects.map((one) => ({ ...one, name: names.get(`${type} ${one.subject}`) ?? null }))
}

const rising = (shares: readonly number[]): number[] => [...shares].sort((a, b) => a - b)

/** @throws Problem 400 */
function picoOf(text: string): string {
  try {
    return parseUsd(text).toString()
  } catch {
    throw invalidField('amountUsd', 'is finer than a pico-dollar')
  }
}

async function changed(context: Context, action: string, before: Row | null, row: Row): Promise<Budget> {
  const { id, name, teamId } = row
  context.audit({
    action,
    targetType: 'budget',
    targetId: id,
    targetName: name,
    teamId,
    before: before && audited(before),
    after: audited(row),
  })
  context.publish({ type: 'budget', id, name, entity: budgetEntityOf(row) })
  // What is spent already may be a share of the amount that it has now.
  context.afterCommit(() => raiseOf(pool, [id], context.now))
  return renderWhole(context, row)
}

function audited(row: Row) {
  const { period, enforcement, onExhausted, onUnbounded, reservation } = budget.shape
  const { overridePico, overrideUntil, overrideReason } = row
  return {
    name: row.name,
    scope: scopeOf(row),
    amountUsd: formatUsd(BigInt(row.amountPico.toFixed())),
    period: period.parse(row.period),
    enforcement: enforcement.parse(row.enforcement),
    alertAt: row.alertAt,
    onExhausted: onExhausted.parse(row.onExhausted),
    onUnbounded: onUnbounded.parse(row.onUnbounded),
    reservation: reservation.parse(row.reservation),
    holdWaitMs: row.holdWaitMs,
    enabled: row.enabled,
    override:
      overridePico && overrideUntil
        ? {
            amountUsd: formatUsd(BigInt(overridePico.toFixed())),
            until: overrideUntil.toISOString(),
            reason: overrideReason ?? '',
          }
        : null,
  }
}

async function render(context: Context, rows: readonly Row[]): Promise<Budget[]> {
  const seen = await seenStandings(context, rows)
  return rows.map((row, index) => ({
    ...baseOf(row),
    ...audited(row),
    current: currentFrom(budgetEntityOf(row), seen[index] ?? [], context.now),
  }))
}

/** In the order of the budgets. Who of another team has spent most is nobody's business here. */
async function seenStandings(context: Context, rows: readonly Row[]): Promise<Standing[][]> {
  const all = await standings(rows.map(budgetEntityOf), await heldNow(context.db, context.now), context.now)
  const visible = context.visibleTeams()
  if (visible === null) return all
  const teams = await readSubjectTeams(
    pool,
    rows.flatMap(({ scopeType: type, scopeEach }, index) =>
      scopeEach ? (all[index] ?? []).map(({ subject }) => ({ type, subject })) : [],
    ),
  )
  return rows.map(({ scopeType, scopeEach, teamId }, index) =>
    (all[index] ?? []).filter(({ subject }) =>
      isForTeams(visible, teamId ?? teams.get(`${scopeType} ${subject}`) ?? null, scopeEach),
    ),
  )
}

async function renderWhole(context: Context, row: Row): Promise<Budget> {
  const [rendered] = (await render(context, [row])) as [Budget]
  const { enforcement, onUnbounded } = rendered
  const warnings = await policyWarnings(context, {
    scope: rendered.scope,
    enabled: row.enabled,
    needsPrices: enforcement === 'hard' && onUnbounded === 'reject',
  })
  return { ...rendered, warnings }
}
