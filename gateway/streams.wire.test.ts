import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { estimateTextTokens } from './dialects/openai-chat-request.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import { TEST_SECRET, testRoute } from './testing/memory-configuration.ts'

let gateway: GatewayUnderTest

beforeAll(async () => {
  gateway = await startGatewayUnderTest({ writeStallMs: 500 })
})
afterAll(() => gateway.close())
afterEach(() => {
  expect(gateway.books.faults).toEqual([])
  expect(gateway.reports).toEqual([])
  gateway.books.gate = null
  gateway.a.script([])
  gateway.a.served.length = 0
  gateway.configure({})
})

const STREAM = { model: 'chat', ...HELLO, stream: true }
const targets = [{ providerId: 'provider_a', model: 'gpt-fake' }]

/** All content that a caller could have read out of these bytes. */
function contentOf(body: string): string {
  return body
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice(6)))
    .map((chunk) => chunk.choices?.[0]?.delta?.content ?? '')
    .join('')
}

describe('a stream cut at byte N', () => {
  it('is metered as delivered, or marked estimated; never booked as a success, never given an end', async () => {
    const noRetry = testRoute({
      name: 'chat',
      targets,
      retries: { attempts: 0 },
      timeouts: { idleMs: 10_000, firstTokenMs: 10_000 },
    })
    gateway.configure({ routes: [noRetry] })
    await (await gateway.post(STREAM)).text()
    const length = gateway.a.served[0]?.bytesSent ?? 0
    const doneAt = length - 'data: [DONE]\n\n'.length
    // Each byte in the long run, one in 40 otherwise, from a start that moves with the day.
    const step = process.env.GATEHOUSE_TEST_LONG ? 1 : 40
    const seed = new Date().getUTCDate() % step
    expect(length).toBeGreaterThan(2_000)
    for (let at = seed; at < length; at += step) {
      const failBy = at % 3 === 0 ? 'fin' : 'reset'
      gateway.a.script([{ failAtByte: at, failBy }])
      const response = await gateway.post(STREAM)
      const body = await response.text()
      const event = await gateway.event()
      const where = `byte ${at} (${failBy})`
      if (response.status !== 200) {
        expect(event.attempts[0]?.outcome, where).toBe('error')
        continue
      }
      const delivered = contentOf(body.replace(/data: \{"error".*\n\n$/, ''))
      expect('Hello there, this is the fake vendor speaking in tokens.', where).toContain(delivered)
      if (event.usageSource === 'estimated') {
        expect(event.usage.outputTokens, where).toBeGreaterThanOrEqual(
          estimateTextTokens(Buffer.byteLength(delivered)),
        )
        expect(event.usage.inputTokens, where).toBeGreaterThan(0)
      } else {
        // The usage chunk was read before the cut: it is the vendor's own count of a complete answer.
        expect(event.usage.outputTokens, where).toBe(10)
        expect(at, where).toBeGreaterThan(doneAt - 400)
      }
      const complete = event.status === 200
      // A cut behind the finish reason loses nothing of the answer: it is complete, its usage at worst estimated.
      if (complete) expect(body, where).toMatch(/"finish_reason":"stop"[\s\S]*\n\ndata: \[DONE\]\n\n$/)
      else {
        expect(body, where).toMatch(/data: \{"error":.*\n\n$/)
        expect(body, where).not.toContain('[DONE]')
        expect(event.attempts[0]?.outcome, where).toBe('cut')
      }
    }
  })
})

describe('usage on the wire', () => {
  const usage = (prompt: unknown, completion: unknown) =>
    `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: prompt, completion_tokens: completion } })}\n\n`
  const groq = `data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: 'stop' }], x_groq: { usage: { prompt_tokens: 5, completion_tokens: 6 } } })}\n\n`

  it.each([
    ['told early: what came after is in no count', usage(5, 6), 1, 'estimated', null],
    ['told twice, the last counts', usage(1, 1) + usage(5, 6), 12, 'provider', 6],
    ['told under x_groq', groq, 11, 'provider', 6],
    ['negative', usage(-5, 6), 8, 'estimated', null],
    ['absurd', usage(5, 1e15), 8, 'estimated', null],
    ['not a number', usage('5', 'many'), 8, 'estimated', null],
    ['a fraction', usage(5.5, 6), 8, 'estimated', null],
    ['missing', '', 8, 'estimated', null],
  ])('%s', async (_name, events, at, source, outputTokens) => {
    gateway.a.script([{ usage: null, insert: { at, events: events ? [events] : [] } }])
    const body = await (await gateway.post(STREAM)).text()
    const event = await gateway.event()
    expect(event.usageSource).toBe(source)
    if (outputTokens !== null) expect(event.usage.outputTokens).toBe(outputTokens)
    else expect(event.usage.outputTokens).toBeGreaterThanOrEqual(10)
    expect(contentOf(body)).toBe('Hello there, this is the fake vendor speaking in tokens.')
  })

  it('a vendor that leaves out [DONE] has still finished', async () => {
    gateway.a.script([{ withoutDone: true }])
    const body = await (await gateway.post(STREAM)).text()
    expect(body.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(await gateway.event()).toMatchObject({ status: 200, usageSource: 'provider' })
  })
})

describe('an answer whose finish reason has come is whole, however its connection ends', () => {
  const choice = (index: number, content: string, finish: string | null = null) =>
    `data: ${JSON.stringify({ choices: [{ index, delta: { content }, finish_reason: finish }] })}\n\n`
  const route = testRoute({
    name: 'chat',
    targets,
    retries: { attempts: 0 },
    timeouts: { idleMs: 150, firstTokenMs: 5_000 },
  })

  async function seen(events: string[], how: 'fin' | 'reset' | 'stall', body: object = {}) {
    gateway.configure({ routes: [route] })
    const rawBody = `${events.join('')}data: {"cut":`
    gateway.a.script([{ rawBody, failAtByte: Buffer.byteLength(rawBody) - 2, failBy: how }])
    const text = await (await gateway.post({ ...STREAM, ...body })).text()
    return { text, event: await gateway.event() }
  }

  it.each(['fin', 'reset', 'stall'] as const)('by %s', async (how) => {
    const events = [choice(0, 'Hello'), choice(0, ' there'), choice(0, '', 'stop')]
    const { text, event } = await seen(events, how)
    expect(text).toBe(`${events.join('')}data: [DONE]\n\n`)
    expect(event).toMatchObject({ status: 200, code: null, usageSource: 'estimated' })
    expect(event.attempts).toMatchObject([{ outcome: 'ok', code: null }])
    expect(event.usage.outputTokens).toBeGreaterThanOrEqual(2)
    expect(gateway.a.served).toHaveLength(1)
  })

  it.each(['fin', 'reset', 'stall'] as const)('all at once, by %s', async (how) => {
    const { text, event } = await seen([choice(0, 'Hi', 'stop')], how)
    expect(text).toBe(`${choice(0, 'Hi', 'stop')}data: [DONE]\n\n`)
    expect(event).toMatchObject({ status: 200, usageSource: 'estimated' })
  })

  it.each(['fin', 'reset', 'stall'] as const)(
    'but not before each choice has its own, by %s',
    async (how) => {
      const first = [choice(0, 'a'), choice(1, 'b'), choice(0, '', 'stop')]
      const cut = await seen(first, how, { n: 2 })
      expect(cut.text).toMatch(/data: \{"error":.*\n\n$/)
      expect(cut.event.attempts).toMatchObject([{ outcome: 'cut' }])
      const both = [...first, choice(1, 'c'), choice(1, '', 'length')]
      const whole = await seen(both, how, { n: 2 })
      expect(whole.text).toBe(`${both.join('')}data: [DONE]\n\n`)
      expect(whole.event.status).toBe(200)
    },
  )

  it.each(['fin', 'reset', 'stall'] as const)('an empty one is none, by %s', async (how) => {
    const { text, event } = await seen([choice(0, 'a', ''), choice(0, 'b', '')], how)
    expect(text).toMatch(/data: \{"error":.*\n\n$/)
    expect(event.attempts).toMatchObject([{ outcome: 'cut', usageSource: 'estimated' }])
  })
})

describe('the books close before the caller sees the end', () => {
  it.each([true, false])('stream: %s', async (stream) => {
    let open: () => void = () => {}
    gateway.books.gate = new Promise((resolve) => {
      open = resolve
    })
    const settled = gateway.books.events.length
    let isEnded = false
    const ended = gateway
      .post({ ...STREAM, stream })
      .then((response) => response.text())
      .finally(() => {
        isEnded = true
      })
    await until(() => gateway.books.events.length === settled + 1)
    // Whatever was on its way has had a whole exchange's time to arrive.
    await (await fetch(`${gateway.url}/healthz`)).text()
    expect(isEnded).toBe(false)
    open()
    expect(await ended).toContain(stream ? '[DONE]' : 'Hello there')
  })
})

describe('a caller who goes away', () => {
  const words = Array.from({ length: 200 }, (_, index) => ` word${index}`)

  it('ends the vendor’s work at once, and is charged for what was delivered', async () => {
    gateway.a.script([{ tokens: words, eventDelayMs: 10 }])
    const caller = new AbortController()
    const response = await gateway.post(STREAM, { signal: caller.signal })
    const reader = response.body?.getReader()
    await reader?.read()
    await until(() => (gateway.a.served[0]?.completionTokens ?? 0) > 10)
    caller.abort()
    await until(() => gateway.a.served[0]?.outcome === 'aborted')
    const event = await gateway.event()
    expect(event).toMatchObject({ status: 499, code: 'client_closed', usageSource: 'estimated' })
    expect(event.attempts).toMatchObject([{ outcome: 'cut', code: 'client_closed' }])
    const served = gateway.a.served[0]?.completionTokens ?? 0
    expect(event.usage.outputTokens).toBeGreaterThan(served * 0.9)
    expect(event.usage.outputTokens).toBeLessThan(served * 2)
    expect(BigInt(event.costPicoUsd ?? 0)).toBeGreaterThan(0n)
  })

  it('before the first token is charged for the prompt, and no other target is asked', async () => {
    gateway.a.script([{ hang: true }])
    const caller = new AbortController()
    const gone = gateway.post({ ...STREAM, model: 'both' }, { signal: caller.signal })
    await until(() => gateway.a.served.length === 1)
    caller.abort()
    await expect(gone).rejects.toThrow()
    const event = await gateway.event()
    expect(event).toMatchObject({ status: 499, usageSource: 'estimated' })
    expect(event.usage.inputTokens).toBeGreaterThan(0)
    expect(event.attempts).toHaveLength(1)
  })

  it('lets the vendor finish where the route says drain: the vendor’s own count is booked', async () => {
    gateway.configure({ routes: [testRoute({ name: 'chat', targets, onDisconnect: 'drain' })] })
    gateway.a.script([{ tokens: words, eventDelayMs: 2 }])
    const caller = new AbortController()
    const response = await gateway.post(STREAM, { signal: caller.signal })
    await response.body?.getReader().read()
    caller.abort()
    const event = await gateway.event()
    expect(event).toMatchObject({
      status: 499,
      usageSource: 'provider',
      usage: { outputTokens: words.length },
    })
    expect(event.attempts[0]?.outcome).toBe('ok')
    expect(gateway.a.served[0]?.outcome).toBe('complete')
  })

  it('from an answer that is not streamed is always drained', async () => {
    gateway.a.script([{ delayMs: 150 }])
    const caller = new AbortController()
    const gone = gateway.post({ ...STREAM, stream: false }, { signal: caller.signal })
    await until(() => gateway.a.served.length === 1)
    caller.abort()
    await expect(gone).rejects.toThrow()
    const event = await gateway.event()
    expect(event).toMatchObject({ status: 499, usageSource: 'provider', usage: { outputTokens: 10 } })
  })

  it('while still sending is in the books as gone', async () => {
    const socket = connect(gateway.port, '127.0.0.1', () =>
      socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TEST_SECRET}\r\nContent-Length: 500\r\n\r\n{`,
      ),
    )
    const before = gateway.books.events.length
    await until(() => gateway.listener.inFlight() === 1)
    socket.destroy()
    await until(() => gateway.books.events.length === before + 1)
    expect(gateway.books.events.at(-1)).toMatchObject({ status: 499, code: 'client_closed', attempts: [] })
  })
})

describe('a caller who reads slowly', () => {
  const tokens = Array.from({ length: 40_000 }, () => ' '.padEnd(1_000, 'x'))

  function open(): Promise<Socket> {
    return new Promise((resolve) => {
      const body = JSON.stringify(STREAM)
      const socket = connect(gateway.port, '127.0.0.1', () => {
        socket.write(
          `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TEST_SECRET}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
        )
        resolve(socket)
      })
      socket.on('error', () => {})
    })
  }

  it('slows the vendor down: the gateway holds little, and one that reads nothing is cut', async () => {
    gateway.a.script([{ tokens }])
    const socket = await open()
    socket.pause()
    await until(() => (gateway.a.served[0]?.bytesSent ?? 0) > 0)
    const event = await gateway.event()
    // What left the vendor of 48 MB: the buffers of four sockets, which the kernel sizes, and nothing in between.
    expect(gateway.a.served[0]?.bytesSent).toBeLessThan(24_000_000)
    expect(event).toMatchObject({ status: 499, usageSource: 'estimated' })
    socket.destroy()
  })

  it('gets all of it when it reads at last', async () => {
    gateway.a.script([{ tokens }])
    const socket = await open()
    socket.pause()
    let [seen, still] = [0, 0]
    await until(() => {
      const sent = gateway.a.served[0]?.bytesSent ?? 0
      still = sent === seen && sent > 0 ? still + 1 : 0
      seen = sent
      return still > 5
    })
    expect(gateway.a.served[0]?.outcome).toBe('serving')
    let bytes = 0
    let tail = ''
    socket.on('data', (chunk) => {
      bytes += chunk.length
      tail = (tail + chunk.toString()).slice(-200)
    })
    socket.resume()
    await new Promise((resolve) => socket.on('close', resolve))
    expect(tail).toContain('data: [DONE]')
    expect(bytes).toBeGreaterThan(40_000_000)
    expect(await gateway.event()).toMatchObject({ status: 200, usage: { outputTokens: 40_000 } })
  })
})
