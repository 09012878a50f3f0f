/** Where limits stand: what the gateways told last of those nearest to their end. */
import 'server-only'
import type { Context } from '../../api/operation.ts'
import { pool } from '../../server/db.ts'
import { gatewayStandings } from '../policies/gateway-standings.ts'
import { readSubjectNames } from '../policies/subject-names.ts'
import { isForTeams, readSubjectTeams } from '../policies/subject-teams.ts'
import type { LimitSubject } from './schema.ts'
import { limitQuantity } from './snapshot.ts'

interface Row {
  readonly id: string
  readonly metric: string
  readonly scopeType: string
  readonly scopeEach: boolean
  readonly teamId: string | null
}

/** In the order of the limits: of each whoever counts something and the actor may see, the nearest first. */
export async function limitSubjects(context: Context, rows: readonly Row[]): Promise<LimitSubject[][]> {
  const { used } = await gatewayStandings(context.db, context.now)
  const told = new Map<string, { subject: string; amount: bigint }[]>()
  for (const [key, amount] of used) {
    const at = key.indexOf('|')
    const list = told.get(key.slice(0, at)) ?? []
    list.push({ subject: key.slice(at + 1), amount })
    told.set(key.slice(0, at), list)
  }
  const counted = rows.flatMap(({ id, scopeType: type }) =>
    (told.get(id) ?? []).map(({ subject }) => ({ type, subject })),
  )
  const teams = await readSubjectTeams(pool, counted)
  const names = await readSubjectNames(counted)
  const visible = context.visibleTeams()
  return rows.map(({ id, metric, scopeType, scopeEach, teamId }) =>
    (told.get(id) ?? [])
      .filter(({ subject }) =>
        isForTeams(visible, teamId ?? teams.get(`${scopeType} ${subject}`) ?? null, scopeEach),
      )
      .sort((a, b) => (a.amount > b.amount ? -1 : a.amount < b.amount ? 1 : a.subject < b.subject ? -1 : 1))
      .map(({ subject, amount }) => ({
        subject,
        name: names.get(`${scopeType} ${subject}`) ?? null,
        used: limitQuantity(metric, amount),
      })),
  )
}
