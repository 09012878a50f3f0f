import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWay, type Way } from '../../e2e/support/management-api.ts'
import { startTcpRelay, type TcpRelay } from '../../gateway/testing/tcp-relay.ts'
import { until } from '../processes.ts'
import { type Admin, type Fleet, type FleetProcess, readiness, startFleet } from '../testing/fleet.ts'
import { allIsShipped, expectTalliesAgree, seededRandom, startTraffic } from '../testing/tallies.ts'

/** Postgres gone in every way that it can go, under traffic. */
const LONG = process.env.GATEHOUSE_TEST_LONG === '1'
const AWAY_MS = LONG ? 60_000 : 3_000
/** Two seconds are promised; the rest is for a machine that does other things too. */
const ANSWER_WITHIN_MS = 4_000
const random = seededRandom('database away')

let fleet: Fleet
let relay: TcpRelay
let admin: Admin
let gateway: FleetProcess
let way: Way
let through: string

beforeAll(async () => {
  fleet = await startFleet()
  relay = await startTcpRelay({ port: fleet.postgres().port })
  const url = new URL(fleet.databaseUrl)
  url.host = `127.0.0.1:${relay.port}`
  through = url.href
  admin = await fleet.startAdmin({ databaseUrl: through })
  gateway = await fleet.startGateway({ control: admin.url })
  way = await makeWay(admin.api, 'database', fleet.vendor.baseUrl)
  await fleet.vendor.behave({ delayMs: 20, eventDelayMs: 5 })
}, 400_000)
afterAll(async () => {
  await fleet.stop()
  await relay.close()
})

const FAULTS = {
  'stopped at once (pg_ctl -m immediate)': {
    begin: () => fleet.stopDatabase(),
    end: () => fleet.startDatabase(),
  },
  'killed by SIGKILL': {
    async begin() {
      const { process: server } = fleet.postgres()
      const ended = new Promise((resolve) => server.once('exit', resolve))
      server.kill('SIGKILL')
      await ended
    },
    end: () => fleet.startDatabase(),
  },
  'frozen by SIGSTOP': {
    begin: () => fleet.signalDatabase('SIGSTOP'),
    end: () => fleet.signalDatabase('SIGCONT'),
  },
  'behind a network that swallows everything': { begin: () => relay.freeze(), end: () => relay.thaw() },
  'behind a network that resets and refuses': {
    async begin() {
      await relay.stopListening()
      relay.reset()
    },
    end: () => relay.listen(),
  },
}
const names = Object.keys(FAULTS) as (keyof typeof FAULTS)[]
/** Two of them in a short run, one that says so and one that says nothing. */
const sampled = LONG
  ? names
  : [names[[0, 1, 4][Math.floor(random() * 3)] ?? 0], names[random() < 0.5 ? 2 : 3]].filter(
      (name) => name !== undefined,
    )

interface Refusal {
  status: number
  type: string | null
  ms: number
  body: { code?: string; detail?: string }
}

async function ask(method: string, where: string, body?: object): Promise<Refusal> {
  const started = performance.now()
  const response = await fetch(`${admin.url}/api/v1${where}`, {
    method,
    headers: { authorization: `Bearer ${fleet.token}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(10_000),
  })
  const text = await response.text()
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    ms: performance.now() - started,
    body: JSON.parse(text),
  }
}

const healthy = async () => {
  const response = await fetch(`${admin.url}/api/health`, { signal: AbortSignal.timeout(3_000) })
  return ((await response.json()) as { database: string }).database === 'up'
}
const isBack = () =>
  until(async () => (await ask('GET', '/teams').catch(() => null))?.status === 200, 30_000, 100)

async function expectRefusals(): Promise<void> {
  const asked = [
    ask('GET', '/teams'),
    ask('GET', '/usage'),
    ask('GET', '/gateways'),
    ask('POST', '/teams', { name: `never ${random()}` }),
    ask('PATCH', `/routes/${way.routeId}`, { enabled: true }),
  ]
  for (const answer of await Promise.all(asked)) {
    expect(answer).toMatchObject({ status: 503, body: { code: 'database_unavailable' } })
    expect(answer.type).toContain('application/problem+json')
    expect(answer.ms).toBeLessThan(ANSWER_WITHIN_MS)
  }
}

test.each(sampled)(
  'Postgres %s under traffic: no call fails, the API says 503 at once, and all is booked when it is back',
  async (name) => {
    const fault = FAULTS[name]
    const traffic = startTraffic([gateway], way)
    try {
      await traffic.flows()
      await fault.begin()
      const until = performance.now() + AWAY_MS
      do {
        await expectRefusals()
        await traffic.flows()
        expect((await readiness(gateway)).status).toBe(200)
        expect((await fetch(`${admin.url}/api/health`)).status).toBe(200)
      } while (performance.now() < until)
      await fault.end()
      // By itself: neither process was started again.
      expect(await isBack()).toBe(true)
      expect(await healthy()).toBe(true)
      await traffic.flows()
    } finally {
      await traffic.stop()
    }
    expect(traffic.failed).toEqual([])
    const made = await admin.api.request('POST', '/teams', { name: `after ${name} ${random()}` })
    expect(made.status).toBe(201)
    expect(
      await until(
        async () =>
          (await admin.api.request('PATCH', `/keys/${way.keyId}`, { name: `k${random()}` })).status === 200,
        5_000,
      ),
    ).toBe(true)
    await allIsShipped(fleet)
    await expectTalliesAgree(fleet, traffic)
    // What got a 503 changed nothing.
    expect(await fleet.query(`SELECT 1 FROM teams WHERE name LIKE 'never %'`)).toEqual([])
  },
  LONG ? 240_000 : 90_000,
)

test('Postgres away while admin and gateway start: both answer, and take up their work when it is there', async () => {
  await admin.kill()
  await gateway.kill()
  await fleet.stopDatabase()
  admin = await fleet.startAdmin({
    databaseUrl: through,
    port: Number(new URL(admin.url).port),
    ready: false,
  })
  gateway = await fleet.startGateway({ control: admin.url, port: Number(new URL(gateway.url).port) })
  const traffic = startTraffic([gateway], way)
  try {
    // From its copy on disk, with nobody to ask.
    await traffic.flows()
    const answers = async () => (await fetch(`${admin.url}/api/health`)).status === 200
    expect(await until(() => answers().catch(() => false), 20_000)).toBe(true)
    expect(await healthy()).toBe(false)
    await expectRefusals()
    await fleet.startDatabase()
    expect(await isBack()).toBe(true)
    const inForce = async () => {
      const { headers } = await admin.api.request('POST', '/keys', {
        name: `boot ${random()}`,
        consumerId: way.consumerId,
      })
      return headers.get('x-gatehouse-applied') === '1/1'
    }
    expect(await until(inForce, 20_000, 100)).toBe(true)
    await traffic.flows()
  } finally {
    await traffic.stop()
  }
  expect(traffic.failed).toEqual([])
  await allIsShipped(fleet)
  await expectTalliesAgree(fleet, traffic, { killed: true })
})
