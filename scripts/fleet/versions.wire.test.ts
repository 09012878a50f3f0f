import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWay, type Way } from '../../e2e/support/management-api.ts'
import { until } from '../processes.ts'
import { type DoctoringProxy, startDoctoringProxy } from '../testing/doctoring-proxy.ts'
import { type Admin, type Fleet, type FleetProcess, startFleet } from '../testing/fleet.ts'
import { allIsShipped, expectTalliesAgree, oneCall, startTraffic } from '../testing/tallies.ts'

/** A gateway and an admin of different builds, as the proxy between them makes them look. */
let fleet: Fleet
let admin: Admin
let proxy: DoctoringProxy
let gateway: FleetProcess
let way: Way

beforeAll(async () => {
  fleet = await startFleet()
  admin = await fleet.startAdmin()
  proxy = await startDoctoringProxy(admin.url)
  gateway = await fleet.startGateway({ control: proxy.url })
  way = await makeWay(admin.api, 'versions', fleet.vendor.baseUrl)
}, 400_000)
afterAll(async () => {
  await fleet.stop()
  await proxy.close()
})

interface Shown {
  id: string
  status: string
  refusedRevision: number | null
  refusedReason: string | null
}

const shown = async () => (await admin.api.get<{ data: Shown[] }>('/gateways')).data[0] as Shown

let keys = 0
async function makeKey(): Promise<{ secret: string; applied: string | null }> {
  keys += 1
  const { headers, body } = await admin.api.request<{ secret: string }>('POST', '/keys', {
    name: `key ${keys}`,
    consumerId: way.consumerId,
  })
  return { secret: body.secret, applied: headers.get('x-gatehouse-applied') }
}

const portOf = ({ url }: { url: string }) => Number(new URL(url).port)

async function restartGateway(): Promise<void> {
  await gateway.kill('SIGTERM')
  gateway = await fleet.startGateway({ control: proxy.url, port: portOf(gateway) })
}

test.each([
  ['a gateway that is newer than the admin', { protocol: 2, newerGateway: true }],
  ['an admin that is newer than the gateway', { newerAdmin: true }],
  ['both with fields that the other has never heard of', { newerGateway: true, newerAdmin: true }],
])(
  '%s: changes are acknowledged, leases held, calls booked, and what is unknown is ignored',
  async (_, doctoring) => {
    proxy.doctor = doctoring
    await restartGateway()
    const traffic = startTraffic([gateway], way, 2)
    try {
      const inForce = async () => (await makeKey()).applied === '1/1'
      expect(await until(inForce, 15_000, 50)).toBe(true)
      const key = await makeKey()
      expect(key.applied).toBe('1/1')
      expect((await oneCall(gateway.url, { ...way, secret: key.secret })).status).toBe(200)
      await traffic.flows(10)
    } finally {
      await traffic.stop()
    }
    expect(traffic.failed).toEqual([])
    await allIsShipped(fleet)
    await expectTalliesAgree(fleet, traffic)
    expect(await shown()).toMatchObject({ status: 'live' })
  },
)

test('a revision that needs a newer gateway is refused, and the operator reads why; the next one is taken', async () => {
  proxy.doctor = { minProtocol: 2 }
  const key = await makeKey()
  expect(key.applied).toBe('0/1')
  const reason =
    'this revision needs a gateway that speaks version 2 of the control channel, and this one speaks 1: update the gateway'
  expect(await shown()).toMatchObject({ status: 'refused', refusedReason: reason })
  expect((await oneCall(gateway.url, way)).status).toBe(200)
  expect((await oneCall(gateway.url, { ...way, secret: key.secret })).status).toBe(401)
  proxy.doctor = {}
  const inForce = async () => (await makeKey()).applied === '1/1'
  expect(await until(inForce, 15_000, 50)).toBe(true)
  expect((await oneCall(gateway.url, { ...way, secret: key.secret })).status).toBe(200)
  expect(await shown()).toMatchObject({ status: 'live', refusedReason: null })
})

test('a gateway that is too old is refused, serves on with what it has, and the operator reads why', async () => {
  proxy.doctor = { protocol: 0 }
  await restartGateway()
  const refused = async () => (await shown()).status === 'refused'
  expect(await until(refused, 15_000, 50)).toBe(true)
  expect(await shown()).toMatchObject({
    refusedRevision: null,
    refusedReason:
      'The gateway speaks version 0 of the control channel and this admin takes 1 or newer: update the gateway.',
  })
  expect(gateway.output()).toContain('this admin takes 1 or newer: update the gateway')
  expect((await oneCall(gateway.url, way)).status).toBe(200)
  // It holds no lease, so nobody waits for it.
  expect((await makeKey()).applied).toBe('0/0')

  proxy.doctor = {}
  await restartGateway()
  const inForce = async () => (await makeKey()).applied === '1/1'
  expect(await until(inForce, 15_000, 50)).toBe(true)
  expect(await shown()).toMatchObject({ status: 'live', refusedReason: null })
})
