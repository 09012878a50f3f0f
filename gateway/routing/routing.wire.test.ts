import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from '../testing/gateway-under-test.ts'
import { TEST_PRICING, testRoute } from '../testing/memory-configuration.ts'

let gateway: GatewayUnderTest

beforeEach(async () => {
  await gateway?.close()
  gateway = await startGatewayUnderTest({}, {}, {})
})
afterEach(() => {
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
})
afterAll(() => gateway.close())

function routeBoth(fields: Record<string, unknown> = {}, prices?: Record<string, typeof TEST_PRICING>): void {
  const targets = [
    { providerId: 'provider_a', model: 'gpt-fake', priority: 0 },
    { providerId: 'provider_b', model: 'gpt-other', priority: 1 },
  ]
  gateway.configure({
    routes: [testRoute({ name: 'both', targets, ...fields })],
    ...(prices ? { prices } : {}),
  })
}
const call = (fields: object = {}) => gateway.post({ model: 'both', ...HELLO, ...fields })
const served = () => [gateway.a.served.length, gateway.b.served.length]
const refusal = (code: string) => ({
  status: 400,
  rawBody: JSON.stringify({ error: { message: 'no', type: 'invalid_request_error', param: null, code } }),
})

describe('a vendor that refuses what another may take', () => {
  it('a call too long for the first model is answered by one with a longer window, and that is told', async () => {
    routeBoth({}, { 'gpt-fake': { ...TEST_PRICING, contextTokens: 8_192 }, 'gpt-other': TEST_PRICING })
    gateway.a.script([refusal('context_length_exceeded')])
    const answer = await call()
    expect([answer.status, answer.headers.get('x-gatehouse-degraded')]).toEqual([
      200,
      'requested=gpt-fake; served=gpt-other; reason=contextTooLong',
    ])
    // Nothing was wrong with the target.
    expect([...gateway.balancer.targets()].map(({ window }) => window.failed(performance.now()))).toEqual([
      0, 0,
    ])
  })

  it('is known to be too long before it leaves, where windows are known', async () => {
    routeBoth({}, { 'gpt-fake': { ...TEST_PRICING, contextTokens: 4_096 }, 'gpt-other': TEST_PRICING })
    const answer = await call({ messages: [{ role: 'user', content: 'word '.repeat(5_000) }] })
    expect(answer.headers.get('x-gatehouse-degraded')).toMatch(/reason=contextTooLong$/)
    expect(served()).toEqual([0, 1])
  })

  it('keeps the vendor’s words where no model has a longer window, or the route wants no other', async () => {
    const short = { ...TEST_PRICING, contextTokens: 8_192 }
    routeBoth({}, { 'gpt-fake': short, 'gpt-other': short })
    gateway.a.script([refusal('context_length_exceeded')])
    expect((await call()).status).toBe(400)
    routeBoth({ fallback: { contextTooLong: false } })
    gateway.a.script([refusal('context_length_exceeded')])
    expect((await call()).status).toBe(400)
    expect(served()).toEqual([2, 0])
  })

  it('content that its filter refuses goes to another only where the route says so', async () => {
    routeBoth()
    gateway.a.script([refusal('content_filter')])
    expect((await call()).status).toBe(400)
    routeBoth({ fallback: { contentRefused: true } })
    gateway.a.script([refusal('content_filter')])
    const answer = await call()
    expect([answer.status, answer.headers.get('x-gatehouse-degraded')]).toEqual([
      200,
      'requested=gpt-fake; served=gpt-other; reason=contentRefused',
    ])
  })
})

