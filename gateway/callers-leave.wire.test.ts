import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import { TEST_PRICING, TEST_SECRET, testProvider, testRoute } from './testing/memory-configuration.ts'
import { startTcpRelay, type TcpRelay } from './testing/tcp-relay.ts'

const LONG = process.env.GATEHOUSE_TEST_LONG === '1'

let gateway: GatewayUnderTest
let relay: TcpRelay

beforeAll(async () => {
  gateway = await startGatewayUnderTest()
  relay = await startTcpRelay({ port: gateway.a.port })
})
afterAll(async () => {
  await gateway.close()
  await relay.close()
})
beforeEach(() => {
  gateway.a.script([], { headers: { connection: 'close' } })
  gateway.a.served.length = 0
  gateway.books.events.length = 0
  relay.script([])
})
afterEach(() => {
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
})

function policy(onDisconnect: 'abort' | 'drain', baseUrl = gateway.a.baseUrl): void {
  gateway.configure({
    providers: [testProvider({ id: 'provider_a', baseUrl })],
    routes: [
      testRoute({ name: 'chat', targets: [{ providerId: 'provider_a', model: 'gpt-fake' }], onDisconnect }),
    ],
  })
}

interface Caller {
  readonly socket: Socket
  text: string
}

/** A caller on a bare socket: it leaves when it likes, by FIN or by RST. */
function call(content: string, stream = true): Caller {
  const body = JSON.stringify({ model: 'chat', messages: [{ role: 'user', content }], stream })
  const socket = connect({ port: gateway.port, host: '127.0.0.1', noDelay: true })
  const caller: Caller = { socket, text: '' }
  socket.on('data', (chunk) => {
    caller.text += chunk.toString()
  })
  socket.on('error', () => {})
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${TEST_SECRET}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  return caller
}

const leave = (socket: Socket, how: 'fin' | 'reset') =>
  how === 'fin' ? socket.destroy() : socket.resetAndDestroy()

/** Words as a model's tokens are: about four bytes each. */
const tokens = Array.from({ length: 120 }, (_, n) => [' the', ' of', 'ing', ' to', ' an'][n % 5] ?? '')
const content = 'Say something long, please. '.repeat(40)

const costOf = (prompt: number, completion: number) =>
  BigInt(prompt) * 2_500_000n + BigInt(completion) * 10_000_000n

describe('a caller that leaves before the vendor has answered', () => {
  it.each(['fin', 'reset'] as const)(
    'by %s: the vendor is told at once, the prompt is charged',
    async (how) => {
      policy('abort')
      gateway.a.script([{ hang: true }])
      const { socket } = call(content)
      await until(() => gateway.a.served.length === 1)
      leave(socket, how)
      await until(() => gateway.a.served[0]?.outcome === 'aborted')
      const event = await gateway.event()
      expect(event).toMatchObject({ status: 499, code: 'client_closed', usageSource: 'estimated' })
      expect(event.attempts).toMatchObject([{ outcome: 'cut', code: 'client_closed' }])
      expect(event.usage.inputTokens).toBeGreaterThan(content.length / 5)
      expect(BigInt(event.costPicoUsd ?? 0)).toBeGreaterThan(0n)
    },
  )

  it('where the route drains: the answer is read to its end, and the vendor’s own count is booked', async () => {
    policy('drain')
    gateway.a.script([{ delayMs: 100, tokens }])
    const { socket } = call(content)
    await until(() => gateway.a.served.length === 1)
    leave(socket, 'reset')
    const event = await gateway.event()
    expect(event).toMatchObject({
      status: 499,
      usageSource: 'provider',
      usage: { outputTokens: tokens.length },
    })
    expect(gateway.a.served[0]?.outcome).toBe('complete')
  })

  it('while the connection to the vendor is still being made: nothing was sent, nothing is charged', async () => {
    policy('abort', `https://127.0.0.1:${relay.port}/v1`)
    relay.script([], { down: { atByte: 0, by: 'stall' } })
    const { socket } = call(content)
    await until(() => relay.accepted > 0 && gateway.listener.inFlight() === 1)
    leave(socket, 'fin')
    expect(await gateway.event()).toMatchObject({ status: 499, usageSource: 'none', costPicoUsd: '0' })
    expect(gateway.a.served).toEqual([])
  })

  it('between two tries: no further one is made', async () => {
    policy('abort')
    gateway.a.script([], { status: 503 })
    const { socket } = call(content)
    await until(() => gateway.a.served.length === 1)
    leave(socket, 'fin')
    const event = await gateway.event()
    expect(event).toMatchObject({ status: 499, code: 'client_closed' })
    expect(gateway.a.served.length).toBe(event.attempts.length)
  })
})

