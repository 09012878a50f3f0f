import { z } from 'zod'
import { ADMINS, ALL_ROLES } from '../../api/actor.ts'
import { type Context, operation } from '../../api/operation.ts'
import {
  containsText,
  listOf,
  listPage,
  listQuery,
  openCursor,
  pageQuery,
  sealCursor,
} from '../../api/pagination.ts'
import { invalidField, problem } from '../../api/problem.ts'
import { listCatalogue } from '../../contract/catalogue/catalogue.ts'
import { providerKind } from '../../contract/entities.ts'
import { type PriceTier, priceTier, rates, type ServiceTiers, serviceTiers } from '../../contract/price.ts'
import type { Prisma } from '../../server/db.ts'
import { newId } from '../../server/ids.ts'
import { baseOf, given, idParams, lockRow, nextVersion } from '../rows.ts'
import { cataloguePrice, type Price, price, priceInput, pricePatch } from './schema.ts'
import { priceEntityOf } from './snapshot.ts'
import {
  ratesFromWire,
  ratesToWire,
  serviceTiersFromWire,
  serviceTiersToWire,
  tiersFromWire,
  tiersToWire,
} from './wire.ts'

const tag = 'Prices'
const reads = { scope: 'prices:read', roles: ALL_ROLES, teamRoles: ALL_ROLES }
const writes = { scope: 'prices:write', roles: [...ADMINS, 'finance'] } as const
const withProvider = { provider: { select: { name: true } } } as const
type Row = Prisma.PriceGetPayload<{ include: typeof withProvider }>
/** "Always": what a price without a beginning has in its column. */
const ALWAYS = new Date(0)

export const priceOperations = [
  operation({
    id: 'prices.list',
    method: 'GET',
    path: '/prices',
    summary: 'List own prices',
    tag,
    permission: reads,
    query: listQuery(['createdAt', 'model', 'updatedAt', 'effectiveFrom'], {
      providerId: z.string().optional(),
      providerKind: providerKind.optional(),
    }),
    response: listOf(price),
    run: (context, { query }) =>
      listPage(
        'prices',
        query,
        ({ where, ...order }) =>
          context.db.price.findMany({
            where: {
              AND: [
                where,
                query.providerId ? { providerId: query.providerId } : {},
                query.providerKind ? { providerKind: query.providerKind } : {},
                query.q ? { model: containsText(query.q) } : {},
              ],
            },
            include: withProvider,
            ...order,
          }),
        renderPrice,
      ),
  }),
  operation({
    id: 'prices.create',
    method: 'POST',
    path: '/prices',
    summary: 'Create a price',
    description:
      'It replaces the catalogue’s entry whole: a kind of token without a price takes input’s or output’s.',
    tag,
    permission: writes,
    body: priceInput,
    response: price,
    async run(context, { body }) {
      await checkProvider(context, body.providerId)
      const row = await context.db.price.create({
        data: {
          id: newId('price'),
          providerId: body.providerId ?? null,
          providerKind: body.providerKind ?? null,
          model: body.model,
          effectiveFrom: body.effectiveFrom ? new Date(body.effectiveFrom) : ALWAYS,
          rates: ratesFromWire(body),
          tiers: checkTiers(tiersFromWire(body.tiers)),
          serviceTiers: checkServiceTiers(serviceTiersFromWire(body.serviceTiers)),
          contextTokens: body.contextTokens ?? null,
          maxOutputTokens: body.maxOutputTokens ?? null,
        },
        include: withProvider,
      })
      return changed(context, 'price.create', null, row)
    },
  }),
  operation({
    id: 'prices.get',
    method: 'GET',
    path: '/prices/{id}',
    summary: 'Read a price',
    tag,
    permission: reads,
    params: idParams,
    response: price,
    run: async (context, { params }) => renderPrice(await findPrice(context, params.id)),
  }),
  operation({
    id: 'prices.update',
    method: 'PATCH',
    path: '/prices/{id}',
    summary: 'Change a price',
    description:
      'Calls from now on are priced by it; those in the books keep the price that they had, until they are priced again.',
    tag,
    permission: writes,
    params: idParams,
    body: pricePatch,
    response: price,
    async run(context, { params, body }) {
      await lockRow(context.db, 'prices', params.id)
      const old = await findPrice(context, params.id)
      context.match(renderPrice(old))
      const { model, effectiveFrom, tiers, contextTokens, maxOutputTokens, ...rest } = body
      const { serviceTiers: wireServiceTiers, ...wireRates } = rest
      const row = await context.db.price.update({
        where: { id: params.id },
        data: {
          ...given({ model, contextTokens, maxOutputTokens }),
          ...(effectiveFrom === undefined
            ? {}
            : { effectiveFrom: effectiveFrom ? new Date(effectiveFrom) : ALWAYS }),
          rates: ratesFromWire(wireRates, rates.parse(old.rates)),
          ...(tiers ? { tiers: checkTiers(tiersFromWire(tiers)) } : {}),
          ...(wireServiceTiers
            ? { serviceTiers: checkServiceTiers(serviceTiersFromWire(wireServiceTiers)) }
            : {}),
          version: nextVersion,
        },
        include: withProvider,
      })
      return changed(context, 'price.update', old, row)
    },
  }),
  operation({
    id: 'prices.delete',
    method: 'DELETE',
    path: '/prices/{id}',
    summary: 'Delete a price',
    description: 'The catalogue’s entry applies again, where there is one.',
    tag,
    permission: writes,
    params: idParams,
    async run(context, { params }) {
      await lockRow(context.db, 'prices', params.id)
      const old = await findPrice(context, params.id)
      context.match(renderPrice(old))
      await context.db.price.delete({ where: { id: params.id } })
      context.publish({ type: 'price', id: old.id, name: old.model, entity: null })
      context.audit({
        action: 'price.delete',
        targetType: 'price',
        targetId: old.id,
        targetName: old.model,
        before: renderPrice(old),
      })
    },
  }),
  operation({
    id: 'priceCatalogue.list',
    method: 'GET',
    path: '/price-catalogue',
    summary: 'List the vendored price catalogue',
    tag,
    permission: reads,
    query: pageQuery.extend({ vendor: z.string().optional() }),
    response: listOf(cataloguePrice),
    async run(context, { query }) {
      const { cursor, limit, ...filters } = query
      const scope = `price-catalogue ${JSON.stringify(filters)}`
      const words = query.q?.toLowerCase()
      const after = cursor === undefined ? null : openCursor(cursor, scope)[0]
      const entries = listCatalogue(context.now.getTime())
        .filter(
          (entry) =>
            (!words || entry.id.toLowerCase().includes(words)) &&
            (!query.vendor || entry.vendor === query.vendor),
        )
        .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
      const start = after ? entries.findIndex((entry) => entry.id > after) : 0
      const shown = start < 0 ? [] : entries.slice(start, start + limit)
      const last = start >= 0 && start + limit < entries.length ? shown.at(-1) : undefined
      return {
        data: shown.map(({ id, vendor, model, pricing }) => ({
          id,
          vendor,
          model,
          version: pricing.version,
          ...ratesToWire(pricing.rates),
          tiers: tiersToWire(pricing.tiers),
          serviceTiers: serviceTiersToWire(pricing.serviceTiers),
          contextTokens: pricing.contextTokens,
          maxOutputTokens: pricing.maxOutputTokens,
        })),
        nextCursor: last ? sealCursor([last.id], scope) : null,
      }
    },
  }),
]

