/**
 * How many tries beyond the calls themselves the whole gateway may make: one for each five calls, and a store for bad
 * moments. When everything fails, vendors get no storm on top.
 */
const SHARE = 0.2
const STORE = 100

export class RetryBudget {
  #left = STORE

  callBegan(): void {
    this.#left = Math.min(STORE, this.#left + SHARE)
  }

  /** Takes one try. */
  take(): boolean {
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}
