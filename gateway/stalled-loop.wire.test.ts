/** The event loop stands still for two seconds amid traffic: afterwards all goes on, and nobody is blamed for it. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LEASE_MS } from '../lib/contract/control.ts'
import { route } from './testing/configuration-builder.ts'
import {
  eventually,
  everythingShipped,
  type GatewayRig,
  metric,
  ready,
  startRig,
} from './testing/gateway-rig.ts'
import { chat, get } from './testing/http-caller.ts'

const BLOCK_MS = 2_000
const BLOCKER = new URL('./testing/block-on-signal.ts', import.meta.url).href
const STREAMS = 20

let rig: GatewayRig
beforeEach(async () => {
  rig = await startRig({ env: { NODE_OPTIONS: `--import=${BLOCKER}`, TEST_BLOCK_MS: String(BLOCK_MS) } })
})
afterEach(() => rig.close())

test('a loop that stood still for 2 s goes on: alive, logged, in the metrics, and no target or lease punished', async () => {
  // Shorter than the block: read by the clock alone, every vendor would have fallen silent.
  const timeouts = { totalMs: 30_000, firstTokenMs: 1_500, idleMs: 1_500, minOutputSpeed: null }
  rig.configuration.change(route('route_1', 'gpt-4o', ['provider_1'], { timeouts }))
  const gateway = rig.start()
  await ready(gateway)
  const tokens = Array.from({ length: 60 }, (_, n) => ` word${n}`)
  rig.vendor.script([], { tokens, eventDelayMs: 50 })
  const begun = new Set<number>()
  const streams = Array.from({ length: STREAMS }, (_, n) =>
    chat(gateway.url, { stream: true, onData: () => void begun.add(n) }),
  )
  await eventually(() => begun.size === STREAMS, 'the streams flow')
  // Some streams wait for their first token, some calls for their answer, when it happens.
  rig.vendor.script([], { tokens: [' late'], delayMs: 300 })
  const waiting = Array.from({ length: STREAMS }, (_, n) => chat(gateway.url, { stream: n % 2 === 0 }))
  await eventually(() => rig.vendor.served.length === 2 * STREAMS, 'the vendor has them all')

  const leasesBefore = rig.admin?.leases.length ?? 0
  gateway.child.kill('SIGUSR2')
  const alive = get(`${gateway.url}/healthz`)
  expect((await alive).status).toBe(200)
  const answers = await Promise.all([...streams, ...waiting])

  for (const answer of answers) {
    expect(answer).toMatchObject({ status: 200, end: 'whole' })
    expect(answer.headers['x-gatehouse-attempts']).toBe('1')
  }
  expect(answers.filter(({ text }) => text.includes('[DONE]'))).toHaveLength(STREAMS * 1.5)
  expect(rig.vendor.served, 'no target was asked twice').toHaveLength(2 * STREAMS)
  // A busy machine may make it stand still for a moment besides: the longest is ours.
  const stalls = () =>
    gateway
      .output()
      .split('\n')
      .filter((line) => line.includes('"loop.stalled"'))
      .map((line) => (JSON.parse(line) as { ms: number }).ms)
  await eventually(() => Math.max(0, ...stalls()) > BLOCK_MS - 500, 'it is logged')
  expect(Math.max(...stalls())).toBeLessThan(LEASE_MS)
  expect(await metric(rig, 'gatehouse_loop_stalls_total')).toBe(stalls().length)
  const totalMs = stalls().reduce((sum, ms) => sum + ms, 0)
  expect(await metric(rig, 'gatehouse_loop_stalled_seconds_total')).toBeCloseTo(totalMs / 1_000, 6)

  await everythingShipped(rig)
  const booked = [...rig.booked().values()]
  expect(booked.filter(({ attempts }) => attempts.length !== 1 || attempts[0]?.outcome !== 'ok')).toEqual([])
  expect(booked).toHaveLength(2 * STREAMS)
  await eventually(() => (rig.admin?.leases.length ?? 0) > leasesBefore, 'the lease is renewed')
  expect(rig.admin?.streams, 'the control stream was never given up').toHaveLength(1)
  expect(gateway.output()).not.toContain('control.disconnected')
})
