/**
 * How one target does, from the calls that it carries: a circuit breaker, the time it asked to be left alone, how long
 * it makes callers wait, how many wait now. A caller's own mistake or departure says nothing of it.
 */
import { PeakEwma } from './peak-ewma.ts'
import { RollingWindow } from './rolling-window.ts'
import { WaitSamples } from './wait-samples.ts'

export type BreakerState = 'closed' | 'open' | 'halfOpen'
/** `none`: the caller's own doing, or nobody's. */
export type Verdict = 'good' | 'bad' | 'none'

export interface BreakerLimits {
  /** So many failures in a row open it. */
  readonly failuresInARow: number
  /** So large a share of failures does too, once there were `minCalls` in the window. */
  readonly failedShare: number
  readonly minCalls: number
}

export const BREAKER: BreakerLimits = { failuresInARow: 5, failedShare: 0.5, minCalls: 20 }

const FIRST_BACK_OFF_MS = 1_000
/** So long at most between two probes: a target that recovered has its share back soon after. */
const MAX_BACK_OFF_MS = 8_000
/** Closed for so long, it begins again with the first back-off. */
const FORGIVEN_MS = 30_000
/** Good probes in a row that close it. One at first, then more at a time. */
const GOOD_PROBES = 3
/** Fewer answers than that don't say what is late. */
const MIN_SAMPLES = 8

/** What outlives a restart; times in epoch milliseconds. */
export interface SavedHealth {
  readonly openUntil: number
  readonly openings: number
  readonly evictedUntil: number
}

export class TargetHealth {
  readonly key: string
  readonly window = new RollingWindow()
  readonly firstToken = new PeakEwma()
  readonly whole = new PeakEwma()
  inFlight = 0
  /** Monotonic milliseconds of the last call. */
  usedAt = 0
  readonly #limits: BreakerLimits
  readonly #random: () => number
  readonly #firstTokens = new WaitSamples()
  readonly #wholes = new WaitSamples()
  #evictedUntil = 0
  #failures = 0
  #open = false
  #openedAt = 0
  #openUntil = 0
  #closedAt = Number.NEGATIVE_INFINITY
  #openings = 0
  #probes = 0
  #goodProbes = 0
  #downBecause: string | null = null

  constructor(key: string, limits: BreakerLimits, random: () => number) {
    this.key = key
    this.#limits = limits
    this.#random = random
  }

