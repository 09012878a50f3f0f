import OpenAI from 'openai'
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import { TEST_SECRET, testRoute } from './testing/memory-configuration.ts'

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

/** Six tokens in 0.3 s, unless told otherwise. */
function route(fields: Record<string, unknown> = {}, speed = { tokensPerSecond: 20, withinMs: 300 }) {
  const targets = [
    { providerId: 'provider_a', model: 'gpt-fake', priority: 0 },
    { providerId: 'provider_b', model: 'gpt-other', priority: 1 },
  ]
  gateway.configure({
    routes: [testRoute({ name: 'both', targets, timeouts: { minOutputSpeed: speed }, ...fields })],
  })
}
async function streamed(): Promise<string> {
  let text = ''
  const stream = await openai.chat.completions.create({ model: 'both', ...HELLO, stream: true })
  for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
  return text
}
const served = () => [gateway.a.served.length, gateway.b.served.length]
/** One token that counts for more than six: there is nothing to wait for. */
const AT_ONCE = 'at-once-and-with-all-that-there-is-to-say'
const TRICKLE = { text: 'slowly and with no end in sight', eventDelayMs: 400 }

it('a stream that trickles is left for another target, and both are in the books', async () => {
  gateway.a.script([TRICKLE])
  gateway.b.script([{ text: AT_ONCE }])
  expect(await streamed()).toBe(AT_ONCE)
  const { attempts } = await gateway.event()
  expect(attempts.map(({ outcome, usageSource }) => [outcome, usageSource])).toEqual([
    ['cut', 'estimated'],
    ['ok', 'provider'],
  ])
  await until(() => gateway.a.served[0]?.outcome === 'aborted')
  const failed = [...gateway.balancer.targets()].map(({ window }) => window.failed(performance.now()))
  expect(failed).toEqual([1, 0])
})

it('retries.on need not name it, and the answer says why another served', async () => {
  route({ retries: { on: [] } })
  gateway.a.script([TRICKLE])
  gateway.b.script([{ text: AT_ONCE }])
  const answer = await gateway.post({ model: 'both', ...HELLO, stream: true })
  expect(answer.headers.get('x-gatehouse-degraded')).toBe('requested=gpt-fake; served=gpt-other; reason=slow')
  await answer.text()
})

it.each([
  ['no try is left', { retries: { attempts: 0 } }],
  ['there is no other', { targets: [{ providerId: 'provider_a', model: 'gpt-fake' }] }],
])('flows all the same where %s', async (_, fields) => {
  route(fields)
  gateway.a.script([{ ...TRICKLE, eventDelayMs: 100 }])
  expect(await streamed()).toBe(TRICKLE.text)
  expect(served()).toEqual([1, 0])
  expect((await gateway.event()).attempts.map(({ outcome }) => outcome)).toEqual(['ok'])
})

it('one that ends in time is not slow, however little it says', async () => {
  route({}, { tokensPerSecond: 1_000, withinMs: 10_000 })
  gateway.a.script([{ text: 'brief' }])
  expect(await streamed()).toBe('brief')
  expect(served()).toEqual([1, 0])
})

it('one that is fast flows as soon as it has shown it', async () => {
  route({}, { tokensPerSecond: 1, withinMs: 10_000 })
  // Ten tokens in one event, then silence: without them the caller would wait for ten seconds.
  gateway.a.script([
    {
      tokens: ['a word that is long enough to count for ten tokens ', 'b'],
      failAtByte: 900,
      failBy: 'stall',
    },
  ])
  const leaving = new AbortController()
  const answer = await gateway.post({ model: 'both', ...HELLO, stream: true }, { signal: leaving.signal })
  const first = await answer.body?.getReader().read()
  expect(Buffer.from(first?.value ?? []).toString()).toContain('a word that is long enough')
  leaving.abort()
  await gateway.event()
})

it('one that fails while it is held is taken over like one that has not begun', async () => {
  route({}, { tokensPerSecond: 1_000, withinMs: 10_000 })
  gateway.a.script([{ failAtByte: 900, failBy: 'fin' }])
  gateway.b.script([{ text: 'whole' }])
  expect(await streamed()).toBe('whole')
  expect((await gateway.event()).attempts.map(({ outcome }) => outcome)).toEqual(['cut', 'ok'])
})

it('a caller that leaves meanwhile ends it', async () => {
  route({}, { tokensPerSecond: 1_000, withinMs: 10_000 })
  gateway.a.script([{ failAtByte: 900, failBy: 'stall' }])
  const leaving = new AbortController()
  const left = gateway.post({ model: 'both', ...HELLO, stream: true }, { signal: leaving.signal })
  await until(() => (gateway.a.served[0]?.bytesSent ?? 0) >= 900)
  leaving.abort()
  await left.catch(() => {})
  expect((await gateway.event()).status).toBe(499)
  await until(() => gateway.a.served[0]?.outcome === 'aborted')
  expect(served()).toEqual([1, 0])
})
