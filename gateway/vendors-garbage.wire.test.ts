import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import type { SettledEvent } from './testing/memory-books.ts'
import { TEST_PRICING, testProvider, testRoute } from './testing/memory-configuration.ts'
import { type RawPlan, type RawVendor, startRawVendor } from './testing/raw-vendor.ts'

let gateway: GatewayUnderTest
let vendor: RawVendor

beforeAll(async () => {
  gateway = await startGatewayUnderTest()
  vendor = await startRawVendor()
})
afterAll(async () => {
  await gateway.close()
  await vendor.close()
})
afterEach(async () => {
  gateway.b.served.length = 0
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
  await until(() => vendor.open() === 0)
})

/** The vendor answers with these bytes; with `spare`, another target stands behind it. */
async function ask(
  plan: RawPlan,
  { stream = true, spare = true, more = {}, contextTokens = null as number | null } = {},
) {
  const asked = vendor.requests
  vendor.script([plan])
  // Fresh ids: no test meets the cooling targets of another.
  const [a, b] = [`a${asked}`, `b${asked}`]
  const targets = [{ providerId: a, model: 'gpt-fake', priority: 0 }]
  if (spare) targets.push({ providerId: b, model: 'gpt-other', priority: 1 })
  gateway.configure({
    prices: { 'gpt-fake': { ...TEST_PRICING, contextTokens }, 'gpt-other': TEST_PRICING },
    providers: [
      testProvider({ id: a, baseUrl: vendor.baseUrl }),
      testProvider({ id: b, baseUrl: gateway.b.baseUrl }),
    ],
    routes: [
      testRoute({
        name: 'garbage',
        targets,
        retries: { attempts: spare ? 1 : 0 },
        timeouts: { totalMs: 20_000, firstTokenMs: 5_000, idleMs: 5_000 },
      }),
    ],
  })
  const response = await gateway.post({ model: 'garbage', ...HELLO, stream, ...more })
  const body = await response.text()
  const event: SettledEvent = await gateway.event()
  return { status: response.status, headers: response.headers, body, event }
}

const JSON_TYPE = 'content-type: application/json\r\n'
const SSE = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n'
const GOOD = JSON.stringify({
  id: 'x',
  model: 'served',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Grüße' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 4 },
})
const json = (body: string, headers = '') =>
  `HTTP/1.1 200 OK\r\n${JSON_TYPE}${headers}connection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
const chunk = (fields: object) => `data: ${JSON.stringify({ id: 'x', model: 'served', ...fields })}\n\n`
const delta = (value: object, finish: string | null = null) =>
  chunk({ choices: [{ index: 0, delta: value, finish_reason: finish }] })
const USAGE = chunk({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } })
const FLOW = `${delta({ content: 'Gr' })}${delta({ content: 'üße 👋' })}${delta({}, 'stop')}`
const DONE = 'data: [DONE]\n\n'
const EMPTY_ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'

/** Nothing that a caller could use: the next target is asked; without one, a clear 502. */
const REFUSED: [string, RawPlan][] = [
  ['nothing at all', { pieces: [] }],
  ['bytes that are no HTTP', { pieces: ['lorem ipsum dolor sit amet\r\n\r\n'] }],
  ['a TLS alert', { pieces: [Buffer.from('15030300020228', 'hex')] }],
  ['an answer of HTTP/2', { pieces: [Buffer.from('00000c04000000000000', 'hex')] }],
  ['invalid JSON', { pieces: [json('{"choices":[')] }],
  ['JSON that is no answer', { pieces: [json('[1,2,3]')] }],
  ['JSON without choices', { pieces: [json('{"id":"x","object":"chat.completion"}')] }],
  ['NaN', { pieces: [json('{"choices":[],"usage":{"prompt_tokens":NaN}}')] }],
  ['an error in a 200', { pieces: [json('{"error":{"message":"overloaded","type":"server_error"}}')] }],
  ['an error of plain text in a 200', { pieces: [json('{"error":"overloaded"}')] }],
  ['an empty answer', { pieces: [EMPTY_ANSWER] }],
  ['204', { pieces: ['HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n'] }],
  [
    'a redirect',
    { pieces: [EMPTY_ANSWER.replace('200 OK', '302 Found\r\nlocation: http://169.254.169.254/')] },
  ],
  [
    'a web page',
    { pieces: [json('<!doctype html><h1>hi</h1>').replace('application/json', 'text/html; charset=utf-8')] },
  ],
  ['a status without a meaning', { pieces: [EMPTY_ANSWER.replace('200', '799')] }],
  ['compression that nobody asked for', { pieces: [gzipped(GOOD)] }],
  ['a bomb of gzip', { pieces: [gzipped('x'.repeat(20_000_000))] }],
  ['a length beyond the body', { pieces: [json(GOOD).replace(/length: \d+/, 'length: 100000')] }],
  ['a length short of the body', { pieces: [json(GOOD).replace(/length: \d+/, 'length: 20')] }],
  ['two lengths', { pieces: [json(GOOD, 'content-length: 5\r\n')] }],
  ['a length that is no number', { pieces: [json(GOOD).replace(/length: \d+/, 'length: many')] }],
  [
    'chunks of no number',
    { pieces: [json('zz\r\n').replace(/content-length: \d+/, 'transfer-encoding: chunked')] },
  ],
  [
    'chunks that end early',
    { pieces: [json(`5\r\n{"cho\r\n`).replace(/content-length: \d+/, 'transfer-encoding: chunked')] },
  ],
  [
    'an upgrade',
    { pieces: ['HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n'] },
  ],
  ['one header of 100 KB', { pieces: [json(GOOD, `x: ${'y'.repeat(100_000)}\r\n`)] }],
  ['headers without end', { pieces: ['HTTP/1.1 200 OK\r\n'], endless: 'x: y\r\n' }],
  ['a status line without end', { pieces: ['HTTP/1.1 200 '], endless: 'x' }],
]

