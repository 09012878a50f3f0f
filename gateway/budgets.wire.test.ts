import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { formatUsd, parseUsd } from '../lib/contract/money.ts'
import { costBound } from './limits/cost-bound.ts'
import { budgetKey, periodOf } from './limits/policing.ts'
import { FRAMING_TOKENS } from './limits/token-ratios.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import {
  TEST_PRICING,
  TEST_SECRET,
  TEST_TEAM,
  testProvider,
  testRoute,
} from './testing/memory-configuration.ts'
import { testBudget } from './testing/policies.ts'

let gateway: GatewayUnderTest
let openai: OpenAI

beforeAll(async () => {
  gateway = await startGatewayUnderTest()
  openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: TEST_SECRET, maxRetries: 0 })
})
afterAll(() => gateway.close())
afterEach(() => {
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
  for (const vendor of [gateway.a, gateway.b]) {
    vendor.script([])
    vendor.served.length = 0
  }
  gateway.books.events.length = 0
  gateway.books.intents.length = 0
})

let serial = 0
function fresh(...budgets: Parameters<typeof testBudget>[0][]) {
  serial += 1
  const policies = budgets.map((budget, index) => testBudget({ ...budget, id: `budget_${serial}_${index}` }))
  gateway.configure({ policies })
  return policies
}

function money(budget: ReturnType<typeof testBudget> | undefined, subject = '') {
  if (!budget) throw new Error('no budget')
  const { startMs } = periodOf(budget, Date.now())
  const { spent, held } = gateway.policing.counters.money(budgetKey(budget, subject, startMs))
  return { spent: formatUsd(spent), held: formatUsd(held) }
}

const booked = () =>
  formatUsd(gateway.books.events.reduce((sum, { costPicoUsd }) => sum + BigInt(costPicoUsd ?? 0), 0n))

/** What the vendor would put on its bill. */
const invoice = () =>
  [...gateway.a.served, ...gateway.b.served].reduce(
    (sum, one) => sum + BigInt(one.promptTokens) * 2_500_000n + BigInt(one.completionTokens) * 10_000_000n,
    0n,
  )

const BODY = { model: 'chat', max_completion_tokens: 100, ...HELLO }
/** Of one call with this body, held by its bytes. */
const BOUND = boundOf(100)

function boundOf(outputTokens: number): bigint {
  const inputTokens = Buffer.byteLength(JSON.stringify(BODY))
  return costBound(TEST_PRICING, null, { inputTokens, outputTokens, timeMs: 0 })
}

async function refusal(answer: Response) {
  const { error } = (await answer.json()) as { error: Record<string, string> }
  return { status: answer.status, code: error.code, message: error.message ?? '' }
}

it('holds the bound of a call while it is under way, and its real cost afterwards', async () => {
  gateway.a.script([], { delayMs: 100 })
  const [budget] = fresh({ amountUsd: '1' })
  const answer = gateway.post(BODY)
  await until(() => gateway.a.served.length === 1)
  expect(money(budget)).toEqual({ spent: '0', held: formatUsd(BOUND) })
  await (await answer).arrayBuffer()
  const event = await gateway.event()
  expect(money(budget)).toEqual({ spent: formatUsd(BigInt(event.costPicoUsd ?? 0)), held: '0' })
  expect(event.reservedPicoUsd).toBe(BOUND.toString())
  expect(invoice()).toBe(BigInt(event.costPicoUsd ?? 0))
})

it('sends the largest output that the bound allows for, where the caller named none', async () => {
  fresh({ amountUsd: '10' })
  await gateway.post({ model: 'chat', ...HELLO })
  expect(JSON.parse(gateway.a.served[0]?.body ?? '{}')).toMatchObject({ max_tokens: 4_096 })
})

it('refuses with 402 what does not fit, and says which budget and when it resets', async () => {
  fresh({ amountUsd: '0.0001', name: 'tiny', scope: { type: 'team', id: null, each: true } })
  const answer = await refusal(await gateway.post(BODY))
  expect(answer).toMatchObject({ status: 402, code: 'budget_exceeded' })
  expect(answer.message).toContain(`The budget "tiny" for the team ${TEST_TEAM.id} has no room for this call`)
  expect(answer.message).toContain('It resets at ')
  expect(gateway.a.served).toHaveLength(0)
  expect(await gateway.event()).toMatchObject({ status: 402, code: 'budget_exceeded', attempts: [] })
  await expect(openai.chat.completions.create(BODY)).rejects.toMatchObject({ status: 402 })
})

