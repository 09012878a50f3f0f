/**
 * Goes on with repricings until they are done: page by page, then its end, in which the budgets that it touched are
 * counted anew. Every admin has one; a repricing whose admin died is taken up by another.
 */
import 'server-only'
import { REPRICED_CHANNEL } from '../../publish/channels.ts'
import { publish } from '../../publish/publish.ts'
import { db, pool } from '../../server/db.ts'
import { newId } from '../../server/ids.ts'
import { singleton } from '../../server/singleton.ts'
import { openRepricings, repriceStep } from '../../usage/reprice.ts'
import { budgetEntityOf } from '../budgets/snapshot.ts'
import { renderRepricing } from './rows.ts'

export interface RepricingWorker {
  /** There is one to do. */
  wake(): void
  stop(): void
}

/** When the admin that had one died, this long at most until another goes on. */
const LOOK_EVERY_MS = 15_000
/** Pages are read again while it runs, so that totals move. */
const TELL_EVERY_MS = 5_000

export const repricingWorker = (): RepricingWorker => singleton('repricings', start)

function start(): RepricingWorker {
  let running = false
  let again = false
  let stopped = false
  async function run(): Promise<void> {
    if (running || stopped) {
      again = true
      return
    }
    running = true
    again = false
    try {
      for (const id of await openRepricings(pool)) await finish(id, () => stopped)
    } catch (error) {
      console.error(`pricing calls again failed and is tried again: ${(error as Error).message}`)
    }
    running = false
    if (again) void run()
  }
  const timer = setInterval(() => void run(), LOOK_EVERY_MS)
  timer.unref()
  void run()
  return {
    wake: () => void run(),
    stop() {
      stopped = true
      clearInterval(timer)
    },
  }
}

async function finish(id: string, isStopped: () => boolean): Promise<void> {
  let toldAt = performance.now()
  while ((await repriceStep(pool, id, new Date())) === 'more') {
    if (isStopped()) return
    if (performance.now() < toldAt + TELL_EVERY_MS) continue
    await pool.query('SELECT pg_notify($1, $2)', [REPRICED_CHANNEL, id])
    toldAt = performance.now()
  }
  await endRepricing(id, new Date())
}

/** Once every call was looked at: budgets, audit entry and the end itself in one transaction. Does nothing before, or twice. */
export async function endRepricing(id: string, now: Date): Promise<void> {
  await db.$transaction(async (tx) => {
    const [due] = await tx.$queryRaw<{ id: string }[]>`
      SELECT id FROM repricings WHERE id = ${id} AND scanned_at IS NOT NULL AND finished_at IS NULL
      FOR UPDATE SKIP LOCKED`
    if (!due) return
    const row = await tx.repricing.update({ where: { id }, data: { finishedAt: now } })
    await tx.$queryRaw`SELECT 1 FROM budgets WHERE id = ANY(${row.budgetIds}) ORDER BY id FOR UPDATE`
    // Nobody changed the budget: its version stays.
    await tx.$executeRaw`UPDATE budgets SET recount = recount + 1 WHERE id = ANY(${row.budgetIds})`
    const budgets = await tx.budget.findMany({ where: { id: { in: row.budgetIds } } })
    const actor = { type: row.actorType, id: row.actorId, name: row.actorName }
    const changes = budgets.map((budget) => ({
      type: 'budget' as const,
      id: budget.id,
      name: budget.name,
      entity: budgetEntityOf(budget),
    }))
    const action = row.stopReason === null ? 'price.repriced' : 'price.reprice-stopped'
    const revision = changes.length > 0 ? await publish(tx, changes, actor, `${action} ${row.model}`) : null
    const { calls, beforeUsd, afterUsd, stopReason } = renderRepricing(row)
    await tx.auditEntry.create({
      data: {
        id: newId('audit'),
        at: now,
        actorType: actor.type,
        actorId: actor.id,
        actorName: actor.name,
        action,
        targetType: 'price',
        targetId: row.priceId,
        targetName: row.model,
        difference: {
          repricing: [null, id],
          calls: [null, calls],
          costUsd: [beforeUsd, afterUsd],
          ...(stopReason === null ? {} : { stopReason: [null, stopReason] }),
        },
        revision,
      },
    })
    await tx.$executeRaw`SELECT pg_notify(${REPRICED_CHANNEL}, ${id})`
  })
}
