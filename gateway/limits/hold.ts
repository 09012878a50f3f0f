/** Room in counters: what is asked for, what was taken, and why there was none. */
import type { HoldRecord, WrittenHold } from '../journal/books.ts'
import type { Counter } from './counter.ts'
import { holdText } from './hold-text.ts'
import type { Moment } from './sliding-window.ts'

/** What of an attempt counts, as one letter in the journal. */
export const COUNTS = {
  requests: 'r',
  tokens: 't',
  tokensUncached: 'T',
  inputTokens: 'i',
  inputTokensUncached: 'I',
  outputTokens: 'o',
  cost: 'c',
  /** Money of a budget: what is held and what is spent are told apart. */
  money: 'm',
  concurrency: 'g',
} as const
export type Counts = (typeof COUNTS)[keyof typeof COUNTS]

export interface WantFields {
  readonly key: string
  readonly counts: Counts
  readonly amount: bigint
  /** Null: counted, never refused. */
  readonly limit: bigint | null
  /** 0 where there is no window: `money` and `concurrency`. */
  readonly windowMs: number
  /** Of `concurrency`: whether a place that others hold may be waited for, as money may. */
  readonly waits?: boolean
}

/** Room that is asked for. Taken, it is an entry of its hold, and the counters' to change. */
export interface Want extends WantFields {
  /** Once it is taken: what it turned out to be. */
  amount: bigint
  /** Where its window counts it. */
  moment: Moment | null
  /** Where it is counted; null: under its key. */
  counter: Counter | null
}

export function want({ key, counts, amount, limit, windowMs, waits = false }: WantFields): Want {
  return { key, counts, amount, limit, windowMs, waits, moment: null, counter: null }
}

/** Room that was taken by one attempt, or by one call. */
export class Hold implements WrittenHold {
  readonly entries: Want[]
  state: 'held' | 'committed' = 'held'
  /** Among those whose intent is not written; -1: it is. */
  place = -1

  constructor(entries: Want[]) {
    this.entries = entries
  }

  /** Money that is counted elsewhere already, or none yet: only what it becomes is to be booked here. */
  attachMoney(key: string, amount: bigint): void {
    this.entries.push(want({ key, counts: COUNTS.money, amount, limit: null, windowMs: 0 }))
  }

  has(key: string): boolean {
    return this.entries.some((entry) => entry.key === key)
  }

  toJSON(): HoldRecord {
    return this.entries.map(({ key, counts, amount, windowMs }) => [key, counts, amount.toString(), windowMs])
  }

  toText(): string {
    return holdText(this.entries)
  }
}

/** Why there was no room: of all wants without, the one that keeps the caller longest. */
export interface Shortage {
  readonly index: number
  /** `held`: there is room but for what others hold. `never`: the amount alone is over the limit. */
  readonly reason: 'full' | 'held' | 'never'
  /** Milliseconds until there may be room; null for money. */
  readonly waitMs: number | null
}

export function isHold(result: Hold | Shortage): result is Hold {
  return result instanceof Hold
}
