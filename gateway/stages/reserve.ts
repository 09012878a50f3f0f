/**
 * Room for one attempt in all its limits and budgets, taken in one step before it leaves (design, promise 1). The bound
 * is made cheaply first, from the bytes; only where that does not fit is it made closely.
 */
import type { BudgetEntity, LimitEntity } from '../../lib/contract/entities.ts'
import { isOfTarget, type ScopeSubjects } from '../../lib/contract/policy.ts'
import type { Pricing } from '../../lib/contract/price.ts'
import type { Call } from '../call.ts'
import type { ChatRequest } from '../dialects/openai-chat-request.ts'
import { GatewayError } from '../gateway-error.ts'
import { type Applied, policiesOfCall, policiesOfTarget } from '../limits/applicable.ts'
import { type CostShape, costBound, costShape, outputBound, outputThatFits } from '../limits/cost-bound.ts'
import { COUNTS, type Counts, Hold, isHold, type Shortage, type Want } from '../limits/counters.ts'
import { amountOf, budgetKey, limitKey, periodOf } from '../limits/policing.ts'
import type { CompiledTarget, Configuration } from '../snapshot/configuration.ts'
import type { PolicyIndex } from '../snapshot/policy-index.ts'
import { wantOf } from './admit.ts'
import { budgetExceeded, budgetHeld, rateLimited } from './refusals.ts'

export interface Reservation {
  /** Without entries where nothing counts this attempt. */
  readonly hold: Hold
  /** What the hold is at most, pico-dollars; null without a price. */
  readonly reservedPicoUsd: bigint | null
  /** The cap on the output that must be sent; null: the caller's own stands. */
  readonly maxOutputTokens: number | null
  /** Of the request's text, for the ratio that is learned from the vendor's count; null where pictures or sound count too. */
  readonly textBytes: number | null
  /** What it was made under, for `isCurrent`. */
  readonly policies: PolicyIndex
  readonly readyVersion: number
}

/** This target is not for this call; another may be. */
export interface Unfit {
  readonly unfit: GatewayError
  readonly reason: 'budget' | 'limit'
}

/** The cap on the output where neither the caller, nor the route, nor the model has one, under a hard budget. */
const DEFAULT_CAP = 4_096

/**
 * The policies are those of the running configuration, not of the call's beginning: a budget that came meanwhile holds.
 * @throws GatewayError when no target can have room.
 */
export async function reserve(call: Call, target: CompiledTarget): Promise<Reservation | Unfit> {
  const configuration = call.around.configuration() ?? call.configuration
  const { chat, route } = call
  if (!chat || !route || !configuration) throw new GatewayError('internal_error')
  const routeCap = route.route.maxOutputTokens
  const { policies } = configuration
  const applied = policies.isEmpty ? [] : policiesOfAttempt(call, target, policies)
  if (applied.length === 0) {
    const { version: readyVersion } = call.around.policing.readiness
    return {
      hold: new Hold([]),
      reservedPicoUsd: null,
      maxOutputTokens: routeCap,
      textBytes: null,
      policies,
      readyVersion,
    }
  }
  showLimits(call, applied)

  const budgets = applied.filter(isBudget)
  await requireReadiness(call, budgets)
  const { version: readyVersion } = call.around.policing.readiness
  const ready = applied.filter(({ policy }) => policy.type === 'limit' || isReady(call, policy))
  const plan = new Plan(call, chat, target, ready, configuration, routeCap)
  plan.refuseUnbounded()
  const taken = await plan.take()
  return 'unfit' in taken ? taken : { ...taken, policies, readyVersion }
}

/** Whether nothing changed while the reservation was made that would have asked for more. */
export function isCurrent(call: Call, { policies, readyVersion }: Reservation): boolean {
  const now = call.around.configuration() ?? call.configuration
  return now?.policies === policies && call.around.policing.readiness.version === readyVersion
}

/**
 * In the turn in which the intent is written: a budget that became ready in between counts this attempt too, from
 * nothing. Later ones find it in flight.
 */
export function completeHold(call: Call, target: CompiledTarget, reservation: Reservation): void {
  if (isCurrent(call, reservation)) return
  const configuration = call.around.configuration() ?? call.configuration
  if (!configuration) return
  for (const { policy, subject } of policiesOfAttempt(call, target, configuration.policies)) {
    if (policy.type !== 'budget' || !isReady(call, policy)) continue
    const key = budgetKey(policy, subject, periodOf(policy, call.at).startMs)
    if (!reservation.hold.has(key)) reservation.hold.attachMoney(key, 0n)
  }
}

