import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  adminConfiguration,
  key,
  provider,
  route,
  sha256,
  smallConfiguration,
} from './testing/configuration-builder.ts'
import { FAKE_TOKEN, type FakeAdmin, startFakeAdmin } from './testing/fake-admin.ts'
import { type FakeOpenAi, startFakeOpenAi } from './testing/fake-openai.ts'
import { freePort } from './testing/free-port.ts'
import { type GatewayProcess, spawnGateway } from './testing/gateway-process.ts'
import { until } from './testing/gateway-under-test.ts'
import { BODIES } from './testing/hardness-bodies.ts'
import {
  BOUNDS,
  CHUNKS,
  CONNECTIONS,
  FRAMING,
  GOOD,
  HARD_SECRET,
  hardCall,
} from './testing/hardness-corpus.ts'
import { rawExchange } from './testing/raw-socket.ts'
import { type RawVendor, startRawVendor } from './testing/raw-vendor.ts'

/** A gateway as an operator starts it, with its own bounds, and what is thrown at it from outside its process. */
const LONG = process.env.GATEHOUSE_TEST_LONG === '1'
const MB = 1024 * 1024
const CLIENTS = fileURLToPath(new URL('./testing/slow-clients-main.ts', import.meta.url))

let directory = ''
let vendor: FakeOpenAi
let endless: RawVendor
let admin: FakeAdmin
let gateway: GatewayProcess
let port = 0
const children: ChildProcess[] = []
const sockets: Socket[] = []

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-fire-'))
  vendor = await startFakeOpenAi()
  endless = await startRawVendor()
  admin = await startFakeAdmin(
    adminConfiguration([
      ...smallConfiguration(vendor.baseUrl),
      key('key_h', 'consumer_1', { hash: sha256(HARD_SECRET) }),
      route('route_chat', 'chat', ['provider_1']),
      provider('provider_2', { baseUrl: endless.baseUrl }),
      route('route_endless', 'endless', ['provider_2']),
    ]),
  )
  port = await freePort()
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const child of children.splice(0)) child.kill('SIGKILL')
  if (gateway.child.exitCode === null) await gateway.kill('SIGKILL')
  await admin.close()
  await vendor.close()
  await endless.close()
  rmSync(directory, { recursive: true, force: true })
})

async function start(options: { openFiles?: number } = {}): Promise<void> {
  gateway = spawnGateway(
    {
      GATEWAY_PORT: String(port),
      DATA_DIR: directory,
      GATEHOUSE_CONTROL_URL: admin.url,
      GATEHOUSE_GATEWAY_TOKEN: FAKE_TOKEN,
    },
    undefined,
    options,
  )
  await expect
    .poll(
      () =>
        fetch(`${gateway.url}/readyz`).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 15_000 },
    )
    .toBe(200)
  // What a first call makes once is no growth.
  for (let n = 0; n < 50; n += 1) await served()
}

/** A call over a connection of its own, in which nothing may go wrong. */
async function served(): Promise<void> {
  const { statuses, text } = await rawExchange(port, hardCall(GOOD), { withinMs: 30_000 })
  expect(statuses, text).toEqual([200])
}

/** Resident memory: the kernel's word where there is one, else what the gateway told its admin last. */
function rss(): number {
  try {
    const status = readFileSync(`/proc/${gateway.child.pid}/status`, 'latin1')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
  } catch {
    return admin.leases.at(-1)?.rssBytes ?? 0
  }
}

/** The same process, still well, and nothing in its log that nobody foresaw. */
async function expectUnhurt(): Promise<void> {
  await served()
  expect(gateway.child.exitCode).toBeNull()
  expect(gateway.output()).not.toMatch(/"gateway\.(problem|crashed)"|internal_error|Error:|^\s+at /m)
  expect([...admin.booked.values()].filter(({ status }) => status === 500)).toEqual([])
}

/** Many clients in a process of their own; resolves once all are connected. */
async function slowClients(
  options: object,
): Promise<{ ended: Promise<Record<string, number>>; leave(): void }> {
  const child = spawn(process.execPath, [CLIENTS, JSON.stringify({ port, ...options })], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  })
  children.push(child)
  let output = ''
  const ended = new Promise<Record<string, number>>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.once('close', () => resolve(JSON.parse(output.split('\n')[1] || '{}') as Record<string, number>))
  })
  await until(() => output.startsWith('open\n'), 60_000)
  return { ended, leave: () => child.stdin.end() }
}

describe('the whole corpus', () => {
  test('reaches no 500 and no line of a crash, and memory stays', async () => {
    await start()
    const corpus = [...FRAMING, ...CHUNKS, ...BOUNDS, ...BODIES, ...CONNECTIONS]
    expect(corpus.length).toBeGreaterThan(140)
    const before = rss()
    const rounds = LONG ? 10 : 1
    for (let round = 0; round < rounds; round += 1) {
      const left = [...corpus]
      const workers = Array.from({ length: 8 }, async () => {
        for (let hard = left.shift(); hard; hard = left.shift()) {
          const { statuses, ending, text } = await rawExchange(port, hard.send, {
            withinMs: 30_000,
            ...hard.options,
          })
          expect(
            statuses.filter((status) => status >= 500),
            `${hard.name}: ${text}`,
          ).toEqual([])
          expect(ending, hard.name).not.toBe('open')
        }
      })
      await Promise.all(workers)
    }
    await expectUnhurt()
    expect(rss() - before).toBeLessThan(200 * MB)
  }, 300_000)
})

