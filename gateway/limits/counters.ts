/**
 * The counters behind limits and budgets, in memory. One operation takes room in any number of them, all or nothing; a
 * hold is corrected when its real amount is known and committed when the call is in the books. Pure but for its clock:
 * whom a counter belongs to, and what a refusal says, is decided elsewhere. One call here is one script in a store that
 * several gateways share.
 */
import type { Clock } from '../clock.ts'
import type { HoldRecord, WrittenHold } from '../journal/books.ts'
import { holdText } from './hold-text.ts'
import { type Moment, SlidingWindow, type Used } from './sliding-window.ts'

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

export interface Want {
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

export interface HoldEntry {
  readonly key: string
  readonly counts: Counts
  amount: bigint
  readonly windowMs: number
  moment: Moment | null
}

/** Room that was taken by one attempt, or by one call. */
export class Hold implements WrittenHold {
  readonly entries: HoldEntry[]
  state: 'held' | 'committed' = 'held'
  /** Among those whose intent is not written; -1: it is. */
  place = -1

  constructor(entries: HoldEntry[]) {
    this.entries = entries
  }

  /** Money that is counted elsewhere already, or none yet: only what it becomes is to be booked here. */
  attachMoney(key: string, amount: bigint): void {
    this.entries.push({ key, counts: COUNTS.money, amount, windowMs: 0, moment: null })
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

export interface Money {
  spent: bigint
  held: bigint
}

export interface Counters {
  /** Takes room for all, or for none and says which is short. */
  reserve(wants: readonly Want[]): Hold | Shortage
  /** Its intent is in the journal: from now on a checkpoint counts it. Until then it is nobody's after a crash. */
  written(hold: Hold): void
  /** The real amounts, in the order of the entries. Concurrency is given back. */
  correct(hold: Hold, amounts: readonly bigint[]): void
  /** The books have it: what was held is spent. A second time changes nothing. */
  commit(hold: Hold): void
  money(key: string): Money
  setMoney(key: string, money: Money): void
  /** What is spent is another sum than was counted here; what is held stays. */
  setSpent(key: string, spent: bigint): void
  /** All money that is counted. */
  moneys(): Iterable<readonly [key: string, money: Readonly<Money>]>
  /** @param now monotonic milliseconds, of somebody who asks for several */
  used(key: string, windowMs: number, now?: number): Used
  /** Of what counts within a window or at once; good for a walk in pieces, over changes meanwhile. */
  countedKeys(): Iterator<string>
  /** Hears the keys under which room came back. */
  onFreed(listener: (key: string) => void): void
  /** Forgets what counts nothing any more, and money for which `isOver` holds. */
  prune(isOver: (key: string) => boolean): void
  state(): CountersState
  /** What the journal says, at start: in place of all that is here. */
  restore(state: CountersState): void
  /** Takes again what an attempt took at a moment of the wall clock, whatever room there is. Concurrency is over. */
  retake(record: HoldRecord, at: number): void
  /** What was retaken turned out to be so much, and is spent. */
  resettle(record: HoldRecord, at: number, amounts: readonly bigint[]): void
}

/** For a checkpoint: amounts as text, moments by the wall clock. */
export interface CountersState {
  /** When it was taken; absent from an older gateway's. */
  readonly at?: number
  readonly money: readonly (readonly [key: string, spent: string, held: string])[]
  readonly windows: readonly (readonly [key: string, windowMs: number, ...moments: (number | string)[]])[]
}

export function isHold(result: Hold | Shortage): result is Hold {
  return result instanceof Hold
}

export function createCounters(clock: Clock): Counters {
  const windows = new Map<string, SlidingWindow>()
  const gauges = new Map<string, bigint>()
  const moneys = new Map<string, Money>()
  /** Not a Set: one that each call goes into and out of makes itself new tables without end, and each old one lives on. */
  const unwritten: Hold[] = []
  let freed: (key: string) => void = () => {}

  function restore(state: CountersState): void {
    moneys.clear()
    windows.clear()
    for (const [key, spent, held] of state.money)
      moneys.set(key, { spent: BigInt(spent), held: BigInt(held) })
    const shift = clock.monotonic() - clock.now()
    for (const [key, windowMs, ...pairs] of state.windows) {
      const window = windowOver(key, windowMs)
      if (state.at !== undefined) window.passedUntil(state.at + shift - windowMs)
      for (let index = 0; index + 1 < pairs.length; index += 2) {
        const at = Math.min(Number(pairs[index]) + shift, clock.monotonic())
        window.add(at, windowMs, BigInt(pairs[index + 1] ?? 0))
      }
    }
  }

  function windowOf(key: string): SlidingWindow {
    let window = windows.get(key)
    if (!window) {
      window = new SlidingWindow()
      windows.set(key, window)
    }
    return window
  }

  function windowOver(key: string, windowMs: number): SlidingWindow {
    const window = windowOf(key)
    window.spanMs = windowMs
    return window
  }

  function moneyOf(key: string): Money {
    let money = moneys.get(key)
    if (!money) {
      money = { spent: 0n, held: 0n }
      moneys.set(key, money)
    }
    return money
  }

  function shortageOf(want: Want, now: number): Omit<Shortage, 'index'> | null {
    const { key, counts, amount, limit, windowMs } = want
    if (limit === null) return null
    if (counts === COUNTS.money) {
      const { spent, held } = moneys.get(key) ?? { spent: 0n, held: 0n }
      if (spent + amount > limit) return { reason: 'full', waitMs: null }
      return spent + held + amount > limit ? { reason: 'held', waitMs: null } : null
    }
    if (counts === COUNTS.concurrency) {
      if ((gauges.get(key) ?? 0n) + amount <= limit) return null
      return { reason: want.waits ? 'held' : 'full', waitMs: 1_000 }
    }
    const waitMs = windows.get(key)?.waitFor(amount, limit, now, windowMs) ?? (amount > limit ? null : 0)
    if (waitMs === null) return { reason: 'never', waitMs: windowMs }
    return waitMs === 0 ? null : { reason: 'full', waitMs }
  }

  function written(hold: Hold): void {
    if (hold.place === -1) return
    const last = unwritten.pop()
    if (last && last !== hold) {
      unwritten[hold.place] = last
      last.place = hold.place
    }
    hold.place = -1
  }

  function take(want: Want, now: number): HoldEntry {
    const { key, counts, amount, windowMs } = want
    let moment: Moment | null = null
    if (counts === COUNTS.money) moneyOf(key).held += amount
    else if (counts === COUNTS.concurrency) gauges.set(key, (gauges.get(key) ?? 0n) + amount)
    else moment = windowOver(key, windowMs).add(now, windowMs, amount)
    return { key, counts, amount, windowMs, moment }
  }

  /** A moment of the wall clock as one of the monotonic one, never in the future. */
  function monotonicAt(at: number): number {
    const now = clock.monotonic()
    return Math.min(now, at - clock.now() + now)
  }

  return {
    restore,
    retake(record, at) {
      for (const [key, counts, amount, windowMs] of record) {
        if (counts === COUNTS.money) moneyOf(key).held += BigInt(amount)
        else if (counts !== COUNTS.concurrency)
          windowOver(key, windowMs).add(monotonicAt(at), windowMs, BigInt(amount))
      }
    },
    resettle(record, at, amounts) {
      for (const [index, [key, counts, text, windowMs]] of record.entries()) {
        const [held, amount] = [BigInt(text), amounts[index] ?? BigInt(text)]
        if (counts === COUNTS.money) {
          const money = moneyOf(key)
          money.held -= held
          money.spent += amount
        } else if (counts !== COUNTS.concurrency) {
          const [window, now] = [windowOf(key), clock.monotonic()]
          const moment = window.momentAt(monotonicAt(at))
          if (moment) window.change(moment, amount - held, now, windowMs)
          else if (amount > held) window.add(now, windowMs, amount - held)
        }
      }
    },
    reserve(wants) {
      const now = clock.monotonic()
      let worst: Shortage | null = null
      let index = 0
      for (const want of wants) {
        const short = shortageOf(want, now)
        if (short && (worst === null || isWorse(short, worst))) worst = { index, ...short }
        index += 1
      }
      if (worst) return worst
      const entries: HoldEntry[] = []
      for (const want of wants) entries.push(take(want, now))
      const hold = new Hold(entries)
      if (wants.length > 0) hold.place = unwritten.push(hold) - 1
      return hold
    },

    written,

    correct(hold, amounts) {
      if (hold.state !== 'held') return
      const now = clock.monotonic()
      let index = 0
      for (const entry of hold.entries) {
        const amount = amounts[index] ?? entry.amount
        index += 1
        if (amount === entry.amount) continue
        const by = amount - entry.amount
        const { key, counts, windowMs, moment } = entry
        entry.amount = amount
        if (counts === COUNTS.money) moneyOf(key).held += by
        else if (counts === COUNTS.concurrency) {
          const left = (gauges.get(key) ?? 0n) + by
          if (left > 0n) gauges.set(key, left)
          else gauges.delete(key)
        } else if (moment) windowOf(key).change(moment, by, now, windowMs)
        if (by < 0n) freed(key)
      }
    },

    commit(hold) {
      if (hold.state !== 'held') return
      hold.state = 'committed'
      written(hold)
      for (const { key, counts, amount } of hold.entries) {
        if (counts !== COUNTS.money) continue
        const money = moneyOf(key)
        money.held -= amount
        money.spent += amount
        // Whoever waits for it waits in vain.
        freed(key)
      }
    },

    money: (key) => moneys.get(key) ?? { spent: 0n, held: 0n },
    moneys: () => moneys,
    setMoney: (key, money) => void moneys.set(key, { ...money }),
    setSpent(key, spent) {
      moneyOf(key).spent = spent
      freed(key)
    },

    used(key, windowMs, now = clock.monotonic()) {
      const gauge = gauges.get(key)
      if (gauge !== undefined) return { used: gauge, lessInMs: 0, emptyInMs: 0 }
      return windows.get(key)?.used(now, windowMs) ?? NOTHING_USED
    },

    *countedKeys() {
      yield* gauges.keys()
      yield* windows.keys()
    },

    onFreed: (listener) => {
      freed = listener
    },

    prune(isOver) {
      const now = clock.monotonic()
      for (const [key, window] of windows) {
        window.total(now, window.spanMs)
        if (window.isEmpty) windows.delete(key)
      }
      for (const key of moneys.keys()) if (isOver(key)) moneys.delete(key)
    },

    state() {
      const shift = clock.now() - clock.monotonic()
      const money = new Map<string, bigint>()
      const counted = new Map<Moment, bigint>()
      for (const { entries } of unwritten) {
        for (const { key, counts, amount, moment } of entries) {
          if (moment) counted.set(moment, (counted.get(moment) ?? 0n) + amount)
          else if (counts === COUNTS.money) money.set(key, (money.get(key) ?? 0n) + amount)
        }
      }
      return {
        at: clock.now(),
        money: [...moneys].map(([key, { spent, held }]) => {
          const written = held - (money.get(key) ?? 0n)
          return [key, spent.toString(), written.toString()] as const
        }),
        windows: [...windows].map(([key, window]) => {
          const moments = [...window.moments()].flatMap((moment) => [
            Math.round(moment.at + shift),
            (moment.amount - (counted.get(moment) ?? 0n)).toString(),
          ])
          return [key, window.spanMs, ...moments] as const
        }),
      }
    },
  }
}

const NOTHING_USED: Used = { used: 0n, lessInMs: 0, emptyInMs: 0 }

function isWorse(a: Omit<Shortage, 'index'>, b: Shortage): boolean {
  const rank = { never: 3, full: 2, held: 1 } as const
  if (rank[a.reason] !== rank[b.reason]) return rank[a.reason] > rank[b.reason]
  return (a.waitMs ?? Number.POSITIVE_INFINITY) > (b.waitMs ?? Number.POSITIVE_INFINITY)
}