it('lets a call wait for what others hold, first come first served, then serves it', async () => {
  gateway.a.script([], { delayMs: 150, fillCap: true })
  const [budget] = fresh({ amountUsd: formatUsd(BOUND * 2n), holdWaitMs: 5_000 })
  const order: number[] = []
  const calls = [1, 2, 3, 4].map(async (number) => {
    const answer = await gateway.post({ ...BODY, max_completion_tokens: 60 })
    await answer.arrayBuffer()
    order.push(number)
    return answer.status
  })
  const statuses = await Promise.all(calls)
  // The last one is told at once that it can never fit.
  expect(statuses).toEqual([200, 200, 200, 402])
  await until(() => gateway.listener.inFlight() === 0)
  expect(money(budget)).toEqual({ spent: booked(), held: '0' })
  expect(order.slice(0, 2).sort()).toEqual([1, 2])
})

it('answers 429 budget_held when the wait is over', async () => {
  gateway.a.script([], { delayMs: 400 })
  fresh({ amountUsd: formatUsd(BOUND + BOUND / 2n), holdWaitMs: 50 })
  const first = gateway.post(BODY)
  await until(() => gateway.a.served.length === 1)
  const second = await gateway.post(BODY)
  expect(second.headers.get('retry-after')).not.toBeNull()
  expect(await refusal(second)).toMatchObject({ status: 429, code: 'budget_held' })
  expect((await first).status).toBe(200)
})

it('counts the input as the model’s tokenizer does, where its bytes do not fit', async () => {
  const content = 'A few plain words of English, four and a half letters each. '.repeat(60)
  const body = { ...BODY, messages: [{ role: 'user' as const, content }] }
  const bytes = Buffer.byteLength(JSON.stringify(body))
  const bound = (inputTokens: number) =>
    costBound(TEST_PRICING, null, { inputTokens, outputTokens: 100, timeMs: 0 })
  const amountUsd = formatUsd(bound(Math.ceil(bytes / 3)))
  const provider = testProvider({ id: 'provider_a', kind: 'openai', baseUrl: gateway.a.baseUrl })
  const asked = async (model: string, reservation: 'estimate' | 'strict') => {
    const targets = [{ providerId: 'provider_a', model }]
    const policies = [testBudget({ amountUsd, reservation, id: `${model} ${reservation}` })]
    gateway.configure({ providers: [provider], routes: [testRoute({ name: 'chat', targets })], policies })
    return gateway.post(body)
  }
  // Before its thread is up, the bytes stand.
  const { tokens } = gateway.policing
  let counted: number | null = null
  while (counted === null) counted = await tokens.count('gpt-4o', JSON.stringify(body))
  expect(counted).toBeLessThan(bytes / 3)

  expect((await refusal(await asked('gpt-4o', 'strict'))).status).toBe(402)
  expect((await refusal(await asked('unknown-model', 'estimate'))).status).toBe(402)
  // A busy machine may not tell in time: then the bytes stand, as before.
  let status = 402
  while (status === 402) {
    const answer = await asked('gpt-4o', 'estimate')
    await answer.arrayBuffer()
    status = answer.status
  }
  expect(status).toBe(200)
  const { reservedPicoUsd } = await gateway.event()
  expect(BigInt(reservedPicoUsd ?? 0)).toBe(bound(counted + FRAMING_TOKENS))
})

it('clamps the output to what fits, where the budget says so', async () => {
  gateway.a.script([], { fillCap: true })
  const inputOnly = boundOf(0)
  const [budget] = fresh({ amountUsd: formatUsd(inputOnly + parseUsd('0.0003')), onExhausted: 'clamp' })
  const answer = await openai.chat.completions.create(BODY)
  expect(answer.usage?.completion_tokens).toBe(30)
  expect(JSON.parse(gateway.a.served[0]?.body ?? '{}')).toMatchObject({ max_completion_tokens: 30 })
  await until(() => gateway.listener.inFlight() === 0)
  expect(parseUsd(money(budget).spent)).toBeLessThanOrEqual(
    parseUsd(formatUsd(inputOnly)) + parseUsd('0.0003'),
  )
})

it('degrades to a cheaper target that fits, and says so', async () => {
  const cheap = { ...TEST_PRICING, rates: { input: '0.01', output: '0.01' } }
  serial += 1
  const policies = [testBudget({ id: `budget_${serial}`, amountUsd: '0.0001', onExhausted: 'degrade' })]
  gateway.configure({ policies, prices: { 'gpt-fake': TEST_PRICING, 'gpt-other': cheap } })
  const answer = await gateway.post({ ...BODY, model: 'both' })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('x-gatehouse-degraded')).toBe(
    'requested=gpt-fake; served=gpt-other; reason=budget',
  )
  expect([gateway.a.served.length, gateway.b.served.length]).toEqual([0, 1])
  expect(await refusal(await gateway.post(BODY))).toMatchObject({ status: 402, code: 'budget_exceeded' })
})