function gzipped(body: string): Buffer {
  const bytes = gzipSync(body)
  return Buffer.concat([
    Buffer.from(
      `HTTP/1.1 200 OK\r\n${JSON_TYPE}content-encoding: gzip\r\nconnection: close\r\ncontent-length: ${bytes.length}\r\n\r\n`,
    ),
    bytes,
  ])
}

describe('an answer that is none', () => {
  it.each(REFUSED)('%s: the other target answers', async (_name, plan) => {
    for (const stream of [true, false]) {
      const { status, body, event } = await ask(plan, { stream })
      expect(status, body).toBe(200)
      expect(event).toMatchObject({ status: 200, servedModel: 'gpt-other' })
      expect(event.attempts.map(({ outcome }) => outcome)).toEqual(['error', 'ok'])
    }
  })

  it.each(REFUSED)('%s: without another target a 502 that says what came', async (_name, plan) => {
    for (const stream of [true, false]) {
      const { status, body, event } = await ask(plan, { stream, spare: false })
      expect(status).toBe(502)
      expect(JSON.parse(body)).toMatchObject({ error: { code: 'provider_error', type: 'server_error' } })
      expect(body).not.toMatch(/127\.0\.0\.1|\\n\s+at /)
      expect(event).toMatchObject({ status: 502, code: 'provider_error' })
    }
  })

  it('streams that are none', async () => {
    for (const body of [
      '',
      'data: nonsense\n\n',
      'data: [1]\n\n',
      'data: "text"\n\n',
      '{"choices":[]}\n',
      'event: error\ndata: {"error":{"message":"x"}}\n\n',
      `${delta({ role: 'assistant' })}data: {"error":"late"}\n\n`,
      '\0\0\0\0\n\n',
    ]) {
      const { event } = await ask({ pieces: [SSE, body] })
      expect(
        event.attempts.map(({ outcome }) => outcome),
        JSON.stringify(body),
      ).toEqual(['error', 'ok'])
    }
  })

  it('what has no end is given up early, and little of it is read', async () => {
    for (const endless of ['data: x', 'data: {}\n', ': ping ', 'x']) {
      const before = vendor.bytesSent
      const { event } = await ask({ pieces: [SSE], endless })
      expect(event.attempts.map(({ outcome }) => outcome)).toEqual(['error', 'ok'])
      await until(() => vendor.open() === 0)
      expect(vendor.bytesSent - before, endless).toBeLessThan(16 * 1024 * 1024)
    }
    const before = vendor.bytesSent
    const { event } = await ask(
      { pieces: [`HTTP/1.1 200 OK\r\n${JSON_TYPE}\r\n{"a":"`], endless: 'x' },
      { stream: false },
    )
    expect(event.attempts[0]?.outcome).toBe('error')
    await until(() => vendor.open() === 0)
    expect(vendor.bytesSent - before).toBeLessThan(48 * 1024 * 1024)
  })
})

