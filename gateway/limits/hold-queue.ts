/**
 * The wait for what calls in flight hold, money or a place at a vendor: first come, first served, each for as long as it
 * may. A want that is short for any other reason is answered at once.
 */
import type { Counters } from './counters.ts'
import { COUNTS, type Hold, isHold, type Shortage, type Want } from './hold.ts'

interface Waiter {
  readonly arrival: number
  readonly wants: Want[]
  readonly answer: (result: Hold | Shortage) => void
  blockedOn: string
}

export interface Patience {
  /** How long it may wait for this. */
  readonly waitMs: (short: Shortage) => number
  /** Hears how to give up before the time is over: the caller went away. */
  readonly onWaiting: (giveUp: () => void) => void
}

export class HoldQueue {
  readonly #counters: Counters
  /** By the key that they wait for, in the order of their arrival. */
  readonly #waiters = new Map<string, Waiter[]>()
  #arrivals = 0

  constructor(counters: Counters) {
    this.#counters = counters
    counters.onFreed((key) => this.#serve(key))
  }

  reserveAtOnce(wants: Want[]): Hold | Shortage {
    const queued = this.#waiters.size > 0 ? this.#firstQueued(wants) : null
    return queued ?? this.#counters.reserve(wants)
  }

  /** At once where that can be decided; else a promise, which never rejects. */
  reserve(wants: Want[], patience: Patience): Hold | Shortage | Promise<Hold | Shortage> {
    const result = this.reserveAtOnce(wants)
    if (isHold(result) || result.reason !== 'held') return result
    const waitMs = patience.waitMs(result)
    if (waitMs <= 0) return result
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | null = null
      const waiter: Waiter = {
        arrival: ++this.#arrivals,
        wants,
        blockedOn: keyAt(wants, result.index),
        answer: (answer) => {
          if (timer !== null) clearTimeout(timer)
          timer = null
          resolve(answer)
        },
      }
      const giveUp = () => {
        if (timer === null) return
        this.#remove(waiter)
        waiter.answer({ ...result, index: indexOf(wants, waiter.blockedOn) })
        // Whoever stood behind may fit where this one did not.
        this.#serve(waiter.blockedOn)
      }
      timer = setTimeout(giveUp, waitMs)
      this.#enqueue(waiter)
      patience.onWaiting(giveUp)
    })
  }

  get waiting(): number {
    let sum = 0
    for (const queue of this.#waiters.values()) sum += queue.length
    return sum
  }

  /** A newcomer does not pass those who wait for the same, unless it could never have it. */
  #firstQueued(wants: readonly Want[]): Shortage | null {
    for (const [index, { key, counts, limit, amount }] of wants.entries()) {
      if (limit === null || !this.#waiters.has(key)) continue
      if (counts !== COUNTS.money) return { index, reason: 'held', waitMs: 1_000 }
      if (this.#counters.money(key).spent + amount > limit) return { index, reason: 'full', waitMs: null }
      return { index, reason: 'held', waitMs: null }
    }
    return null
  }

  #serve(key: string): void {
    if (this.#waiters.size === 0) return
    for (;;) {
      const waiter = this.#waiters.get(key)?.[0]
      if (!waiter) return
      const result = this.#counters.reserve(waiter.wants)
      if (!isHold(result) && result.reason === 'held') {
        const blockedOn = keyAt(waiter.wants, result.index)
        if (blockedOn === key) return
        this.#remove(waiter)
        waiter.blockedOn = blockedOn
        this.#enqueue(waiter)
        continue
      }
      this.#remove(waiter)
      waiter.answer(result)
    }
  }

  #enqueue(waiter: Waiter): void {
    const queue = this.#waiters.get(waiter.blockedOn) ?? []
    let at = queue.length
    while (at > 0 && (queue[at - 1]?.arrival ?? 0) > waiter.arrival) at -= 1
    queue.splice(at, 0, waiter)
    this.#waiters.set(waiter.blockedOn, queue)
  }

  #remove(waiter: Waiter): void {
    const queue = this.#waiters.get(waiter.blockedOn)?.filter((other) => other !== waiter) ?? []
    if (queue.length > 0) this.#waiters.set(waiter.blockedOn, queue)
    else this.#waiters.delete(waiter.blockedOn)
  }
}

const keyAt = (wants: readonly Want[], index: number): string => wants[index]?.key ?? ''

const indexOf = (wants: readonly Want[], key: string): number =>
  Math.max(
    0,
    wants.findIndex((want) => want.key === key),
  )
