/** The last waits for a target's answers, milliseconds: what of them is usual, and what is late. */
const SAMPLES = 64

export class WaitSamples {
  readonly #waits = new Float64Array(SAMPLES)
  #added = 0

  add(ms: number): void {
    this.#waits[this.#added % SAMPLES] = ms
    this.#added += 1
  }

  get count(): number {
    return Math.min(this.#added, SAMPLES)
  }

  /**
   * The smallest wait that no more than so many of a hundred were longer than; null when nothing was heard yet.
   * @param percentile 0 to 100
   */
  at(percentile: number): number | null {
    const { count } = this
    if (count === 0) return null
    const sorted = this.#waits.slice(0, count).sort()
    const rank = Math.ceil((percentile / 100) * count)
    return sorted[Math.max(0, rank - 1)] ?? null
  }
}
