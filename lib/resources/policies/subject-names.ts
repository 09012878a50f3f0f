/** What those are called whom a policy counts. */
import 'server-only'
import { db, pool } from '../../server/db.ts'
import { readNames } from '../../usage/names.ts'
import type { Counted } from './subject-teams.ts'

const DIMENSIONS = ['team', 'consumer', 'key', 'provider'] as const

/** `type subject` → its name as it is now; nothing for what is gone, and for what is its own name. */
export async function readSubjectNames(counted: readonly Counted[]): Promise<ReadonlyMap<string, string>> {
  const names = await readNames(
    pool,
    counted.flatMap(({ type, subject }) => {
      const dimension = DIMENSIONS.find((one) => one === type)
      return dimension ? [{ dimension, id: subject }] : []
    }),
  )
  // Reports know routes by their names, policies by their ids.
  const routes = counted.filter(({ type }) => type === 'route').map(({ subject }) => subject)
  if (routes.length === 0) return names
  const rows = await db.route.findMany({ where: { id: { in: routes } }, select: { id: true, name: true } })
  return new Map([...names, ...rows.map(({ id, name }) => [`route ${id}`, name] as const)])
}