describe('a caller that leaves in mid-stream', () => {
  it.each(['fin', 'reset'] as const)('by %s: the vendor stops, what it wrote is charged', async (how) => {
    policy('abort')
    gateway.a.script([{ tokens, eventDelayMs: 5, headers: { connection: 'close' } }])
    const caller = call(content)
    await until(() => (gateway.a.served[0]?.completionTokens ?? 0) >= 20 && caller.text.includes(' the'))
    leave(caller.socket, how)
    await until(() => gateway.a.served[0]?.outcome === 'aborted')
    const event = await gateway.event()
    const wrote = gateway.a.served[0]?.completionTokens ?? 0
    expect(wrote).toBeLessThan(tokens.length)
    expect(event).toMatchObject({ status: 499, code: 'client_closed', usageSource: 'estimated' })
    // What left the vendor in the moment before it heard was not read any more.
    expect(event.usage.outputTokens).toBeGreaterThanOrEqual(wrote - 10)
    expect(event.usage.outputTokens).toBeLessThanOrEqual(wrote)
  })
})

describe('callers that read everything but the last chunk', () => {
  const COUNT = LONG ? 1_000 : 60

  /** All leave when they have the finish reason, which is just before the usage would come. */
  async function leaveAtTheEnd(): Promise<void> {
    for (let done = 0; done < COUNT; done += 20) {
      await Promise.all(
        Array.from({ length: 20 }, async (_, n) => {
          const caller = call(content)
          await until(() => caller.text.includes('"finish_reason":"stop"'), 20_000)
          leave(caller.socket, n % 2 === 0 ? 'fin' : 'reset')
        }),
      )
      await until(() => gateway.books.events.length === done + 20, 20_000)
    }
  }

  function tallies() {
    const vendor = gateway.a.served.reduce(
      (sum, it) => sum + costOf(it.promptTokens, it.completionTokens),
      0n,
    )
    const books = gateway.books.events.reduce((sum, event) => sum + BigInt(event.costPicoUsd ?? 0), 0n)
    return { vendor: Number(vendor), books: Number(books) }
  }

  it('are charged within 5 % of what the vendor wrote, and none of them nothing', async () => {
    policy('abort')
    // The vendor holds its usage back until the caller has gone: nobody but it knows the exact count.
    const whole = await bytesBeforeUsage()
    gateway.a.script([], { tokens, failAtByte: whole, failBy: 'stall', headers: { connection: 'close' } })
    await leaveAtTheEnd()
    expect(TEST_PRICING.rates).toMatchObject({ input: '2.5', output: '10' })
    for (const event of gateway.books.events) {
      expect(event).toMatchObject({ status: 499, usageSource: 'estimated' })
      expect(BigInt(event.costPicoUsd ?? 0)).toBeGreaterThan(0n)
    }
    const { vendor, books } = tallies()
    expect(Math.abs(books - vendor) / vendor).toBeLessThan(0.05)
  }, 300_000)

  it('are charged exactly that where the route drains', async () => {
    policy('drain')
    gateway.a.script([], { tokens, eventDelayMs: 1, headers: { connection: 'close' } })
    await leaveAtTheEnd()
    const { vendor, books } = tallies()
    expect(books).toBe(vendor)
    for (const event of gateway.books.events) expect(event.usageSource).toBe('provider')
  }, 300_000)

  /** Length of the vendor's stream up to its usage. Its ids grow by a digit now and then: a cut a little early is one too. */
  async function bytesBeforeUsage(): Promise<number> {
    gateway.a.served.length = 999
    gateway.a.script([{ tokens, headers: { connection: 'close' } }])
    const response = await gateway.post({
      model: 'chat',
      ...HELLO,
      stream: true,
      stream_options: { include_usage: true },
    })
    const body = await response.text()
    gateway.a.served.length = 0
    gateway.books.events.length = 0
    return Buffer.byteLength(body.slice(0, body.lastIndexOf('data: {"')))
  }
})
