/** What pricing past calls again would come to. Reads and changes nothing; page by page, so the calls are never held at once. */
import 'server-only'
import type pg from 'pg'
import type { PriceEntity } from '../contract/entities.ts'
import { answeringAttempt } from '../contract/usage-event.ts'
import { readBudgets } from './reprice-budgets.ts'
import { type Cursor, type RepriceRange, readPage, repricerFor } from './reprice-calls.ts'
import { type Correction, planCorrection } from './reprice-plan.ts'
import { inSnapshot } from './transaction.ts'

export interface Sums {
  calls: number
  before: bigint
  after: bigint
}

export interface BudgetChange {
  readonly id: string
  readonly name: string
  readonly startMs: number
  readonly endMs: number | null
  difference: bigint
}

export interface RepricePreview {
  /** Calls whose cost, or whose lines, change; simulated ones are no money and counted apart. */
  readonly total: Readonly<Sums>
  readonly simulatedCalls: number
  /** Of them: without a price before, or after. */
  readonly newlyPricedCalls: number
  readonly newlyUnpricedCalls: number
  /** Their usage can't be split by this price: they stay as they are. */
  readonly skippedCalls: number
  readonly firstAtMs: number | null
  readonly lastAtMs: number | null
  /** The largest differences first. */
  readonly teams: readonly Contribution[]
  readonly routes: readonly Contribution[]
  readonly models: readonly Contribution[]
  readonly budgets: readonly BudgetChange[]
  /** False: time was up, and the sums are those of the calls up to `countedToMs`. */
  readonly complete: boolean
  readonly countedToMs: number | null
}

export interface Contribution extends Readonly<Sums> {
  readonly id: string | null
}

const TOP = 5
const MAX_BUDGETS = 100

export function previewReprice(
  pool: pg.Pool,
  price: PriceEntity,
  range: RepriceRange,
  withinMs: number,
): Promise<RepricePreview> {
  const deadline = performance.now() + withinMs
  return inSnapshot(pool, async (client) => {
    const tally = new Tally()
    const budgets = await readBudgets(client)
    let cursor: Cursor | null = null
    let countedToMs: number | null = null
    for (;;) {
      const page = await readPage(client, price, range, cursor, { lock: false })
      const repricer = await repricerFor(client, price, page.calls)
      for (const call of page.calls) {
        const correction = tally.plan(() => planCorrection(call, repricer))
        if (!correction) continue
        tally.add(correction)
        for (const touched of budgets.of(correction)) tally.touch(touched)
      }
      countedToMs = page.calls.at(-1)?.at ?? countedToMs
      if (page.next === null) return tally.result(true, null)
      if (performance.now() > deadline) return tally.result(false, countedToMs)
      cursor = page.next
    }
  })
}

class Tally {
  readonly #total: Sums = { calls: 0, before: 0n, after: 0n }
  readonly #by = { teams: new Map(), routes: new Map(), models: new Map() } as Record<
    'teams' | 'routes' | 'models',
    Map<string | null, Sums>
  >
  readonly #budgets = new Map<string, BudgetChange>()
  #simulated = 0
  #newlyPriced = 0
  #newlyUnpriced = 0
  #skipped = 0
  #first: number | null = null
  #last: number | null = null

  plan(work: () => Correction | null): Correction | null {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#skipped += 1
      return null
    }
  }

  add({ call, before, difference, unpriced }: Correction): void {
    this.#first = Math.min(this.#first ?? call.at, call.at)
    this.#last = Math.max(this.#last ?? call.at, call.at)
    if (call.simulated) {
      this.#simulated += 1
      return
    }
    const add = (sums: Sums) => {
      sums.calls += 1
      sums.before += before
      sums.after += before + difference
    }
    add(this.#total)
    if (call.unpriced && !unpriced) this.#newlyPriced += 1
    if (!call.unpriced && unpriced) this.#newlyUnpriced += 1
    const { teams, routes, models } = this.#by
    for (const [sums, id] of [
      [teams, call.teamId],
      [routes, call.route],
      [models, call.servedModel ?? answeringAttempt(call.attempts)?.model ?? null],
    ] as const) {
      const known = sums.get(id) ?? { calls: 0, before: 0n, after: 0n }
      sums.set(id, known)
      add(known)
    }
  }

  touch({
    budget,
    period,
    difference,
  }: ReturnType<Awaited<ReturnType<typeof readBudgets>>['of']>[number]): void {
    const key = `${budget.id} ${period.startMs}`
    const known = this.#budgets.get(key)
    if (known) known.difference += difference
    else this.#budgets.set(key, { id: budget.id, name: budget.name, ...period, difference })
  }

  result(complete: boolean, countedToMs: number | null): RepricePreview {
    return {
      total: this.#total,
      simulatedCalls: this.#simulated,
      newlyPricedCalls: this.#newlyPriced,
      newlyUnpricedCalls: this.#newlyUnpriced,
      skippedCalls: this.#skipped,
      firstAtMs: this.#first,
      lastAtMs: this.#last,
      teams: top(this.#by.teams),
      routes: top(this.#by.routes),
      models: top(this.#by.models),
      budgets: [...this.#budgets.values()]
        .sort((a, b) => b.startMs - a.startMs || (a.name < b.name ? -1 : 1))
        .slice(0, MAX_BUDGETS),
      complete,
      countedToMs,
    }
  }
}

function top(sums: ReadonlyMap<string | null, Sums>): Contribution[] {
  const size = ({ before, after }: Sums) => (after > before ? after - before : before - after)
  return [...sums]
    .map(([id, one]) => ({ id, ...one }))
    .sort((a, b) => (size(a) > size(b) ? -1 : size(a) < size(b) ? 1 : b.calls - a.calls))
    .slice(0, TOP)
}