/** Limits on requests and concurrency of the whole call were taken when it was admitted. */
function policiesOfAttempt(call: Call, target: CompiledTarget, policies: PolicyIndex): Applied[] {
  const of: ScopeSubjects = { ...call.subjects, providerId: target.provider.id, model: target.model }
  const simulated = target.provider.kind === 'sandbox'
  const ofCall = policiesOfCall(policies, of).filter(
    ({ policy }) =>
      policy.type === 'budget' || (policy.metric !== 'requests' && policy.metric !== 'concurrency'),
  )
  // What the sandbox "costs" is no money.
  return [...ofCall, ...policiesOfTarget(policies, of)].filter(
    ({ policy }) => !simulated || (policy.type === 'limit' && policy.metric !== 'costUsd'),
  )
}

/** For the headers: an attempt at another target does not show the same limit twice. */
function showLimits(call: Call, applied: readonly Applied[]): void {
  for (const one of applied) {
    if (
      isLimit(one) &&
      !call.limits.some(({ policy, subject }) => policy.id === one.policy.id && subject === one.subject)
    )
      call.limits.push(one)
  }
}

const isLimit = (applied: Applied): applied is Applied<LimitEntity> => applied.policy.type === 'limit'
const isBudget = (applied: Applied): applied is Applied<BudgetEntity> => applied.policy.type === 'budget'
const isHard = ({ policy }: Applied<BudgetEntity>) => policy.enforcement === 'hard'
const isReady = (call: Call, budget: BudgetEntity) => call.around.policing.readiness.isReady(budget)

/** @throws GatewayError `counters_unavailable` where nobody can say what a hard budget has spent. */
async function requireReadiness(call: Call, budgets: readonly Applied<BudgetEntity>[]): Promise<void> {
  for (const { policy } of budgets) {
    if (policy.enforcement !== 'hard' || isReady(call, policy)) continue
    if (await call.around.policing.readiness.whenReady(policy, Math.max(policy.holdWaitMs, 250))) continue
    throw new GatewayError('counters_unavailable', {
      message: `What the budget "${policy.name}" has spent is not known here yet: the admin does not answer.`,
    })
  }
}

class Plan {
  readonly #call: Call
  readonly #target: CompiledTarget
  readonly #applied: readonly Applied[]
  readonly #hard: readonly Applied<BudgetEntity>[]
  readonly #pricing: Pricing | null
  readonly #shape: CostShape
  readonly #modelKey: string
  /** Sent upstream under a hard budget; else the route's alone. */
  #cap: number | null
  readonly #outputTokens: number

  constructor(
    call: Call,
    chat: ChatRequest,
    target: CompiledTarget,
    applied: readonly Applied[],
    configuration: Configuration,
    routeCap: number | null,
  ) {
    this.#call = call
    this.#target = target
    this.#applied = applied
    this.#hard = applied.filter(isBudget).filter(isHard)
    this.#pricing = configuration.pricing(target.provider, target.model, call.at)
    this.#shape = costShape(chat.fields, chat.body.length)
    this.#modelKey = `${target.provider.id} ${target.model}`
    const caps = [chat.maxOutputTokens, routeCap].filter((cap) => cap !== null)
    const modelCap = this.#pricing?.maxOutputTokens ?? null
    if (this.#hard.length > 0) {
      if (modelCap !== null) caps.push(modelCap)
      this.#cap = caps.length > 0 ? Math.min(...caps) : DEFAULT_CAP
    } else this.#cap = routeCap
    const capped = this.#hard.length > 0 ? this.#cap : caps.length > 0 ? Math.min(...caps) : null
    this.#outputTokens = capped ?? call.around.policing.ratios.outputGuess(this.#modelKey)
  }

  /** @throws GatewayError `model_unpriced` or `cost_unbounded`, where a hard budget minds. */
  refuseUnbounded(): void {
    const strict = this.#hard.find(({ policy }) => policy.onUnbounded === 'reject')
    if (!strict) return
    const { name } = strict.policy
    if (!this.#pricing) {
      throw new GatewayError('model_unpriced', {
        message: `The model ${this.#target.model} has no price, and the hard budget "${name}" needs one.`,
        param: 'model',
      })
    }
    if (this.#shape.unbounded !== null) {
      throw new GatewayError('cost_unbounded', {
        message: `The cost of ${this.#shape.unbounded} has no bound, and the hard budget "${name}" needs one.`,
      })
    }
  }

  async take(): Promise<Omit<Reservation, 'policies' | 'readyVersion'> | Unfit> {
    const { queue, ratios } = this.#call.around.policing
    const { textBytes } = this.#shape
    const learned = ratios.inputBound(this.#modelKey, textBytes)
    let cap = this.#outputTokens
    let result = await queue.reserve(this.#wants(textBytes, learned ?? textBytes, cap), AT_ONCE)
    let close = textBytes
    if (!isHold(result) && learned !== null && learned < textBytes) {
      close = learned
      result = await this.#await(this.#wants(close, close, cap))
    } else if (!isHold(result) && result.reason === 'held') {
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
    if (!isHold(result)) return this.#refuse(result)
    return {
      hold: result,
      reservedPicoUsd: this.#bound(close, cap),
      maxOutputTokens: this.#cap,
      textBytes: this.#shape.mediaTokens === 0 ? textBytes : null,
    }
  }

  #await(wants: readonly Want[]) {
    const { call, waitMs } = { call: this.#call, waitMs: this.#patienceMs() }
    return this.#call.around.policing.queue.reserve(wants, {
      waitMs,
      onWaiting: (giveUp) => {
        call.waiting = { callerGone: giveUp }
        if (call.gone) giveUp()
      },
    })
  }

  /** As long as the most impatient budget allows, within the call's own time. */
  #patienceMs(): number {
    const { around, deadline } = this.#call
    const waits = this.#hard.map(({ policy }) => policy.holdWaitMs)
    return Math.max(0, Math.min(...waits, deadline - around.clock.monotonic()))
  }

