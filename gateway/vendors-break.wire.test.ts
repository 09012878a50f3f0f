import { createServer as createTcpServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import type { SettledEvent } from './testing/memory-books.ts'
import { testProvider, testRoute } from './testing/memory-configuration.ts'
import { SELF_SIGNED } from './testing/self-signed.ts'
import { type FlowFault, type RelayPlan, startTcpRelay, type TcpRelay } from './testing/tcp-relay.ts'

const LONG = process.env.GATEHOUSE_TEST_LONG === '1'
/** DNS of these tests: one name that is there, one that never was, one server that fails. */
const names: Record<string, { code?: string; address?: string }> = {
  'vendor.test': { address: '127.0.0.1' },
  'gone.test': { code: 'ENOTFOUND' },
  'failing.test': { code: 'EAI_AGAIN' },
}

let gateway: GatewayUnderTest
let relay: TcpRelay
const servers: { close(): unknown }[] = []

beforeAll(async () => {
  gateway = await startGatewayUnderTest(
    {},
    {
      connectTimeoutMs: 700,
      resolve: (name, callback) => {
        const { code, address } = names[name] ?? {}
        if (address) callback(null, [{ address, family: 4 }])
        else callback(Object.assign(new Error(`no ${name}`), { code, syscall: 'getaddrinfo' }), [])
      },
    },
  )
  relay = await startTcpRelay({ port: gateway.a.port })
})
afterAll(async () => {
  await gateway.close()
  await relay.close()
  for (const server of servers) server.close()
})
beforeEach(() => {
  relay.script([])
  // Bytes count from the beginning of a connection: each call gets one of its own.
  gateway.a.script([], { headers: { connection: 'close' } })
  for (const vendor of [gateway.a, gateway.b]) vendor.served.length = 0
})
afterEach(() => {
  // Nothing inside broke, every attempt has its one intent, lines are the cost.
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
})

/** Fresh provider ids, so that no test meets the cooling targets of another. */
let serial = 0
function routeOver(baseUrl: string, overrides: Record<string, unknown> = {}): void {
  serial += 1
  const [a, b] = [`a${serial}`, `b${serial}`]
  gateway.configure({
    providers: [testProvider({ id: a, baseUrl }), testProvider({ id: b, baseUrl: gateway.b.baseUrl })],
    routes: [
      testRoute({
        name: 'both',
        targets: [
          { providerId: a, model: 'gpt-fake', priority: 0 },
          { providerId: b, model: 'gpt-other', priority: 1 },
        ],
        timeouts: { totalMs: 20_000, firstTokenMs: 700, idleMs: 700 },
        ...overrides,
      }),
    ],
  })
}
const relayed = () => `http://127.0.0.1:${relay.port}/v1`

async function ask(stream: boolean): Promise<{ status: number; body: string; event: SettledEvent }> {
  const response = await gateway.post({ model: 'both', ...HELLO, stream })
  const body = await response.text()
  return { status: response.status, body, event: await gateway.event() }
}

/** The other target's answer, whole, and the first one's failure beside it in the books. */
function expectFallback({ status, body, event }: Awaited<ReturnType<typeof ask>>): void {
  expect(status, body).toBe(200)
  expect(body).toContain('gpt-other')
  expect(body).not.toContain('"gpt-fake"')
  expect(event).toMatchObject({ status: 200, code: null, servedModel: 'gpt-other' })
  expect(event.attempts.map(({ outcome }) => outcome)).toEqual(['error', 'ok'])
}

async function listening(server: ReturnType<typeof createTcpServer>): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port
}

