import OpenAI from 'openai'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formatUsd } from '../lib/contract/money.ts'
import { budgetKey, periodOf } from './limits/policing.ts'
import type { FakePlan } from './testing/fake-openai.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import { TEST_SECRET, testRoute } from './testing/memory-configuration.ts'
import { testBudget, testLimit } from './testing/policies.ts'

let gateway: GatewayUnderTest
let openai: OpenAI

beforeEach(async () => {
  await gateway?.close()
  gateway = await startGatewayUnderTest()
  openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: TEST_SECRET, maxRetries: 0 })
  route()
})
afterEach(() => {
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
})
afterAll(() => gateway.close())

const targets = [
  { providerId: 'provider_a', model: 'gpt-fake', priority: 0 },
  { providerId: 'provider_b', model: 'gpt-other', priority: 1 },
]
type Options = Parameters<GatewayUnderTest['configure']>[0]

function route(fields: Record<string, unknown> = {}, options: Options = {}) {
  const hedged = { name: 'both', targets, hedge: { percentile: 90, minMs: 30 }, ...fields }
  gateway.configure({ routes: [testRoute(hedged)], ...options })
}

/** So many answers say what is late. */
async function usual(stream: boolean, calls = 8, plan: FakePlan = {}): Promise<void> {
  gateway.a.script([], plan)
  for (let call = 0; call < calls; call += 1) {
    await (await gateway.post({ model: 'both', ...HELLO, stream })).text()
    await gateway.event()
  }
  gateway.a.script([])
  gateway.a.served.length = 0
}

const ask = (stream: boolean) => gateway.post({ model: 'both', ...HELLO, stream })
const served = () => [gateway.a.served.length, gateway.b.served.length]
const told = async () =>
  (await gateway.event()).attempts.map(({ providerId, outcome, reason, code }) => [
    providerId,
    outcome,
    reason,
    code,
  ])
const LATE: FakePlan = { text: 'late', delayMs: 1_500 }
const HANGS: FakePlan = { hang: true }

