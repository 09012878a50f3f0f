import { connect } from 'node:net'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import {
  memoryConfiguration,
  sha256,
  TEST_CONSUMER,
  TEST_SECRET,
  testKey,
  testProvider,
  testRoute,
} from './testing/memory-configuration.ts'

let gateway: GatewayUnderTest

beforeAll(async () => {
  gateway = await startGatewayUnderTest({ maxBodyBytes: 64 * 1024 })
})
afterAll(() => gateway.close())
afterEach(() => {
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
  expect(gateway.a.served).toEqual([])
  gateway.configure({})
  gateway.books.accepting = true
})

/** Bytes on a bare socket, and all that comes back until the end. */
function raw(text: string, withinMs = 5_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(gateway.port, '127.0.0.1', () => socket.write(text))
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk.toString()
    })
    socket.on('close', () => resolve(received))
    socket.on('error', () => resolve(received))
    setTimeout(() => reject(new Error(`no end; received ${received}`)), withinMs).unref()
  })
}

describe('a key', () => {
  const past = Date.now() - 1_000
  const future = Date.now() + 60_000
  const refused: [string, Parameters<GatewayUnderTest['configure']>[0]][] = [
    ['unknown', { keys: [testKey({ hash: sha256('another') })] }],
    ['expired', { keys: [testKey({ expiresAt: past })] }],
    [
      'rotated away, its grace over',
      { keys: [testKey({ hash: sha256('x'), previousHash: sha256(TEST_SECRET), previousUntil: past })] },
    ],
    ['of a disabled consumer', { consumer: { ...TEST_CONSUMER, enabled: false } }],
  ]
  it.each(refused)('%s is refused, in the books too, with the one message', async (name, options) => {
    gateway.configure(options)
    const response = await gateway.post({ model: 'chat', ...HELLO })
    expect(response.status).toBe(401)
    expect(await response.json()).toEqual({
      error: {
        message: 'The API key is missing or not valid. Send a key issued in the console.',
        type: 'authentication_error',
        param: null,
        code: 'invalid_api_key',
      },
    })
    const keyId = name === 'unknown' ? null : 'key_1'
    expect(await gateway.event()).toMatchObject({ status: 401, code: 'invalid_api_key', keyId, attempts: [] })
  })

  it('rotated away is good until its grace is over', async () => {
    gateway.configure({
      keys: [testKey({ hash: sha256('x'), previousHash: sha256(TEST_SECRET), previousUntil: future })],
    })
    expect((await gateway.post({ model: 'nothing', ...HELLO })).status).toBe(404)
  })

  it('comes in any of the four headers; two that differ are refused', async () => {
    const ask = (headers: Record<string, string>) => fetch(`${gateway.url}/v1/models`, { headers })
    for (const header of ['x-api-key', 'api-key', 'x-goog-api-key']) {
      expect((await ask({ [header]: TEST_SECRET })).status).toBe(200)
      expect((await ask({ [header]: TEST_SECRET, authorization: `Bearer ${TEST_SECRET}` })).status).toBe(200)
      expect((await ask({ [header]: 'other', authorization: `Bearer ${TEST_SECRET}` })).status).toBe(401)
      // SDKs send the header that they have no key for empty: that is no second key.
      expect((await ask({ [header]: '', authorization: `Bearer ${TEST_SECRET}` })).status).toBe(200)
      expect((await ask({ [header]: '' })).status).toBe(401)
    }
    for (const authorization of ['', 'Bearer', 'Bearer ', `Basic ${TEST_SECRET}`, TEST_SECRET]) {
      expect((await ask({ authorization })).status).toBe(401)
    }
    const twice = `GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TEST_SECRET}\r\nAuthorization: Bearer other\r\nConnection: close\r\n\r\n`
    expect(await raw(twice)).toMatch(/^HTTP\/1.1 401/)
  })
})

it('the list of models is in Anthropic’s form for whoever sends its version', async () => {
  const targets = [{ providerId: 'provider_a', model: 'gpt-fake' }]
  gateway.configure({ routes: ['chat', 'other'].map((name) => testRoute({ name, targets })) })
  const ask = async (path: string) => {
    const headers = { 'x-api-key': TEST_SECRET, 'anthropic-version': '2023-06-01' }
    return (await fetch(`${gateway.url}${path}`, { headers })).json()
  }
  const model = { type: 'model', id: 'chat', display_name: 'chat', created_at: '1970-01-01T00:00:00Z' }
  expect(await ask('/v1/models')).toEqual({
    data: [model, { ...model, id: 'other', display_name: 'other' }],
    has_more: false,
    first_id: 'chat',
    last_id: 'other',
  })
  expect(await ask('/v1/models/chat')).toEqual(model)
})

