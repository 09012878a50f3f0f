/**
 * How long a target makes callers wait, as a moving average that believes a slow answer at once and a fast one only by
 * and by (peak EWMA, as Finagle has it). It fades while nothing is heard, so that a target that was slow is asked again.
 */
const FADE_MS = 10_000

export class PeakEwma {
  #valueMs = 0
  /** Monotonic milliseconds; negative: nothing was heard yet. */
  #at = -1

  get known(): boolean {
    return this.#at >= 0
  }

  observe(ms: number, now: number): void {
    if (this.#at < 0 || ms >= this.#valueMs) this.#valueMs = ms
    else {
      const kept = Math.exp(-Math.max(0, now - this.#at) / FADE_MS)
      this.#valueMs = this.#valueMs * kept + ms * (1 - kept)
    }
    this.#at = now
  }

  /** As if nothing had been heard before. */
  restart(ms: number, now: number): void {
    this.#valueMs = ms
    this.#at = now
  }

  /** Milliseconds, faded; 0 when nothing was heard. */
  at(now: number): number {
    return this.#at < 0 ? 0 : this.#valueMs * Math.exp(-Math.max(0, now - this.#at) / FADE_MS)
  }
}
