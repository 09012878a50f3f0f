/** SIGTERM to a gateway amid traffic: what was begun is finished, nobody is reset, nothing is lost. */
import { Agent } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually, everythingShipped, type GatewayRig, ready, startRig } from './testing/gateway-rig.ts'
import { type Answer, chat, get } from './testing/http-caller.ts'

const STREAMS = 100
const tokens = (count: number) => Array.from({ length: count }, (_, n) => ` word${n}`)

let rig: GatewayRig
const agents: Agent[] = []
beforeEach(async () => {
  rig = await startRig()
})
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy()
  await rig.close()
})

/** As many as `STREAMS`, all of which have begun. */
async function openStreams(url: string): Promise<Promise<Answer>[]> {
  const begun = new Set<number>()
  const streams = Array.from({ length: STREAMS }, (_, n) =>
    chat(url, { stream: true, onData: () => void begun.add(n) }),
  )
  await eventually(() => begun.size === STREAMS, 'all streams have begun')
  return streams
}

/** A caller on one kept connection that asks again as soon as it is answered, until it is told to close. */
async function busyCaller(url: string, answers: Answer[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  agents.push(agent)
  for (;;) {
    const answer = await chat(url, { agent })
    answers.push(answer)
    if (answer.end !== 'whole' || answer.headers.connection === 'close') return
  }
}

/** A kept connection on which nothing is asked any more: how it ended. */
function idleConnection(port: number): Promise<{ end: Promise<string> }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'))
    const end = new Promise<string>((ended) => {
      socket.once('end', () => ended('closed')).once('error', (error) => ended(error.message))
    })
    socket.once('data', () => resolve({ end })).once('error', reject)
  })
}

const isDone = (answer: Answer) => answer.end === 'whole' && answer.text.includes('[DONE]')

test('100 streams end whole, /readyz turns first, no caller on a kept connection is reset, and all is booked', async () => {
  const gateway = rig.start({ GATEHOUSE_DRAIN_MS: '20000' })
  await ready(gateway)
  rig.vendor.script([], { tokens: tokens(60), eventDelayMs: 25 })
  const streams = await openStreams(gateway.url)
  rig.vendor.script([], {})
  const idle = await Promise.all(
    Array.from({ length: 20 }, () => idleConnection(Number(new URL(gateway.url).port))),
  )
  const plain: Answer[] = []
  const busy = Array.from({ length: 8 }, () => busyCaller(gateway.url, plain))
  await eventually(() => plain.length >= 20, 'traffic flows')

  const ended = gateway.kill('SIGTERM')
  const probes: number[] = []
  await eventually(async () => {
    const { status, end } = await get(`${gateway.url}/readyz`)
    // A probe may find the door closing, as any may who is not yet a caller.
    if (end !== 'reset') probes.push(status)
    return status === 0
  }, 'the door is closed')
  const answers = await Promise.all(streams)
  await Promise.all(busy)

  expect(answers.filter((answer) => !isDone(answer))).toEqual([])
  expect(probes).toContain(503)
  expect(probes.lastIndexOf(200), 'ready never again').toBeLessThan(probes.indexOf(503))
  expect(plain.filter(({ end }) => end !== 'whole')).toEqual([])
  const last = plain.filter(({ headers }) => headers.connection === 'close')
  expect(last.length, 'each kept connection is closed by its last answer').toBe(busy.length)
  expect(await Promise.all(idle.map(({ end }) => end))).toEqual(idle.map(() => 'closed'))
  expect(await ended).toEqual({ code: 0, signal: null })

  const seen = [...answers, ...plain].flatMap(({ id }) => id ?? [])
  const booked = rig.booked()
  expect(rig.vendor.served.length).toBe(seen.length)
  expect([...booked.keys()].sort()).toEqual([...seen].sort())
  expect([...booked.values()].filter(({ status }) => status !== 200)).toEqual([])
})

test('a connection that was made in the last moment is answered, not reset', async () => {
  const gateway = rig.start()
  await ready(gateway)
  const port = Number(new URL(gateway.url).port)
  const ended = gateway.kill('SIGTERM')
  await eventually(() => gateway.output().includes('gateway.stopping'), 'stopping')
  // A new one as soon as the last is made, until there is no door: the last of them came through it just in time.
  let last: { socket: Socket; text: Promise<string> } | null = null
  for (;;) {
    const socket = await connected(port)
    if (socket === null) break
    last?.socket.destroy()
    last = { socket, text: textOf(socket) }
  }
  last?.socket.write('GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n')
  const text = await last?.text
  expect(text).toMatch(/^HTTP\/1\.1 503 /)
  expect(text?.toLowerCase()).toContain('connection: close')
  expect((await ended).code).toBe(0)
})