describe('an answer that is odd, and good', () => {
  const announced = `${'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(1_000)}${json(GOOD)}`
  const good: [string, RawPlan][] = [
    ['1,000 announcements before it', { pieces: [announced] }],
    [
      'headers twice',
      {
        pieces: [
          json(
            GOOD,
            'x-request-id: a\r\nx-request-id: b\r\nopenai-version: a\r\nopenai-version: b\r\nset-cookie: s=1\r\nset-cookie: t=2\r\n',
          ),
        ],
      },
    ],
    ['the type twice', { pieces: [json(GOOD, JSON_TYPE)] }],
    [
      'headers of high bytes',
      {
        pieces: [
          Buffer.from(
            json(
              GOOD.replace('ü', 'ue').replace('ß', 'ss'),
              'openai-version: gr\xfc\xdfe\r\nx-request-id: \xff\xfe\r\n',
            ),
            'latin1',
          ),
        ],
      },
    ],
    ['headers of UTF-8', { pieces: [json(GOOD, 'openai-version: größe – 👋\r\nx-request-id: 👋\r\n')] }],
    ['byte by byte', { pieces: [...Buffer.from(json(GOOD))].map((byte) => Buffer.from([byte])) }],
    ['HTTP/1.0, to the end of the connection', { pieces: [`HTTP/1.0 200 OK\r\n${JSON_TYPE}\r\n${GOOD}`] }],
    ['bytes behind its end', { pieces: [`${json(GOOD)}HTTP/1.1 200 OK\r\n\r\nnonsense`] }],
    ['no type', { pieces: [json(GOOD).replace(JSON_TYPE, '')] }],
    ['identity said', { pieces: [json(GOOD, 'content-encoding: identity\r\n')] }],
  ]
  it.each(good)('%s', async (_name, plan) => {
    const { status, body, event, headers } = await ask(plan, { stream: false })
    expect(status, body).toBe(200)
    expect(JSON.parse(body).choices[0].message.content).toMatch(/^Gr(ü|ue)/)
    expect(event).toMatchObject({ usageSource: 'provider', usage: { inputTokens: 3, outputTokens: 4 } })
    expect(headers.get('set-cookie')).toBeNull()
  })

  const shapes: [string, string, RegExp][] = [
    ['CRLF', (FLOW + USAGE + DONE).replaceAll('\n', '\r\n'), /Gr.*üße 👋/s],
    ['lone CR', (FLOW + USAGE + DONE).replaceAll('\n', '\r'), /Gr.*üße 👋/s],
    ['a BOM', `\ufeff${FLOW}${USAGE}${DONE}`, /Gr.*üße 👋/s],
    ['comments', `: a\n\n${FLOW.replaceAll('\n\n', '\n\n: ping\n\n')}${USAGE}${DONE}`, /: ping/],
    [
      'data over several lines',
      `${FLOW.replaceAll('"choices":', '\ndata: "choices":')}${USAGE}${DONE}`,
      /üße 👋/,
    ],
    ['other fields', FLOW.replaceAll('data:', 'id: 7\nevent: x\nretry: 1\ndata:') + USAGE + DONE, /event: x/],
    ['no final newline', `${FLOW}${USAGE}data: [DONE]`, /üße 👋/],
    ['no [DONE]', `${FLOW}${USAGE}`, /üße 👋/],
    ['nonsense between', `${delta({ content: 'a' })}data: nonsense\n\n${FLOW}${USAGE}${DONE}`, /nonsense/],
    ['words behind its end', `${FLOW}${USAGE}${DONE}${delta({ content: 'never' })}`, /^(?!.*never)/s],
  ]
  it.each(shapes)('a stream with %s, in any pieces', async (_name, text, shown) => {
    const bytes = Buffer.from(text)
    const single = [...bytes].map((byte) => Buffer.from([byte]))
    for (const pieces of [[bytes], single]) {
      const { body, event } = await ask({ pieces: [SSE, ...pieces] })
      expect(body).toMatch(shown)
      expect(body).not.toContain('"error"')
      expect(event).toMatchObject({
        status: 200,
        usageSource: 'provider',
        usage: { inputTokens: 3, outputTokens: 4 },
      })
    }
  })
})

