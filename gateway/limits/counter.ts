/** What one key counts, of three kinds: money, places at once, and amounts within a window. */
import type { Shortage, Want } from './hold.ts'
import { SlidingWindow } from './sliding-window.ts'

export type Short = Omit<Shortage, 'index'>

export interface Counter {
  /** It counted nothing and is known by its key no more: another may be. */
  isForgotten: boolean
  /** Null: there is room. Asked only where there is a limit. */
  shortage(want: Want, limit: bigint, now: number): Short | null
  take(want: Want, now: number): void
  /** What was taken turned out to be `by` more or less. */
  correct(want: Want, by: bigint, now: number): void
  commit(want: Want): void
}

export interface Money {
  spent: bigint
  held: bigint
}

export class MoneyCounter implements Counter, Money {
  isForgotten = false
  spent = 0n
  held = 0n

  shortage({ amount }: Want, limit: bigint): Short | null {
    if (this.spent + this.held + amount <= limit) return null
    return { reason: this.spent + amount > limit ? 'full' : 'held', waitMs: null }
  }

  take({ amount }: Want): void {
    this.held += amount
  }

  correct(_: Want, by: bigint): void {
    this.held += by
  }

  commit({ amount }: Want): void {
    this.held -= amount
    this.spent += amount
  }
}

export class Gauge implements Counter {
  isForgotten = false
  held = 0n

  shortage({ amount, waits }: Want, limit: bigint): Short | null {
    if (this.held + amount <= limit) return null
    return { reason: waits ? 'held' : 'full', waitMs: 1_000 }
  }

  take({ amount }: Want): void {
    this.held += amount
  }

  correct(_: Want, by: bigint): void {
    this.held += by
  }

  commit(): void {}
}

export class WindowCounter extends SlidingWindow implements Counter {
  isForgotten = false

  shortage({ amount, windowMs }: Want, limit: bigint, now: number): Short | null {
    const waitMs = this.waitFor(amount, limit, now, windowMs)
    if (waitMs === null) return { reason: 'never', waitMs: windowMs }
    return waitMs === 0 ? null : { reason: 'full', waitMs }
  }

  take(want: Want, now: number): void {
    this.spanMs = want.windowMs
    want.moment = this.add(now, want.windowMs, want.amount)
  }

  correct({ moment, windowMs }: Want, by: bigint, now: number): void {
    if (moment) this.change(moment, by, now, windowMs)
  }

  commit(): void {}
}
