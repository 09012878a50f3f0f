import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWay, type Way } from '../../e2e/support/management-api.ts'
import { until } from '../processes.ts'
import { type Admin, type Fleet, type FleetProcess, readiness, startFleet } from '../testing/fleet.ts'
import { allIsShipped, expectTalliesAgree, oneCall, seededRandom, startTraffic } from '../testing/tallies.ts'

/** Two admins and two gateways on one Postgres, each gateway with another admin first. */
const LONG = process.env.GATEHOUSE_TEST_LONG === '1'
const random = seededRandom('two admins')

let fleet: Fleet
let admins: [Admin, Admin]
let gateways: [FleetProcess, FleetProcess]
let way: Way

beforeAll(async () => {
  fleet = await startFleet()
  // At once: of two first starts one makes the first user.
  admins = await Promise.all([fleet.startAdmin(), fleet.startAdmin()])
  gateways = await Promise.all([startGateway(0), startGateway(1)])
  way = await makeWay(admins[0].api, 'fleet', fleet.vendor.baseUrl)
}, 400_000)
afterAll(() => fleet.stop())

function startGateway(first: 0 | 1, port?: number): Promise<FleetProcess> {
  const control = first === 0 ? [admins[0].url, admins[1].url] : [admins[1].url, admins[0].url]
  const env = { GATEHOUSE_COUNTERS: 'independent' }
  return fleet.startGateway({ control: control.join(), env, ...(port ? { port } : {}) })
}

const portOf = ({ url }: { url: string }) => Number(new URL(url).port)

/** Makes a key, and says on how many gateways it is in force. */
async function makeKey(admin: Admin, name: string) {
  const answer = await admin.api.request<{ id: string; secret: string }>('POST', '/keys', {
    name,
    consumerId: way.consumerId,
  })
  return {
    ...answer.body,
    status: answer.status,
    applied: answer.headers.get('x-gatehouse-applied'),
    revision: Number(answer.headers.get('x-gatehouse-revision')),
  }
}

/** Both gateways acknowledge what this admin publishes. */
async function bothAcknowledge(admin: Admin): Promise<void> {
  const inForce = async () => (await makeKey(admin, `sync ${random()}`)).applied === '2/2'
  expect(await until(inForce, 30_000, 100)).toBe(true)
}

test('a change through either admin is in force on both gateways when the call returns, and a revoked key at once', async () => {
  for (const admin of admins) await bothAcknowledge(admin)
  for (let n = 0; n < 6; n += 1) {
    const [maker, revoker] = n % 2 ? admins : [admins[1], admins[0]]
    const key = await makeKey(maker, `key ${n}`)
    expect([key.status, key.applied]).toEqual([201, '2/2'])
    for (const { url } of gateways)
      expect((await oneCall(url, { ...way, secret: key.secret })).status).toBe(200)
    const revoked = await revoker.api.request('DELETE', `/keys/${key.id}`)
    expect(revoked.headers.get('x-gatehouse-applied')).toBe('2/2')
    for (const { url } of gateways)
      expect((await oneCall(url, { ...way, secret: key.secret })).status).toBe(401)
  }
})

test('both gateways count for themselves, and the console is told so', async () => {
  expect(await admins[1].api.get('/config/status')).toMatchObject({ gateways: 2, independent: 2 })
  const { data } = await admins[0].api.get<{ data: { counters: string }[] }>('/gateways')
  expect(data.map(({ counters }) => counters)).toEqual(['independent', 'independent'])
})

test('50 writers over two admins make revisions without a gap, each acknowledged, and both gateways hold the same', async () => {
  const before = await admins[0].api.get<{ revision: number }>('/config/status')
  const writers = Array.from({ length: 50 }, (_, n) => makeKey(admins[n % 2] as Admin, `writer ${n}`))
  const made = await Promise.all(writers)
  expect(made.map(({ status }) => status)).toEqual(made.map(() => 201))
  const revisions = made.map(({ revision }) => revision).sort((a, b) => a - b)
  expect(revisions).toEqual(revisions.map((_, n) => before.revision + 1 + n))
  await bothAcknowledge(admins[0])
  const hashes = await fleet.query<{ hash: string; head: string }>(
    `SELECT g.hash, h.hash AS head FROM gateways g, config_head h WHERE g.lease_until > now()`,
  )
  expect(hashes).toHaveLength(2)
  for (const { hash, head } of hashes) expect(hash).toBe(head)
})