describe('a request that is wrong is told what is wrong, where', () => {
  it.each([
    ['{"model":"chat","messages":[]', /not valid JSON/, null],
    ['[]', /must be a JSON object/, null],
    ['', /not valid JSON/, null],
    ['{"messages":[{}]}', /"model"/, 'model'],
    ['{"model":5,"messages":[{}]}', /"model"/, 'model'],
    ['{"model":"chat"}', /"messages"/, 'messages'],
    ['{"model":"chat","messages":"hi"}', /"messages"/, 'messages'],
    ['{"model":"chat","messages":[]}', /empty/, 'messages'],
    ['{"model":"chat","messages":[{},7]}', /object/, 'messages[1]'],
    ['{"model":"chat","model":"both","messages":[{}]}', /twice/, 'model'],
    ['{"model":"chat","mod\\u0065l":"both","messages":[{}]}', /twice/, 'model'],
    ['{"model":"chat","messages":[{}],"stream":"yes"}', /"stream"/, 'stream'],
    ['{"model":"chat","messages":[{}],"stream_options":[]}', /"stream_options"/, 'stream_options'],
    [
      '{"model":"chat","messages":[{}],"stream_options":{"include_usage":1}}',
      /include_usage/,
      'stream_options.include_usage',
    ],
    ['{"model":"chat","messages":[{}],"max_tokens":-1}', /"max_tokens"/, 'max_tokens'],
    [`{"model":"chat","messages":[{}],"a":${'['.repeat(500)}${']'.repeat(500)}}`, /nests deeper/, null],
  ])('%s', async (body, words, param) => {
    const response = await gateway.post(body)
    expect(response.status).toBe(400)
    const { error } = (await response.json()) as { error: Record<string, unknown> }
    expect(error).toMatchObject({ code: 'invalid_request', type: 'invalid_request_error', param })
    expect(error.message).toMatch(words)
    expect(await gateway.event()).toMatchObject({ status: 400, code: 'invalid_request', keyId: 'key_1' })
  })

  it.each([
    ['x-gatehouse-tags', 'novalue'],
    ['x-gatehouse-tags', '__proto__=1'],
    ['x-gatehouse-tags', 'a=1,a=2'],
    ['x-gatehouse-tags', 'a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1'],
    ['x-gatehouse-timeout-ms', '0'],
    ['x-gatehouse-timeout-ms', 'soon'],
    ['x-gatehouse-trace-id', 'a b'],
    ['x-gatehouse-user', 'x'.repeat(201)],
  ])('the header %s: %s', async (header, value) => {
    const response = await gateway.post({ model: 'chat', ...HELLO }, { headers: { [header]: value } })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { param: header } })
  })

  it('a model that is unknown and one that is not allowed look alike, and name what this key may use', async () => {
    const targets = [{ providerId: 'provider_a', model: 'gpt-fake' }]
    gateway.configure({
      keys: [testKey({ allowedRoutes: ['route_mine'] })],
      routes: [testRoute({ name: 'mine', targets }), testRoute({ name: 'theirs', targets })],
    })
    const messages = []
    for (const model of ['theirs', 'absent']) {
      const response = await gateway.post({ model, ...HELLO })
      expect(response.status).toBe(404)
      const { error } = (await response.json()) as { error: { message: string; code: string } }
      expect(error.code).toBe('model_not_found')
      messages.push(error.message.replace(model, '…'))
    }
    expect(messages[0]).toBe(messages[1])
    expect(messages[0]).toContain('This key may use: mine.')
  })
})

describe('bounds', () => {
  it('a body beyond the bound is refused before it is read, with or without a length', async () => {
    const declared = await gateway.post({ model: 'chat', ...HELLO, pad: 'x'.repeat(100_000) })
    expect(declared.status).toBe(413)
    expect(await declared.json()).toMatchObject({ error: { code: 'request_too_large' } })
    const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TEST_SECRET}\r\nContent-Type: application/json\r\n`
    const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`
    const answer = await raw(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(4)}`)
    expect(answer).toMatch(/^HTTP\/1.1 413/)
    expect(await raw(`${head}Content-Length: 99999999\r\n\r\n`)).toMatch(/^HTTP\/1.1 413/)
  })

  it('a compressed body, or one that is not JSON, is a 415', async () => {
    for (const headers of [
      { 'content-encoding': 'gzip' },
      { 'content-type': 'text/plain' },
      { 'content-type': 'multipart/form-data' },
    ]) {
      const response = await gateway.post(
        { model: 'chat', ...HELLO },
        { headers: headers as Record<string, string> },
      )
      expect(response.status).toBe(415)
    }
  })

  it.each([
    ['too large headers', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    [
      'too many headers',
      `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${'A: b\r\n'.repeat(150)}\r\n`,
      431,
    ],
    ['a long URL', `GET /${'x'.repeat(9_000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, 400],
    ['no HTTP', 'hello\r\n\r\n', 400],
    [
      'both lengths',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n', 400],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n', 400],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n', 400],
  ])('%s', async (_name, text, status) => {
    const answer = await raw(text)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).toContain('"error":{"message"')
  })

  it('a connection that never finishes its headers is told so, then closed', async () => {
    const slow = await startGatewayUnderTest({ headersTimeoutMs: 300, requestTimeoutMs: 600 })
    try {
      const answer = await new Promise<string>((resolve) => {
        let received = ''
        const socket = connect(slow.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost'))
        socket.on('data', (chunk) => {
          received += chunk.toString()
        })
        socket.on('close', () => resolve(received))
      })
      expect(answer).toMatch(/^HTTP\/1.1 408 /)
    } finally {
      await slow.close()
    }
  })
})

