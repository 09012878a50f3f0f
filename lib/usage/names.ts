import 'server-only'
import type pg from 'pg'
import type { UsageDimension } from '../resources/usage/schema.ts'

/** What has a name of its own elsewhere; a route, a model and a kind are their own names. */
const NAMES: Partial<Record<UsageDimension, string>> = {
  team: 'SELECT id, name FROM teams WHERE id = ANY($1)',
  consumer: 'SELECT id, name FROM consumers WHERE id = ANY($1)',
  // Every consumer has a key called production.
  key: `SELECT k.id, c.name || '/' || k.name AS name
        FROM api_keys k JOIN consumers c ON c.id = k.consumer_id WHERE k.id = ANY($1)`,
  provider: 'SELECT id, name FROM providers WHERE id = ANY($1)',
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
    if (!NAMES[dimension]) names.set(`${dimension} ${id}`, id)
    else ids.set(dimension, (ids.get(dimension) ?? new Set()).add(id))
  }
  for (const [dimension, set] of ids) {
    const { rows } = await pool.query<{ id: string; name: string }>(NAMES[dimension] ?? '', [[...set]])
    for (const row of rows) names.set(`${dimension} ${row.id}`, row.name)
  }
  return names
}
