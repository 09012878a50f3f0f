import { spawnSync } from 'node:child_process'
import { renameSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWay, type Way } from '../../e2e/support/management-api.ts'
import { startTcpRelay, type TcpRelay } from '../../gateway/testing/tcp-relay.ts'
import { until } from '../processes.ts'
import { type Admin, type Fleet, type FleetProcess, readiness, startFleet } from '../testing/fleet.ts'
import { allIsShipped, expectTalliesAgree, oneCall, seededRandom, startTraffic } from '../testing/tallies.ts'

/** The admin gone, behind a broken network, or in front of a database from yesterday. */
const LONG = process.env.GATEHOUSE_TEST_LONG === '1'
const random = seededRandom('admin away')

let fleet: Fleet
let relay: TcpRelay
let admin: Admin
let gateway: FleetProcess
let way: Way

beforeAll(async () => {
  fleet = await startFleet()
  admin = await fleet.startAdmin()
  relay = await startTcpRelay({ port: Number(new URL(admin.url).port) })
  gateway = await fleet.startGateway({ control: `http://127.0.0.1:${relay.port}` })
  way = await makeWay(admin.api, 'admin', fleet.vendor.baseUrl)
  await fleet.vendor.behave({ delayMs: 20, eventDelayMs: 5 })
}, 400_000)
afterAll(async () => {
  await fleet.stop()
  await relay.close()
})

interface Key {
  id: string
  secret: string
}

const makeKey = async () =>
  (await admin.api.request<Key>('POST', '/keys', { name: `k ${random()}`, consumerId: way.consumerId })).body
const inForce = async () => {
  const { headers } = await admin.api.request('PATCH', `/keys/${way.keyId}`, { name: `k ${random()}` })
  // A name is nothing that gateways see: what counts is who has acknowledged so far.
  const status = await admin.api.get<{ applied: number; gateways: number }>('/config/status')
  return headers !== null && status.applied === status.gateways && status.gateways > 0
}

/** What the gateway says it applied, in order. */
function applied(): { by: string; epoch: string; revision: number }[] {
  return gateway
    .output()
    .split('\n')
    .filter((line) => line.includes('"control.applied"'))
    .map((line) => JSON.parse(line))
}

test(
  'a partition between gateway and admin: traffic is normal, and what was missed comes as one change when it heals',
  async () => {
    const doomed = await makeKey()
    expect(
      await until(
        async () => (await oneCall(gateway.url, { ...way, secret: doomed.secret })).status === 200,
        5_000,
      ),
    ).toBe(true)
    const traffic = startTraffic([gateway], way)
    try {
      await traffic.flows()
      relay.freeze()
      const before = applied().length
      const made: Key[] = []
      for (let n = 0; n < 5; n += 1) made.push(await makeKey())
      await admin.api.request('DELETE', `/keys/${doomed.id}`)
      await traffic.flows(LONG ? 3_000 : 60)
      // Cut off, it serves on the revision that it has.
      expect((await oneCall(gateway.url, { ...way, secret: doomed.secret })).status).toBe(200)
      expect((await readiness(gateway)).status).toBe(200)
      // A network that heals has forgotten its connections.
      relay.reset()
      relay.thaw()
      expect(await until(inForce, 30_000, 100)).toBe(true)
      expect(applied().length - before).toBe(1)
      expect((await oneCall(gateway.url, { ...way, secret: doomed.secret })).status).toBe(401)
      for (const { secret } of made) expect((await oneCall(gateway.url, { ...way, secret })).status).toBe(200)
    } finally {
      relay.thaw()
      await traffic.stop()
    }
    expect(traffic.failed).toEqual([])
    await allIsShipped(fleet)
  },
  LONG ? 300_000 : 90_000,
)

test(
  'a network that delays, crawls and cuts connections in the middle loses neither changes nor usage',
  async () => {
    const traffic = startTraffic([gateway], way)
    try {
      const rounds = LONG ? 40 : 3
      for (let round = 0; round < rounds; round += 1) {
        // Each connection of the gateway breaks somewhere, in one direction or the other.
        const fault = () => ({
          atByte: Math.floor(random() * 6_000),
          by: random() < 0.7 ? ('reset' as const) : ('lose' as const),
          delayMs: Math.floor(random() * 20),
        })
        const plans = Array.from({ length: 10 }, () => (random() < 0.5 ? { up: fault() } : { down: fault() }))
        relay.script(plans, {})
        relay.reset()
        await makeKey()
        await traffic.flows(30)
      }
    } finally {
      relay.script([], {})
      relay.reset()
      await traffic.stop()
    }
    expect(traffic.failed).toEqual([])
    expect(await until(inForce, 60_000, 100)).toBe(true)
    await allIsShipped(fleet)
    await expectTalliesAgree(fleet, traffic)
  },
  LONG ? 600_000 : 120_000,
)

test(
  'an admin that is killed and comes back finds its gateway, which has not gone back or begun anew',
  async () => {
    const traffic = startTraffic([gateway], way)
    try {
      for (let round = 0; round < (LONG ? 10 : 1); round += 1) {
        const before = applied().length
        await admin.kill()
        await traffic.flows(40)
        admin = await fleet.startAdmin({ port: Number(new URL(admin.url).port) })
        expect(await until(inForce, 20_000, 100)).toBe(true)
        expect(applied().length).toBe(before)
      }
    } finally {
      await traffic.stop()
    }
    expect(traffic.failed).toEqual([])
    const revisions = applied().map(({ revision }) => revision)
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b))
    await allIsShipped(fleet)
  },
  LONG ? 300_000 : 90_000,
)

test('a database that was put back is a new epoch: the gateway takes what it says, and goes on booking', async () => {
  const { directory } = fleet.postgres()
  await fleet.stopDatabase()
  // With its owner, who is another account when root runs this.
  expect(spawnSync('cp', ['-a', directory, `${directory}.backup`]).status).toBe(0)
  await fleet.startDatabase()
  expect(await until(() => inForce().catch(() => false), 30_000, 100)).toBe(true)
  const [before] = await fleet.query<{ epoch: string; revision: number }>(
    'SELECT epoch, revision FROM config_head',
  )
  const lost = await makeKey()
  await makeKey()
  expect(
    await until(
      async () => (await oneCall(gateway.url, { ...way, secret: lost.secret })).status === 200,
      10_000,
    ),
  ).toBe(true)

  const traffic = startTraffic([gateway], way)
  try {
    await fleet.stopDatabase()
    rmSync(directory, { recursive: true })
    renameSync(`${directory}.backup`, directory)
    await fleet.startDatabase()
    const resynced = async () => (await oneCall(gateway.url, { ...way, secret: lost.secret })).status === 401
    expect(await until(resynced, 30_000, 50)).toBe(true)
    const [after] = await fleet.query<{ epoch: string; revision: number }>(
      'SELECT epoch, revision FROM config_head',
    )
    expect(after?.epoch).not.toBe(before?.epoch)
    expect(applied().at(-1)).toMatchObject({ by: 'snapshot', epoch: after?.epoch })
    expect(await until(inForce, 20_000, 100)).toBe(true)
    await traffic.flows()
  } finally {
    await traffic.stop()
  }
  expect(traffic.failed).toEqual([])
  await allIsShipped(fleet)
  const booked = await fleet.query<{ id: string }>('SELECT id::text FROM calls WHERE id = ANY($1::uuid[])', [
    [...traffic.completed].slice(-20),
  ])
  expect(booked).toHaveLength(Math.min(20, traffic.completed.size))
})