describe('a target that fails', () => {
  it('is left alone after five calls, and callers are told who answers instead', async () => {
    routeBoth()
    gateway.a.script([], { status: 500 })
    for (let turn = 0; turn < 20; turn += 1) expect((await call({ stream: turn % 2 === 0 })).status).toBe(200)
    const [a = 0] = served()
    expect(a).toBeGreaterThanOrEqual(5)
    // Five that opened its breaker, and probes.
    expect(a).toBeLessThan(10)
    expect((await call()).headers.get('x-gatehouse-degraded')).toMatch(/reason=(unavailable|serverError)$/)
  })

  it('has its share back when it is well, carried by real calls', async () => {
    routeBoth()
    gateway.a.script([], { status: 500 })
    for (let turn = 0; turn < 6; turn += 1) await call()
    gateway.a.script([])
    await expect
      .poll(async () => (await call()).headers.get('x-gatehouse-model'), { timeout: 10_000, interval: 50 })
      .toBe('gpt-fake')
    await until(() => [...gateway.balancer.targets()].every(({ inFlight }) => inFlight === 0))
  })

  it('with all others failing too, vendors get at most 1.2 calls for each call', async () => {
    routeBoth({ retries: { attempts: 3 } })
    for (const vendor of [gateway.a, gateway.b]) vendor.script([], { status: 500 })
    const calls = 300
    for (let turn = 0; turn < calls; turn += 1) expect((await call()).status).toBe(502)
    const [a = 0, b = 0] = served()
    expect(a + b).toBeLessThanOrEqual(1.2 * calls)
  })

  it('is not blamed for a caller’s mistake, a caller that leaves, or a caller’s own short time', async () => {
    routeBoth({ retries: { attempts: 0 } })
    gateway.a.script([], { status: 422 })
    for (let turn = 0; turn < 6; turn += 1) await call()
    gateway.a.script([], { hang: true })
    for (let turn = 0; turn < 6; turn += 1) {
      const answer = await gateway.post(
        { model: 'both', ...HELLO },
        { headers: { 'x-gatehouse-timeout-ms': '20' } },
      )
      expect(answer.status).toBe(504)
    }
    for (let turn = 0; turn < 6; turn += 1) {
      const leaving = new AbortController()
      const left = gateway.post({ model: 'both', ...HELLO, stream: true }, { signal: leaving.signal })
      await until(() => gateway.a.served.length === 13 + turn)
      leaving.abort()
      await left.catch(() => {})
    }
    await until(() => gateway.listener.inFlight() === 0)
    gateway.a.script([])
    expect((await call()).headers.get('x-gatehouse-model')).toBe('gpt-fake')
    expect(served()).toEqual([19, 0])
  })
})

describe('a target that is slow to its first token', () => {
  it('is cancelled and left, and what it may charge is an attempt of its own, marked estimated', async () => {
    routeBoth({ timeouts: { firstTokenMs: 100 } })
    gateway.a.script([{ delayMs: 5_000 }])
    const answer = await call({ stream: true })
    expect(answer.headers.get('x-gatehouse-degraded')).toMatch(/reason=timeout$/)
    await answer.text()
    const event = await gateway.event()
    expect(event.attempts).toMatchObject([
      { providerId: 'provider_a', code: 'provider_timeout', usageSource: 'estimated' },
      { providerId: 'provider_b', outcome: 'ok', usageSource: 'provider' },
    ])
    expect(BigInt(event.attempts[0]?.costPicoUsd ?? 0)).toBeGreaterThan(0n)
  })
})

describe('a fallback told in the answer', () => {
  it('never breaks JSON or a tool call: there the header alone tells it', async () => {
    routeBoth({ degradation: { notify: 'message', message: 'From the spare one.' } })
    const toolCall = { id: 'call_1', name: 'look', arguments: '{"a":1}' }
    for (const stream of [false, true]) {
      gateway.a.script([{ status: 500 }])
      gateway.b.script([{ toolCall }])
      const answer = await call({ stream })
      expect(answer.headers.get('x-gatehouse-degraded')).toMatch(/reason=serverError$/)
      expect(await answer.text()).not.toContain('From the spare one.')
      gateway.a.script([{ status: 500 }])
      gateway.b.script([{ text: '{"ok":true}' }])
      const json = await call({ stream, response_format: { type: 'json_object' } })
      expect(json.headers.get('x-gatehouse-degraded')).toMatch(/reason=(serverError|unavailable)$/)
      expect(await json.text()).not.toContain('From the spare one.')
    }
  })
})
