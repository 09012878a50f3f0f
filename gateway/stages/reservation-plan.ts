/** What one attempt asks of its counters: how much at most, how long it waits for it, and what a shortage means. */
import { isOfTarget } from '../../lib/contract/policy.ts'
import type { Pricing } from '../../lib/contract/price.ts'
import type { Call } from '../call.ts'
import type { ChatRequest } from '../dialects/openai-chat-request.ts'
import { GatewayError } from '../gateway-error.ts'
import {
  type Applied,
  type AppliedBudget,
  type AppliedLimit,
  isBudget,
  isLimit,
} from '../limits/applicable.ts'
import { type CostShape, costBound, costShape, outputBound, outputThatFits } from '../limits/cost-bound.ts'
import { COUNTS, type Hold, isHold, type Shortage, type Want, want } from '../limits/hold.ts'
import { FRAMING_TOKENS } from '../limits/token-ratios.ts'
import { targetKey } from '../routing/candidate.ts'
import type { CompiledTarget, Configuration } from '../snapshot/configuration.ts'
import type { PolicyIndex } from '../snapshot/policy-index.ts'
import { oneOf } from './admit.ts'
import { budgetExceeded, budgetHeld, rateLimited, vendorLimited } from './refusals.ts'
import type { Reservation, Unfit } from './reserve.ts'

/** The cap on the output where neither the caller, nor the route, nor the model has one, under a hard budget. */
const DEFAULT_CAP = 4_096
/** A busy machine ends an attempt this long after its time, at most. */
const LATE_MS = 1_000

export interface Asked {
  readonly call: Call
  readonly chat: ChatRequest
  readonly target: CompiledTarget
  readonly applied: readonly Applied[]
  readonly configuration: Configuration
  /** Monotonic milliseconds; so long a place at the vendor may be waited for. */
  readonly patientUntil: number
}

export class ReservationPlan {
  readonly #call: Call
  readonly #target: CompiledTarget
  readonly #applied: readonly Applied[]
  readonly #hard: readonly AppliedBudget[]
  readonly #policies: PolicyIndex
  readonly #readyVersion: number
  readonly #pricing: Pricing | null
  readonly #fields: ChatRequest['fields']
  readonly #shape: CostShape
  /** Until when it is cut off at the latest, from now. */
  readonly #timeMs: number
  readonly #modelKey: string
  /** Sent upstream under a hard budget; else the route's alone. */
  #cap: number | null
  readonly #outputTokens: number
  /** Nobody's cap bounds the output: it is guessed. */
  readonly #isGuess: boolean
  readonly #patientUntil: number
  /** Asked for again by what comes after. */
  #lastBound = 0n
  #boundedTokens = -1
  #boundedCap = -1

  constructor({ call, chat, target, applied, configuration, patientUntil }: Asked) {
    this.#call = call
    this.#patientUntil = patientUntil
    this.#target = target
    this.#applied = applied
    this.#policies = configuration.policies
    this.#readyVersion = call.around.policing.readiness.version
    this.#hard = applied.filter(isHard)
    // By the configuration that the call will be metered by: a price that fell meanwhile would bound too low.
    this.#pricing = (call.configuration ?? configuration).pricing(target.provider, target.model, call.at)
    this.#fields = chat.fields
    this.#shape = costShape(chat.fields, chat.body.length)
    this.#timeMs = Math.max(0, call.deadline - call.around.clock.monotonic()) + LATE_MS
    this.#modelKey = targetKey(target)
    const routeCap = call.route?.route.maxOutputTokens ?? null
    const asked = smallest(chat.maxOutputTokens, routeCap)
    this.#isGuess = this.#hard.length === 0 && asked === null
    if (this.#hard.length > 0) {
      const cap = smallest(asked, this.#pricing?.maxOutputTokens ?? null) ?? DEFAULT_CAP
      this.#cap = cap
      this.#outputTokens = cap
    } else {
      this.#cap = routeCap
      this.#outputTokens = asked ?? call.around.policing.ratios.outputGuess(this.#modelKey)
    }
  }

  /**
   * At once where nothing is to be waited for.
   * @throws GatewayError when no target can have room.
   */
  take(): Reservation | Unfit | Promise<Reservation | Unfit> {
    const unbounded = this.#unbounded()
    if (unbounded) throw unbounded
    const { textBytes } = this.#shape
    const learned = this.#learned()
    const result = this.#ask(learned)
    return isHold(result)
      ? this.#taken(result, textBytes, this.#outputTokens)
      : this.#takeLess(result, learned)
  }

  /** What is there without waiting, and without a closer look at the request; null: not enough. */
  takeAtOnce(): Reservation | null {
    if (this.#unbounded()) return null
    const result = this.#ask(this.#learned())
    return isHold(result) ? this.#taken(result, this.#shape.textBytes, this.#outputTokens) : null
  }

  #learned(): number | null {
    return this.#call.around.policing.ratios.inputBound(this.#modelKey, this.#shape.textBytes)
  }

  #ask(learned: number | null): Hold | Shortage {
    const { textBytes } = this.#shape
    const wants = this.#wants(textBytes, learned ?? textBytes, this.#outputTokens)
    return this.#call.around.policing.queue.reserveAtOnce(wants)
  }

