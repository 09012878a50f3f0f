/**
 * In which order the targets of a route are asked for one call. It decides nothing ahead: each try is chosen when it is
 * needed, by how the targets do then.
 */
import type { Hedge } from '../../lib/contract/routing.ts'
import type { Clock } from '../clock.ts'
import type { VendorFailure } from '../providers/vendor-failure.ts'
import type { CompiledTarget } from '../snapshot/configuration.ts'
import type { Attempt } from '../stages/attempt.ts'
import type { Asked } from './asked.ts'
import { type Candidate, restMs } from './candidate.ts'
import { cheapest } from './cheapest.ts'
import { consistentHash } from './consistent-hash.ts'
import type { Credential } from './credential.ts'
import { type Decision, decide, windowOf } from './decision.ts'
import { explain } from './explain.ts'
import { heed } from './heed.ts'
import { leastBusy } from './least-busy.ts'
import { leastLatency } from './least-latency.ts'
import type { RouteState } from './route-state.ts'
import type { Flight, TargetHealth } from './target-health.ts'
import { takeTurn } from './weighted.ts'

export class TargetPlan {
  readonly decision: Decision
  readonly state: RouteState
  readonly asked: Asked
  /** The one chosen last was asked although its breaker is open, for want of any other: no try follows it. */
  isLastResort = false
  readonly #clock: Clock
  /** False: nobody's turn is taken. */
  readonly #isReal: boolean
  #tried: Candidate[] = []
  #givenUp: Set<Candidate> | null = null
  #passedUntil: Map<Candidate, number> | null = null

  constructor(state: RouteState, asked: Asked, clock: Clock, isReal: boolean) {
    this.state = state
    this.asked = asked
    this.decision = decide(state, asked)
    this.#clock = clock
    this.#isReal = isReal
  }

  /** How many targets could be asked at all. */
  get size(): number {
    let size = 0
    for (const tier of this.decision.tiers) size += tier.length
    return size
  }

  /**
   * The next target to try: those not tried yet first, priority by priority, then from the start again; last of all one
   * whose breaker is open. A number: all that is left wants to be left alone for so many milliseconds. Null: nothing is
   * left.
   */
  next(): CompiledTarget | number | null {
    const now = this.#clock.monotonic()
    const first = this.#pick(now, false, false)
    if (typeof first === 'object') return this.#take(first)
    let shortest = first
    if (this.#tried.length > 0) {
      const again = this.#pick(now, true, false)
      if (typeof again === 'object') {
        this.#tried = []
        return this.#take(again)
      }
      shortest = again
    }
    const last = this.#pick(now, true, true)
    if (typeof last === 'object') {
      this.isLastResort = true
      return this.#take(last)
    }
    shortest = Math.min(shortest, last)
    return shortest === Number.POSITIVE_INFINITY ? null : shortest
  }

  /** This target says the same each time: not again in this call. */
  giveUpOn(target: CompiledTarget): void {
    const candidate = this.#candidate(target)
    if (!candidate) return
    this.#givenUp ??= new Set()
    this.#givenUp.add(candidate)
  }

  /** What a failed try says of the next ones. */
  learn(target: CompiledTarget, failed: VendorFailure, isCredentialsOwn: boolean): void {
    if (failed.reason === 'contextTooLong') this.needLonger(target)
    else if (!failed.sameTargetMayHelp && !isCredentialsOwn) this.giveUpOn(target)
  }

  /** The call is too long for this target's model: only one with a longer window, or an unknown one, is left. */
  needLonger(target: CompiledTarget): void {
    const short = this.#candidate(target)
    const window = short ? windowOf(short, this.asked) : null
    for (const candidate of this.state.candidates) {
      const other = windowOf(candidate, this.asked)
      const noLonger = window !== null && other !== null && other <= window
      if (noLonger || candidate.target.model === target.model) this.giveUpOn(candidate.target)
    }
  }

  /** This target has no room for this call for `ms`. */
  passOver(target: CompiledTarget, ms: number): void {
    const candidate = this.#candidate(target)
    if (!candidate) return
    this.#passedUntil ??= new Map()
    this.#passedUntil.set(candidate, this.#clock.monotonic() + ms)
  }

