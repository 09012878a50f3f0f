/**
 * How one of a provider's credentials does: whether its vendor refuses it, or asked for rest. It knows the place of the
 * credential in the provider's list and never the secret, so that nothing here can tell it.
 */
import { RollingWindow } from './rolling-window.ts'
import { MAX_EVICTION_MS } from './target-health.ts'

export type CredentialState = 'ready' | 'resting' | 'refused'

/** What outlives a restart; times in epoch milliseconds. */
export interface SavedCredential {
  readonly refusedUntil: number
  readonly refusals: number
  readonly code: string | null
  readonly rests: readonly { readonly model: string; readonly until: number }[]
}

const FIRST_REFUSAL_MS = 60_000
const MAX_REFUSAL_MS = 3_600_000
const MAX_REFUSALS = 10
/** A call that tries a refused one again has it for itself for so long. */
const TRIAL_MS = 60_000
/** Beyond it, what is over is forgotten. */
const MAX_RESTS = 64

export class Credential {
  /** In the provider's list, from 0. */
  readonly position: number
  readonly window = new RollingWindow()
  /** In a row. */
  #refusals = 0
  #refusedUntil = 0
  #isTried = false
  /** By model: vendors limit an account by the model. */
  readonly #restsUntil = new Map<string, number>()
  #code: string | null = null

  constructor(position: number) {
    this.position = position
  }

  /** Milliseconds for which no call for this model goes with it; 0: none. */
  waitMs(model: string, now: number): number {
    return Math.max(0, this.#refusedUntil - now, (this.#restsUntil.get(model) ?? 0) - now)
  }

  get isRefused(): boolean {
    return this.#refusals > 0
  }

  /** Monotonic milliseconds: after that nothing keeps calls from it. */
  get outUntil(): number {
    return Math.max(this.#refusedUntil, ...this.#restsUntil.values())
  }

  /** A call tries it although it was refused: the others wait for what comes of it. */
  tryAgain(now: number): void {
    this.#refusedUntil = now + TRIAL_MS
    this.#isTried = true
  }

  refuse(now: number, code: string): void {
    this.#code = code
    // Calls that left together are refused together: that is one refusal.
    if (this.isRefused && !this.#isTried) return
    this.#refusedUntil = now + Math.min(MAX_REFUSAL_MS, FIRST_REFUSAL_MS * 2 ** this.#refusals)
    this.#refusals = Math.min(MAX_REFUSALS, this.#refusals + 1)
    this.#isTried = false
  }

  accept(): void {
    this.#refusals = 0
    this.#refusedUntil = 0
    this.#isTried = false
  }

  rest(model: string, until: number, code: string): void {
    if (this.#restsUntil.size >= MAX_RESTS) this.#restsUntil.clear()
    this.#restsUntil.set(model, Math.max(until, this.#restsUntil.get(model) ?? 0))
    if (!this.isRefused) this.#code = code
  }

  /** `until` in monotonic milliseconds: no call goes with it before; of a resting one, for one model at least. */
  state(now: number): { state: CredentialState; until: number | null; code: string | null } {
    const { outUntil } = this
    const until = outUntil > now ? outUntil : null
    if (this.isRefused) return { state: 'refused', until, code: this.#code }
    return until === null
      ? { state: 'ready', until, code: null }
      : { state: 'resting', until, code: this.#code }
  }

  /** Null: there is nothing to keep. */
  save(now: number, wallNow: number): SavedCredential | null {
    const wall = (until: number) => Math.max(1, Math.round(wallNow + until - now))
    const rests = [...this.#restsUntil].flatMap(([model, until]) =>
      until > now ? [{ model, until: wall(until) }] : [],
    )
    if (!this.isRefused && rests.length === 0) return null
    return {
      refusedUntil: this.isRefused ? wall(this.#refusedUntil) : 0,
      refusals: this.#refusals,
      code: this.#code,
      rests,
    }
  }

  restore({ refusedUntil, refusals, code, rests }: SavedCredential, now: number, wallNow: number): void {
    // A clock that was set back must not keep it out for longer than it could have been.
    const left = (until: number, mostMs: number) => now + Math.min(mostMs, until - wallNow)
    if (refusals > 0) {
      this.#refusals = Math.min(refusals, MAX_REFUSALS)
      this.#refusedUntil = left(refusedUntil, MAX_REFUSAL_MS)
    }
    for (const { model, until } of rests) {
      if (until > wallNow) this.#restsUntil.set(model, left(until, MAX_EVICTION_MS))
    }
    this.#code = code
  }
}