describe('a vendor that is never reached', () => {
  const never: [string, () => string | Promise<string>, RegExp][] = [
    ['connection refused', () => 'http://127.0.0.1:1/v1', /could not be reached.*ECONNREFUSED/],
    ['a name that does not exist', () => 'http://gone.test/v1', /could not be reached.*ENOTFOUND/],
    ['a DNS server that fails', () => 'http://failing.test/v1', /could not be reached.*EAI_AGAIN/],
    [
      'a certificate that nobody vouches for',
      async () => `https://127.0.0.1:${await listening(createTlsServer(SELF_SIGNED))}/v1`,
      /certificate was not accepted/,
    ],
    [
      'plain HTTP where TLS was promised',
      () => `https://127.0.0.1:${gateway.a.port}/v1`,
      /No connection under TLS/,
    ],
    [
      'a handshake that is never answered',
      async () => `https://127.0.0.1:${await listening(createTcpServer())}/v1`,
      /could not be reached in time|did not begin/,
    ],
    [
      'a connection that is closed as soon as it is made',
      async () => `http://127.0.0.1:${await listening(createTcpServer((socket) => socket.end()))}/v1`,
      /broke/,
    ],
    [
      'a connection that is reset as soon as it is made',
      () => {
        relay.script([], { refuse: true })
        return relayed()
      },
      /broke|could not be reached/,
    ],
  ]
  it.each(never)('%s: the other target answers, and nothing is charged for the first', async (_name, url) => {
    routeOver(await url())
    for (const stream of [true, false]) {
      const answer = await ask(stream)
      expectFallback(answer)
      expect(answer.event.attempts[0]).toMatchObject({ usageSource: 'none', costPicoUsd: '0', status: null })
    }
    expect(gateway.a.served).toEqual([])
  })

  it.each(never)('%s: with no other target a 502 or 504 that says so', async (_name, url, words) => {
    routeOver(await url(), {
      targets: [{ providerId: `a${serial + 1}`, model: 'gpt-fake' }],
      retries: { attempts: 1 },
    })
    const { status, body, event } = await ask(true)
    expect([502, 504]).toContain(status)
    expect(body).toMatch(words)
    expect(body).not.toContain('127.0.0.1')
    expect(event).toMatchObject({ status, usageSource: 'none', costPicoUsd: '0' })
    expect(event.attempts).toHaveLength(2)
  })
})

describe('a connection that breaks before the caller has seen anything', () => {
  const HEADERS_ONLY = 40
  const before: [string, RelayPlan][] = [
    ['reset before the headers', { down: { atByte: 0, by: 'reset' } }],
    ['closed before the headers', { down: { atByte: 0, by: 'fin' } }],
    ['reset within the headers', { down: { atByte: HEADERS_ONLY, by: 'reset' } }],
    ['closed within the headers', { down: { atByte: HEADERS_ONLY, by: 'fin' } }],
    ['silent before the headers', { down: { atByte: 0, by: 'stall' } }],
    ['silent within the headers', { down: { atByte: HEADERS_ONLY, by: 'stall' } }],
    ['half open: what we send never arrives', { up: { atByte: 0, by: 'lose' } }],
    ['half open: what it sends never arrives', { down: { atByte: 0, by: 'lose' } }],
    ['reset while we send', { up: { atByte: 100, by: 'reset' } }],
  ]
  it.each(before)('%s: the other target answers', async (_name, plan) => {
    routeOver(relayed(), { timeouts: { totalMs: 20_000, firstTokenMs: 300, idleMs: 300 } })
    relay.script([plan])
    expectFallback(await ask(true))
    // The connection is not used again, and the next call goes its usual way.
    const next = await ask(true)
    expect(next.event.attempts).toMatchObject([{ outcome: 'ok', model: 'gpt-fake' }])
  })

  it('an answer that is not streamed counts as unseen until its last byte', async () => {
    routeOver(relayed())
    for (const by of ['reset', 'fin'] as const) {
      relay.script([{ down: { atByte: 600, by } }])
      const answer = await ask(false)
      expectFallback(answer)
      // The vendor has done its work, and will charge for it: what it was is estimated, never zero.
      expect(answer.event.attempts[0]).toMatchObject({ status: 200, usageSource: 'estimated' })
      expect(answer.event.attempts[0]?.usage.outputTokens).toBeGreaterThan(0)
      expect(BigInt(answer.event.attempts[0]?.costPicoUsd ?? 0)).toBeGreaterThan(0n)
      expect(answer.event.usageSource).toBe('estimated')
    }
  })
})

/** What a caller has read of a stream: text, whether an error event ended it, whether it looks like a success. */
function read(body: string) {
  const payloads = body
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice(6)) as Record<string, never>)
  const choices = payloads.flatMap((payload) => (payload.choices ?? []) as { delta?: { content?: string } }[])
  return {
    text: choices.map((choice) => choice.delta?.content ?? '').join(''),
    errors: payloads.filter((payload) => 'error' in payload).length,
    lastIsError: 'error' in (payloads.at(-1) ?? {}),
    done: body.includes('[DONE]'),
    finished: /"finish_reason":"/.test(body),
  }
}

