import { ADMINS } from '../../api/actor.ts'
import { operation } from '../../api/operation.ts'
import { listOf, pageQuery } from '../../api/pagination.ts'
import { pool } from '../../server/db.ts'
import { readNames } from '../../usage/names.ts'
import { UNPRICED_DAYS, unpricedModels } from '../../usage/unpriced.ts'
import { unpricedModel } from './schema.ts'

export const unpricedOperations = [
  operation({
    id: 'unpricedModels.list',
    method: 'GET',
    path: '/unpriced-models',
    summary: 'List models that were used without a price',
    description: `Of the last ${UNPRICED_DAYS} days, the most used first, at most 200: one page.`,
    tag: 'Prices',
    permission: { scope: 'prices:read', roles: [...ADMINS, 'finance', 'viewer'] },
    etag: 'content',
    query: pageQuery.pick({ limit: true, q: true }),
    response: listOf(unpricedModel),
    async run(_, { query }) {
      const words = query.q?.toLowerCase() ?? ''
      const models = (await unpricedModels(pool))
        .filter(({ model }) => model.toLowerCase().includes(words))
        .slice(0, query.limit)
      const names = await readNames(
        pool,
        models.map(({ providerId }) => ({ dimension: 'provider' as const, id: providerId })),
      )
      return {
        data: models.map(({ firstAt, lastAt, pricedBy, ...one }) => ({
          ...one,
          id: `${one.providerId}/${one.model}`,
          providerName: names.get(`provider ${one.providerId}`) ?? null,
          firstAt: firstAt.toISOString(),
          lastAt: lastAt.toISOString(),
          priceId: /^(price_[^@]+)@/.exec(pricedBy ?? '')?.[1] ?? null,
          isPriced: pricedBy !== null,
        })),
        nextCursor: null,
      }
    },
  }),
]
