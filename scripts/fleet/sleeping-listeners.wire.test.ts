import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newGatewayId } from '../../lib/publish/testing.ts'
import { inSequence, usageEventOf } from '../../lib/usage/testing.ts'
import { until } from '../processes.ts'
import { type Admin, type Fleet, startFleet } from '../testing/fleet.ts'

/** Browsers that hold the stream of live events open and read nothing from it, as a laptop that sleeps does. */
const LONG = process.env.GATEHOUSE_TEST_LONG === '1'
const SLEEPERS = 100
const BATCH = 50
const MEGABYTE = 1024 * 1024

let fleet: Fleet
let admin: Admin
const gatewayId = newGatewayId()
let sequence = 1

beforeAll(async () => {
  fleet = await startFleet()
  admin = await fleet.startAdmin()
}, 400_000)
afterAll(() => fleet.stop())

/** A listener over a bare socket, so that not reading is really not reading. */
class Listener {
  bytes = 0
  text = ''
  isOpened = false
  closed = false
  readonly socket: Socket

  constructor() {
    const { hostname, port } = new URL(admin.url)
    this.socket = connect(Number(port), hostname)
    this.socket.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length
      this.text = (this.text + chunk).slice(-20_000)
      // It stands at the beginning, which what follows may push out.
      this.isOpened ||= this.text.includes('retry: ')
    })
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => {
      this.closed = true
    })
    this.socket.write(
      `GET /api/v1/events HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${fleet.token}\r\naccept: text/event-stream\r\n\r\n`,
    )
  }

  async opened(): Promise<this> {
    expect(await until(() => this.isOpened, 20_000, 10), this.text).toBe(true)
    return this
  }
}

/** Books calls whose rows are as long as they may be, and returns the id of the last. */
async function book(): Promise<string> {
  const long = 'x'.repeat(180)
  const events = inSequence(
    Array.from({ length: BATCH }, () =>
      usageEventOf({ requestedModel: long, servedModel: long, route: long }),
    ),
    sequence,
  )
  sequence += BATCH
  const answer = await fetch(`${admin.url}/api/control/usage`, {
    method: 'POST',
    headers: { authorization: `Bearer ${fleet.gatewayToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ gatewayId, events }),
  })
  expect(answer.status).toBe(200)
  return events.at(-1)?.id ?? ''
}

/** Resident memory; null where the system does not tell. */
function rssBytes(): number | null {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${admin.pid}/status`, 'utf8'))?.[1]) * 1024
  } catch {
    return null
  }
}

test(
  '100 listeners that sleep cost the admin at most 3 MB each, are dropped, and keep nothing from those who are awake',
  async () => {
    const awake = await new Listener().opened()
    // What comes once (plans, pools, code) is not what sleepers cost.
    for (let n = 0; n < 5; n += 1) await book()
    const sleepers = await Promise.all(Array.from({ length: SLEEPERS }, () => new Listener().opened()))
    for (const { socket } of sleepers) socket.pause()
    const before = rssBytes() ?? 0
    let highest = 0
    const end = performance.now() + (LONG ? 150_000 : 8_000)
    while (performance.now() < end) {
      const id = await book()
      // At most fifty calls a second are told: the newest of each batch is among them.
      expect(
        await until(() => awake.text.includes(id) || awake.text.includes('event: usage'), 5_000, 20),
      ).toBe(true)
      highest = Math.max(highest, rssBytes() ?? 0)
      if (LONG) await new Promise((resolve) => setTimeout(resolve, 800))
    }
    console.log(
      `sleepers: memory ${Math.round(before / MEGABYTE)} → at most ${Math.round(highest / MEGABYTE)} MB`,
    )
    // What is buffered for one, and its copy on the way into the socket.
    expect(highest - before).toBeLessThan(3 * SLEEPERS * MEGABYTE)
    expect(awake.closed).toBe(false)
    expect((await admin.api.request('GET', '/calls?limit=1')).status).toBe(200)

    for (const { socket } of sleepers) socket.resume()
    if (LONG) {
      // Long since dropped: what the network still held arrives, then the end.
      expect(await until(() => sleepers.every(({ closed }) => closed), 10_000)).toBe(true)
      console.log(`sleepers: at most ${Math.max(...sleepers.map(({ bytes }) => bytes))} bytes each`)
    } else {
      // Awake again in time they go on: each hears of what comes now, or is told to read again.
      const id = await book()
      const hears = () => sleepers.every(({ text }) => text.includes(id) || /event: (reset|usage)/.test(text))
      expect(await until(hears, 20_000)).toBe(true)
    }
    for (const { bytes } of sleepers) expect(bytes).toBeLessThan(6 * MEGABYTE)
    for (const { socket } of [awake, ...sleepers]) socket.destroy()
    expect((await admin.api.request('GET', '/me')).status).toBe(200)
  },
  LONG ? 300_000 : 90_000,
)