  /** By a closer bound, by waiting, or with less output. */
  async #takeLess(short: Shortage, learned: number | null): Promise<Reservation | Unfit> {
    const { textBytes } = this.#shape
    let cap = this.#outputTokens
    let close = textBytes
    let result: Hold | Shortage = short
    const closer = (await this.#countedTokens()) ?? learned
    if (closer !== null && closer < textBytes) {
      close = closer
      result = await this.#await(this.#wants(close, close, cap))
    } else if (short.reason === 'held') {
      result = await this.#await(this.#wants(close, close, cap))
    }
    // A lower cap that fits, as often as another budget asks for one lower still.
    for (let turn = 0; turn < this.#applied.length && !isHold(result); turn += 1) {
      const lower = this.#clamp(result, close, cap)
      if (lower === null) break
      cap = lower
      this.#cap = lower
      result = await this.#await(this.#wants(close, close, cap))
    }
    return isHold(result) ? this.#taken(result, close, cap) : this.#refuse(result)
  }

  /**
   * The request as its model's tokenizer counts it; null where that isn't known. All of its JSON is counted: what stands
   * around a text there is more than what the vendor puts around it.
   */
  async #countedTokens(): Promise<number | null> {
    const { textBytes, mediaTokens } = this.#shape
    const { provider, model } = this.#target
    if (provider.kind !== 'openai' || mediaTokens > 0) return null
    const tokens = await this.#call.around.policing.tokens.count(model, JSON.stringify(this.#fields))
    return tokens === null ? null : Math.min(textBytes, tokens + FRAMING_TOKENS)
  }

  #taken(hold: Hold, textTokens: number, cap: number): Reservation {
    return {
      hold,
      reservedPicoUsd: this.#bound(textTokens, cap),
      maxOutputTokens: this.#cap,
      textBytes: this.#shape.mediaTokens === 0 ? this.#shape.textBytes : null,
      most: {
        inputTokens: this.#inputTokens(textTokens),
        outputTokens: this.#isGuess ? Number.POSITIVE_INFINITY : outputBound(this.#shape, cap),
      },
      policies: this.#policies,
      readyVersion: this.#readyVersion,
    }
  }

  /** `model_unpriced` or `cost_unbounded`, where a hard budget minds. */
  #unbounded(): GatewayError | null {
    const strict = this.#hard.find(({ policy }) => policy.onUnbounded === 'reject')
    if (!strict) return null
    const { name } = strict.policy
    if (!this.#pricing) {
      return new GatewayError('model_unpriced', {
        message: `The model ${this.#target.model} has no price, and the hard budget "${name}" needs one.`,
        param: 'model',
      })
    }
    if (this.#shape.unbounded === null) return null
    return new GatewayError('cost_unbounded', {
      message: `The cost of ${this.#shape.unbounded} has no bound, and the hard budget "${name}" needs one.`,
    })
  }

  #await(wants: Want[]) {
    const call = this.#call
    return call.around.policing.queue.reserve(wants, {
      waitMs: (short) => this.#patienceMs(short),
      onWaiting: (giveUp) => {
        call.waiting = { callerGone: giveUp }
        if (call.gone) giveUp()
      },
    })
  }

  /** For money as long as the most impatient budget allows, for a place at the vendor as the call; within its own time. */
  #patienceMs({ index }: Shortage): number {
    const { around, deadline } = this.#call
    const now = around.clock.monotonic()
    const applied = this.#applied[index]
    const waits =
      applied && isLimit(applied)
        ? [this.#patientUntil - now]
        : this.#hard.map(({ policy }) => policy.holdWaitMs)
    return Math.max(0, Math.min(...waits, deadline - now))
  }

  /** Null: it can't be clamped. */
  #clamp({ index, reason }: Shortage, inputTokens: number, cap: number): number | null {
    const applied = this.#applied[index]
    if (reason !== 'full' || !applied || !isBudget(applied) || applied.policy.onExhausted !== 'clamp')
      return null
    if (!this.#pricing) return null
    const left = applied.amountAt(this.#call.around.clock) - this.#money(applied).spent
    const tokens = this.#inputTokens(inputTokens)
    const most = { inputTokens: tokens, outputTokens: cap - 1, timeMs: this.#timeMs }
    const fits = outputThatFits(this.#pricing, this.#shape, most, left)
    return fits > 0 ? fits : null
  }

  #refuse(shortage: Shortage): Unfit {
    const applied = this.#applied[shortage.index]
    if (applied && isBudget(applied)) {
      const money = this.#money(applied)
      const held = shortage.reason === 'held'
      const error = held ? budgetHeld(applied, money) : budgetExceeded(applied, money, this.#call.at)
      const another = isOfTarget(applied.policy.scope) || (!held && applied.policy.onExhausted === 'degrade')
      if (another) return { unfit: error, reason: 'budget', waitMs: null }
      throw error
    }
    if (applied && applied.vendor !== null) {
      const waitMs = shortage.reason === 'never' ? null : shortage.waitMs
      return { unfit: vendorLimited(applied, shortage), reason: 'rateLimit', waitMs }
    }
    const error = rateLimited(applied, shortage)
    if (applied && isOfTarget(applied.policy.scope)) return { unfit: error, reason: 'limit', waitMs: null }
    throw error
  }

  #money(budget: AppliedBudget) {
    return this.#call.around.policing.counters.money(budget.keyAt(this.#call.at))
  }

  #inputTokens(textTokens: number): number {
    return textTokens + this.#shape.mediaTokens
  }

  #bound(textTokens: number, cap: number): bigint | null {
    if (!this.#pricing) return null
    if (this.#boundedTokens !== textTokens || this.#boundedCap !== cap) {
      this.#lastBound = costBound(this.#pricing, this.#shape.serviceTier, {
        inputTokens: this.#inputTokens(textTokens),
        outputTokens: outputBound(this.#shape, cap),
        timeMs: this.#timeMs,
      })
      this.#boundedTokens = textTokens
      this.#boundedCap = cap
    }
    return this.#lastBound
  }

  /** @param moneyTokens, limitTokens the text of the request in tokens, as money and as limits are to count it */
  #wants(moneyTokens: number, limitTokens: number, cap: number): Want[] {
    const bound = this.#bound(moneyTokens, cap)
    const strict = moneyTokens === this.#shape.textBytes ? bound : this.#bound(this.#shape.textBytes, cap)
    const input = this.#inputTokens(limitTokens)
    const output = outputBound(this.#shape, cap)
    const wants: Want[] = []
    for (const applied of this.#applied) {
      if (isBudget(applied)) {
        const amount = applied.policy.reservation === 'strict' ? strict : bound
        wants.push(this.#moneyWant(applied, amount ?? 0n))
      } else wants.push(limitWant(applied, input, output, bound ?? 0n))
    }
    return wants
  }

  #moneyWant(budget: AppliedBudget, amount: bigint): Want {
    const { at, around } = this.#call
    const limit = isHard(budget) ? budget.amountAt(around.clock) : null
    return want({ key: budget.keyAt(at), counts: COUNTS.money, amount, limit, windowMs: 0, waits: true })
  }
}

function limitWant(applied: AppliedLimit, input: number, output: number, cost: bigint): Want {
  const { key, counts, limit, windowMs } = applied
  switch (counts) {
    case COUNTS.tokens:
    case COUNTS.tokensUncached:
      return want({ key, counts, amount: BigInt(input + output), limit, windowMs })
    case COUNTS.inputTokens:
    case COUNTS.inputTokensUncached:
      return want({ key, counts, amount: BigInt(input), limit, windowMs })
    case COUNTS.outputTokens:
      return want({ key, counts, amount: BigInt(output), limit, windowMs })
    case COUNTS.cost:
      return want({ key, counts, amount: cost, limit, windowMs })
    default:
      return oneOf(applied)
  }
}

const isHard = (applied: Applied): applied is AppliedBudget =>
  isBudget(applied) && applied.policy.enforcement === 'hard'

function smallest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b)
}