describe('bodies without end', () => {
  test('many at a time are told 413 early, and hold no more than their bound', async () => {
    await start()
    const head = hardCall('').toString('latin1').split('Content-Length')[0] ?? ''
    const before = rss()
    const lengths = Array.from({ length: LONG ? 200 : 40 }, () =>
      rawExchange(port, `${head}Content-Length: 1073741824\r\n\r\n`, { endless: ' ', withinMs: 60_000 }),
    )
    for (const { statuses, bytesSent, ending } of await Promise.all(lengths)) {
      if (ending !== 'reset') expect(statuses).toEqual([413])
      expect(bytesSent).toBeLessThan(16 * MB)
    }
    expect(rss() - before).toBeLessThan(150 * MB)
    const chunks = Array.from({ length: LONG ? 40 : 10 }, () =>
      rawExchange(port, `${head}Transfer-Encoding: chunked\r\n\r\n`, {
        endless: `1000\r\n${' '.repeat(0x1000)}\r\n`,
        withinMs: 60_000,
      }),
    )
    for (const { statuses, bytesSent, ending } of await Promise.all(chunks)) {
      if (ending !== 'reset') expect(statuses).toEqual([413])
      expect(bytesSent).toBeLessThan(32 * MB)
    }
    await expectUnhurt()
  }, 300_000)
})

describe('callers that do not read', () => {
  test('a stream of 200 MB each: memory is bounded by back-pressure, and the gateway ends them', async () => {
    await start()
    const count = LONG ? 100 : 20
    const event = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'x'.repeat(900) }, finish_reason: null }] })}\n\n`
    const answer = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n'
    endless.script(Array.from({ length: count }, () => ({ pieces: [answer], endless: event })))
    const before = rss()
    for (let n = 0; n < count; n += 1) {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      sockets.push(socket.pause())
      socket.write(hardCall(GOOD.replace('"chat"', '"endless","stream":true')))
    }
    // The vendors stand still when every buffer on the way is full.
    let [seen, still] = [0, 0]
    await until(() => {
      still = endless.requests === count && endless.bytesSent === seen ? still + 1 : 0
      seen = endless.bytesSent
      return still > 100
    }, 60_000)
    expect(endless.bytesSent / count).toBeLessThan(32 * MB)
    expect(rss() - before).toBeLessThan(count * MB + 100 * MB)
    await served()
    if (LONG) await until(() => endless.open() === 0, 120_000)
    else for (const socket of sockets.splice(0)) socket.destroy()
    const cut = () => [...admin.booked.values()].filter(({ requestedModel }) => requestedModel === 'endless')
    await until(() => endless.open() === 0 && cut().length === count, 30_000)
    for (const booked of cut()) expect(booked).toMatchObject({ status: 499, usageSource: 'estimated' })
    await expectUnhurt()
  }, 300_000)
})

describe('connections that do nothing, or next to nothing', () => {
  const COUNT = LONG ? 10_000 : 1_000

  test('idle ones beside slow ones: live calls are all served, the slow are told 408, memory stays', async () => {
    await start()
    const before = rss()
    const idle = await slowClients({
      count: COUNT,
      first: 'GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n',
      drip: '',
      everyMs: 60_000,
      withinMs: 300_000,
    })
    const half = Math.floor(COUNT * 0.4)
    const headers = await slowClients({
      count: half,
      first: 'POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nA: ',
      drip: 'a',
      everyMs: 1_000,
      withinMs: 120_000,
    })
    const head = hardCall(' '.repeat(10_000)).toString('latin1').split('\r\n\r\n')[0]
    const bodies = LONG
      ? await slowClients({
          count: half,
          first: `${head}\r\n\r\n`,
          drip: ' ',
          everyMs: 1_000,
          withinMs: 180_000,
        })
      : null
    expect(rss() - before).toBeLessThan(300 * MB)
    const connections = COUNT + half + (bodies ? half : 0)
    let isOver = false
    const over = Promise.all([headers.ended, bodies?.ended]).finally(() => {
      isOver = true
    })
    let live = 0
    while (!isOver) {
      await served()
      live += 1
    }
    expect(live).toBeGreaterThan(20)
    const [slowHeaders, slowBodies] = await over
    expect(slowHeaders).toEqual({ 408: half })
    if (slowBodies) expect(slowBodies).toEqual({ 408: half })
    idle.leave()
    await idle.ended
    await expectUnhurt()
    // Each byte that drips is a read of its own, and node collects what it made of them when it likes.
    expect(rss() - before).toBeLessThan(150 * MB + connections * 40 * 1_024)
  }, 400_000)

  test('more than the limit on open files allows: refused with grace, while calls and books go on', async () => {
    await start({ openFiles: 1_024 })
    expect(gateway.output()).toContain('gateway.few_open_files')
    const few = await slowClients({ count: 256, first: '', drip: '', everyMs: 60_000, withinMs: 60_000 })
    const { statuses, text } = await rawExchange(port, hardCall(GOOD))
    expect(statuses).toEqual([503])
    expect(text).toContain('"code":"overloaded"')
    const crowd = await slowClients({ count: 1_000, first: '', drip: '', everyMs: 60_000, withinMs: 60_000 })
    for (const clients of [few, crowd]) clients.leave()
    await Promise.all([few.ended, crowd.ended])
    await expect
      .poll(async () => (await rawExchange(port, hardCall(GOOD))).statuses, { timeout: 15_000 })
      .toEqual([200])
    await expectUnhurt()
  }, 120_000)
})