describe('an event of 10 MB', () => {
  const big = delta({ content: 'x'.repeat(10_000_000) })

  it('before the first token: another target is asked', async () => {
    const { event } = await ask({ pieces: [SSE, big] })
    expect(event.attempts.map(({ outcome }) => outcome)).toEqual(['error', 'ok'])
  })

  it('after it: an error event, the end, and no more memory than an event may have', async () => {
    const { body, event } = await ask({ pieces: [SSE, delta({ content: 'a' }), big] })
    expect(body).toMatch(/data: \{"error":\{"message":"[^"]*more than 4194304 bytes[^"]*"/)
    expect(body.length).toBeLessThan(10_000)
    expect(event).toMatchObject({ status: 502, attempts: [{ outcome: 'cut', usageSource: 'estimated' }] })
  })
})

describe('usage that can’t be true', () => {
  const told = (usage: string) => `${FLOW}data: {"choices":[],"usage":${usage}}\n\n${DONE}`
  it.each([
    ['NaN', '{"prompt_tokens":NaN,"completion_tokens":NaN}'],
    ['negative', '{"prompt_tokens":-3,"completion_tokens":4}'],
    ['infinite', '{"prompt_tokens":1e999,"completion_tokens":4}'],
    ['of 10^15', '{"prompt_tokens":3,"completion_tokens":1000000000000000}'],
    ['of 900 million', '{"prompt_tokens":3,"completion_tokens":900000000}'],
    ['text', '{"prompt_tokens":"3","completion_tokens":"4"}'],
    ['a list', '[3,4]'],
    ['objects', '{"prompt_tokens":{},"completion_tokens":[]}'],
    ['nested 10,000 deep', `{"prompt_tokens":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
  ])('%s: is not booked; what arrived is, and says that it is an estimate', async (_name, usage) => {
    for (const plan of [
      { stream: true, pieces: [SSE, told(usage)] },
      { stream: false, pieces: [json(GOOD.replace(/"usage":\{.*\}\}$/, `"usage":${usage}}`))] },
    ]) {
      if (!plan.stream && usage.includes('NaN')) continue
      const { event } = await ask(plan, {
        stream: plan.stream,
        more: { stream_options: { include_usage: true } },
      })
      expect(event).toMatchObject({ status: 200, usageSource: 'estimated' })
      expect(event.usage.outputTokens).toBeGreaterThan(0)
      expect(event.usage.outputTokens).toBeLessThan(100)
      expect(BigInt(event.costPicoUsd ?? 0)).toBeLessThan(10_000_000_000n)
    }
  })

  it('beyond ten times the window that the model has is not booked either', async () => {
    const plan = { pieces: [SSE, told('{"prompt_tokens":3,"completion_tokens":4000000}')] }
    const more = { stream_options: { include_usage: true } }
    const known = await ask(plan, { contextTokens: 128_000, more })
    expect(known.event).toMatchObject({ usageSource: 'estimated', usage: { outputTokens: 3 } })
    expect(known.body).toContain('"gatehouse_cost_usd":null')
    // Where no window is known, it may be so.
    const unknown = await ask(plan)
    expect(unknown.event).toMatchObject({ usageSource: 'provider', usage: { outputTokens: 4_000_000 } })
  })

  it('parts beyond their total are cut to it, and the whole is marked', async () => {
    const details = '{"prompt_tokens":3,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":50}}'
    const { event } = await ask({ pieces: [SSE, told(details)] })
    expect(event).toMatchObject({
      usageSource: 'estimated',
      usage: { inputTokens: 3, cachedInputTokens: 3, outputTokens: 4 },
    })
  })
})

describe('an answer without usage', () => {
  it('that nests without end is estimated, not a failure of the gateway', async () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    const answer = `{"choices":[{"message":{"content":"abcd","tool_calls":${deep}}}]}`
    const { status, event } = await ask({ pieces: [json(answer)] }, { stream: false })
    expect(status).toBe(200)
    expect(event).toMatchObject({ status: 200, usageSource: 'estimated' })
    expect(event.attempts).toHaveLength(1)
    expect(event.usage.outputTokens).toBeGreaterThan(0)
  })
})
