/** The end of a period amid hundreds of calls: each period stays within its budget, and is used. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { formatUsd } from '../lib/contract/money.ts'
import { systemClock } from './clock.ts'
import { costBound } from './limits/cost-bound.ts'
import { budgetKey } from './limits/policing.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import { TEST_PRICING } from './testing/memory-configuration.ts'
import { testBudget } from './testing/policies.ts'
import { seeded, testSeed } from './testing/seed.ts'

const HOUR_MS = 3_600_000
const BODY = { model: 'chat', max_completion_tokens: 100, ...HELLO }
const INPUT = Buffer.byteLength(JSON.stringify(BODY))
const AMOUNT = costBound(TEST_PRICING, null, { inputTokens: INPUT, outputTokens: 100, timeMs: 0 }) * 40n
const hourOf = (at: number) => Math.floor(at / HOUR_MS) * HOUR_MS

let gateway: GatewayUnderTest
/** The middle of an hour, so that only the test goes over its end. */
let shiftMs = HOUR_MS / 2 - (systemClock.now() % HOUR_MS)
const clock = { now: () => systemClock.now() + shiftMs, monotonic: () => systemClock.monotonic() }

beforeAll(async () => {
  gateway = await startGatewayUnderTest({}, {}, undefined, clock)
})
afterAll(() => gateway.close())

it('500 calls at once over the end of an hour never pass either hour’s budget, and use 95 % of each', async () => {
  const random = seeded(testSeed('500 calls over the end of an hour'))
  const budget = testBudget({ amountUsd: formatUsd(AMOUNT), period: 'hour', holdWaitMs: 2_000 })
  gateway.configure({ policies: [budget] })
  gateway.a.script([], { fillCap: true, delayMs: 60 })
  const call = async () => {
    const answer = await gateway.post(random() < 0.5 ? BODY : { ...BODY, stream: true })
    await answer.arrayBuffer()
    return answer.status
  }
  const calls = Array.from({ length: 250 }, call)
  const turn = 1 + Math.floor(random() * 30)
  const arrived = () => gateway.listener.inFlight() + gateway.books.events.length
  await until(() => arrived() === calls.length && gateway.a.served.length >= turn)
  const first = hourOf(clock.now())
  shiftMs += HOUR_MS
  calls.push(...Array.from({ length: 250 }, call))
  const statuses = await Promise.all(calls)
  await until(() => gateway.listener.inFlight() === 0)

  const arrivals = new Map(gateway.books.events.map(({ id, at }) => [id, at]))
  for (const hour of [first, first + HOUR_MS]) {
    const served = gateway.a.served.filter(
      ({ requestId }) => hourOf(arrivals.get(requestId ?? '') ?? 0) === hour,
    )
    const invoice = served.reduce(
      (sum, one) => sum + BigInt(one.promptTokens) * 2_500_000n + BigInt(one.completionTokens) * 10_000_000n,
      0n,
    )
    expect(invoice).toBeLessThanOrEqual(AMOUNT)
    expect(invoice * 100n).toBeGreaterThanOrEqual(AMOUNT * 95n)
    expect(gateway.policing.counters.money(budgetKey(budget, '', hour))).toEqual({ spent: invoice, held: 0n })
  }
  expect(statuses.filter((status) => ![200, 402, 429].includes(status))).toEqual([])
  expect(gateway.policing.queue.waiting).toBe(0)
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
})
