/**
 * What was counted within the last `windowMs`, as a log of moments that is folded where they lie close together. It
 * errs to one side: a moment is kept until all that was folded into it is out of the window, so no stretch of that length
 * ever holds more than was admitted. Times are monotonic milliseconds.
 */

/** A fold spans at most this share of the window: how late room may come back. */
const FOLDS = 128

export interface Moment {
  /** Of the newest amount folded in. */
  at: number
  readonly since: number
  amount: bigint
  /** False once it is out of the window. */
  counted: boolean
}

/** What counts now, and the milliseconds until the first of it, and until all, is forgotten; 0 without a window. */
export interface Used {
  readonly used: bigint
  readonly lessInMs: number
  readonly emptyInMs: number
}

export class SlidingWindow {
  /** The window that amounts were taken in last: what pruning goes by. */
  spanMs = 0
  #moments: Moment[] = []
  #first = 0
  #total = 0n
  /** Whatever happened until then is out of the window. */
  #goneUntil = Number.NEGATIVE_INFINITY

  /** What counts now. */
  total(now: number, windowMs: number): bigint {
    this.#expire(now, windowMs)
    return this.#total
  }

  /** Counts an amount and says where, for `change`. */
  add(now: number, windowMs: number, amount: bigint): Moment {
    this.#expire(now, windowMs)
    this.#total += amount
    const last = this.#moments.length > this.#first ? this.#moments.at(-1) : undefined
    if (last && now - last.since <= windowMs / FOLDS) {
      last.at = Math.max(last.at, now)
      last.amount += amount
      return last
    }
    const moment = { at: now, since: now, amount, counted: true }
    this.#moments.push(moment)
    return moment
  }

  /** An amount counted before turned out to be `by` more or less. One whose time is over is counted now if it grew. */
  change(moment: Moment, by: bigint, now: number, windowMs: number): void {
    this.#expire(now, windowMs)
    if (moment.counted) {
      moment.amount += by
      this.#total += by
    } else if (by > 0n) this.add(now, windowMs, by)
  }

  /**
   * Milliseconds until `amount` fits under `limit`; 0: it does now; null: it never will.
   */
  waitFor(amount: bigint, limit: bigint, now: number, windowMs: number): number | null {
    this.#expire(now, windowMs)
    let excess = this.#total + amount - limit
    if (excess <= 0n) return 0
    if (amount > limit) return null
    for (let index = this.#first; index < this.#moments.length; index += 1) {
      const moment = this.#moments[index]
      if (!moment) break
      excess -= moment.amount
      if (excess <= 0n) return Math.max(1, Math.ceil(moment.at + windowMs - now))
    }
    return Math.ceil(windowMs)
  }

  used(now: number, windowMs: number): Used {
    this.#expire(now, windowMs)
    const oldest = this.#moments[this.#first]
    const newest = this.#moments[this.#moments.length - 1]
    if (!oldest || !newest) return { used: this.#total, lessInMs: 0, emptyInMs: 0 }
    return {
      used: this.#total,
      lessInMs: Math.max(0, Math.ceil(oldest.at + windowMs - now)),
      emptyInMs: Math.max(0, Math.ceil(newest.at + windowMs - now)),
    }
  }

  get isEmpty(): boolean {
    return this.#moments.length === this.#first
  }

  /** Oldest first. */
  *moments(): Generator<Moment> {
    for (let index = this.#first; index < this.#moments.length; index += 1) {
      const moment = this.#moments[index]
      if (moment) yield moment
    }
  }

  /** For a window that is filled again: what had left it by then is not looked for in what is there. */
  passedUntil(at: number): void {
    this.#goneUntil = Math.max(this.#goneUntil, at)
  }

  /** The newest moment at or before an instant, or the oldest there is; null where its own has passed. */
  momentAt(at: number): Moment | null {
    if (at <= this.#goneUntil) return null
    let found: Moment | null = null
    for (const moment of this.moments()) {
      if (found !== null && moment.since > at) break
      found = moment
    }
    return found
  }

  #expire(now: number, windowMs: number): void {
    for (;;) {
      const moment = this.#moments[this.#first]
      if (!moment || moment.at > now - windowMs) break
      moment.counted = false
      this.#goneUntil = moment.at
      this.#total -= moment.amount
      this.#first += 1
    }
    if (this.#first > 64 && this.#first * 2 > this.#moments.length) {
      this.#moments = this.#moments.slice(this.#first)
      this.#first = 0
    }
  }
}
