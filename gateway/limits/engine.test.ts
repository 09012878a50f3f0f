/** Calls, streams, cuts, retries, crashes, restarts, prices and budgets that change, and periods that end, in any order. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseUsd } from '../../lib/contract/money.ts'
import { costOfTokens } from '../../lib/contract/pricing.ts'
import { GatewayError } from '../gateway-error.ts'
import { EngineModel, HOUR_MS, LIMITS, type OpenCall, WINDOW_MS } from '../testing/engine-model.ts'
import { TEST_PRICING } from '../testing/memory-configuration.ts'
import { type Asked, type Mistake, PolicedEngine, type Underway } from '../testing/policed-engine.ts'
import { testBudget, testLimit } from '../testing/policies.ts'
import { UpstreamError } from '../upstream/upstream.ts'
import { budgetKey, limitKey } from './policing.ts'

const START = Math.floor(1_750_000_000_000 / HOUR_MS) * HOUR_MS + 1_000
const BUDGET = testBudget({ amountUsd: '0.05', period: 'hour', holdWaitMs: 0, id: 'budget_1' })
const TOKENS = testLimit({ metric: 'tokens', limit: String(LIMITS.tokens) })
const OTHERS = [
  testLimit({ metric: 'requests', limit: String(LIMITS.requests) }),
  testLimit({ metric: 'concurrency', limit: String(LIMITS.atOnce) }),
  testBudget({ amountUsd: '1000', period: 'total', id: 'budget_soft', enforcement: 'soft' }),
]
const VENDOR_ALLOWS = [
  { model: null, metric: 'concurrency' as const, limit: LIMITS.vendorAtOnce, windowSeconds: null },
  { model: 'gpt-fake', metric: 'requests' as const, limit: LIMITS.vendorRequests, windowSeconds: 60 },
]

class World {
  readonly engine: PolicedEngine
  readonly model = new EngineModel(BigInt(BUDGET.amountPicoUsd))

  constructor(mistake?: Mistake) {
    const policies = [BUDGET, TOKENS, ...OTHERS]
    this.engine = new PolicedEngine(
      { policies, pricing: TEST_PRICING, vendorAllows: VENDOR_ALLOWS },
      START,
      mistake,
    )
  }

  check(): void {
    this.model.check(this.engine, (start) => budgetKey(BUDGET, '', start), limitKey(TOKENS, ''))
  }
}

type Step = fc.AsyncCommand<EngineModel, World>

function step(label: string, act: (world: World) => Promise<void> | void): Step {
  return {
    check: () => true,
    async run(_model, world) {
      await act(world)
      world.check()
    },
    toString: () => label,
  }
}

const begin = (asked: Asked): Step =>
  step(`begin ${JSON.stringify(asked)}`, async ({ engine, model }) => {
    model.period(engine.now)
    const begun = await engine.begin(asked)
    if (begun instanceof GatewayError) return expect(REFUSALS).toContain(begun.code)
    const started = { underway: begun, period: engine.now, cost: 0n, left: [0n, 0n] as [bigint, bigint] }
    const call = { ...started, ...inFlight(begun, engine.now) }
    model.began(call, true, engine.now)
  })
const REFUSALS = ['budget_exceeded', 'budget_held', 'rate_limit_exceeded', 'provider_rate_limited']

/** A further attempt of a call whose last one is over. */
const retry = (which: number): Step =>
  step(`retry ${which}`, async ({ engine, model }) => {
    const call = pick(model, which, ({ flying }) => flying === null)
    if (!call || (await engine.retry(call.underway))) return
    Object.assign(call, inFlight(call.underway, engine.now))
    model.began(call, false, engine.now)
  })

type Outcome = 'whole' | 'error' | 'cut' | 'left'

const end = (which: number, outcome: Outcome, share: number): Step =>
  step(`end ${which} ${outcome} ${share}`, ({ engine, model }) => {
    const call = pick(model, which, ({ flying }) => flying !== null)
    if (!call) return
    answer(call.underway, outcome, share)
    const cost = engine.meter(call.underway)
    const usage = call.underway.call.attempts.at(-1)?.usage
    if (outcome === 'error') expect(cost).toBe(0n)
    model.ended(call, cost, (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0))
  })

