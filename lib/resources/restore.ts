/**
 * Writes published entities back into rows, for a roll-back: in the order of the contract what is restored, in the
 * reverse order what is removed. Keys are never restored: a revoked one stays revoked.
 */
import type { ChangedEntity, PublishedEntity } from '../api/operation.ts'
import { problem } from '../api/problem.ts'
import { type EntityType, type PriceEntity, priceEntity, type RouteEntity } from '../contract/entities.ts'
import type { Transaction } from '../server/db.ts'
import { consumerEntityOf } from './consumers/snapshot.ts'
import { restoreBudget, restoreLimit } from './policies/restore.ts'
import { priceEntityOf } from './prices/snapshot.ts'
import { checkProvider, credentialColumns } from './providers/credentials.ts'
import { movesAddress, providerCredentials } from './providers/schema.ts'
import { providerEntityOf } from './providers/snapshot.ts'
import { forgetRoute } from './routes/forget.ts'
import { routeEntityOf } from './routes/snapshot.ts'
import { nextVersion } from './rows.ts'
import { teamEntityOf } from './teams/snapshot.ts'

export interface RestoreOptions {
  readonly now: Date
  /** Of a provider whose address changes, or that was deleted: its stored secret is gone or must not move. */
  readonly credentials?: unknown
}

/**
 * Brings one entity back to an earlier state.
 * @returns what to publish: the row as it is now (a price has a new version, a provider its present credentials).
 * @throws Problem 400 `credentials_required` or what is wrong with the provider, 409 when a reference is gone.
 */
export async function restore(
  tx: Transaction,
  body: PublishedEntity,
  options: RestoreOptions,
): Promise<ChangedEntity> {
  switch (body.type) {
    case 'team': {
      const { id, name } = body
      const row = await tx.team.upsert({
        where: { id },
        create: { id, name },
        update: { name, version: nextVersion },
      })
      return { type: 'team', id, name, entity: teamEntityOf(row) }
    }
    case 'consumer': {
      const { type, id, ...columns } = body
      const row = await tx.consumer.upsert({
        where: { id },
        create: { id, ...columns },
        update: { ...columns, version: nextVersion },
      })
      return { type, id, name: row.name, entity: consumerEntityOf(row) }
    }
    case 'provider':
      return restoreProvider(tx, body, options)
    case 'route':
      return restoreRoute(tx, body)
    case 'price':
      return restorePrice(tx, body)
    case 'limit':
      return restoreLimit(tx, body)
    case 'budget':
      return restoreBudget(tx, body)
    case 'key':
      throw new Error('a key is never restored')
  }
}

/**
 * Removes one entity.
 * @returns what to publish: itself and what went with it.
 * @throws the database's error when something still refers to it.
 */
export async function remove(
  tx: Transaction,
  type: EntityType,
  id: string,
  name: string,
): Promise<ChangedEntity[]> {
  const gone: ChangedEntity[] = []
  switch (type) {
    case 'team':
      await tx.team.deleteMany({ where: { id } })
      break
    case 'consumer':
      for (const key of await tx.apiKey.findMany({ where: { consumerId: id, revokedAt: null } })) {
        gone.push({ type: 'key', id: key.id, name: key.name, entity: null })
      }
      await tx.consumer.deleteMany({ where: { id } })
      break
    case 'key':
      await tx.apiKey.deleteMany({ where: { id } })
      break
    case 'provider':
      for (const price of await tx.price.findMany({ where: { providerId: id } })) {
        gone.push({ type: 'price', id: price.id, name: price.model, entity: null })
      }
      await tx.provider.deleteMany({ where: { id } })
      break
    case 'route':
      gone.push(...(await forgetRoute(tx, id)))
      await tx.route.deleteMany({ where: { id } })
      break
    case 'price':
      await tx.price.deleteMany({ where: { id } })
      break
    case 'limit':
      await tx.limit.deleteMany({ where: { id } })
      break
    case 'budget':
      await tx.budget.deleteMany({ where: { id } })
      break
  }
  return [...gone, { type, id, name, entity: null }]
}

