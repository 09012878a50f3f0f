import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { FakePlan } from './testing/fake-openai.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest } from './testing/gateway-under-test.ts'
import { TEST_SECRET, testProvider, testRoute } from './testing/memory-configuration.ts'

let gateway: GatewayUnderTest
let openai: OpenAI

beforeAll(async () => {
  gateway = await startGatewayUnderTest()
  openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: TEST_SECRET, maxRetries: 2 })
})
afterAll(() => gateway.close())
afterEach(() => {
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
  for (const vendor of [gateway.a, gateway.b]) {
    vendor.script([])
    vendor.served.length = 0
  }
})

/** Fresh provider ids, so that no test meets the cooling targets of another. */
let serial = 0
function routeOver(overrides: Record<string, unknown> = {}) {
  serial += 1
  const [a, b] = [`a${serial}`, `b${serial}`]
  gateway.configure({
    providers: [
      testProvider({ id: a, baseUrl: gateway.a.baseUrl }),
      testProvider({ id: b, baseUrl: gateway.b.baseUrl }),
    ],
    routes: [
      testRoute({
        name: 'both',
        targets: [
          { providerId: a, model: 'gpt-fake', priority: 0 },
          { providerId: b, model: 'gpt-other', priority: 1 },
        ],
        timeouts: { totalMs: 20_000, firstTokenMs: 10_000, idleMs: 10_000 },
        ...overrides,
      }),
    ],
  })
}

const BEFORE_FIRST_TOKEN: [string, FakePlan][] = [
  ['500', { status: 500 }],
  ['503 with HTML', { status: 503, rawBody: '<html>no</html>', headers: { 'content-type': 'text/html' } }],
  ['429', { status: 429, headers: { 'retry-after': '30' } }],
  ['401', { status: 401 }],
  ['reset before headers are whole', { failAtByte: 0 }],
  ['HTML with 200', { rawBody: '<html>hello</html>', headers: { 'content-type': 'text/html' } }],
  ['garbage with 200', { rawBody: 'data: nonsense\n\n' }],
  [
    'an error inside the stream',
    { rawBody: 'data: {"error":{"message":"overloaded","type":"server_error"}}\n\n' },
  ],
  ['a stream that breaks after the role', { failAtByte: 300 }],
  ['a stream that ends after the role', { failAtByte: 300, failBy: 'fin' }],
  ['an empty stream', { rawBody: '' }],
  ['silence before the headers', { hang: true }],
  ['silence after the role', { failAtByte: 300, failBy: 'stall' }],
  ['an event without an end', { rawBody: `data: ${'x'.repeat(5_000_000)}` }],
  ['a compressed answer', { headers: { 'content-encoding': 'gzip' } }],
]

describe('a target that fails before the first token is left while the caller has seen nothing', () => {
  it.each(BEFORE_FIRST_TOKEN)('%s', async (_name, plan) => {
    const silent = plan.hang || plan.failBy === 'stall'
    routeOver(silent ? { timeouts: { firstTokenMs: 700 } } : {})
    gateway.a.script([plan])
    const { data, response } = await openai.chat.completions
      .create({ model: 'both', ...HELLO, stream: true })
      .withResponse()
    let text = ''
    for await (const chunk of data) text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toMatch(/^Hello there.*tokens\.$/)
    expect(response.headers.get('x-gatehouse-attempts')).toBe('2')
    expect(response.headers.get('x-gatehouse-degraded')).toMatch(
      /^requested=gpt-fake; served=gpt-other; reason=(serverError|rateLimit|timeout|connection)$/,
    )
    const event = await gateway.event()
    expect(event).toMatchObject({ status: 200, code: null })
    expect(event.attempts.map(({ outcome }) => outcome)).toEqual(['error', 'ok'])
    expect(gateway.a.served.length + gateway.b.served.length).toBe(2)
  })
})

describe('an answer that is not streamed', () => {
  it('and falls silent in its middle is left for the next target', async () => {
    routeOver({ timeouts: { idleMs: 300 } })
    gateway.a.script([{ failAtByte: 200, failBy: 'stall' }])
    const answer = await gateway.post({ model: 'both', ...HELLO })
    expect([answer.status, answer.headers.get('x-gatehouse-model')]).toEqual([200, 'gpt-other'])
    expect((await gateway.event()).attempts).toMatchObject([
      { outcome: 'error', reason: 'timeout', code: 'provider_timeout' },
      { outcome: 'ok' },
    ])
  })

  it('may take its time before it comes', async () => {
    routeOver({ timeouts: { idleMs: 300, firstTokenMs: 300 } })
    gateway.a.script([{ delayMs: 800 }])
    const answer = await gateway.post({ model: 'both', ...HELLO })
    expect([answer.status, answer.headers.get('x-gatehouse-model')]).toEqual([200, 'gpt-fake'])
  })
})