function connected(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      // Accepted, not only greeted by the kernel: give it a turn to be.
      setTimeout(() => resolve(socket), 5)
    })
    socket.on('error', () => resolve(null))
  })
}

/** All that comes until the end; empty when the connection is reset before any. */
function textOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    socket.on('close', () => resolve(text))
  })
}

test.each(['the admin', 'its database'])(
  'with %s away, SIGTERM finishes 100 streams and keeps their books for the next start',
  async (away) => {
    const gateway = rig.start({ GATEHOUSE_DRAIN_MS: '20000' })
    await ready(gateway)
    rig.vendor.script([], { tokens: tokens(30), eventDelayMs: 20 })
    const streams = await openStreams(gateway.url)
    if (away === 'the admin') await rig.adminLeaves()
    else if (rig.admin) rig.admin.usageBehaviour = () => 503
    const ended = gateway.kill('SIGTERM')
    const answers = await Promise.all(streams)
    expect(answers.filter((answer) => !isDone(answer))).toEqual([])
    expect(await ended).toEqual({ code: 0, signal: null })
    expect(rig.booked().size).toBe(0)

    const next = rig.start()
    await ready(next)
    const admin = await rig.adminReturns()
    admin.usageBehaviour = () => 'ok'
    await everythingShipped(rig)
    expect([...rig.booked().keys()].sort()).toEqual(answers.map(({ id }) => id).sort())
    expect([...rig.booked().values()].filter(({ status }) => status !== 200)).toEqual([])
    expect([...admin.deliveries.values()].every((times) => times === 1)).toBe(true)
    expect(next.output()).not.toContain('journal.unsettled_call')
  },
)

test('what has not ended when the drain time is over is cut without a false end, and booked with what came', async () => {
  const gateway = rig.start({ GATEHOUSE_DRAIN_MS: '600' })
  await ready(gateway)
  rig.vendor.script([], { tokens: tokens(2_000), eventDelayMs: 20 })
  const streams = await openStreams(gateway.url)
  expect(await gateway.kill('SIGTERM')).toEqual({ code: 0, signal: null })
  const answers = await Promise.all(streams)
  const served = new Map(rig.vendor.served.map((entry) => [entry.requestId, entry.completionTokens]))
  for (const answer of answers) {
    expect(answer).toMatchObject({ status: 200, end: 'cut' })
    expect(answer.text).not.toContain('[DONE]')
    const event = rig.booked().get(answer.id ?? '')
    expect(event).toMatchObject({ status: 499, usageSource: 'estimated', attempts: [{ outcome: 'cut' }] })
    // By events and by bytes, the larger: words of seven letters are taken for almost two tokens.
    const outputTokens = event?.usage.outputTokens ?? 0
    expect(outputTokens).toBeGreaterThanOrEqual(answer.text.split('"content":" word').length - 1)
    expect(outputTokens).toBeLessThanOrEqual(2 * (served.get(answer.id) ?? 0))
  }
  expect(rig.booked().size).toBe(STREAMS)
})

test('a second SIGTERM ends now: 100 streams are cut, and the next start books each once', async () => {
  const gateway = rig.start({ GATEHOUSE_DRAIN_MS: '60000' })
  await ready(gateway)
  rig.vendor.script([], { tokens: tokens(2_000), eventDelayMs: 20 })
  const streams = await openStreams(gateway.url)
  gateway.child.kill('SIGTERM')
  await eventually(() => gateway.output().includes('gateway.stopping'), 'stopping')
  expect(await gateway.kill('SIGTERM')).toEqual({ code: 1, signal: null })
  const answers = await Promise.all(streams)
  expect(answers.filter((answer) => answer.end !== 'cut' || answer.text.includes('[DONE]'))).toEqual([])
  await ready(rig.start())
  await everythingShipped(rig)
  expect([...rig.booked().keys()].sort()).toEqual(answers.map(({ id }) => id).sort())
  expect([...rig.booked().values()].every(({ attempts }) => attempts[0]?.outcome === 'unknown')).toBe(true)
})
