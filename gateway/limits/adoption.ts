/**
 * How a budget that is new here learns what its scope has spent in this period: what the admin's books say up to some
 * event of this gateway, and what the journal has after it. Both are joined in one turn of the loop, with the attempts in
 * flight, so that nothing is missed or counted twice while traffic flows. A budget whose books were corrected learns it
 * in the same way, and goes on with what it counted until then.
 */
import type { SpentAnswer, SpentQuery } from '../../lib/contract/control.ts'
import type { BudgetEntity } from '../../lib/contract/entities.ts'
import { isOfTarget, type ScopeSubjects, subjectsOf } from '../../lib/contract/policy.ts'
import type { UsageEvent } from '../../lib/contract/usage-event.ts'
import type { Call } from '../call.ts'
import type { Clock } from '../clock.ts'
import type { Journal } from '../journal/journal-options.ts'
import type { Configuration } from '../snapshot/configuration.ts'
import type { Log } from '../telemetry/log.ts'
import type { Money } from './counter.ts'
import { type Counted, type CounterLedger, type LedgerNote, signatureOf } from './counter-ledger.ts'
import type { Counters, CountersState } from './counters.ts'
import { budgetKey, periodOf, type Readiness } from './policing.ts'

export interface AdoptionOptions {
  readonly ledger: CounterLedger
  readonly counters: Pick<Counters, 'moneys'>
  readonly journal: Pick<
    Journal,
    'read' | 'nextSequence' | 'committedSequence' | 'staged' | 'written' | 'note'
  >
  readonly inFlight: () => Iterable<Call>
  /** Asks the admin. Rejects when it can't be reached. */
  readonly ask: (query: Pick<SpentQuery, 'budgets'>) => Promise<SpentAnswer>
  readonly clock: Clock
  readonly log: Log
}

export interface Adoption extends Readiness {
  /** The running configuration is another one: budgets that are new to it, or corrected, are adopted, until all are. */
  follow(configuration: Configuration): void
  stop(): void
}

const MIN_BACKOFF_MS = 100
const MAX_BACKOFF_MS = 2_000
const BATCH_EVENTS = 1_000
const BATCH_BYTES = 8 * 1024 * 1024

export function startAdoption(options: AdoptionOptions): Adoption {
  const { ledger, log } = options
  let wanted = new Map<string, BudgetEntity>()
  let running = false
  let stopped = false
  let timer: NodeJS.Timeout | null = null
  let failures = 0
  let waiters: (() => void)[] = []

  const missing = () => [...wanted.values()].filter((budget) => !ledger.isCurrent(budget))

  function follow(configuration: Configuration): void {
    wanted = new Map([...configuration.policies.budgets()].map((budget) => [signatureOf(budget), budget]))
    const dropped = [...ledger.ready()].filter((name) => !wanted.has(name))
    if (dropped.length > 0) write({ dropped })
    wake()
  }

  function wake(): void {
    if (running || stopped || missing().length === 0) return
    if (timer !== null) clearTimeout(timer)
    timer = null
    running = true
    void adoptMissing()
      .then(
        () => {
          failures = 0
        },
        (error: unknown) => {
          if (failures === 0)
            log('warn', 'budgets.not_adopted', {
              message: 'What new budgets have spent is not known yet: the admin does not answer.',
              error,
            })
          failures += 1
        },
      )
      .then(() => {
        running = false
        const heard = waiters
        waiters = []
        for (const hear of heard) hear()
        if (stopped || missing().length === 0) return
        const wait =
          failures === 0 ? 0 : Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** Math.min(failures, 10))
        timer = setTimeout(wake, wait)
      })
  }

  async function adoptMissing(): Promise<void> {
    const { clock, journal, ask } = options
    const budgets = missing()
    const now = clock.now()
    const answer = await ask({
      budgets: budgets.map((budget) => {
        const { startMs, endMs } = periodOf(budget, now)
        return { id: budget.id, scope: budget.scope, startMs, endMs }
      }),
    })
    const sums = new Sums(budgets, now, answer)
    // An answer beyond what was ever written here is of a journal that was lost: only what this one has shipped is in it.
    const known = answer.committedSequence < journal.nextSequence
    for (let from = (known ? answer.committedSequence : journal.committedSequence) + 1; ; ) {
      await journal.written()
      const last = journal.nextSequence - 1
      while (from <= last) {
        const events = await journal.read(from, BATCH_EVENTS, BATCH_BYTES)
        for (const { sequence, text } of events) {
          sums.add(JSON.parse(text) as UsageEvent)
          from = sequence + 1
        }
        if (events.length === 0) from = last + 1
      }
      // No event since, and none until the end of this turn.
      if (journal.staged() === 0 && journal.nextSequence - 1 === last) break
    }
    // Switched off or changed meanwhile: asked again where it is still wanted.
    const answered = budgets.filter((budget) => wanted.has(signatureOf(budget)))
    const adopted = answered.filter((budget) => !ledger.isReady(budget))
    if (adopted.length > 0) {
      write({
        adopted: adopted.map(signatureOf),
        money: sums.of(adopted),
        attached: attachInFlight(options, adopted, now),
        at: counted(adopted),
      })
    }
    // A period that began meanwhile may have been corrected too: asked again.
    const later = clock.now()
    const recounted = answered.filter(
      (budget) =>
        !adopted.includes(budget) && periodOf(budget, now).startMs === periodOf(budget, later).startMs,
    )
    if (recounted.length > 0) {
      write({ recounted: counted(recounted), spent: spentOf(recounted, sums.of(recounted), now) })
    }
  }

  /** For every counter of the period: one of which the books know nothing any more has spent nothing. */
  function spentOf(budgets: readonly BudgetEntity[], money: CountersState['money'], now: number) {
    const spent = new Map(money.map(([key, amount]) => [key, amount]))
    const ends = budgets.map((budget) => [`${budget.id}|`, `|${periodOf(budget, now).startMs}`] as const)
    for (const [key] of options.counters.moneys()) {
      if (!spent.has(key) && ends.some(([start, end]) => key.startsWith(start) && key.endsWith(end)))
        spent.set(key, '0')
    }
    return [...spent]
  }

  function write(note: LedgerNote): void {
    ledger.adopt(note)
    options.journal.note(note)
  }

  return {
    follow,
    isReady: (budget) => ledger.isReady(budget),
    get version() {
      return ledger.version
    },
    async whenReady(budget, withinMs) {
      const deadline = options.clock.monotonic() + withinMs
      wake()
      while (!ledger.isReady(budget)) {
        const left = deadline - options.clock.monotonic()
        if (left <= 0 || stopped) return false
        await new Promise<void>((resolve) => {
          const late = setTimeout(resolve, left)
          waiters.push(() => {
            clearTimeout(late)
            resolve()
          })
        })
      }
      return true
    },
    stop() {
      stopped = true
      if (timer !== null) clearTimeout(timer)
    },
  }
}

