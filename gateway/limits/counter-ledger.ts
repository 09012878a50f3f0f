/**
 * The counters as the journal brings them back after a restart, and which budgets know what their scope has spent. A
 * budget is ready once that was adopted from the books; from then on every attempt counts, so it stays ready over periods
 * and restarts, until it is switched off or its scope becomes another.
 */
import type { BudgetEntity } from '../../lib/contract/entities.ts'
import type { UsageEvent } from '../../lib/contract/usage-event.ts'
import type { HoldRecord, Intent } from '../journal/books.ts'
import type { CounterBook } from '../journal/counter-book.ts'
import { actualAmount } from './actual-amounts.ts'
import type { Counters, CountersState } from './counters.ts'
import { COUNTS, type Counts } from './hold.ts'

/** Budgets by their signature, each with the `recount` that its sum was made at. */
export type Counted = readonly (readonly [signature: string, recount: number])[]

/** Written to the journal in the turn in which it became true. */
export type LedgerNote =
  | {
      readonly adopted: readonly string[]
      readonly money: CountersState['money']
      /** Attempts in flight that count from now on under a budget that they did not know. */
      readonly attached: readonly (readonly [callId: string, attempt: number, key: string, amount: string])[]
      /** Absent from a journal older than recounts. */
      readonly at?: Counted
    }
  /** Corrected books: what is spent is replaced, while what is held goes on. */
  | { readonly recounted: Counted; readonly spent: readonly (readonly [key: string, spent: string])[] }
  | { readonly dropped: readonly string[] }

export interface CounterLedger extends CounterBook {
  isReady(budget: BudgetEntity): boolean
  /** Ready, and counted after the last correction of the books that it was told of. */
  isCurrent(budget: BudgetEntity): boolean
  /** Takes over what the note says, as `noted` does after a restart. */
  adopt(note: LedgerNote): void
  /** The signatures of what is ready. */
  ready(): Iterable<string>
  /** Rises with each change of what is ready. */
  readonly version: number
}

const signatures = new WeakMap<BudgetEntity, string>()

/** Changes with whatever makes another sum of the same books; an amount does not. */
export function signatureOf(budget: BudgetEntity): string {
  let signature = signatures.get(budget)
  if (signature === undefined) {
    const { id, scope, period, timeZone } = budget
    signature = JSON.stringify([id, scope.type, scope.id, scope.each, period, timeZone])
    signatures.set(budget, signature)
  }
  return signature
}

export function createCounterLedger(counters: Counters): CounterLedger {
  let ready = new Map<string, number>()
  let version = 0

  function adopt(note: LedgerNote): void {
    if ('recounted' in note) {
      for (const [key, spent] of note.spent) counters.setSpent(key, BigInt(spent))
      for (const [signature, recount] of note.recounted) ready.set(signature, recount)
      return
    }
    version += 1
    if ('dropped' in note) {
      for (const signature of note.dropped) ready.delete(signature)
      return
    }
    for (const [key, spent, held] of note.money)
      counters.setMoney(key, { spent: BigInt(spent), held: BigInt(held) })
    for (const [, , key, amount] of note.attached) {
      const { spent, held } = counters.money(key)
      counters.setMoney(key, { spent, held: held + BigInt(amount) })
    }
    const recounts = new Map(note.at)
    for (const signature of note.adopted) ready.set(signature, recounts.get(signature) ?? 0)
  }

  return {
    isReady: (budget) => ready.has(signatureOf(budget)),
    isCurrent: (budget) => ready.get(signatureOf(budget)) === budget.recount,
    ready: () => ready.keys(),
    get version() {
      return version
    },
    adopt,
    state: () => ({ counters: counters.state(), ready: [...ready.keys()], at: [...ready] }),
    restore(state) {
      const { counters: kept, ready: names, at } = (state ?? {}) as Partial<LedgerState>
      counters.restore(kept ?? { money: [], windows: [] })
      ready = new Map(at ?? names?.map((name) => [name, 0]))
    },
    intended(intent) {
      if (intent.admission) counters.retake(recordOf(intent.admission), intent.startedAt)
      counters.retake(recordOf(intent.hold), intent.startedAt)
    },
    settled({ attempts }, intents) {
      for (const intent of intents) {
        const attempt = attempts[intent.attempt]
        // What nobody knows the cost of keeps its full hold until a correction.
        if (attempt && attempt.outcome !== 'unknown') resettle(counters, intent, attempt)
      }
    },
    noted(note, open) {
      const read = note as LedgerNote
      adopt(read)
      if (!('attached' in read)) return
      for (const [callId, attempt, key, amount] of read.attached) {
        const intents = open.get(callId) ?? []
        const index = intents.findIndex((intent) => intent.attempt === attempt)
        const intent = intents[index]
        if (!intent) continue
        const entry = [key, COUNTS.money, amount, 0] as const
        intents[index] = { ...intent, hold: [...recordOf(intent.hold), entry] }
      }
    },
  }
}

/** In a checkpoint. `at` is absent from one older than recounts. */
interface LedgerState {
  readonly counters: CountersState
  readonly ready: readonly string[]
  readonly at?: Counted
}

function resettle(counters: Counters, intent: Intent, attempt: UsageEvent['attempts'][number]): void {
  const record = recordOf(intent.hold)
  const amounts = record.map(([, counts]) => actualAmount(counts as Counts, attempt))
  counters.resettle(record, intent.startedAt, amounts)
}

/** An intent that was read has its hold as JSON; one of a journal older than holds has none. */
function recordOf(hold: Intent['hold'] | undefined): HoldRecord {
  if (hold === undefined) return []
  return 'toJSON' in hold ? hold.toJSON() : hold
}