describe.each([false, true])('a first target that is late (stream: %s)', (stream) => {
  beforeEach(() => usual(stream))

  it('loses: the second answers, the first is cancelled, and both are paid for', async () => {
    gateway.a.script([HANGS])
    gateway.b.script([{ text: 'from the second' }])
    const answer = await ask(stream)
    expect(answer.headers.get('x-gatehouse-attempts')).toBe('2')
    expect(answer.headers.get('x-gatehouse-provider')).toBe('provider_b')
    expect(answer.headers.get('x-gatehouse-degraded')).toBe(
      'requested=gpt-fake; served=gpt-other; reason=hedge',
    )
    expect(await answer.text()).toContain(stream ? 'from' : 'from the second')
    expect(await told()).toEqual([
      ['provider_a', 'cut', 'hedge', null],
      ['provider_b', 'ok', undefined, null],
    ])
    await until(() => gateway.a.served[0]?.outcome === 'aborted')
    const event = await gateway.event()
    expect(event).toMatchObject({
      status: 200,
      code: null,
      providerId: 'provider_b',
      servedModel: 'gpt-other',
      usageSource: 'estimated',
      degraded: { requested: 'gpt-fake', served: 'gpt-other', reason: 'hedge' },
    })
    expect(event.attempts.map(({ usageSource }) => usageSource)).toEqual(['estimated', 'provider'])
    const costs = event.attempts.map(({ costPicoUsd }) => BigInt(costPicoUsd ?? -1))
    expect(costs.every((cost) => cost > 0n)).toBe(true)
    expect(event.costPicoUsd).toBe(costs.reduce((sum, cost) => sum + cost, 0n).toString())
    expect(new Set(event.lines.map(({ attempt }) => attempt))).toEqual(new Set([0, 1]))
    if (!stream) {
      expect(answer.headers.get('x-gatehouse-cost-usd')).toBe(formatUsd(BigInt(event.costPicoUsd ?? 0)))
    }
  })

  it('wins all the same where the second is later still', async () => {
    gateway.a.script([{ text: 'first', delayMs: 300 }])
    gateway.b.script([HANGS])
    const answer = await ask(stream)
    expect(answer.headers.get('x-gatehouse-provider')).toBe('provider_a')
    expect(answer.headers.get('x-gatehouse-degraded')).toBeNull()
    await answer.text()
    expect(await told()).toEqual([
      ['provider_a', 'ok', undefined, null],
      ['provider_b', 'cut', 'hedge', null],
    ])
    await until(() => gateway.b.served[0]?.outcome === 'aborted')
    expect((await gateway.event()).degraded).toBeUndefined()
  })

  it('fails, and the second answers', async () => {
    gateway.a.script([{ status: 500, delayMs: 200 }])
    gateway.b.script([{ text: 'second', delayMs: 500 }])
    const answer = await ask(stream)
    expect(answer.headers.get('x-gatehouse-degraded')).toContain('reason=serverError')
    await answer.text()
    expect(await told()).toEqual([
      ['provider_a', 'error', 'serverError', 'provider_error'],
      ['provider_b', 'ok', undefined, null],
    ])
    expect(served()).toEqual([1, 1])
  })

  it('is waited for where the second fails', async () => {
    gateway.a.script([{ text: 'first', delayMs: 400 }])
    gateway.b.script([{ status: 500 }])
    const answer = await ask(stream)
    expect(answer.headers.get('x-gatehouse-provider')).toBe('provider_a')
    await answer.text()
    expect(await told()).toEqual([
      ['provider_a', 'ok', undefined, null],
      ['provider_b', 'error', 'serverError', 'provider_error'],
    ])
  })

  it('is asked again where both fail, as often as the route says', async () => {
    route({ retries: { attempts: 1 } })
    gateway.a.script([{ status: 500, delayMs: 200 }, { text: 'again' }])
    gateway.b.script([{ status: 503, delayMs: 100 }])
    const answer = await ask(stream)
    expect(answer.headers.get('x-gatehouse-attempts')).toBe('3')
    await answer.text()
    expect((await told()).map(([provider, outcome]) => [provider, outcome])).toEqual([
      ['provider_a', 'error'],
      ['provider_b', 'error'],
      ['provider_a', 'ok'],
    ])
  })

  it('and both fail, and nobody is asked again: the first failure is told', async () => {
    route({ retries: { attempts: 0 } })
    gateway.a.script([{ status: 500, delayMs: 200 }])
    gateway.b.script([{ status: 503 }])
    const answer = await ask(stream)
    expect([answer.status, answer.headers.get('x-gatehouse-attempts')]).toEqual([502, '2'])
    expect((await told()).length).toBe(2)
    expect(served()).toEqual([1, 1])
  })

  it('says that the request is wrong: that ends the call', async () => {
    const error = { message: 'No such field.', type: 'invalid_request_error', param: 'x', code: null }
    gateway.a.script([{ status: 400, delayMs: 200, rawBody: JSON.stringify({ error }) }])
    gateway.b.script([{ status: 500 }])
    const answer = await ask(stream)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error: { message: 'No such field.' } })
    expect(served()).toEqual([1, 1])
  })

  it('refuses the content, and the second does not', async () => {
    route({ fallback: { contentRefused: true } })
    gateway.a.script([{ rawBody: refusal(stream), delayMs: 200 }])
    gateway.b.script([{ text: 'an answer', delayMs: 400 }])
    const answer = await ask(stream)
    expect(await answer.text()).toContain('an')
    expect(answer.headers.get('x-gatehouse-degraded')).toContain('reason=contentRefused')
    expect((await told()).map(([, outcome, reason]) => [outcome, reason])).toEqual([
      ['error', 'contentRefused'],
      ['ok', undefined],
    ])
  })
})