  /** Whether another target could be asked at once. */
  hasAnother(target: CompiledTarget): boolean {
    const now = this.#clock.monotonic()
    for (const tier of this.decision.tiers) {
      for (const candidate of tier) {
        if (candidate.target !== target && this.#waitMs(candidate, now) === 0 && !candidate.health.isOut(now))
          return true
      }
    }
    return false
  }

  /** Another vendor's model, or another model, that could be asked at once beside `target` and was not asked yet. */
  beside(target: CompiledTarget): CompiledTarget | null {
    const found = this.#pick(this.#clock.monotonic(), false, false, this.#own(target).health)
    return typeof found === 'object' ? found.target : null
  }

  /** Milliseconds after which an answer of this target is late; null: not enough is known of it. */
  lateAfterMs(target: CompiledTarget, { percentile, minMs }: Hedge): number | null {
    const usual = this.#own(target).health.waitPercentileMs(percentile, this.asked.chat.stream)
    return usual === null ? null : Math.max(minMs, usual)
  }

  /** What the route would have asked, in place of the one that was asked first: itself, where it is of the first choice. */
  wantedFor(first: CompiledTarget): CompiledTarget {
    const [best] = this.decision.wanted
    if (!best?.[0] || best.some(({ target }) => target === first)) return first
    return best[0].target
  }

  /** Why the first one asked is not of the first choice, for `x-gatehouse-degraded`. */
  get whyNotWanted(): string {
    const { wanted, tiers } = this.decision
    return wanted[0] !== tiers[0] ? 'contextTooLong' : 'unavailable'
  }

  /**
   * The credential for a try that leaves now; null: its provider has none that is ready any more.
   * @param mayAskAgain whether another try could follow
   */
  takeCredential(target: CompiledTarget, mayAskAgain: boolean): Credential | null {
    const { credentials } = this.#own(target)
    return credentials.take(target.model, this.#clock.monotonic(), mayAskAgain)
  }

  /** Takes to heart how an attempt went; true: another credential of the same provider may be asked at once. */
  heed(target: CompiledTarget, credential: Credential, attempt: Attempt): boolean {
    return heed(this.#own(target), credential, attempt, this.#clock.monotonic())
  }

  /** Those left whose vendors take none of their credentials; null when another is only to be left alone. */
  get refused(): CompiledTarget[] | null {
    const left = this.decision.tiers.flat().filter((candidate) => !this.#givenUp?.has(candidate))
    const areRefused = left.every(({ credentials }) => credentials.areSeveral && credentials.areAllRefused())
    return areRefused && left.length > 0 ? left.map(({ target }) => target) : null
  }

  /** A try leaves for this target; its flight must be ended. */
  begin(target: CompiledTarget): Flight {
    const now = this.#clock.monotonic()
    const candidate = this.#own(target)
    if (!this.#tried.includes(candidate)) this.#tried.push(candidate)
    this.state.shares.add(candidate.health.key, now)
    return candidate.health.begin(now)
  }

  /** In sentences, why the target that `next` gave is asked, and others are not. */
  why(chosen: CompiledTarget | null): string[] {
    return explain(
      this.state,
      this.decision,
      this.asked,
      chosen && this.#candidate(chosen),
      this.#clock.monotonic(),
    )
  }

  /**
   * Infinity: none; a number: the shortest wait.
   * @param beside it may not be one whose health is this one's
   */
  #pick(now: number, again: boolean, lastResort: boolean, beside?: TargetHealth): Candidate | number {
    let shortest = Number.POSITIVE_INFINITY
    for (const tier of this.decision.tiers) {
      let open: Candidate[] | null = null
      for (const candidate of tier) {
        if (!again && this.#tried.includes(candidate)) continue
        if (candidate.health === beside) continue
        const waitMs = this.#waitMs(candidate, now)
        if (waitMs > 0) {
          shortest = Math.min(shortest, waitMs)
          continue
        }
        if (candidate.health.isOut(now) !== lastResort) continue
        if (tier.length === 1) return candidate
        open ??= []
        open.push(candidate)
      }
      const chosen = open && this.#choose(open, now)
      if (chosen) return chosen
    }
    return shortest
  }

  /** Of targets of one priority, by the strategy. Those of weight 0 are for when all others are gone. */
  #choose(open: readonly Candidate[], now: number): Candidate | undefined {
    if (open.length === 1) return open[0]
    const { compiled } = this.state
    const weighty = open.filter(({ target }) => target.weight > 0)
    const candidates = weighty.length > 0 ? weighty : open
    switch (compiled.route.strategy) {
      case 'leastLatency':
        return leastLatency(candidates, this.asked.chat.stream, now)
      case 'leastBusy':
        return leastBusy(candidates, this.#isReal)
      case 'cheapest':
        return cheapest(candidates, this.asked, compiled)
      case 'consistentHash':
        return consistentHash(candidates, this.decision.hash)
      case 'priority':
      case 'weighted':
      case 'rules':
        return takeTurn(candidates, this.#isReal)
    }
  }

  /** Infinity: given up. */
  #waitMs(candidate: Candidate, now: number): number {
    if (this.#givenUp?.has(candidate)) return Number.POSITIVE_INFINITY
    const passed = this.#passedUntil?.get(candidate)
    const rest = restMs(candidate, now)
    return passed === undefined ? rest : Math.max(rest, passed - now)
  }

  #take(candidate: Candidate): CompiledTarget {
    this.#tried.push(candidate)
    return candidate.target
  }

  /** @throws RangeError when it is not of this plan. */
  #own(target: CompiledTarget): Candidate {
    const candidate = this.#candidate(target)
    if (!candidate) throw new RangeError('not a target of this plan')
    return candidate
  }

  #candidate(target: CompiledTarget): Candidate | undefined {
    return this.state.candidates.find((candidate) => candidate.target === target)
  }
}