test('a frozen gateway makes it 1/2, keeps nobody waiting, and catches up by itself', async () => {
  const [frozen, other] = gateways
  frozen.signal('SIGSTOP')
  let last = { secret: '' }
  try {
    for (let n = 0; n < 3; n += 1) {
      const key = await makeKey(admins[n % 2] as Admin, `while frozen ${n}`)
      expect([key.status, key.applied]).toEqual([201, '1/2'])
      expect((await oneCall(other.url, { ...way, secret: key.secret })).status).toBe(200)
      last = key
    }
  } finally {
    frozen.signal('SIGCONT')
  }
  const knows = async () => (await oneCall(frozen.url, { ...way, secret: last.secret })).status === 200
  expect(await until(knows, 15_000, 50)).toBe(true)
  await bothAcknowledge(admins[1])
})

test(
  'either admin killed at any moment: calls go on, changes go on through the other, nothing is lost',
  async () => {
    await fleet.vendor.behave({ delayMs: 20, eventDelayMs: 5 })
    const traffic = startTraffic(gateways, way)
    const secrets: string[] = []
    let writing = true
    // Whatever was answered 201 must be there to the end, whoever is killed.
    const writer = async () => {
      for (let n = 0; writing; n += 1) {
        const admin = admins[n % 2] as Admin
        const key = await makeKey(admin, `through kills ${n}`).catch(() => null)
        if (key?.status === 201) secrets.push(key.secret)
        else await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    const written = writer()
    try {
      await traffic.flows()
      for (let round = 0; round < (LONG ? 20 : 2); round += 1) {
        const victim = random() < 0.5 ? 0 : 1
        await new Promise((resolve) => setTimeout(resolve, random() * 300))
        const port = portOf(admins[victim])
        await admins[victim].kill()
        await traffic.flows()
        const survivor = admins[victim === 0 ? 1 : 0]
        // The gateway that hung on the killed one has gone to the other.
        await bothAcknowledge(survivor)
        admins[victim] = await fleet.startAdmin({ port })
        await traffic.flows()
      }
    } finally {
      writing = false
      await written
      await traffic.stop()
    }
    expect(traffic.failed).toEqual([])
    await bothAcknowledge(admins[0])
    expect(secrets.length).toBeGreaterThan(0)
    for (const secret of secrets.slice(-20)) {
      for (const { url } of gateways) expect((await oneCall(url, { ...way, secret })).status).toBe(200)
    }
    await allIsShipped(fleet)
    await expectTalliesAgree(fleet, traffic)
  },
  LONG ? 900_000 : 120_000,
)

test('an admin that hangs is left for the other within the silence that the channel allows', async () => {
  await bothAcknowledge(admins[0])
  admins[0].signal('SIGSTOP')
  try {
    await bothAcknowledge(admins[1])
    expect((await oneCall(gateways[0].url, way)).status).toBe(200)
  } finally {
    admins[0].signal('SIGCONT')
  }
  await bothAcknowledge(admins[0])
})

test('without independent counters a second gateway waits and says for whom, and takes over when that one is gone', async () => {
  const shared = { GATEHOUSE_COUNTERS: 'shared' }
  const control = admins.map(({ url }) => url).join()
  const holder = await fleet.startGateway({ control, env: shared })
  const second = await fleet.startGateway({ control, env: shared, ready: false })
  const told = async () =>
    (await readiness(second)).text.includes('holds the counters of limits and budgets: this one waits')
  expect(await until(told, 15_000)).toBe(true)
  expect(await readiness(second)).toMatchObject({ status: 503 })
  const refused = await oneCall(second.url, way)
  expect([refused.status, refused.text.includes('counters_unavailable')]).toEqual([503, true])
  const { data } = await admins[0].api.get<{ data: { counters: string }[] }>('/gateways')
  expect(data.map(({ counters }) => counters).sort()).toEqual([
    'held',
    'independent',
    'independent',
    'waiting',
  ])

  // It waits over a restart, and the one that counts is not disturbed.
  await second.kill()
  const again = await fleet.startGateway({ control, env: shared, port: portOf(second), ready: false })
  expect(await until(async () => (await readiness(again)).status === 503, 10_000)).toBe(true)
  expect((await oneCall(holder.url, way)).status).toBe(200)

  // Ended in order, the holder gives the lease back; killed, it runs out.
  expect(await holder.kill('SIGTERM')).toBe(0)
  expect(await until(async () => (await readiness(again)).status === 200, 20_000)).toBe(true)
  expect((await oneCall(again.url, way)).status).toBe(200)
  await again.kill('SIGTERM')
})
