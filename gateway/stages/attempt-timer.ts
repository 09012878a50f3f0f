/** One timer for all the clocks of an attempt: it looks again when it fires, so that a chunk costs no timer. */
import type { Clock } from '../clock.ts'

/** A timer that fires this long after its time says that the loop stood still. */
const LATE_MS = 100
/** Then what the vendor sent meanwhile lies unread in the sockets: time to read it before anybody is judged. */
const READ_FIRST_MS = 20

/** Beyond it a timer need not be exact: it looks again when it fires. */
const COARSE_MS = 5_000

/** An object and no closures of each call: those were seen to keep dead calls alive through scavenges. */
export interface Timed {
  /** Monotonic milliseconds; it may move while the timer runs. */
  readonly nextDeadline: number
  timeIsUp(now: number): void
}

export class AttemptTimer {
  readonly #clock: Clock
  readonly #timed: Timed
  #timer: NodeJS.Timeout | null = null
  #due = 0

  constructor(clock: Clock, timed: Timed) {
    this.#clock = clock
    this.#timed = timed
  }

  /** For a deadline that is nearer than it was; one that moved away needs none. */
  arm() {
    this.stop()
    const now = this.#clock.monotonic()
    const left = Math.min(Math.max(1, this.#timed.nextDeadline - now), 2 ** 31 - 1)
    // Node keeps a list for each length: far ones look too early, by whole seconds, and share theirs.
    const wait = left > COARSE_MS ? left - (left % 1_000) : left
    this.#due = now + wait
    this.#timer = setTimeout(() => this.#fired(), wait)
  }

  stop() {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #fired() {
    this.#timer = null
    const now = this.#clock.monotonic()
    if (now < this.#timed.nextDeadline) return this.arm()
    if (now - this.#due > LATE_MS) {
      this.#due = Number.POSITIVE_INFINITY
      this.#timer = setTimeout(() => this.#fired(), READ_FIRST_MS)
      return
    }
    this.#timed.timeIsUp(now)
  }
}