/** @throws Problem 404 */
export async function findPrice(context: Context, id: string): Promise<Row> {
  const row = await context.db.price.findUnique({ where: { id }, include: withProvider })
  if (!row) throw problem('not_found', 'There is no such price.')
  return row
}

async function checkProvider(context: Context, providerId: string | null | undefined): Promise<void> {
  if (!providerId) return
  if (!(await context.db.provider.findUnique({ where: { id: providerId }, select: { id: true } }))) {
    throw invalidField('providerId', 'there is no such provider')
  }
}

/** @throws Problem 400 when two tiers begin at the same number of tokens. */
function checkTiers(tiers: PriceTier[], path = 'tiers'): PriceTier[] {
  const twin = tiers.findIndex(
    (tier, at) => at > 0 && tier.aboveInputTokens === tiers[at - 1]?.aboveInputTokens,
  )
  if (twin > 0) throw invalidField(path, `two of them begin above ${tiers[twin]?.aboveInputTokens} tokens`)
  return tiers
}

function checkServiceTiers(tiers: ServiceTiers): ServiceTiers {
  for (const [name, price] of Object.entries(tiers))
    if (typeof price === 'object') checkTiers(price.tiers, `serviceTiers.${name}.tiers`)
  return tiers
}

function changed(context: Context, action: string, before: Row | null, row: Row): Price {
  const after = renderPrice(row)
  context.audit({
    action,
    targetType: 'price',
    targetId: row.id,
    targetName: row.model,
    before: before && renderPrice(before),
    after,
  })
  context.publish({ type: 'price', id: row.id, name: row.model, entity: priceEntityOf(row) })
  return after
}

export function renderPrice(row: Row): Price {
  return {
    ...baseOf(row),
    providerId: row.providerId,
    providerName: row.provider?.name ?? null,
    providerKind: row.providerKind === null ? null : providerKind.parse(row.providerKind),
    model: row.model,
    effectiveFrom: row.effectiveFrom.getTime() === ALWAYS.getTime() ? null : row.effectiveFrom.toISOString(),
    ...ratesToWire(rates.parse(row.rates)),
    tiers: tiersToWire(priceTier.array().parse(row.tiers)),
    serviceTiers: serviceTiersToWire(serviceTiers.parse(row.serviceTiers)),
    contextTokens: row.contextTokens,
    maxOutputTokens: row.maxOutputTokens,
  }
}