describe('an error after the first token', () => {
  const midStream: [string, FakePlan][] = [
    ['a broken connection', { failAtByte: 900 }],
    ['an end in the middle', { failAtByte: 900, failBy: 'fin' }],
    ['silence', { failAtByte: 900, failBy: 'stall' }],
    ['an error event', { insert: { at: 4, events: ['data: {"error":{"message":"overloaded"}}\n\n'] } }],
  ]
  it.each(midStream)('%s is passed on as an error event, then the body ends', async (_name, plan) => {
    routeOver({ timeouts: { idleMs: plan.failBy === 'stall' ? 500 : 10_000 } })
    gateway.a.script([plan])
    const response = await gateway.post({ model: 'both', ...HELLO, stream: true })
    const body = await response.text()
    expect(body).toMatch(
      /data: \{"error":\{"message":"[^"]+","type":"server_error","param":null,"code":"provider_(error|timeout)"\}\}\n\n$/,
    )
    expect(body).not.toContain('[DONE]')
    expect(body).not.toMatch(/"finish_reason":"/)
    expect(gateway.b.served).toEqual([])
    const event = await gateway.event()
    expect(event.attempts).toMatchObject([{ outcome: 'cut', usageSource: 'estimated' }])
    expect(event.usage.outputTokens).toBeGreaterThan(0)
    expect(event.costPicoUsd).not.toBe('0')
    expect(event.status).toBeGreaterThanOrEqual(502)
  })

  it('makes the SDK throw', async () => {
    routeOver()
    gateway.a.script([{ failAtByte: 900 }])
    const stream = await openai.chat.completions.create({ model: 'both', ...HELLO, stream: true })
    await expect(async () => {
      for await (const _chunk of stream);
    }).rejects.toThrow(OpenAI.APIError)
  })
})

describe('retries', () => {
  it('are not multiplied by the SDK, and count over all targets', async () => {
    routeOver({ retries: { attempts: 3 } })
    gateway.a.script([], { status: 500 })
    gateway.b.script([], { status: 500, text: 'vendor words with sk-vendor-secret-000000000001 in it' })
    const failed = await openai.chat.completions
      .create({ model: 'both', ...HELLO })
      .catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(OpenAI.InternalServerError)
    expect(failed).toMatchObject({ status: 502, code: 'provider_error', type: 'server_error' })
    expect(String((failed as Error).message)).toContain('vendor words with [removed] in it')
    expect(gateway.a.served.length + gateway.b.served.length).toBe(4)
    const event = await gateway.event()
    expect(event).toMatchObject({
      status: 502,
      code: 'provider_error',
      usageSource: 'none',
      costPicoUsd: '0',
    })
    expect(event.attempts).toHaveLength(4)
  })

  it('happen for the listed reasons only', async () => {
    routeOver({ retries: { attempts: 3, on: ['rateLimit'] } })
    gateway.a.script([{ status: 500 }])
    expect((await gateway.post({ model: 'both', ...HELLO })).status).toBe(502)
    expect(gateway.b.served).toEqual([])
  })

  it.each([400, 404, 413, 422])('never happen for a vendor’s %i, which keeps its status', async (status) => {
    routeOver()
    gateway.a.script([{ status, text: 'max_tokens is too large' }])
    const response = await gateway.post({ model: 'both', ...HELLO, stream: true })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({
      error: { code: 'provider_error', message: 'max_tokens is too large' },
    })
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(gateway.b.served).toEqual([])
  })

  it.each([
    ['30', '30'],
    ['1000000000', '60'],
    ['-5', '1'],
    ['soon', '1'],
    ['0.2', '1'],
  ])('after all tries a 429 with Retry-After %s tells the caller %s', async (told, expected) => {
    routeOver({ retries: { attempts: 0 } })
    gateway.a.script([{ status: 429, headers: { 'retry-after': told } }])
    const response = await gateway.post({ model: 'both', ...HELLO })
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe(expected)
    expect(await response.json()).toMatchObject({ error: { code: 'provider_rate_limited' } })
  })

  it('leave a target alone for as long as it asked, for the calls that follow too', async () => {
    routeOver()
    gateway.a.script([{ status: 429, headers: { 'retry-after': '30' } }])
    for (let call = 0; call < 3; call += 1) {
      const response = await gateway.post({ model: 'both', ...HELLO })
      expect(response.status).toBe(200)
      expect(response.headers.get('x-gatehouse-provider')).toMatch(/^b/)
    }
    expect(gateway.a.served).toHaveLength(1)
  })

  it('end with the whole call’s time, never later', async () => {
    routeOver({ retries: { attempts: 10 }, timeouts: { totalMs: 400, firstTokenMs: 150, idleMs: 200 } })
    gateway.a.script([], { hang: true })
    gateway.b.script([], { hang: true })
    const from = performance.now()
    const response = await gateway.post({ model: 'both', ...HELLO, stream: true })
    expect(performance.now() - from).toBeLessThan(5_000)
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ error: { code: 'provider_timeout' } })
  })

  it('x-gatehouse-timeout-ms shortens a call, and never lengthens it', async () => {
    routeOver()
    gateway.a.script([], { hang: true })
    const response = await gateway.post(
      { model: 'both', ...HELLO },
      { headers: { 'x-gatehouse-timeout-ms': '120' } },
    )
    expect(response.status).toBe(504)
    const event = await gateway.event()
    expect(event.latencyMs).toBeLessThan(5_000)
    expect(event.usageSource).toBe('estimated')
  })
})