const settle = (which: number): Step =>
  step(`settle ${which}`, async ({ engine, model }) => {
    const call = pick(model, which, ({ flying }) => flying === null)
    if (!call) return
    await engine.settle(call.underway)
    model.settled(call)
  })

/** By SIGKILL at once, amid a call that had reserved and written nothing yet, or in order with calls that did not end. */
const stop = (how: 'killed' | 'killed amid a reservation' | 'closed'): Step =>
  step(how, async ({ engine, model }) => {
    if (how === 'killed amid a reservation')
      await engine.reserveOnly({ promptBytes: 400, maxTokens: 400, stream: false })
    for (const { underway } of model.open) underway.attempt.abort()
    if (how === 'closed') await engine.restart()
    else engine.crash()
    model.crashed()
  })

const advance = (ms: number): Step =>
  step(`advance ${ms}`, ({ engine, model }) => {
    engine.advance(ms)
    model.period(engine.now)
  })

const reprice = (input: string, output: string): Step =>
  step(`reprice ${input} ${output}`, ({ engine }) =>
    engine.configure({ pricing: { ...TEST_PRICING, rates: { input, output } } }),
  )

const edit = (amountUsd: string): Step =>
  step(`edit ${amountUsd}`, ({ engine, model }) => {
    const amount = parseUsd(amountUsd)
    engine.configure({ policies: [{ ...BUDGET, amountPicoUsd: amount.toString() }, TOKENS, ...OTHERS] })
    model.editAmount(amount, engine.now)
  })

function pick(model: EngineModel, which: number, fits: (call: OpenCall) => boolean): OpenCall | undefined {
  const fitting = model.open.filter(fits)
  return fitting[which % Math.max(1, fitting.length)]
}

/** This vendor makes a token of four bytes, and answers with no more than the cap that it was sent. */
function inFlight({ call, reservation }: Underway, at: number) {
  const { input, output } = termsOf(call, reservation)
  const { rates } = call.configuration?.pricing(providerOf(call), 'gpt-fake', call.at) ?? TEST_PRICING
  return {
    flying: costOfTokens(input, rates.input) + costOfTokens(output, rates.output),
    held: reservation.reservedPicoUsd ?? 0n,
    taken: { at, tokens: BigInt(input + output) },
  }
}

function termsOf({ chat }: Underway['call'], { maxOutputTokens }: Underway['reservation']) {
  return { input: Math.ceil((chat?.body.length ?? 0) / 4), output: maxOutputTokens ?? 0 }
}

function providerOf({ route }: Underway['call']) {
  const provider = route?.targets[0]?.provider
  if (!provider) throw new Error('no provider')
  return provider
}

const CUT = new UpstreamError('broken', 'cut')

function answer({ call, attempt, reservation }: Underway, outcome: Outcome, share: number): void {
  if (outcome === 'left') {
    attempt.abort()
    return
  }
  const json = { 'content-type': 'application/json' }
  if (outcome === 'error') {
    attempt.onHeaders(500, json)
    attempt.onData(Buffer.from('{}'))
    attempt.onEnd()
    return
  }
  const { input, output } = termsOf(call, reservation)
  const completion = Math.floor(output * share)
  const usage = { prompt_tokens: input, completion_tokens: completion, total_tokens: input + completion }
  const head = { id: 'x', object: 'chat.completion', created: 1, model: 'gpt-fake' }
  if (!call.chat?.stream) {
    attempt.onHeaders(200, json)
    if (outcome === 'cut') {
      attempt.onError(CUT)
      return
    }
    const choices = [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }]
    attempt.onData(Buffer.from(JSON.stringify({ ...head, choices, usage })))
    attempt.onEnd()
    return
  }
  const event = (more: object) => Buffer.from(`data: ${JSON.stringify({ ...head, ...more })}\n\n`)
  attempt.onHeaders(200, { 'content-type': 'text/event-stream' })
  const content = 'abc'.repeat(outcome === 'cut' ? completion : 1)
  attempt.onData(event({ choices: [{ index: 0, delta: { role: 'assistant', content } }] }))
  attempt.flow(() => true)
  if (outcome === 'cut') {
    attempt.onError(CUT)
    return
  }
  attempt.onData(event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }))
  attempt.onData(event({ choices: [], usage }))
  attempt.onData(Buffer.from('data: [DONE]\n\n'))
}

