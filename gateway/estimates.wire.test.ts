/** What is booked where a vendor tells no usage is a guess, and a guess takes no more than was held for it. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { formatUsd } from '../lib/contract/money.ts'
import { costBound } from './limits/cost-bound.ts'
import { FRAMING_TOKENS } from './limits/token-ratios.ts'
import type { FakePlan } from './testing/fake-openai.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest } from './testing/gateway-under-test.ts'
import { TEST_PRICING, testRoute } from './testing/memory-configuration.ts'
import { testBudget } from './testing/policies.ts'

const CAP = 5
const ROUTES = [
  testRoute({
    name: 'chat',
    targets: [{ providerId: 'provider_a', model: 'gpt-fake' }],
    retries: { attempts: 0 },
  }),
]
let gateway: GatewayUnderTest

beforeAll(async () => {
  gateway = await startGatewayUnderTest()
})
afterAll(() => gateway.close())
afterEach(() => {
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
  gateway.a.script([])
})

const event = (more: object) => `data: ${JSON.stringify({ id: 'c', model: 'gpt-fake', ...more })}\n\n`
const said = (content: string, more: object = {}) =>
  event({ choices: [{ index: 0, delta: { content }, finish_reason: null }], ...more })
const LETTERS = Array.from('one token in fifteen events', (letter) => said(letter))
const TOLD_EARLY = { prompt_tokens: 4, completion_tokens: 1, total_tokens: 5 }

const WAYS: [name: string, stream: boolean, plan: FakePlan][] = [
  ['a whole answer that is cut in its body', false, { failAtByte: 300 }],
  ['a whole answer of long tokens', false, { tokens: Array(CAP).fill('x'.repeat(200)), usage: null }],
  [
    'a tool call with long arguments',
    false,
    { toolCall: { name: 'find', arguments: 'y'.repeat(900) }, usage: null },
  ],
  ['a stream of long tokens, whole', true, { tokens: Array(CAP).fill('x'.repeat(200)), usage: null }],
  ['a stream of long tokens, cut', true, { tokens: Array(CAP).fill('x'.repeat(200)), failAtByte: 1_000 }],
  ['a stream with more events than tokens', true, { rawBody: LETTERS.join('') }],
  [
    'a stream whose letters are escaped',
    true,
    { rawBody: said('ééééééééé').replaceAll('é', '\\u00e9'.repeat(9)) },
  ],
  [
    'a stream that told its usage too early',
    true,
    { rawBody: said('a', { usage: TOLD_EARLY }) + LETTERS.join('') },
  ],
]

it.each(WAYS)('%s: no more than was held', async (_name, stream, plan) => {
  gateway.configure({ routes: ROUTES, policies: [testBudget({ id: `of ${_name}`, amountUsd: '1' })] })
  gateway.a.script([plan])
  const answer = await gateway.post({ model: 'chat', ...HELLO, stream, max_completion_tokens: CAP })
  await answer.text()
  const { usage, usageSource, costPicoUsd, reservedPicoUsd } = await gateway.event()
  expect(usageSource).toBe('estimated')
  expect(usage.outputTokens).toBe(CAP)
  expect(BigInt(costPicoUsd ?? -1)).toBeGreaterThan(0n)
  expect(BigInt(costPicoUsd ?? -1)).toBeLessThanOrEqual(BigInt(reservedPicoUsd ?? 0))
})

it('the input is no more than the ratio under which it was held', async () => {
  const content = 'The same few words, over and over. '.repeat(100)
  const body = { model: 'chat', messages: [{ role: 'user', content }], max_completion_tokens: CAP }
  const bytes = Buffer.byteLength(JSON.stringify(body))
  // A vendor that caches what repeats, or charges by the character of another script.
  for (let turn = 0; turn < 200; turn += 1)
    gateway.policing.ratios.learn('provider_a gpt-fake', 10_000, 1_000, CAP)
  const learned = gateway.policing.ratios.inputBound('provider_a gpt-fake', bytes) ?? bytes
  expect(learned).toBeLessThan(bytes / 6 + FRAMING_TOKENS)
  const bound = costBound(TEST_PRICING, null, { inputTokens: learned, outputTokens: CAP, timeMs: 0 })
  const budget = testBudget({ id: 'budget_learned', amountUsd: formatUsd(bound) })
  gateway.configure({ routes: ROUTES, policies: [budget] })
  gateway.a.script([{ usage: null }])
  expect((await gateway.post(body)).status).toBe(200)
  const { usage, reservedPicoUsd, costPicoUsd } = await gateway.event()
  expect(reservedPicoUsd).toBe(bound.toString())
  expect(usage.inputTokens).toBe(learned)
  expect(BigInt(costPicoUsd ?? -1)).toBeLessThanOrEqual(bound)
})

it('what a vendor told stands, however much it is', async () => {
  gateway.configure({ routes: ROUTES, policies: [testBudget({ id: 'budget_told', amountUsd: '1' })] })
  gateway.a.script([{ usage: { prompt_tokens: 900, completion_tokens: 700, total_tokens: 1_600 } }])
  await (await gateway.post({ model: 'chat', ...HELLO, max_completion_tokens: CAP })).text()
  const { usage, usageSource, reservedPicoUsd, costPicoUsd } = await gateway.event()
  expect([usage.inputTokens, usage.outputTokens, usageSource]).toEqual([900, 700, 'provider'])
  expect(BigInt(costPicoUsd ?? 0)).toBeGreaterThan(BigInt(reservedPicoUsd ?? 0))
})

it('without a budget the caller’s own cap bounds it, for each answer that was asked for', async () => {
  gateway.configure({ routes: ROUTES, policies: [] })
  for (const n of [1, 3]) {
    gateway.a.script([{ failAtByte: 300 }])
    await (await gateway.post({ model: 'chat', ...HELLO, max_completion_tokens: CAP, n })).text()
    expect((await gateway.event()).usage.outputTokens).toBe(CAP * n)
  }
})
