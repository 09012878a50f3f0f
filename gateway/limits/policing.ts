/** What the stages that police a call share: counters, the wait for held money, what was learned of vendors' counts. */
import type { LeaseRenewal } from '../../lib/contract/control.ts'
import type { BudgetEntity, LimitEntity } from '../../lib/contract/entities.ts'
import { type Period, periodAt } from '../../lib/contract/policy.ts'
import type { Clock } from '../clock.ts'
import type { PolicyIndex } from '../snapshot/policy-index.ts'
import { type Counters, createCounters } from './counters.ts'
import { HoldQueue } from './hold-queue.ts'
import { createTokenCounter, type TokenCounter } from './token-counter.ts'
import { createTokenRatios, type TokenRatios } from './token-ratios.ts'

/** Whether what a budget's scope has spent already is known here. */
export interface Readiness {
  isReady(budget: BudgetEntity): boolean
  /** Rises with each change of what is ready. */
  readonly version: number
  /** False: it did not become known in time. */
  whenReady(budget: BudgetEntity, withinMs: number): Promise<boolean>
}

export interface Policing {
  readonly counters: Counters
  readonly queue: HoldQueue
  readonly ratios: TokenRatios
  readonly tokens: TokenCounter
  readonly readiness: Readiness
}

export function createPolicing(counters: Counters, readiness: Readiness): Policing {
  return {
    counters,
    queue: new HoldQueue(counters),
    ratios: createTokenRatios(),
    tokens: createTokenCounter(),
    readiness,
  }
}

/** For a gateway without an admin behind it: every budget starts from nothing. */
export function freshPolicing(clock: Clock): Policing {
  return createPolicing(createCounters(clock), {
    isReady: () => true,
    version: 0,
    whenReady: async () => true,
  })
}

export const limitKey = (limit: LimitEntity, subject: string): string => `${limit.id}|${subject}`

/** The period's start stands last: a counter of a period that is over says so by its key. */
export const budgetKey = (budget: BudgetEntity, subject: string, startMs: number): string =>
  `${budget.id}|${subject}|${startMs}`

export const isWithin = ({ startMs, endMs }: Period, at: number): boolean =>
  at >= startMs && (endMs === null || at < endMs)

const periods = new WeakMap<BudgetEntity, Period>()

/** The budget's period that an instant lies in. */
export function periodOf(budget: BudgetEntity, at: number): Period {
  const known = periods.get(budget)
  if (known && isWithin(known, at)) return known
  const period = periodAt(at, budget.period, budget.timeZone)
  periods.set(budget, period)
  return period
}

/** What may be spent, an override that is in force included; pico-dollars. */
export function amountOf({ amountPicoUsd, override }: BudgetEntity, now: number): bigint {
  return BigInt(override !== null && now < override.untilMs ? override.amountPicoUsd : amountPicoUsd)
}

/** A period that is over is kept this long, for calls that began in it. */
const GRACE_MS = 86_400_000

/** Whether a counter's period is over for good, or its budget gone. */
export function overIn(policies: PolicyIndex, now: number): (key: string) => boolean {
  const starts = new Map<string, number>()
  return (key) => {
    const id = key.slice(0, key.indexOf('|'))
    const budget = policies.budget(id)
    if (!budget) return true
    let oldest = starts.get(id)
    if (oldest === undefined) {
      oldest = periodAt(now - GRACE_MS, budget.period, budget.timeZone).startMs
      starts.set(id, oldest)
    }
    return Number(key.slice(key.lastIndexOf('|') + 1)) < oldest
  }
}

/** So many are told to the admin at most. */
const MAX_HELD = 1_000

/** What is held now, for the lease. */
export function heldMoney(counters: Counters): NonNullable<LeaseRenewal['held']> {
  const held: NonNullable<LeaseRenewal['held']> = []
  for (const [key, money] of counters.moneys()) {
    if (money.held === 0n) continue
    const [first, last] = [key.indexOf('|'), key.lastIndexOf('|')]
    held.push({
      budgetId: key.slice(0, first),
      subject: key.slice(first + 1, last),
      startMs: Number(key.slice(last + 1)),
      heldPicoUsd: money.held.toString(),
    })
    if (held.length === MAX_HELD) break
  }
  return held
}