const which = fc.nat(10)
const asked = fc.record({
  promptBytes: fc.integer({ min: 0, max: 4_000 }),
  maxTokens: fc.integer({ min: 1, max: 2_000 }),
  stream: fc.boolean(),
})
const rate = fc.constantFrom('0.5', '2.5', '10', '30')
const outcome = fc.constantFrom<Outcome>('whole', 'whole', 'whole', 'error', 'cut', 'left')
const begins = asked.map(begin)
const ends = fc.tuple(which, outcome, fc.constantFrom(0, 0.5, 1)).map((args) => end(...args))
const settles = which.map(settle)
// The common ones stand more than once.
const steps = [
  ...[begins, begins, begins, ends, ends, settles, settles],
  which.map(retry),
  fc.constantFrom('killed' as const, 'killed amid a reservation' as const, 'closed' as const).map(stop),
  fc.constantFrom(10, 1_000, WINDOW_MS / 2, WINDOW_MS, HOUR_MS / 2).map(advance),
  fc.tuple(rate, rate).map((rates) => reprice(...rates)),
  fc.constantFrom('0', '0.01', '0.05', '0.2').map(edit),
]

const property = (mistake?: Mistake) =>
  fc.asyncProperty(
    fc.commands<EngineModel, World, false>(steps, { maxCommands: 80, size: 'max' }),
    async (commands) => {
      await fc.asyncModelRun(() => {
        const world = new World(mistake)
        return { model: world.model, real: world }
      }, commands)
    },
  )

test(
  'spent is never above the hard budget, and the counters are always the books plus what is held',
  async () => {
    await fc.assert(property(), { numRuns: process.env.GATEHOUSE_TEST_LONG ? 5_000 : 150 })
  },
  process.env.GATEHOUSE_TEST_LONG ? 1_800_000 : 60_000,
)

/** Each is one that could be made; the property has to find it. */
const MISTAKES: Readonly<Record<string, Mistake>> = {
  'what others hold is not asked for': (counters) => ({
    reserve: (wants) =>
      counters.reserve(
        wants.map((want) =>
          want.counts === 'm' && want.limit !== null
            ? { ...want, limit: want.limit + counters.money(want.key).held }
            : want,
        ),
      ),
  }),
  'a settlement leaves its hold': (counters) => ({ commit: () => void counters }),
  'a call that was cut gives all of its hold back': (counters) => ({
    correct: (hold, amounts) =>
      counters.correct(
        hold,
        amounts.map(() => 0n),
      ),
  }),
  'a restart forgets what was held': () => ({ retake: () => {} }),
  'a restart forgets what was settled': () => ({ resettle: () => {} }),
  'a checkpoint leaves out holds in flight': () => ({ written: () => {} }),
  'a checkpoint counts holds that no intent has': (counters) => ({
    reserve: (wants) => {
      const hold = counters.reserve(wants)
      if ('entries' in hold) counters.written(hold)
      return hold
    },
  }),
  'a window forgets too early': (counters) => ({
    reserve: (wants) => counters.reserve(wants.map((want) => ({ ...want, windowMs: want.windowMs / 2 }))),
  }),
  'a limit on what is at once is never given back or asked': (counters) => ({
    reserve: (wants) =>
      counters.reserve(wants.map((want) => (want.counts === 'g' ? { ...want, amount: 0n } : want))),
  }),
}

test.each(Object.keys(MISTAKES))(
  'a planted mistake is found: %s',
  async (name) => {
    const details = await fc.check(property(MISTAKES[name]), { numRuns: 400, endOnFailure: true, seed: 1 })
    // By what the model says, not by an engine that fell over.
    expect(details.errorInstance).toMatchObject({ name: 'AssertionError' })
  },
  60_000,
)