  /** Milliseconds for which it gets no call, because its vendor asked for that; 0: none. */
  restMs(now: number): number {
    return Math.max(0, this.#evictedUntil - now)
  }

  evict(until: number): void {
    this.#evictedUntil = Math.max(this.#evictedUntil, until)
  }

  /** Why its server counts as down, whatever calls say; null: it does not. */
  get downBecause(): string | null {
    return this.#downBecause
  }

  /** As the checks of its server tell it. One that is back is tried by real calls first, a few at a time. */
  setDown(because: string | null, now: number): void {
    const wasDown = this.#downBecause !== null
    this.#downBecause = because
    if (because !== null || !wasDown) return
    this.#open = true
    this.#openedAt = now
    this.#openUntil = now
    this.#probes = 0
    this.#goodProbes = 0
  }

  state(now: number): BreakerState {
    if (this.#downBecause !== null) return 'open'
    return !this.#open ? 'closed' : now < this.#openUntil ? 'open' : 'halfOpen'
  }

  /** Whether its breaker keeps calls away now: open, or with as many probes under way as it may have; or it is down. */
  isOut(now: number): boolean {
    if (this.#downBecause !== null) return true
    return this.#open && (now < this.#openUntil || this.#probes > this.#goodProbes)
  }

  /** Monotonic milliseconds; while its breaker is open. */
  get openUntil(): number {
    return this.#openUntil
  }

  /** A call leaves for it. */
  begin(now: number): Flight {
    this.inFlight += 1
    this.usedAt = now
    const probe = this.#open
    if (probe) this.#probes += 1
    return new Flight(this, now, probe)
  }

  /** Milliseconds, of streams where there were any; null when nothing was heard yet. */
  get medianFirstTokenMs(): number | null {
    return this.#firstTokens.at(50) ?? this.#wholes.at(50)
  }

  /** Milliseconds that so many of a hundred answers took at most; null while too few were heard. */
  waitPercentileMs(percentile: number, stream: boolean): number | null {
    const waits = stream ? this.#firstTokens : this.#wholes
    return waits.count < MIN_SAMPLES ? null : waits.at(percentile)
  }

  /** An answer has begun. */
  heard(begunAt: number, waitedMs: number, stream: boolean, now: number): void {
    const average = stream ? this.firstToken : this.whole
    // What a probe hears is news: the average is of the time when it was ill.
    if (this.#open) average.restart(waitedMs, now)
    else average.observe(waitedMs, now)
    const waits = stream ? this.#firstTokens : this.#wholes
    waits.add(waitedMs)
    this.#failures = 0
    // What left before it opened tells of the time before.
    if (!this.#open || begunAt < this.#openedAt) return
    this.#goodProbes += 1
    if (this.#goodProbes >= GOOD_PROBES) this.#close(now)
  }

  /** Nobody waits for it any more, for another was faster. Only a wait that was long already says anything of it. */
  outrun(waitedMs: number, stream: boolean, now: number): void {
    const average = stream ? this.firstToken : this.whole
    if (waitedMs > average.at(now)) average.observe(waitedMs, now)
    const waits = stream ? this.#firstTokens : this.#wholes
    if (waitedMs > (waits.at(50) ?? Number.POSITIVE_INFINITY)) waits.add(waitedMs)
  }

  ended(begunAt: number, probe: boolean, verdict: Verdict, now: number): void {
    this.inFlight -= 1
    if (probe) this.#probes = Math.max(0, this.#probes - 1)
    if (verdict === 'none') return
    this.window.add(now, verdict === 'bad')
    if (verdict === 'good') return
    this.#failures += 1
    if (this.#open) {
      // A failure of before the last back-off says nothing new.
      if (now >= this.#openUntil && begunAt >= this.#openedAt) this.#openAt(now)
    } else if (this.#failures >= this.#limits.failuresInARow || this.#failsTooOften(now)) this.#openAt(now)
  }

  save(now: number, wallNow: number): SavedHealth | null {
    const wall = (until: number) => (until > now ? Math.round(wallNow + until - now) : 0)
    if (!this.#open && this.#evictedUntil <= now) return null
    return {
      openUntil: this.#open ? Math.max(1, wall(this.#openUntil)) : 0,
      openings: this.#openings,
      evictedUntil: wall(this.#evictedUntil),
    }
  }

  restore({ openUntil, openings, evictedUntil }: SavedHealth, now: number, wallNow: number): void {
    // A clock that was set back must not keep a target out for longer than it could have asked for.
    const left = (until: number, mostMs: number) => now + Math.min(mostMs, until - wallNow)
    if (evictedUntil > wallNow) this.#evictedUntil = left(evictedUntil, MAX_EVICTION_MS)
    if (openUntil === 0) return
    this.#open = true
    this.#openings = Math.max(0, Math.min(10, openings))
    this.#openedAt = now
    this.#openUntil = left(openUntil, MAX_BACK_OFF_MS)
  }

  #failsTooOften(now: number): boolean {
    const calls = this.window.calls(now)
    const { minCalls, failedShare } = this.#limits
    return calls >= minCalls && this.window.failed(now) >= calls * failedShare
  }

  #openAt(now: number): void {
    if (!this.#open && now - this.#closedAt > FORGIVEN_MS) this.#openings = 0
    const longest = Math.min(MAX_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** this.#openings)
    this.#openings = Math.min(10, this.#openings + 1)
    this.#open = true
    this.#openedAt = now
    // At random lengths, so that gateways don't probe in step.
    this.#openUntil = now + longest * (0.5 + this.#random() / 2)
    this.#probes = 0
    this.#goodProbes = 0
  }

  #close(now: number): void {
    this.#open = false
    this.#closedAt = now
    this.#goodProbes = 0
    this.#failures = 0
    this.window.clear()
  }
}

export const MAX_EVICTION_MS = 60_000

/** One call on its way to a target and back. Each end is told once. */
export class Flight {
  readonly #health: TargetHealth
  readonly #begunAt: number
  readonly #probe: boolean
  #over = false

  constructor(health: TargetHealth, begunAt: number, probe: boolean) {
    this.#health = health
    this.#begunAt = begunAt
    this.#probe = probe
  }

  /** An answer, or the first token of a stream, is there; monotonic milliseconds. */
  heard(stream: boolean, now: number): void {
    this.#health.heard(this.#begunAt, Math.max(0, now - this.#begunAt), stream, now)
  }

  /** Another target answered first. */
  outrun(stream: boolean, now: number): void {
    this.#health.outrun(Math.max(0, now - this.#begunAt), stream, now)
  }

  ended(verdict: Verdict, now: number): void {
    if (this.#over) return
    this.#over = true
    this.#health.ended(this.#begunAt, this.#probe, verdict, now)
  }
}
