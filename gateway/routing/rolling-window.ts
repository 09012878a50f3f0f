/** Calls and failures of the last half minute, in steps of three seconds. */
const STEP_MS = 3_000
const STEPS = 10

export class RollingWindow {
  readonly #calls = new Uint32Array(STEPS)
  readonly #failed = new Uint32Array(STEPS)
  #step = 0
  #sumCalls = 0
  #sumFailed = 0

  add(now: number, failed: boolean): void {
    this.#advance(now)
    const slot = this.#step % STEPS
    this.#calls[slot] = (this.#calls[slot] ?? 0) + 1
    this.#sumCalls += 1
    if (!failed) return
    this.#failed[slot] = (this.#failed[slot] ?? 0) + 1
    this.#sumFailed += 1
  }

  calls(now: number): number {
    this.#advance(now)
    return this.#sumCalls
  }

  failed(now: number): number {
    this.#advance(now)
    return this.#sumFailed
  }

  clear(): void {
    this.#calls.fill(0)
    this.#failed.fill(0)
    this.#sumCalls = 0
    this.#sumFailed = 0
  }

  #advance(now: number): void {
    const step = Math.floor(now / STEP_MS)
    if (step === this.#step) return
    const passed = Math.min(STEPS, Math.max(0, step - this.#step))
    for (let past = 1; past <= passed; past += 1) {
      const slot = (this.#step + past) % STEPS
      this.#sumCalls -= this.#calls[slot] ?? 0
      this.#sumFailed -= this.#failed[slot] ?? 0
      this.#calls[slot] = 0
      this.#failed[slot] = 0
    }
    this.#step = step
  }
}
