import { z } from 'zod'
import { ADMINS } from '../../api/actor.ts'
import { type Context, operation } from '../../api/operation.ts'
import { listOf, listPage, listQuery } from '../../api/pagination.ts'
import { invalidField, problem } from '../../api/problem.ts'
import { formatUsd } from '../../contract/money.ts'
import { pool } from '../../server/db.ts'
import { newId } from '../../server/ids.ts'
import { readNames } from '../../usage/names.ts'
import { type Contribution, previewReprice, type Sums } from '../../usage/reprice-preview.ts'
import { findPrice, renderPrice } from '../prices/operations.ts'
import { priceEntityOf } from '../prices/snapshot.ts'
import { given, idParams, lockRow } from '../rows.ts'
import { renderRepricing } from './rows.ts'
import { type RepricePreview, repriceAnswer, repriceInput, repricing } from './schema.ts'
import { repricingWorker } from './worker.ts'

const tag = 'Prices'
const reads = { scope: 'prices:read', roles: [...ADMINS, 'finance', 'viewer'] } as const
const writes = { scope: 'prices:write', roles: [...ADMINS, 'finance'] } as const
/** A preview that took longer would be given up by whoever waits for it. */
const PREVIEW_MS = 20_000

const query = z.strictObject({
  dryRun: z.enum(['true', 'false']).optional().describe('As in the body'),
})
type Input = { readonly body: z.output<typeof repriceInput>; readonly query: z.output<typeof query> }

export const repricingOperations = [
  operation({
    id: 'prices.reprice',
    method: 'POST',
    path: '/prices/{id}/reprice',
    summary: 'Price past calls again',
    description:
      'Without `dryRun: false` it shows what would become of the calls that this price applies to now, or was applied to before, and changes nothing. With it a repricing begins and is answered: lines that correct the books are added, never changed, and budgets count anew. Once more does nothing.',
    tag,
    permission: writes,
    params: idParams,
    query,
    body: repriceInput,
    response: repriceAnswer,
    etag: 'content',
    showsOnly: isDryRun,
    async run(context, input) {
      const range = rangeOf(context, input.body)
      if (isDryRun(input)) return showReprice(context, input.params.id, range)
      await lockRow(context.db, 'prices', input.params.id)
      const row = await findPrice(context, input.params.id)
      context.match(renderPrice(row))
      const open = await context.db.repricing.findFirst({ where: { priceId: row.id, finishedAt: null } })
      if (open)
        throw problem('conflict', 'Calls are being priced again by this price. Wait until that is done.')
      const { actor } = context
      const created = await context.db.repricing.create({
        data: {
          id: newId('repricing'),
          priceId: row.id,
          priceVersion: row.version,
          model: row.model,
          fromAt: range.from,
          toAt: range.to,
          actorType: actor.type,
          actorId: actor.id,
          actorName: actor.name,
        },
      })
      context.audit({
        action: 'price.reprice',
        targetType: 'price',
        targetId: row.id,
        targetName: row.model,
        after: { repricing: created.id, from: range.from?.toISOString() ?? null, to: range.to.toISOString() },
      })
      context.afterCommit(() => repricingWorker().wake())
      return { ...renderRepricing(created), dryRun: false as const }
    },
  }),
  operation({
    id: 'repricings.list',
    method: 'GET',
    path: '/repricings',
    summary: 'List repricings of past calls',
    tag,
    permission: reads,
    etag: 'content',
    query: listQuery(['createdAt'], { priceId: z.string().optional() }),
    response: listOf(repricing),
    run: (context, { query }) =>
      listPage(
        'repricings',
        query,
        ({ where, ...order }) =>
          context.db.repricing.findMany({
            where: { AND: [where, given({ priceId: query.priceId })] },
            ...order,
          }),
        renderRepricing,
      ),
  }),
  operation({
    id: 'repricings.get',
    method: 'GET',
    path: '/repricings/{id}',
    summary: 'Read how far a repricing has come',
    tag,
    permission: reads,
    etag: 'content',
    params: idParams,
    response: repricing,
    async run(context, { params }) {
      const row = await context.db.repricing.findUnique({ where: { id: params.id } })
      if (!row) throw problem('not_found', 'There is no such repricing.')
      return renderRepricing(row)
    },
  }),
]

/** Only a plain no begins anything, and no yes beside it. */
function isDryRun({ body, query }: Input): boolean {
  const told = [body.dryRun, query.dryRun === undefined ? undefined : query.dryRun === 'true']
  return told.includes(true) || !told.includes(false)
}

interface Range {
  readonly from: Date | null
  readonly to: Date
}

/** @throws Problem 400 */
function rangeOf({ now }: Context, { from, to }: Input['body']): Range {
  const range = { from: from ? new Date(from) : null, to: to ? new Date(to) : now }
  if (range.from && range.from >= range.to) throw invalidField('from', 'is not before the end')
  return range
}

async function showReprice(context: Context, id: string, { from, to }: Range): Promise<RepricePreview> {
  const price = priceEntityOf(await findPrice(context, id))
  const range = { fromMs: from?.getTime() ?? null, toMs: to.getTime() }
  const preview = await previewReprice(pool, price, range, PREVIEW_MS)
  const names = await readNames(
    pool,
    preview.teams.map(({ id }) => ({ dimension: 'team' as const, id })),
  )
  const own = (all: readonly Contribution[]) =>
    all.map((one) => ({ id: one.id, name: one.id, ...sumsToWire(one) }))
  return {
    dryRun: true,
    priceId: price.id,
    priceVersion: price.version,
    from: from?.toISOString() ?? null,
    to: to.toISOString(),
    ...sumsToWire(preview.total),
    firstCallAt: isoOf(preview.firstAtMs),
    lastCallAt: isoOf(preview.lastAtMs),
    newlyPricedCalls: preview.newlyPricedCalls,
    newlyUnpricedCalls: preview.newlyUnpricedCalls,
    skippedCalls: preview.skippedCalls,
    simulatedCalls: preview.simulatedCalls,
    byTeam: preview.teams.map((one) => ({
      id: one.id,
      name: names.get(`team ${one.id}`) ?? null,
      ...sumsToWire(one),
    })),
    byRoute: own(preview.routes),
    byModel: own(preview.models),
    budgets: preview.budgets.map(({ id, name, startMs, endMs, difference }) => ({
      id,
      name,
      from: endMs === null ? null : isoOf(startMs),
      to: isoOf(endMs),
      closed: endMs !== null && endMs <= context.now.getTime(),
      differenceUsd: formatUsd(difference),
    })),
    complete: preview.complete,
    countedTo: isoOf(preview.countedToMs),
  }
}

const isoOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

function sumsToWire({ calls, before, after }: Readonly<Sums>) {
  return {
    calls,
    beforeUsd: formatUsd(before),
    afterUsd: formatUsd(after),
    differenceUsd: formatUsd(after - before),
  }
}