describe('a vendor that can’t be reached', () => {
  it.each([
    ['a closed port', 'http://127.0.0.1:1/v1', /could not be reached/],
    ['a metadata address', 'http://169.254.169.254/v1', /never allowed/],
    ['a decimal loopback without permission', 'http://2130706433/v1', /allow/],
  ])('%s is a 502 that says why', async (name, baseUrl, words) => {
    const allowPrivateNetwork = name === 'a closed port'
    gateway.configure({
      providers: [testProvider({ id: 'lost', baseUrl, allowPrivateNetwork })],
      routes: [
        testRoute({ name: 'lost', retries: { attempts: 1 }, targets: [{ providerId: 'lost', model: 'm' }] }),
      ],
    })
    const response = await gateway.post({ model: 'lost', ...HELLO })
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({
      error: { code: 'provider_error', message: expect.stringMatching(words) },
    })
    expect(await gateway.event()).toMatchObject({ costPicoUsd: '0', usageSource: 'none' })
  })
})

describe('a fallback that answers', () => {
  it.each([true, false])(
    'says so in the answer too where the route wants it (stream: %s)',
    async (stream) => {
      routeOver({ degradation: { notify: 'message', message: 'From the "spare" model.' } })
      gateway.a.script([{ status: 500 }])
      const completion = stream
        ? await openai.chat.completions.stream({ model: 'both', ...HELLO }).finalChatCompletion()
        : await openai.chat.completions.create({ model: 'both', ...HELLO })
      expect(completion.choices[0]?.message.content).toMatch(
        /^From the "spare" model\.\n\nHello there.*tokens\.$/,
      )
      expect(await gateway.event()).toMatchObject({ usageSource: 'provider', usage: { outputTokens: 10 } })
    },
  )

  it('says nothing where the route wants nothing, nor where the first target answers', async () => {
    routeOver({ degradation: { notify: 'none' } })
    gateway.a.script([{ status: 500 }])
    expect((await gateway.post({ model: 'both', ...HELLO })).headers.get('x-gatehouse-degraded')).toBeNull()
    routeOver({ degradation: { notify: 'message' } })
    const response = await gateway.post({ model: 'both', ...HELLO })
    expect(response.headers.get('x-gatehouse-degraded')).toBeNull()
    expect(await response.text()).toContain('"content": "Hello there')
  })
})

describe('prices', () => {
  it('an unpriced model costs null, never zero', async () => {
    gateway.configure({ prices: {} })
    const response = await gateway.post({ model: 'chat', ...HELLO })
    expect(response.status).toBe(200)
    expect(response.headers.get('x-gatehouse-cost-usd')).toBeNull()
    expect(await gateway.event()).toMatchObject({
      costPicoUsd: null,
      unpriced: true,
      usageSource: 'provider',
      lines: [],
    })
  })

  it('a route may refuse it before anything is sent', async () => {
    const targets = [{ providerId: 'provider_a', model: 'gpt-fake' }]
    gateway.configure({ prices: {}, routes: [testRoute({ name: 'chat', targets, allowUnpriced: false })] })
    const response = await gateway.post({ model: 'chat', ...HELLO })
    expect(response.status).toBe(402)
    expect(await response.json()).toMatchObject({
      error: { code: 'model_unpriced', type: 'insufficient_quota' },
    })
    expect(gateway.a.served).toEqual([])
  })
})
