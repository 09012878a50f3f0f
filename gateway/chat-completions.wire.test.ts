import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest } from './testing/gateway-under-test.ts'
import { TEST_SECRET, testProvider, testRoute } from './testing/memory-configuration.ts'
import { VERSION } from './version.ts'

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
  gateway.a.script([])
  gateway.b.script([])
  gateway.configure({})
})

const TEXT = 'Hello there, this is the fake vendor speaking in tokens.'

describe('the official SDK, by changing base URL and key alone', () => {
  it('gets a whole answer, metered by the vendor’s count and priced to the pico-dollar', async () => {
    gateway.a.script([
      {
        servedModel: 'gpt-fake-2026',
        usage: {
          prompt_tokens: 1200,
          completion_tokens: 80,
          total_tokens: 1280,
          prompt_tokens_details: { cached_tokens: 1000 },
        },
      },
    ])
    const { data, response } = await openai.chat.completions
      .create({ model: 'chat', ...HELLO })
      .withResponse()
    expect(data.choices[0]?.message.content).toBe(TEXT)
    expect(data.model).toBe('gpt-fake-2026')
    expect(response.headers.get('x-gatehouse-cost-usd')).toBe('0.00255')
    expect(response.headers.get('x-gatehouse-route')).toBe('chat')
    expect(response.headers.get('x-gatehouse-provider')).toBe('provider_a')
    expect(response.headers.get('x-gatehouse-model')).toBe('gpt-fake-2026')
    expect(response.headers.get('x-gatehouse-attempts')).toBe('1')
    expect(response.headers.get('x-gatehouse-cache')).toBe('bypass')
    expect(response.headers.get('x-gatehouse-degraded')).toBeNull()
    expect(response.headers.get('x-gatehouse-trace-id')).toMatch(/^[0-9a-f]{32}$/)
    expect(Number(response.headers.get('x-gatehouse-overhead-us'))).toBeGreaterThan(0)
    const event = await gateway.event()
    expect(event).toMatchObject({
      id: response.headers.get('x-gatehouse-request-id'),
      status: 200,
      code: null,
      keyId: 'key_1',
      route: 'chat',
      requestedModel: 'chat',
      servedModel: 'gpt-fake-2026',
      usageSource: 'provider',
      usage: { inputTokens: 1200, cachedInputTokens: 1000, outputTokens: 80 },
      costPicoUsd: '2550000000',
      unpriced: false,
      simulated: false,
      revision: 42,
    })
    expect(event.attempts).toMatchObject([
      { outcome: 'ok', status: 200, model: 'gpt-fake', costPicoUsd: '2550000000' },
    ])
  })

  it('gets a stream as the vendor sent it, without the usage that only we asked for', async () => {
    const stream = await openai.chat.completions.create({ model: 'chat', ...HELLO, stream: true })
    const chunks = []
    for await (const chunk of stream) chunks.push(chunk)
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(TEXT)
    expect(chunks.every((chunk) => chunk.choices.length === 1 && !('usage' in chunk))).toBe(true)
    expect(chunks.every((chunk) => 'obfuscation' in chunk)).toBe(true)
    const event = await gateway.event()
    const served = gateway.a.served.at(-1)
    expect(JSON.parse(served?.body ?? '')).toMatchObject({ stream_options: { include_usage: true } })
    expect(event).toMatchObject({
      status: 200,
      stream: true,
      usageSource: 'provider',
      usage: { inputTokens: served?.promptTokens, outputTokens: served?.completionTokens },
    })
    expect(event.firstTokenMs).not.toBeNull()
  })

  it('gets the usage with its cost when it asks for it', async () => {
    const stream = await openai.chat.completions.create({
      model: 'chat',
      ...HELLO,
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks = []
    for await (const chunk of stream) chunks.push(chunk)
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true)
    const usage = chunks.at(-1)?.usage as unknown as Record<string, unknown>
    const event = await gateway.event()
    expect(usage.completion_tokens).toBe(event.usage.outputTokens)
    expect(BigInt(Math.round(Number(usage.gatehouse_cost_usd) * 1e12))).toBe(BigInt(event.costPicoUsd ?? -1))
  })

  it('gets tool calls, streamed or not', async () => {
    const toolCall = { name: 'weather', arguments: '{"city": "Köln", "unit": "c"}' }
    const tools = [
      { type: 'function' as const, function: { name: 'weather', parameters: { type: 'object' } } },
    ]
    gateway.a.script([{ toolCall }, { toolCall }])
    const whole = await openai.chat.completions.create({ model: 'chat', ...HELLO, tools })
    expect(whole.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: toolCall })
    const final = await openai.chat.completions
      .stream({ model: 'chat', ...HELLO, tools })
      .finalChatCompletion()
    expect(final.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: toolCall })
    expect(final.choices[0]?.finish_reason).toBe('tool_calls')
  })

  it('lists the models that this key may use, and tells one', async () => {
    const models = await openai.models.list()
    expect(models.data.map(({ id }) => id)).toEqual(['both', 'chat'])
    expect((await openai.models.retrieve('chat')).id).toBe('chat')
    await expect(openai.models.retrieve('nothing')).rejects.toThrow(OpenAI.NotFoundError)
  })
})

