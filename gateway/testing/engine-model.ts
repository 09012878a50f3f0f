/** For the property test of the engine: what must hold, in sums that know nothing of how the engine keeps its counters. */
import { expect } from 'vitest'
import type { PolicedEngine, Underway } from './policed-engine.ts'

export const LIMITS = {
  atOnce: 6,
  requests: 40,
  tokens: 30_000,
  vendorAtOnce: 5,
  vendorRequests: 30,
} as const
export const WINDOW_MS = 60_000
export const HOUR_MS = 3_600_000

interface Taken {
  readonly at: number
  /** At most, until it is known. */
  tokens: bigint
}

export interface OpenCall {
  readonly underway: Underway
  readonly period: number
  /** What the vendor charges at most for the attempt in flight, by the sums of this file; null: none is in flight. */
  flying: bigint | null
  /** What is held for it. */
  held: bigint
  /** Of attempts that are over. */
  cost: bigint
  /** What a crash leaves held for those: each its hold, or its cost where a checkpoint knows it already. */
  left: [low: bigint, high: bigint]
  taken: Taken
}

interface Period {
  spent: bigint
  /** Of calls that a crash cut: what their vendor may have charged. */
  lost: bigint
  lostHeld: [low: bigint, high: bigint]
  highestAmount: bigint
}

export class EngineModel {
  amount: bigint
  readonly open: OpenCall[] = []
  readonly periods = new Map<number, Period>()
  readonly #calls: number[] = []
  #attempts: Taken[] = []

  constructor(amount: bigint) {
    this.amount = amount
  }

  period(at: number): Period {
    const start = Math.floor(at / HOUR_MS) * HOUR_MS
    let period = this.periods.get(start)
    if (!period) {
      period = { spent: 0n, lost: 0n, lostHeld: [0n, 0n], highestAmount: this.amount }
      this.periods.set(start, period)
    }
    return period
  }

  editAmount(amount: bigint, now: number): void {
    this.amount = amount
    const period = this.period(now)
    if (amount > period.highestAmount) period.highestAmount = amount
  }

  /** The promise itself: whatever the calls in flight come to, it is within the budget and the windows as they are now. */
  began(call: OpenCall, isNewCall: boolean, now: number): void {
    if (isNewCall) {
      this.open.push(call)
      this.#calls.push(now)
    }
    this.#attempts.push(call.taken)
    expect(this.#atMost(call.period), 'charged at most').toBeLessThanOrEqual(this.amount)
    const within = (at: number) => at > now - WINDOW_MS
    expect(this.#calls.filter(within).length, 'requests').toBeLessThanOrEqual(LIMITS.requests)
    this.#attempts = this.#attempts.filter(({ at }) => within(at))
    expect(this.#attempts.length, 'requests to the vendor').toBeLessThanOrEqual(LIMITS.vendorRequests)
    expect(this.#tokens(), 'tokens').toBeLessThanOrEqual(BigInt(LIMITS.tokens))
    expect(this.open.length, 'calls at once').toBeLessThanOrEqual(LIMITS.atOnce)
    const flying = this.open.filter((one) => one.flying !== null)
    expect(flying.length, 'at once at the vendor').toBeLessThanOrEqual(LIMITS.vendorAtOnce)
  }

  settled(call: OpenCall): void {
    this.period(call.period).spent += call.cost
    this.open.splice(this.open.indexOf(call), 1)
  }

  ended(call: OpenCall, cost: bigint, tokens: number): void {
    const { held } = call
    call.left[0] += cost < held ? cost : held
    call.left[1] += cost < held ? held : cost
    call.cost += cost
    call.flying = null
    call.taken.tokens = BigInt(tokens)
  }

  crashed(): void {
    for (const { period: at, flying, cost, held, left } of this.open) {
      const period = this.period(at)
      period.lost += cost + (flying ?? 0n)
      for (const side of [0, 1] as const) period.lostHeld[side] += left[side] + (flying === null ? 0n : held)
    }
    this.open.length = 0
  }

  check(engine: PolicedEngine, moneyKey: (startMs: number) => string, tokensKey: string): void {
    for (const [start, period] of this.periods) {
      const { spent, held } = engine.counters.money(moneyKey(start))
      expect(spent, 'spent is what the books say').toBe(period.spent)
      let [low, high] = period.lostHeld
      for (const call of this.open) {
        if (this.period(call.period) !== period) continue
        const now = call.cost + (call.flying === null ? 0n : call.held)
        low += now
        high += now
      }
      expect(held >= low && held <= high, `held: ${held} is from ${low} to ${high}`).toBe(true)
      expect(this.#charged(period), 'charged so far').toBeLessThanOrEqual(period.highestAmount)
    }
    this.#attempts = this.#attempts.filter(({ at }) => at > engine.now - WINDOW_MS)
    const known = this.open.reduce(
      (sum, { flying, taken }) => sum + (flying === null ? 0n : taken.tokens),
      0n,
    )
    const used = engine.counters.used(tokensKey, WINDOW_MS).used
    expect(used, 'counted tokens').toBeGreaterThanOrEqual(this.#tokens() - known)
  }

  #tokens(): bigint {
    return this.#attempts.reduce((sum, { tokens }) => sum + tokens, 0n)
  }

  #charged(period: Period): bigint {
    const open = this.open.filter((call) => this.period(call.period) === period)
    return open.reduce((sum, { cost }) => sum + cost, period.spent + period.lost)
  }

  #atMost(at: number): bigint {
    const period = this.period(at)
    const open = this.open.filter((call) => this.period(call.period) === period)
    return open.reduce((sum, { flying }) => sum + (flying ?? 0n), this.#charged(period))
  }
}