it('refuses what has no price or no bound, unless the budget allows it', async () => {
  serial += 1
  const budget = testBudget({ id: `budget_${serial}`, amountUsd: '10' })
  gateway.configure({ policies: [budget], prices: {} })
  expect(await refusal(await gateway.post(BODY))).toMatchObject({ status: 402, code: 'model_unpriced' })
  gateway.configure({ policies: [budget] })
  const file = [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] }]
  expect(await refusal(await gateway.post({ ...BODY, messages: file }))).toMatchObject({
    status: 402,
    code: 'cost_unbounded',
  })
  expect(gateway.a.served).toHaveLength(0)
  gateway.configure({ policies: [{ ...budget, onUnbounded: 'allow' }], prices: {} })
  expect((await gateway.post(BODY)).status).toBe(200)
})

it('a soft budget counts and never refuses', async () => {
  const [budget] = fresh({ amountUsd: '0', enforcement: 'soft' })
  expect((await gateway.post(BODY)).status).toBe(200)
  await gateway.event()
  expect(money(budget).spent).toBe(booked())
})

it('books all of what a vendor charges beyond the bound, and refuses the next call', async () => {
  const usage = { prompt_tokens: 5_000, completion_tokens: 100, total_tokens: 5_100 }
  gateway.a.script([], { usage })
  const [budget] = fresh({ amountUsd: formatUsd(BOUND + 1n) })
  expect((await gateway.post(BODY)).status).toBe(200)
  const event = await gateway.event()
  expect(BigInt(event.costPicoUsd ?? 0)).toBeGreaterThan(BOUND)
  expect(money(budget)).toEqual({ spent: formatUsd(BigInt(event.costPicoUsd ?? 0)), held: '0' })
  expect((await gateway.post(BODY)).status).toBe(402)
})

it('an override raises the amount until its end, and an edit resets nothing', async () => {
  const [budget] = fresh({ amountUsd: formatUsd(BOUND) })
  if (!budget) throw new Error('no budget')
  expect((await gateway.post(BODY)).status).toBe(200)
  await gateway.event()
  const spent = money(budget).spent
  expect((await gateway.post(BODY)).status).toBe(402)
  const override = { amountPicoUsd: parseUsd('1').toString(), untilMs: Date.now() + 60_000 }
  gateway.configure({ policies: [{ ...budget, override }] })
  expect(money(budget).spent).toBe(spent)
  expect((await gateway.post(BODY)).status).toBe(200)
  gateway.configure({ policies: [{ ...budget, override: { ...override, untilMs: Date.now() - 1 } }] })
  expect((await gateway.post(BODY)).status).toBe(402)
})

it('every retry takes a hold of its own, and a failed one is given back', async () => {
  gateway.a.script([{ status: 500 }])
  const [budget] = fresh({ amountUsd: '1' })
  expect((await gateway.post({ ...BODY, model: 'both' })).status).toBe(200)
  const event = await gateway.event()
  expect(event.attempts.map(({ outcome }) => outcome)).toEqual(['error', 'ok'])
  expect(money(budget)).toEqual({ spent: formatUsd(BigInt(event.costPicoUsd ?? 0)), held: '0' })
})

it('a caller that leaves a stream, or the wait, leaves no hold behind', async () => {
  gateway.a.script([], { eventDelayMs: 20 })
  const [budget] = fresh({ amountUsd: formatUsd(BOUND + BOUND / 2n), holdWaitMs: 5_000 })
  const [reading, waiting] = [new AbortController(), new AbortController()]
  const stream = await gateway.post({ ...BODY, stream: true }, { signal: reading.signal })
  const waiter = gateway.post(BODY, { signal: waiting.signal })
  waiter.catch(() => {})
  await until(() => gateway.policing.queue.waiting === 1)
  waiting.abort()
  await until(() => gateway.policing.queue.waiting === 0)
  reading.abort()
  await stream.arrayBuffer().catch(() => {})
  await until(() => gateway.listener.inFlight() === 0)
  expect(money(budget)).toEqual({ spent: booked(), held: '0' })
})

it('500 calls at once never pass a budget of 40 bounds, use 95 % of it, and none waits beyond its time', async () => {
  gateway.a.script([], { fillCap: true, delayMs: 10 })
  const [budget] = fresh({ amountUsd: formatUsd(BOUND * 40n), holdWaitMs: 2_000 })
  const longest: number[] = []
  const statuses = await Promise.all(
    Array.from({ length: 500 }, async (_, index) => {
      const began = performance.now()
      const answer = await gateway.post(index % 2 === 0 ? BODY : { ...BODY, stream: true })
      await answer.arrayBuffer()
      if (answer.status !== 200) longest.push(performance.now() - began)
      return answer.status
    }),
  )
  await until(() => gateway.listener.inFlight() === 0)
  const amount = BOUND * 40n
  expect(invoice()).toBeLessThanOrEqual(amount)
  expect(invoice() * 100n).toBeGreaterThanOrEqual(amount * 95n)
  expect(money(budget)).toEqual({ spent: formatUsd(invoice()), held: '0' })
  expect(statuses.filter((status) => ![200, 402, 429].includes(status))).toEqual([])
  expect(gateway.policing.queue.waiting).toBe(0)
})
