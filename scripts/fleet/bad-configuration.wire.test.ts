import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWay, type Way } from '../../e2e/support/management-api.ts'
import type { ChangedEntity } from '../../lib/api/operation.ts'
import { publishOnce } from '../../lib/publish/testing.ts'
import { db, pool } from '../../lib/server/db.ts'
import { until } from '../processes.ts'
import { type Admin, type Fleet, type FleetProcess, readiness, startFleet } from '../testing/fleet.ts'
import { oneCall, startTraffic, type Traffic } from '../testing/tallies.ts'

/**
 * Revisions that no gateway may take, published past the management API, which would refuse them: as a defect of the
 * admin would. The gateway says no, says why, and serves on.
 */
let fleet: Fleet
let admin: Admin
let gateway: FleetProcess
let way: Way
let traffic: Traffic

beforeAll(async () => {
  fleet = await startFleet()
  admin = await fleet.startAdmin()
  gateway = await fleet.startGateway({ control: admin.url })
  way = await makeWay(admin.api, 'bad', fleet.vendor.baseUrl)
  await fleet.vendor.behave({ delayMs: 20 })
  // Of this process, for `publish`.
  process.env.DATABASE_URL = fleet.databaseUrl
  process.env.GATEHOUSE_SECRET = 'not the secret of the admin: nothing is opened here'
  traffic = startTraffic([gateway], way, 2)
}, 400_000)
afterAll(async () => {
  await traffic.stop()
  await db.$disconnect()
  await pool.end()
  await fleet.stop()
})

const ROUTE = {
  type: 'route' as const,
  kind: 'chat' as const,
  strategy: 'priority' as const,
  retries: { attempts: 2, on: ['rateLimit' as const] },
  timeouts: { totalMs: 600_000, firstTokenMs: 60_000, idleMs: 60_000 },
  degradation: { notify: 'header' as const, message: null },
  maxOutputTokens: null,
  capture: 'metadata' as const,
  onDisconnect: 'abort' as const,
  onLoss: 'allow' as const,
  allowUnpriced: true,
  enabled: true,
}

function routeTo(id: string, name: string, providerId: string): ChangedEntity {
  const targets = [{ providerId, model: 'gpt-fake', weight: 1, priority: 0 }]
  return {
    type: 'route',
    id,
    name,
    entity: { ...ROUTE, id, name, targets } as ChangedEntity['entity'] & object,
  }
}

interface Shown {
  status: string
  revision: number
  refusedRevision: number | null
  refusedReason: string | null
}

const shown = async () => (await admin.api.get<{ data: Shown[] }>('/gateways')).data[0] as Shown

/** Publishes, and expects the gateway to refuse it by this reason, to stay where it was, and to serve. */
async function expectRefused(publish: () => Promise<number>, reason: RegExp): Promise<void> {
  const before = (await shown()).revision
  const revision = await publish()
  // One that refused a change asks for the whole, and tells no revision while it does.
  await expect
    .poll(shown, { timeout: 15_000 })
    .toMatchObject({ status: 'refused', revision: before, refusedRevision: revision })
  const now = await shown()
  expect(now.refusedReason).toMatch(reason)
  const { refused } = await admin.api.get<{ refused: { reason: string }[] }>('/config/status')
  expect(refused.map((entry) => entry.reason)).toEqual([now.refusedReason])
  await traffic.flows(5)
  expect((await readiness(gateway)).status).toBe(200)
}

/** What mends it is taken without anybody's help. */
async function expectTaken(publish: () => Promise<number>): Promise<void> {
  const revision = await publish()
  expect(await until(async () => (await shown()).status === 'live', 15_000)).toBe(true)
  expect(await shown()).toMatchObject({ revision, refusedRevision: null, refusedReason: null })
}

const gone = (change: ChangedEntity): ChangedEntity => ({ ...change, entity: null })

