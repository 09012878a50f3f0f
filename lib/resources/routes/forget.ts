import type { ChangedEntity } from '../../api/operation.ts'
import type { Transaction } from '../../server/db.ts'
import { keyEntityOf } from '../keys/snapshot.ts'
import { nextVersion } from '../rows.ts'

/**
 * Takes a route out of the lists of keys; a list that runs empty still limits.
 * @returns the keys to publish.
 */
export async function forgetRoute(db: Transaction, routeId: string): Promise<ChangedEntity[]> {
  const changes: ChangedEntity[] = []
  for (const key of await db.apiKey.findMany({ where: { allowedRoutes: { has: routeId } } })) {
    const row = await db.apiKey.update({
      where: { id: key.id },
      data: { allowedRoutes: key.allowedRoutes.filter((id) => id !== routeId), version: nextVersion },
    })
    if (!row.revokedAt) changes.push({ type: 'key', id: row.id, name: row.name, entity: keyEntityOf(row) })
  }
  return changes
}
