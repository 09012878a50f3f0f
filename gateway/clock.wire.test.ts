/** The wall clock jumps, in the middle of a call too: durations and timeouts go on, and what is dated is dated by it. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Clock } from './clock.ts'
import { nodeFs } from './journal/journal-fs.ts'
import { nodeCopyFs } from './snapshot/copy-fs.ts'
import { key, route } from './testing/configuration-builder.ts'
import { type InProcessGateway, startInProcess } from './testing/gateway-in-process.ts'
import { eventually, everythingShipped, type GatewayRig, isReady, startRig } from './testing/gateway-rig.ts'
import { type Answer, chat } from './testing/http-caller.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** How far the time in an id may be from its call's, for the admin to book it. */
const ID_TOLERANCE_MS = HOUR_MS
const IDLE_MS = 1_000

let rig: GatewayRig
let gateway: InProcessGateway
let offsetMs = 0
const clock: Clock = { now: () => Date.now() + offsetMs, monotonic: () => performance.now() }

beforeEach(async () => {
  offsetMs = 0
  rig = await startRig()
  const timeouts = { totalMs: 20_000, firstTokenMs: 20_000, idleMs: IDLE_MS, minOutputSpeed: null }
  rig.configuration.change(route('route_1', 'gpt-4o', ['provider_1'], { timeouts }))
  gateway = await startInProcess(rig, { clock, journalFs: nodeFs, copyFs: nodeCopyFs })
  await eventually(() => isReady(rig.url), 'ready')
})
afterEach(async () => {
  await gateway.stop()
  await rig.close()
})

/** A stream of half a second, in whose middle something happens. */
async function streamOver(happening: () => void): Promise<Answer> {
  rig.vendor.script([{ tokens: Array.from({ length: 20 }, (_, n) => ` word${n}`), eventDelayMs: 25 }])
  let begun = false
  const stream = chat(rig.url, {
    stream: true,
    onData: () => {
      begun = true
    },
  })
  await eventually(() => begun, 'the stream flows')
  happening()
  return stream
}

const idTime = (id: string) => Number.parseInt(id.replace('-', '').slice(0, 12), 16)

/** To two minutes before Berlin leaves summer time, from where three minutes lead over it. */
const BEFORE_WINTER_TIME = Date.UTC(2026, 9, 25, 0, 58)

test.each([
  ['an hour ahead', 0, HOUR_MS],
  ['an hour back', 0, -HOUR_MS],
  ['a day ahead', 0, DAY_MS],
  ['a day back', 0, -DAY_MS],
  ['a second back, as over a leap second', 0, -1_000],
  ['over the end of summer time', BEFORE_WINTER_TIME - Date.now(), BEFORE_WINTER_TIME - Date.now() + 180_000],
])(
  'a clock that jumps %s in the middle of a call: no negative duration, no early or late timeout, dates by the clock',
  async (_, before, after) => {
    offsetMs = before
    const seen: Answer[] = [await chat(rig.url)]
    const jumpedAt = clock.now()
    seen.push(
      await streamOver(() => {
        offsetMs = after
      }),
    )
    seen.push(await chat(rig.url), await chat(rig.url, { stream: true }))
    for (const answer of seen) expect(answer).toMatchObject({ status: 200, end: 'whole' })

    // A vendor that falls silent is left after its time on the monotonic clock, wherever the other one went.
    rig.vendor.script([{ tokens: [' a', ' b', ' c'], failAtByte: 900, failBy: 'stall' }])
    const began = performance.now()
    const silent = chat(rig.url, { stream: true })
    await new Promise((resolve) => setImmediate(resolve))
    offsetMs = before
    const stalled = await silent
    expect(stalled.text).toContain('provider_timeout')
    expect(performance.now() - began).toBeGreaterThanOrEqual(IDLE_MS)
    seen.push(stalled)

    await everythingShipped(rig)
    const booked = rig.booked()
    expect(booked.size).toBe(seen.length)
    const events = seen.flatMap(({ id }) => booked.get(id ?? '') ?? [])
    expect(events).toHaveLength(seen.length)
    for (const event of events) {
      for (const duration of [
        event.latencyMs,
        event.firstTokenMs,
        event.overheadUs,
        event.attempts[0]?.latencyMs,
      ]) {
        expect(duration).toBeGreaterThanOrEqual(0)
      }
      expect(event.latencyMs).toBeLessThan(60_000)
      expect(Math.abs(idTime(event.id) - event.at)).toBeLessThan(ID_TOLERANCE_MS)
    }
    // Dated by the clock as it was when they arrived.
    expect(events[1]?.at).toBeGreaterThanOrEqual(jumpedAt)
    expect(events[1]?.at).toBeLessThan(jumpedAt + 60_000)
    const shift = after - before
    for (const event of events.slice(2, 4)) {
      const later = event.at - (events[1]?.at ?? 0)
      expect(later).toBeGreaterThanOrEqual(shift)
      expect(later).toBeLessThan(shift + 60_000)
    }
    // The order is the sequence, whatever the dates say.
    expect(events.map(({ sequence }) => sequence)).toEqual(seen.map((_answer, index) => index + 1))
    expect(rig.admin?.streams, 'the control stream was never given up').toHaveLength(1)
  },
)

test('a key expires, and a rotated secret ends, by the wall clock: ahead it is over, back it is not', async () => {
  const now = Date.now()
  rig.admin?.send(
    rig.configuration.change(
      key('key_e', 'consumer_1', { expiresAt: now + HOUR_MS / 2 }),
      key('key_r', 'consumer_1', {
        previousHash: key('key_old', 'consumer_1').hash,
        previousUntil: now + HOUR_MS / 2,
      }),
    ),
  )
  await eventually(
    () => rig.admin?.acknowledgements.at(-1)?.revision === rig.configuration.revision,
    'applied',
  )
  const statuses = async () => {
    const answers = [
      await chat(rig.url, { secret: 'secret of key_e' }),
      await chat(rig.url, { secret: 'secret of key_old' }),
      await chat(rig.url, { secret: 'secret of key_r' }),
    ]
    return answers.map(({ status }) => status)
  }
  expect(await statuses()).toEqual([200, 200, 200])
  for (const [jump, expected] of [
    [HOUR_MS, 401],
    [-HOUR_MS, 200],
    [DAY_MS, 401],
    [-DAY_MS, 200],
    [0, 200],
  ] as const) {
    offsetMs = jump
    expect(await statuses(), `after ${jump} ms`).toEqual([expected, expected, 200])
  }
})