  /** Null: it can't be clamped. */
  #clamp({ index, reason }: Shortage, inputTokens: number, cap: number): number | null {
    const applied = this.#applied[index]
    if (reason !== 'full' || !applied || !isBudget(applied) || applied.policy.onExhausted !== 'clamp')
      return null
    if (!this.#pricing) return null
    const now = this.#call.around.clock.now()
    const left = amountOf(applied.policy, now) - this.#money(applied).spent
    const tokens = this.#inputTokens(inputTokens)
    const fits = outputThatFits(this.#pricing, this.#shape, tokens, left, cap - 1)
    return fits > 0 ? fits : null
  }

  #refuse({ index, ...shortage }: Shortage): Unfit {
    const applied = this.#applied[index]
    if (applied && isBudget(applied)) {
      const money = this.#money(applied)
      const held = shortage.reason === 'held'
      const error = held ? budgetHeld(applied, money) : budgetExceeded(applied, money, this.#call.at)
      const another = isOfTarget(applied.policy.scope) || (!held && applied.policy.onExhausted === 'degrade')
      if (another) return { unfit: error, reason: 'budget' }
      throw error
    }
    const error = rateLimited(applied, { index, ...shortage })
    if (applied && isOfTarget(applied.policy.scope)) return { unfit: error, reason: 'limit' }
    throw error
  }

  #money({ policy, subject }: Applied<BudgetEntity>) {
    const { startMs } = periodOf(policy, this.#call.at)
    return this.#call.around.policing.counters.money(budgetKey(policy, subject, startMs))
  }

  #inputTokens(textTokens: number): number {
    return textTokens + this.#shape.mediaTokens
  }

  #bound(textTokens: number, cap: number): bigint | null {
    if (!this.#pricing) return null
    return costBound(this.#pricing, this.#inputTokens(textTokens), outputBound(this.#shape, cap))
  }

  /** @param moneyTokens, limitTokens the text of the request in tokens, as money and as limits are to count it */
  #wants(moneyTokens: number, limitTokens: number, cap: number): Want[] {
    const bound = this.#bound(moneyTokens, cap)
    const strict = moneyTokens === this.#shape.textBytes ? bound : this.#bound(this.#shape.textBytes, cap)
    const input = this.#inputTokens(limitTokens)
    const output = outputBound(this.#shape, cap)
    return this.#applied.map(({ policy, subject }) =>
      policy.type === 'budget'
        ? this.#moneyWant(policy, subject, (policy.reservation === 'strict' ? strict : bound) ?? 0n)
        : this.#limitWant(policy, subject, input, output, bound ?? 0n),
    )
  }

  #moneyWant(budget: BudgetEntity, subject: string, amount: bigint): Want {
    const { startMs } = periodOf(budget, this.#call.at)
    const limit = budget.enforcement === 'hard' ? amountOf(budget, this.#call.around.clock.now()) : null
    return { key: budgetKey(budget, subject, startMs), counts: COUNTS.money, amount, limit, windowMs: 0 }
  }

  #limitWant(limit: LimitEntity, subject: string, input: number, output: number, cost: bigint): Want {
    const [counts, amount] = this.#counted(limit, input, output, cost)
    if (counts === null) return wantOf(limit, subject)
    const windowMs = (limit.windowSeconds ?? 0) * 1_000
    return { key: limitKey(limit, subject), counts, amount, limit: BigInt(limit.limit), windowMs }
  }

  #counted(
    { metric, countCachedInput }: LimitEntity,
    input: number,
    output: number,
    cost: bigint,
  ): [Counts | null, bigint] {
    switch (metric) {
      case 'tokens':
        return [countCachedInput ? COUNTS.tokens : COUNTS.tokensUncached, BigInt(input + output)]
      case 'inputTokens':
        return [countCachedInput ? COUNTS.inputTokens : COUNTS.inputTokensUncached, BigInt(input)]
      case 'outputTokens':
        return [COUNTS.outputTokens, BigInt(output)]
      case 'costUsd':
        return [COUNTS.cost, cost]
      case 'requests':
      case 'concurrency':
        return [null, 1n]
    }
  }
}

const AT_ONCE = { waitMs: 0, onWaiting: () => {} } as const