it('a caller that leaves ends both streams', async () => {
  await usual(true)
  gateway.a.script([HANGS])
  gateway.b.script([HANGS])
  const leaving = new AbortController()
  const left = gateway.post({ model: 'both', ...HELLO, stream: true }, { signal: leaving.signal })
  await until(() => gateway.b.served.length === 1)
  leaving.abort()
  await left.catch(() => {})
  expect(await told()).toEqual([
    ['provider_a', 'cut', 'callerGone', 'client_closed'],
    ['provider_b', 'cut', 'callerGone', 'client_closed'],
  ])
  expect((await gateway.event()).status).toBe(499)
  await until(() => [gateway.a, gateway.b].every(({ served }) => served[0]?.outcome === 'aborted'))
})

it('a caller that leaves a whole answer: the first of the two is read for the books', async () => {
  await usual(false)
  gateway.a.script([HANGS])
  gateway.b.script([{ text: 'for the books', delayMs: 200 }])
  const leaving = new AbortController()
  const left = gateway.post({ model: 'both', ...HELLO }, { signal: leaving.signal })
  await until(() => gateway.b.served.length === 1)
  leaving.abort()
  await left.catch(() => {})
  expect((await told()).map(([, outcome, reason]) => [outcome, reason])).toEqual([
    ['cut', 'hedge'],
    ['ok', undefined],
  ])
  expect((await gateway.event()).status).toBe(499)
})

function refusal(stream: boolean): string {
  const head = { id: 'chatcmpl-1', created: 1, model: 'gpt-fake' }
  const choice = { index: 0, finish_reason: 'content_filter' }
  if (!stream) {
    const message = { role: 'assistant', content: null, refusal: 'I cannot.' }
    return JSON.stringify({ ...head, object: 'chat.completion', choices: [{ ...choice, message }] })
  }
  const event = {
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ ...choice, delta: { refusal: 'I cannot.' } }],
  }
  return `data: ${JSON.stringify(event)}\n\ndata: [DONE]\n\n`
}

describe('no second target is asked', () => {
  const slow: FakePlan = { text: 'slow', delayMs: 300 }
  const expectOne = async (): Promise<void> => {
    gateway.a.script([slow])
    await (await ask(false)).text()
    expect(served()).toEqual([1, 0])
    expect((await told()).map(([provider, outcome]) => [provider, outcome])).toEqual([['provider_a', 'ok']])
  }

  it('where the route does not want it', async () => {
    await usual(false)
    route({ hedge: null })
    await expectOne()
  })

  it('before it is known what is usual', async () => {
    await usual(false, 7)
    await expectOne()
  })

  it('after streams alone, for what is no stream', async () => {
    await usual(true)
    await expectOne()
  })

  it('before the least time', async () => {
    await usual(false)
    route({ hedge: { percentile: 50, minMs: 5_000 } })
    await expectOne()
  })

  it('while the first is no later than usual', async () => {
    await usual(false, 8, { delayMs: 350 })
    await expectOne()
  })

  it('where there is none', async () => {
    route({ targets: targets.slice(0, 1) })
    await usual(false)
    await expectOne()
  })

  it('where the other is the same model of the same vendor', async () => {
    route({ targets: [targets[0], { ...targets[0], priority: 1 }] })
    await usual(false)
    await expectOne()
  })

  it('where it has to be left alone', async () => {
    await usual(false)
    gateway.balancer.targetHealth('provider_b gpt-other').evict(performance.now() + 60_000)
    await expectOne()
  })

  it('where the gateway has made as many tries as it allows itself', async () => {
    await gateway.close()
    gateway = await startGatewayUnderTest({}, {}, {})
    route()
    await usual(false)
    while (gateway.balancer.takeRetry());
    await expectOne()
  })

  it('where a limit of the vendor has no room for it', async () => {
    const policies = [
      testLimit({
        metric: 'requests',
        limit: '1',
        scope: { type: 'provider', id: 'provider_b', each: false },
      }),
    ]
    route({}, { policies })
    await usual(false)
    gateway.a.script([LATE])
    await (await ask(false)).text()
    expect(served()).toEqual([1, 1])
    await expectOneMore()
  })

  it('where a budget has no room for both, and the call goes on', async () => {
    await usual(false)
    const budget = testBudget({ amountUsd: '0.0015', id: 'budget_tight' })
    route({}, { policies: [budget] })
    gateway.a.script([slow])
    const answer = await gateway.post({ model: 'both', ...HELLO, max_completion_tokens: 100 })
    expect(answer.status).toBe(200)
    await answer.text()
    expect(served()).toEqual([1, 0])
    const { spent, held } = money(budget)
    expect([formatUsd(spent), held]).toEqual([
      formatUsd(BigInt((await gateway.event()).costPicoUsd ?? 0)),
      0n,
    ])
  })

  async function expectOneMore(): Promise<void> {
    gateway.a.served.length = 0
    gateway.b.served.length = 0
    await expectOne()
  }
})