test('a route that points at a provider which is not there', async () => {
  const dangling = routeTo('route_dangling', 'dangling', 'prov_nowhere')
  await expectRefused(() => publishOnce([dangling]), /route_dangling.*prov_nowhere/)
  await expectTaken(() => publishOnce([gone(dangling)]))
})

test('two routes of one name', async () => {
  const double = routeTo('route_double', way.route, way.providerId)
  await expectRefused(() => publishOnce([double]), /has the same name as route/)
  await expectTaken(() => publishOnce([gone(double)]))
})

test('an entity of more than a megabyte', async () => {
  const large: ChangedEntity = {
    type: 'provider',
    id: 'prov_large',
    name: 'large',
    entity: {
      type: 'provider',
      id: 'prov_large',
      name: 'large',
      kind: 'sandbox',
      baseUrl: null,
      allowPrivateNetwork: false,
      options: { note: 'x'.repeat(1_100_000) },
      limits: [],
      credentialsVersion: '',
    },
  }
  await expectRefused(() => publishOnce([large]), /prov_large is larger than 1048576 bytes/)
  await expectTaken(() => publishOnce([gone(large)]))
})

test('a provider that is taken away under the routes that use it', async () => {
  const [provider] = await fleet.query<{ body: { name: string } }>(
    `SELECT body FROM config_entities WHERE id = $1`,
    [way.providerId],
  )
  const entity = provider?.body as ChangedEntity['entity'] & object
  const there: ChangedEntity = { type: 'provider', id: way.providerId, name: 'it', entity }
  await expectRefused(() => publishOnce([gone(there)]), new RegExp(way.providerId))
  await expectTaken(() => publishOnce([there]))
})

test('a hash that is not that of the content', async () => {
  const [{ hash }] = (await fleet.query<{ hash: string }>('SELECT hash FROM config_head')) as [
    { hash: string },
  ]
  await fleet.query(`UPDATE config_head SET hash = repeat('0', 64)`)
  const team = (name: string): ChangedEntity => ({
    type: 'team',
    id: 'team_hash',
    name,
    entity: { type: 'team', id: 'team_hash', name },
  })
  await expectRefused(() => publishOnce([team('one')]), /hash|content/)
  // Put right as it was, with the same change on top: both sides agree again.
  await publishOnce([gone(team('one'))])
  await fleet.query('UPDATE config_head SET hash = $1', [hash])
  await expectTaken(() => publishOnce([team('two')]))
})

test('a provider whose secret can not be opened fails alone: the configuration is taken, and other providers serve', async () => {
  const provider = await admin.api.post<{ id: string }>('/providers', {
    name: 'sealed elsewhere',
    kind: 'openai',
    credentials: { apiKey: 'sk-sealed-with-another-secret' },
  })
  await admin.api.post('/routes', {
    name: 'sealed-elsewhere',
    targets: [{ providerId: provider.id, model: 'gpt-4o' }],
  })
  await fleet.query(
    `UPDATE providers SET credentials_sealed = 'v1.garbage', credentials_version = 'other' WHERE id = $1`,
    [provider.id],
  )
  const copy = await fleet.startGateway({ control: admin.url, env: { GATEHOUSE_COUNTERS: 'independent' } })
  const answer = await oneCall(copy.url, { ...way, route: 'sealed-elsewhere' })
  expect(answer.status).toBeGreaterThanOrEqual(500)
  expect(answer.text).not.toContain('sk-sealed')
  expect((await oneCall(copy.url, way)).status).toBe(200)
  await copy.kill('SIGTERM')
})

test('after all of it neither process was started again, and no call had failed', async () => {
  await traffic.flows(5)
  expect(traffic.failed).toEqual([])
  expect(
    (await admin.api.request('POST', '/teams', { name: 'after all' })).headers.get('x-gatehouse-applied'),
  ).toMatch(/^\d+\/\d+$/)
  expect(gateway.output()).not.toContain('gateway.crashed')
  expect(gateway.output().match(/"gateway\.started"/g)).toHaveLength(1)
})