describe('paths', () => {
  const ask = (path: string, method = 'GET') =>
    fetch(gateway.url + path, { method, headers: { authorization: `Bearer ${TEST_SECRET}` } })

  it('that other tools know, and slips of the base URL, get a sentence that helps', async () => {
    for (const [path, words] of [
      ['/v1/embeddings', /not served by this gateway yet/],
      ['/chat/completions', /Did you mean \/v1\/chat\/completions/],
      ['/v1/v1/chat/completions', /Did you mean \/v1\/chat\/completions/],
      ['/v1/chat/completions/', /Did you mean \/v1\/chat\/completions/],
      ['/constructor', /Nothing is served/],
    ] as const) {
      const response = await ask(path, 'POST')
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({
        error: { code: 'not_found', message: expect.stringMatching(words) },
      })
    }
  })

  it('take their one method, HEAD beside GET, and tell who asks', async () => {
    const response = await ask('/v1/chat/completions')
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST, OPTIONS')
    expect((await ask('/v1/models', 'DELETE')).headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    const head = await ask('/v1/models', 'HEAD')
    const got = await ask('/v1/models')
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect(head.headers.get('content-length')).toBe(got.headers.get('content-length'))
    const options = await ask('/v1/chat/completions', 'OPTIONS')
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'POST, OPTIONS'])
    expect((await ask('/nothing', 'OPTIONS')).status).toBe(404)
  })

  it('all answer with a request id, calls or not', async () => {
    for (const path of ['/v1/models', '/v1/models/absent', '/v1/chat/completions', '/nothing'])
      expect((await ask(path)).headers.get('x-gatehouse-request-id')).toMatch(/^[\da-f-]{36}$/)
  })

  it('of health answer without a key; readiness waits for a configuration', async () => {
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
    expect((await fetch(`${gateway.url}/healthz?from=balancer`)).status).toBe(200)
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200)
    gateway.setConfiguration(null)
    const unready = await fetch(`${gateway.url}/readyz`)
    expect([unready.status, unready.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await unready.json()).toMatchObject({ error: { code: 'not_configured' } })
    const refused = await gateway.post({ model: 'chat', ...HELLO })
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('1')
  })

  it('no service without books', async () => {
    gateway.books.accepting = false
    const response = await gateway.post({ model: 'chat', ...HELLO })
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ error: { code: 'books_full' } })
  })
})

describe('draining', () => {
  it('turns readiness first, lets streams finish, then closes', async () => {
    const other = await startGatewayUnderTest({ lameDuckMs: 300 })
    other.a.script([{ eventDelayMs: 40 }])
    const response = await other.post({ model: 'chat', ...HELLO, stream: true })
    const drained = other.listener.drain(5_000)
    const ready = await fetch(`${other.url}/readyz`)
    expect(ready.status).toBe(503)
    expect(await ready.json()).toMatchObject({ error: { code: 'shutting_down' } })
    expect(await response.text()).toContain('data: [DONE]')
    await drained
    await expect(fetch(`${other.url}/healthz`)).rejects.toThrow()
    expect(other.books.events).toHaveLength(1)
    await other.close()
  })

  it('cuts what takes longer than it may', async () => {
    const other = await startGatewayUnderTest({ lameDuckMs: 0 })
    other.a.script([{ failAtByte: 900, failBy: 'stall' }])
    const response = await other.post({ model: 'chat', ...HELLO, stream: true })
    await other.listener.drain(200)
    await expect(response.text()).rejects.toThrow()
    await until(() => other.books.events.length === 1)
    expect(other.books.events[0]).toMatchObject({ status: 499, usageSource: 'estimated' })
    await other.close()
  })
})

describe('every error of the catalogue', () => {
  it('is the SDK’s own error class', async () => {
    const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: TEST_SECRET, maxRetries: 0 })
    const wrong = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'wrong', maxRetries: 0 })
    const ask = (client: OpenAI, model: string, more = {}) =>
      client.chat.completions.create({ model, ...HELLO, ...more })
    await expect(ask(wrong, 'chat')).rejects.toThrow(OpenAI.AuthenticationError)
    await expect(ask(openai, 'absent')).rejects.toThrow(OpenAI.NotFoundError)
    await expect(ask(openai, 'chat', { max_tokens: 0 })).rejects.toThrow(OpenAI.BadRequestError)
    gateway.setConfiguration(
      memoryConfiguration({
        providers: [testProvider({ id: 's', kind: 'sandbox', credentials: {}, options: { latencyMs: 1 } })],
        routes: ['500', '429'].map((fault) =>
          testRoute({
            name: fault,
            retries: { attempts: 0 },
            targets: [{ providerId: 's', model: `sandbox-error-${fault}` }],
          }),
        ),
      }),
    )
    await expect(ask(openai, '500')).rejects.toThrow(OpenAI.InternalServerError)
    await expect(ask(openai, '429')).rejects.toThrow(OpenAI.RateLimitError)
  })
})
