import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import { BODIES } from './testing/hardness-bodies.ts'
import { BOUNDS, CHUNKS, CONNECTIONS, FRAMING, type HardCase, hardCall } from './testing/hardness-corpus.ts'
import { rawExchange } from './testing/raw-socket.ts'
import { openSlowClients } from './testing/slow-clients.ts'

let gateway: GatewayUnderTest

beforeAll(async () => {
  gateway = await startGatewayUnderTest({ maxBodyBytes: 256 * 1024 })
})
afterAll(() => gateway.close())

/** Whatever came before: nothing went wrong inside, every call is in the books once, and the next one is served. */
afterEach(async () => {
  await until(() => gateway.listener.inFlight() === 0)
  expect(gateway.reports).toEqual([])
  expect(gateway.books.faults).toEqual([])
  expect(gateway.books.events.filter(({ status }) => status >= 500)).toEqual([])
  expect(Object.keys(Object.prototype)).toEqual([])
  const response = await gateway.post({ model: 'chat', ...HELLO })
  await response.text()
  expect(response.status).toBe(200)
})

async function expectAnswer(hard: HardCase): Promise<void> {
  const { send, answers, words, mayReset, reachesVendor, options } = hard
  const before = gateway.a.served.length
  const exchange = await rawExchange(gateway.port, send, options)
  if (!(mayReset && exchange.ending === 'reset' && exchange.statuses.length === 0)) {
    expect(exchange.statuses, exchange.text.slice(0, 300)).toEqual(answers)
    if (words) expect(exchange.text).toMatch(words)
    for (const body of exchange.text.split('\r\n\r\n').slice(1)) expect(body).not.toMatch(/^\s+at /m)
  }
  // An answer that kept the connection open for no reason would be a hole of its own.
  expect(exchange.ending).not.toBe('open')
  if (!reachesVendor && answers.length > 0 && exchange.statuses.every((status) => status >= 400))
    expect(gateway.a.served.length).toBe(before)
}

const named = (corpus: readonly HardCase[]) =>
  corpus.map((hard): [string, HardCase] => [`${hard.name}: ${hard.answers.join(', ') || 'closed'}`, hard])

describe('framing that two readers may read differently', () => {
  it.each(named(FRAMING))('%s', (_name, hard) => expectAnswer(hard))
})

describe('chunks', () => {
  it.each(named(CHUNKS))('%s', (_name, hard) => expectAnswer(hard))
})

describe('what has no end, or is too large', () => {
  it.each(named(BOUNDS))('%s', (_name, hard) => expectAnswer(hard))
})

describe('bodies', () => {
  it.each(named(BODIES))('%s', (_name, hard) => expectAnswer(hard))

  it('goes to the vendor byte for byte where it is let through, save the model', async () => {
    const body =
      '{"messages":[{"role":"user","content":"\\u0000 \\ud83d"}],"__proto__":{"a":1},"model":"chat"}'
    await rawExchange(gateway.port, hardCall(body))
    expect(gateway.a.served.at(-1)?.body).toBe(body.replace('"chat"', '"gpt-fake"'))
  })
})

describe('targets, versions and connections', () => {
  it.each(named(CONNECTIONS))('%s', (_name, hard) => expectAnswer(hard))

  it('a caller that says FIN before its answer is taken as gone, as nginx takes it, and is in the books', async () => {
    gateway.a.script([{ delayMs: 400 }])
    const send = hardCall(JSON.stringify({ model: 'chat', ...HELLO }))
    const exchange = await rawExchange(gateway.port, send, { halfClose: true })
    expect(exchange.statuses).toEqual([])
    expect(await gateway.event()).toMatchObject({
      status: 499,
      code: 'client_closed',
      usageSource: 'provider',
    })
  })
})

describe('slow clients', () => {
  /** They and the gateway share this process in `npm test`; the many of `test:long` get a gateway of their own. */
  const COUNT = 150
  let slow: GatewayUnderTest
  beforeAll(async () => {
    slow = await startGatewayUnderTest({ headersTimeoutMs: 1_500, requestTimeoutMs: 3_000 })
  })
  afterAll(() => slow.close())

  it.each([
    ['headers that come by the byte', 'POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nA: ', 'a'],
    ['no headers at all', '', ''],
    [
      'a body that comes by the byte',
      `${hardCall(' '.repeat(10_000)).toString('latin1').split('\r\n\r\n')[0]}\r\n\r\n`,
      ' ',
    ],
  ])('%s: told 408 and closed, while other calls are served', async (_name, first, drip) => {
    const clients = await openSlowClients(slow.port, { count: COUNT, first, drip, everyMs: 200 })
    for (let n = 0; n < 20; n += 1) {
      const response = await slow.post({ model: 'chat', ...HELLO })
      expect(response.status).toBe(200)
      await response.text()
    }
    expect(await clients.ended(20_000)).toEqual({ 408: COUNT })
    await until(() => slow.listener.inFlight() === 0)
    expect(slow.reports).toEqual([])
    expect(slow.books.faults).toEqual([])
  })
})

describe('pipelining', () => {
  it('answers 500 requests on one connection, in order', async () => {
    const one = (n: number) =>
      `GET /v1/${n} HTTP/1.1\r\nHost: g\r\n${n === 499 ? 'Connection: close\r\n' : ''}\r\n`
    const { text, statuses } = await rawExchange(
      gateway.port,
      Array.from({ length: 500 }, (_, n) => one(n)).join(''),
    )
    expect(statuses).toHaveLength(500)
    const order = [...text.matchAll(/served at \/v1\/(\d+)/g)].map(([, n]) => Number(n))
    expect(order).toEqual(Array.from({ length: 500 }, (_, n) => n))
  })
})