function money(budget: ReturnType<typeof testBudget>) {
  const { startMs } = periodOf(budget, Date.now())
  return gateway.policing.counters.money(budgetKey(budget, '', startMs))
}

it('a budget holds both while they are under way, and has spent both in the end', async () => {
  const budget = testBudget({ amountUsd: '1', id: 'budget_wide' })
  route({}, { policies: [budget] })
  await usual(true)
  const before = money(budget).spent
  gateway.a.script([HANGS])
  gateway.b.script([{ text: 'second', delayMs: 300 }])
  const asked = ask(true)
  await until(() => gateway.a.served.length === 1)
  const one = money(budget).held
  expect(one).toBeGreaterThan(0n)
  await until(() => gateway.b.served.length === 1)
  expect(money(budget).held).toBe(2n * one)
  await (await asked).text()
  const event = await gateway.event()
  expect(event.reservedPicoUsd).toBe((2n * one).toString())
  expect(money(budget)).toMatchObject({ held: 0n, spent: before + BigInt(event.costPicoUsd ?? 0) })
})

it('a first that always loses is known to be slow', async () => {
  await usual(false)
  const first = gateway.balancer.targetHealth('provider_a gpt-fake')
  const usually = first.waitPercentileMs(90, false) ?? 0
  for (let call = 0; call < 3; call += 1) {
    gateway.a.script([HANGS])
    await (await ask(false)).text()
  }
  expect(first.waitPercentileMs(99, false)).toBeGreaterThan(usually)
  // Nobody failed.
  expect(first.window.failed(performance.now())).toBe(0)
})

it('SDK: a stream of the second is whole, and what it says that it cost includes the first', async () => {
  await usual(true)
  gateway.a.script([HANGS])
  gateway.b.script([{ text: 'one two three' }])
  let text = ''
  const stream = await openai.chat.completions.create({ model: 'both', ...HELLO, stream: true })
  for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
  expect(text).toBe('one two three')
  expect((await gateway.event()).status).toBe(200)
})

it('many at once, of which half are late: each has its answer, and the books have each call once', async () => {
  const budget = testBudget({ amountUsd: '5', id: 'budget_many' })
  route({}, { policies: [budget] })
  await usual(true)
  const before = gateway.books.events.length
  const plans = Array.from({ length: 40 }, (_, at): FakePlan => (at % 2 === 0 ? HANGS : { text: 'first' }))
  gateway.a.script(plans)
  gateway.b.script([], { text: 'second', eventDelayMs: 3 })
  const answers = await Promise.all(plans.map(async () => (await ask(true)).text()))
  expect(answers.every((text) => text.endsWith('data: [DONE]\n\n'))).toBe(true)
  await until(() => gateway.books.events.length === before + 40)
  const sent = gateway.books.events.slice(before).reduce((sum, { attempts }) => sum + attempts.length, 0)
  expect(sent).toBe(gateway.a.served.length + gateway.b.served.length)
  const spent = gateway.books.events.reduce((sum, { costPicoUsd }) => sum + BigInt(costPicoUsd ?? 0), 0n)
  await until(() => money(budget).held === 0n)
  expect(money(budget).spent).toBe(spent)
})