async function restoreProvider(
  tx: Transaction,
  body: Extract<PublishedEntity, { type: 'provider' }>,
  { now, credentials }: RestoreOptions,
): Promise<ChangedEntity> {
  const { id, name, kind, baseUrl, allowPrivateNetwork } = body
  // A revision older than limits on providers has none.
  const limits = [...((body.limits as typeof body.limits | undefined) ?? [])]
  const columns = { name, kind, baseUrl, allowPrivateNetwork, options: body.options as object, limits }
  const old = await tx.provider.findUnique({ where: { id } })
  const given = credentials === undefined ? undefined : parseCredentials(id, credentials)
  const needed = old ? old.credentialsSealed !== null && movesAddress(old, body) : kind === 'openai'
  if (needed && given === undefined) {
    throw problem('credentials_required', `${name} would get another address: send its credentials too.`, [
      { path: `credentials.${id}`, message: 'is required' },
    ])
  }
  checkProvider(body, Object.keys(given ?? (old?.credentialsHint as object | undefined) ?? {}))
  const sealed = given || !old ? credentialColumns(id, given ?? {}, now) : null
  const row = old
    ? await tx.provider.update({ where: { id }, data: { ...columns, ...sealed, version: nextVersion } })
    : await tx.provider.create({ data: { id, ...columns, ...credentialColumns(id, given ?? {}, now) } })
  return { type: 'provider', id, name, entity: providerEntityOf(row) }
}

function parseCredentials(id: string, credentials: unknown) {
  const parsed = providerCredentials.safeParse(credentials)
  if (parsed.success) return parsed.data
  throw problem('invalid_request', undefined, [
    { path: `credentials.${id}`, message: 'are not credentials of this kind' },
  ])
}

async function restoreRoute(tx: Transaction, body: RouteEntity): Promise<ChangedEntity> {
  const { type, id, name, kind, strategy, enabled, targets, ...policy } = body
  const missing = await missingProviders(tx, targets)
  if (missing.length > 0) {
    throw problem(
      'conflict',
      `The route ${name} needs providers that no longer exist: ${missing.join(', ')}.`,
    )
  }
  await tx.routeTarget.deleteMany({ where: { routeId: id } })
  const create = targets.map((target, position) => ({ position, ...target }))
  const columns = { name, kind, strategy, enabled, policy }
  const row = await tx.route.upsert({
    where: { id },
    create: { id, ...columns, targets: { create } },
    update: { ...columns, version: nextVersion, targets: { create } },
    include: { targets: { orderBy: { position: 'asc' } } },
  })
  return { type, id, name, entity: routeEntityOf(row) }
}

async function missingProviders(tx: Transaction, targets: RouteEntity['targets']): Promise<string[]> {
  const ids = [...new Set(targets.map((target) => target.providerId))]
  const rows = await tx.provider.findMany({ where: { id: { in: ids } }, select: { id: true } })
  const known = new Set(rows.map((row) => row.id))
  return ids.filter((id) => !known.has(id))
}

async function restorePrice(tx: Transaction, body: PriceEntity): Promise<ChangedEntity> {
  // Older revisions have fewer fields.
  const { type, id, version: _, effectiveFrom, ...rest } = priceEntity.parse(body)
  const columns = { ...rest, effectiveFrom: new Date(effectiveFrom) }
  const old = await tx.price.findUnique({ where: { id }, select: { id: true } })
  const row = old
    ? await tx.price.update({ where: { id }, data: { ...columns, version: nextVersion } })
    : await tx.price.create({ data: { id, ...columns, version: (await newestPriceVersion(tx, id)) + 1 } })
  return { type, id, name: row.model, entity: priceEntityOf(row) }
}

/** `id@version` stands in the books: a price that comes back never takes a version that was another price. */
async function newestPriceVersion(tx: Transaction, id: string): Promise<number> {
  const [newest] = await tx.$queryRaw<{ version: number | null }[]>`
    SELECT max(greatest((change->'before'->>'version')::int, (change->'after'->>'version')::int)) AS version
    FROM config_revisions, jsonb_array_elements(changes) AS change
    WHERE change->>'type' = 'price' AND change->>'id' = ${id}`
  return newest?.version ?? 0
}