describe('what passes through', () => {
  it('is the body as it came, save the model’s name', async () => {
    const text = `{ "frobnicate" : {"model":"keep"},\n "model":"chat", "messages":[{"role":"user","content":"\\"model\\":\\"x\\" ß","weight":0}],"seed":9007199254740993}`
    const response = await gateway.post(text)
    expect(response.status).toBe(200)
    expect(gateway.a.served.at(-1)?.body).toBe(text.replace('"model":"chat"', '"model":"gpt-fake"'))
  })

  it('is the answer byte for byte, unknown fields and all', async () => {
    const rawBody = `{"choices":[{"message":{"content":"x"}}],"new_field":{"a":1e400},  "model":"m","usage":{"prompt_tokens":3,"completion_tokens":4}}`
    gateway.a.script([{ rawBody }])
    const response = await gateway.post({ model: 'chat', ...HELLO })
    expect(await response.text()).toBe(rawBody)
  })

  it('is the stream byte for byte when the usage was asked for, but for our cost in it', async () => {
    const response = await gateway.post({
      model: 'chat',
      ...HELLO,
      stream: true,
      stream_options: { include_usage: true, other: 1 },
    })
    const received = await response.text()
    const cost = /,"gatehouse_cost_usd":"[0-9.]+"/
    expect(received).toMatch(cost)
    expect(Buffer.byteLength(received.replace(cost, ''))).toBe(gateway.a.served.at(-1)?.bytesSent)
    expect(JSON.parse(gateway.a.served.at(-1)?.body ?? '').stream_options).toEqual({
      include_usage: true,
      other: 1,
    })
  })

  it('is never the caller’s key, cookies, forwarding headers or ours; of the vendor’s headers only the listed', async () => {
    gateway.a.script([{ headers: { 'set-cookie': 'a=b', 'openai-organization': 'org-secret', server: 'x' } }])
    const response = await gateway.post(
      { model: 'chat', ...HELLO },
      {
        headers: {
          cookie: 'session=1',
          'x-forwarded-for': '10.0.0.1',
          'x-gatehouse-tags': 'team=search,env=prod',
          'x-gatehouse-user': 'end-user-7',
          'openai-organization': 'org-theirs',
          'openai-beta': 'assistants=v2',
          traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
          'x-api-key': TEST_SECRET,
        },
      },
    )
    expect(response.status).toBe(200)
    const {
      host: _host,
      connection: _connection,
      'content-length': _length,
      ...headers
    } = gateway.a.served.at(-1)?.headers ?? {}
    expect(headers).toEqual({
      accept: 'application/json',
      'accept-encoding': 'identity',
      'content-type': 'application/json',
      'user-agent': `gatehouse/${VERSION}`,
      'x-client-request-id': response.headers.get('x-gatehouse-request-id'),
      'openai-beta': 'assistants=v2',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      authorization: 'Bearer sk-vendor-secret-000000000001',
    })
    for (const name of ['set-cookie', 'openai-organization', 'server'])
      expect(response.headers.get(name)).toBeNull()
    expect(response.headers.get('x-gatehouse-trace-id')).toBe('0af7651916cd43dd8448eb211c80319c')
    expect(await gateway.event()).toMatchObject({
      tags: { team: 'search', env: 'prod' },
      endUser: 'end-user-7',
    })
  })
})

describe('the sandbox', () => {
  it('answers by the same path, streamed or not, and is marked as simulated', async () => {
    gateway.configure({
      routes: [
        testRoute({ name: 'try', targets: [{ providerId: 'provider_s', model: 'sandbox-reasoning' }] }),
      ],
    })
    const whole = await openai.chat.completions.create({ model: 'try', ...HELLO })
    expect(whole.usage?.completion_tokens_details?.reasoning_tokens).toBeGreaterThan(0)
    expect(await gateway.event()).toMatchObject({ simulated: true, usageSource: 'provider', status: 200 })
    const tools = [
      {
        type: 'function' as const,
        function: { name: 'add', parameters: { type: 'object', properties: { a: { type: 'integer' } } } },
      },
    ]
    const final = await openai.chat.completions
      .stream({ model: 'try', ...HELLO, tools })
      .finalChatCompletion()
    const call = final.choices[0]?.message.tool_calls?.[0]
    expect(call).toMatchObject({ type: 'function', function: { name: 'add' } })
    if (call?.type === 'function')
      expect(JSON.parse(call.function.arguments)).toEqual({ a: expect.any(Number) })
    expect(await gateway.event()).toMatchObject({ simulated: true, usageSource: 'provider', stream: true })
  })

  it('plays whatever model a route names, and says that it plays', async () => {
    gateway.configure({
      routes: ['gpt-4o', 'constructor'].map((model) =>
        testRoute({ name: `as-${model}`, targets: [{ providerId: 'provider_s', model }] }),
      ),
    })
    for (const model of ['gpt-4o', 'constructor']) {
      const response = await gateway.post({ model: `as-${model}`, ...HELLO })
      expect(response.status).toBe(200)
      expect(response.headers.get('x-gatehouse-simulated')).toBe('true')
      expect(response.headers.get('x-gatehouse-model')).toBe(model)
      expect(await gateway.event()).toMatchObject({ simulated: true, servedModel: model })
    }
    gateway.configure({})
    const real = await gateway.post({ model: 'chat', ...HELLO })
    expect(real.headers.get('x-gatehouse-simulated')).toBeNull()
  })

  it('cuts its stream when asked to', async () => {
    gateway.configure({
      providers: [
        testProvider({ id: 's', kind: 'sandbox', options: { latencyMs: 1, tokensPerSecond: 100 } }),
      ],
      routes: [testRoute({ name: 'cut', targets: [{ providerId: 's', model: 'sandbox-cut' }] })],
    })
    const body = await (await gateway.post({ model: 'cut', ...HELLO, stream: true })).text()
    expect(body).toMatch(/data: \{"error":.*"code":"provider_error"\}\}\n\n$/)
    expect(await gateway.event()).toMatchObject({ status: 502, simulated: true, usageSource: 'estimated' })
  })
})
