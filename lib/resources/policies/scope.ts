/** The scope of a policy: what a caller sends, columns, and whose business it is. */
import type { Context } from '../../api/operation.ts'
import { invalidField } from '../../api/problem.ts'
import { type PolicyScope, scopeType } from '../../contract/policy.ts'
import type { ScopeInput } from './schema.ts'

export interface ScopeColumns {
  readonly scopeType: string
  readonly scopeId: string | null
  readonly scopeEach: boolean
  /** The team whose traffic alone it counts; null: others' too. */
  readonly teamId: string | null
}

/** @throws Problem 400 when what it names does not exist. */
export async function scopeColumns(context: Context, { type, id, each }: ScopeInput): Promise<ScopeColumns> {
  const scopeId = id ?? null
  const columns = { scopeType: type, scopeId, scopeEach: each ?? false }
  if (scopeId === null) return { ...columns, teamId: null }
  const found = await find(context, type, scopeId)
  if (!found) throw invalidField('scope.id', `there is no such ${type}`)
  return { ...columns, teamId: found.teamId }
}

type Found = { readonly teamId: string | null } | null
const ANYBODY: Found = { teamId: null }

/** End users, models and tags are whatever callers and routes say: there is no list of them. */
async function find({ db }: Context, type: ScopeInput['type'], id: string): Promise<Found> {
  const where = { where: { id } }
  switch (type) {
    case 'team':
      return (await db.team.findUnique(where)) && { teamId: id }
    case 'consumer':
      return db.consumer.findUnique({ ...where, select: { teamId: true } })
    case 'key': {
      const key = await db.apiKey.findUnique({ ...where, select: { consumer: { select: { teamId: true } } } })
      return key?.consumer ?? null
    }
    case 'route':
      return (await db.route.findUnique({ ...where, select: { id: true } })) && ANYBODY
    case 'provider':
      return (await db.provider.findUnique({ ...where, select: { id: true } })) && ANYBODY
    case 'organization':
    case 'user':
    case 'model':
    case 'tag':
      return ANYBODY
  }
}

export function scopeOf(row: Omit<ScopeColumns, 'teamId'>): PolicyScope {
  return { type: scopeType.parse(row.scopeType), id: row.scopeId, each: row.scopeEach }
}

/** Members of a team see what counts their traffic: all but the policies of other teams. */
export function visiblePolicies(context: Context) {
  const teams = context.visibleTeams()
  return teams === null ? {} : { OR: [{ teamId: null }, { teamId: { in: teams } }] }
}