describe('a connection that breaks in mid-stream', () => {
  const mid: [string, FlowFault, string][] = [
    ['reset', { atByte: 1_600, by: 'reset' }, 'provider_error'],
    ['closed without [DONE]', { atByte: 1_600, by: 'fin' }, 'provider_error'],
    ['silent', { atByte: 1_600, by: 'stall' }, 'provider_timeout'],
    ['half open', { atByte: 1_600, by: 'lose' }, 'provider_timeout'],
  ]
  it.each(mid)(
    '%s: an error event in the caller’s dialect, the end, an estimate, no success',
    async (_name, down, code) => {
      routeOver(relayed(), { timeouts: { totalMs: 20_000, firstTokenMs: 5_000, idleMs: 500 } })
      relay.script([{ down }])
      const { status, body, event } = await ask(true)
      expect(status).toBe(200)
      expect(read(body)).toMatchObject({ errors: 1, lastIsError: true, done: false, finished: false })
      expect(read(body).text).toMatch(/^Hello there/)
      expect(body).toContain(`"code":"${code}"`)
      expect(gateway.b.served).toEqual([])
      expect(event).toMatchObject({ code, usageSource: 'estimated' })
      expect(event.status).toBeGreaterThanOrEqual(502)
      expect(event.attempts).toMatchObject([{ outcome: 'cut', code }])
      expect(event.usage.outputTokens).toBeGreaterThan(0)
    },
  )

  it('slow, but not silent: all of it arrives', async () => {
    routeOver(relayed(), { timeouts: { totalMs: 20_000, firstTokenMs: 5_000, idleMs: 500 } })
    relay.script([{ connectDelayMs: 50, up: { delayMs: 20 }, down: { bytesPerSecond: 6_000 } }])
    const { body, event } = await ask(true)
    expect(read(body)).toMatchObject({ errors: 0, done: true, finished: true })
    expect(event).toMatchObject({ status: 200, usageSource: 'provider', usage: { outputTokens: 10 } })
  })

  it('at byte N on the wire, its framing included: the caller gets a whole answer or an honest end, the books agree', async () => {
    routeOver(relayed(), { timeouts: { totalMs: 20_000, firstTokenMs: 5_000, idleMs: 5_000 } })
    const whole = 'Hello there, this is the fake vendor speaking in tokens.'
    const open = relay.open()
    const passed = relay.passedDown
    gateway.a.served.length = 0
    await ask(true)
    const length = relay.passedDown - passed
    // Each byte in the long run, one in 97 otherwise, from a start that moves with the day.
    const step = LONG ? 1 : 97
    const first = new Date().getUTCDate() % step
    const seen = { fallback: 0, cut: 0, ok: 0 }
    const points = Array.from({ length: Math.ceil((length - first) / step) }, (_, n) => first + n * step)
    for (const at of [...points, length - 1]) {
      const by = at % 2 === 0 ? 'fin' : 'reset'
      relay.script([{ down: { atByte: at, by } }])
      // The vendor numbers its answers: each is to be as long as the first.
      gateway.a.served.length = 0
      const { body, event } = await ask(true)
      const where = `byte ${at} (${by})`
      const got = read(body)
      const [attempt] = event.attempts
      if (event.attempts.length === 2) {
        seen.fallback += 1
        expect(got, where).toMatchObject({ text: whole, errors: 0, done: true })
        expect(attempt?.outcome, where).toBe('error')
        expect(event.status, where).toBe(200)
      } else if (event.status === 200) {
        seen.ok += 1
        // Cut behind the finish reason: nothing of the answer was lost.
        expect(got, where).toMatchObject({ text: whole, errors: 0, finished: true, done: true })
      } else {
        seen.cut += 1
        expect(got, where).toMatchObject({ errors: 1, lastIsError: true, done: false })
        expect(whole.startsWith(got.text), where).toBe(true)
        expect(attempt?.outcome, where).toBe('cut')
        // The vendor's own count, if it came before the cut; else at least what arrived.
        if (event.usageSource === 'provider') expect(event.usage.outputTokens, where).toBe(10)
        else expect(event.usage.outputTokens, where).toBeGreaterThanOrEqual(Math.ceil(got.text.length / 8))
      }
    }
    expect(
      Object.values(seen).every((count) => count > 0),
      JSON.stringify(seen),
    ).toBe(true)
    await until(() => relay.open() <= open)
  }, 600_000)
})