const counted = (budgets: readonly BudgetEntity[]): Counted =>
  budgets.map((budget) => [signatureOf(budget), budget.recount])

/** What each budget's subjects have spent, summed up. */
class Sums {
  readonly #money = new Map<string, Money & { readonly budget: BudgetEntity }>()
  readonly #budgets: readonly BudgetEntity[]
  readonly #now: number

  constructor(budgets: readonly BudgetEntity[], now: number, answer: SpentAnswer) {
    this.#budgets = budgets
    this.#now = now
    for (const { id, subjects } of answer.budgets) {
      const budget = budgets.find((one) => one.id === id)
      if (!budget) continue
      for (const { subject, spentPicoUsd, heldPicoUsd } of subjects)
        this.#count(budget, subject, BigInt(spentPicoUsd), BigInt(heldPicoUsd))
    }
  }

  add(event: UsageEvent): void {
    if (event.simulated) return
    for (const budget of this.#budgets) {
      const { startMs, endMs } = periodOf(budget, this.#now)
      if (event.at < startMs || (endMs !== null && event.at >= endMs)) continue
      for (const attempt of event.attempts) {
        const of = subjectsOfEvent(event, attempt.providerId, attempt.model)
        for (const subject of subjectsOf(budget.scope, of))
          this.#count(budget, subject, BigInt(attempt.costPicoUsd ?? '0'), 0n)
      }
      if (isOfTarget(budget.scope) || event.reservedPicoUsd === null) continue
      if (!event.attempts.some(({ outcome }) => outcome === 'unknown')) continue
      for (const subject of subjectsOf(budget.scope, subjectsOfEvent(event, null, null)))
        this.#count(budget, subject, 0n, BigInt(event.reservedPicoUsd))
    }
  }

  of(budgets: readonly BudgetEntity[]): CountersState['money'] {
    return [...this.#money].flatMap(([key, { budget, spent, held }]) =>
      budgets.includes(budget) ? [[key, spent.toString(), held.toString()] as const] : [],
    )
  }

  #count(budget: BudgetEntity, subject: string, spent: bigint, held: bigint): void {
    const key = budgetKey(budget, subject, periodOf(budget, this.#now).startMs)
    const money = this.#money.get(key)
    if (!money) this.#money.set(key, { budget, spent, held })
    else {
      money.spent += spent
      money.held += held
    }
  }
}

function subjectsOfEvent(event: UsageEvent, providerId: string | null, model: string | null): ScopeSubjects {
  const { teamId, consumerId, keyId, endUser, routeId, tags } = event
  return { teamId, consumerId, keyId, endUser, routeId, tags, providerId, model }
}

/** Attempts in flight began without these budgets: what they will have cost counts too. */
function attachInFlight(
  { inFlight }: AdoptionOptions,
  budgets: readonly BudgetEntity[],
  now: number,
): [string, number, string, string][] {
  const attached: [string, number, string, string][] = []
  for (const call of inFlight()) {
    for (const [index, { target, hold }] of call.dispatched.entries()) {
      if (target.provider.kind === 'sandbox' || hold.state !== 'held') continue
      const of = { ...call.subjects, providerId: target.provider.id, model: target.model }
      const amount = BigInt(call.attempts[index]?.costPicoUsd ?? '0')
      for (const budget of budgets) {
        const { startMs, endMs } = periodOf(budget, now)
        if (call.at < startMs || (endMs !== null && call.at >= endMs)) continue
        for (const subject of subjectsOf(budget.scope, of)) {
          const key = budgetKey(budget, subject, startMs)
          if (hold.has(key)) continue
          hold.attachMoney(key, amount)
          attached.push([call.id, index, key, amount.toString()])
        }
      }
    }
  }
  return attached
}
