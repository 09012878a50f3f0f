import 'server-only'
import type pg from 'pg'
import type { UsageDimension } from '../resources/usage/schema.ts'

/** What has a name of its own elsewhere; a route, a model and a kind are their own names. */
const TABLES: Partial<Record<UsageDimension, string>> = {
  team: 'teams',
  consumer: 'consumers',
  key: 'api_keys',
  provider: 'providers',
}

/** Names by `<dimension> <id>`, as they are now; nothing for what has been deleted since. */
export async function readNames(
  pool: pg.Pool,
  wanted: readonly { dimension: UsageDimension; id: string | null }[],
): Promise<Map<string, string>> {
  const names = new Map<string, string>()
  const ids = new Map<UsageDimension, Set<string>>()
  for (const { dimension, id } of wanted) {
    if (id === null) continue
    if (!TABLES[dimension]) names.set(`${dimension} ${id}`, id)
    else ids.set(dimension, (ids.get(dimension) ?? new Set()).add(id))
  }
  for (const [dimension, set] of ids) {
    const { rows } = await pool.query<{ id: string; name: string }>(
      `SELECT id, name FROM ${TABLES[dimension]} WHERE id = ANY($1)`,
      [[...set]],
    )
    for (const row of rows) names.set(`${dimension} ${row.id}`, row.name)
  }
  return names
}
