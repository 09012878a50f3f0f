/**
 * The counters behind limits and budgets, in memory. One operation takes room in any number of them, all or nothing; a
 * hold is corrected when its real amount is known and committed when the call is in the books. Pure but for its clock:
 * whom a counter belongs to, and what a refusal says, is decided elsewhere. One call here is one script in a store that
 * several gateways share.
 */
import type { Clock } from '../clock.ts'
import type { HoldRecord } from '../journal/books.ts'
import { type Counter, Gauge, type Money, MoneyCounter, type Short, WindowCounter } from './counter.ts'
import { COUNTS, type Counts, Hold, type Shortage, type Want } from './hold.ts'
import type { Moment, Used } from './sliding-window.ts'

export interface Counters {
  /** Takes room for all, or for none and says which is short. Taken, the wants are the hold's entries. */
  reserve(wants: Want[]): Hold | Shortage
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

export function createCounters(clock: Clock): Counters {
  const windows = new Map<string, WindowCounter>()
  const gauges = new Map<string, Gauge>()
  const moneys = new Map<string, MoneyCounter>()
  /** Not a Set: one that each call goes into and out of makes itself new tables without end, and each old one lives on. */
  const unwritten: Hold[] = []
  let freed: (key: string) => void = () => {}

  function restore(state: CountersState): void {
    moneys.clear()
    windows.clear()
    for (const [key, spent, held] of state.money) {
      const money = moneyOf(key)
      money.spent = BigInt(spent)
      money.held = BigInt(held)
    }
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

  function windowOf(key: string): WindowCounter {
    let window = windows.get(key)
    if (!window) {
      window = new WindowCounter()
      windows.set(key, window)
    }
    return window
  }

  function windowOver(key: string, windowMs: number): WindowCounter {
    const window = windowOf(key)
    window.spanMs = windowMs
    return window
  }

  function moneyOf(key: string): MoneyCounter {
    let money = moneys.get(key)
    if (!money) {
      money = new MoneyCounter()
      moneys.set(key, money)
    }
    return money
  }

  function gaugeOf(key: string): Gauge {
    let gauge = gauges.get(key)
    if (!gauge) {
      gauge = new Gauge()
      gauges.set(key, gauge)
    }
    return gauge
  }

  function counterOf(key: string, counts: Counts): Counter {
    if (counts === COUNTS.money) return moneyOf(key)
    return counts === COUNTS.concurrency ? gaugeOf(key) : windowOf(key)
  }

  function knownCounter(key: string, counts: Counts): Counter | null {
    const known = counts === COUNTS.money ? moneys : counts === COUNTS.concurrency ? gauges : windows
    return known.get(key) ?? null
  }

  /** Where an entry counts now: its counter, or what came in place of one that was forgotten. */
  function counterAt(entry: Want): Counter {
    if (entry.counter === null || entry.counter.isForgotten)
      entry.counter = counterOf(entry.key, entry.counts)
    return entry.counter
  }

  function forget(known: Map<string, Counter>, key: string, counter: Counter): void {
    counter.isForgotten = true
    known.delete(key)
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
      for (const one of wants) {
        const { key, counts, limit } = one
        one.counter = knownCounter(key, counts)
        const short = limit === null ? null : shortageOf(one, limit, now)
        if (short && (worst === null || isWorse(short, worst))) worst = { index, ...short }
        index += 1
      }
      if (worst) return worst
      for (const one of wants) counterAt(one).take(one, now)
      const hold = new Hold(wants)
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
        entry.amount = amount
        counterAt(entry).correct(entry, by, now)
        if (by < 0n) freed(entry.key)
      }
    },

    commit(hold) {
      if (hold.state !== 'held') return
      hold.state = 'committed'
      written(hold)
      for (const entry of hold.entries) {
        if (entry.counts !== COUNTS.money) continue
        counterAt(entry).commit(entry)
        // Whoever waits for it waits in vain.
        freed(entry.key)
      }
    },

    money(key) {
      const { spent, held } = moneys.get(key) ?? NO_MONEY
      return { spent, held }
    },
    moneys: () => moneys,
    setMoney(key, { spent, held }) {
      const money = moneyOf(key)
      money.spent = spent
      money.held = held
    },
    setSpent(key, spent) {
      moneyOf(key).spent = spent
      freed(key)
    },

    used(key, windowMs, now = clock.monotonic()) {
      const gauge = gauges.get(key)
      if (gauge !== undefined && gauge.held > 0n) return { used: gauge.held, lessInMs: 0, emptyInMs: 0 }
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
        if (window.isEmpty) forget(windows, key, window)
      }
      for (const [key, gauge] of gauges) if (gauge.held === 0n) forget(gauges, key, gauge)
      for (const [key, money] of moneys) if (isOver(key)) forget(moneys, key, money)
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

const NO_MONEY: Money = { spent: 0n, held: 0n }
/** Nobody has counted under its key: the amount alone decides. */
const EMPTY: Readonly<Record<'money' | 'places' | 'window', Counter>> = {
  money: new MoneyCounter(),
  places: new Gauge(),
  window: new WindowCounter(),
}

function shortageOf(one: Want, limit: bigint, now: number): Short | null {
  const { counter, counts, amount } = one
  if (counter !== null) return counter.shortage(one, limit, now)
  if (amount <= limit) return null
  const empty =
    counts === COUNTS.money ? EMPTY.money : counts === COUNTS.concurrency ? EMPTY.places : EMPTY.window
  return empty.shortage(one, limit, now)
}

const NOTHING_USED: Used = { used: 0n, lessInMs: 0, emptyInMs: 0 }

function isWorse(a: Short, b: Shortage): boolean {
  const rank = { never: 3, full: 2, held: 1 } as const
  if (rank[a.reason] !== rank[b.reason]) return rank[a.reason] > rank[b.reason]
  return (a.waitMs ?? Number.POSITIVE_INFINITY) > (b.waitMs ?? Number.POSITIVE_INFINITY)
}
