import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Call, makeUser, startTestApi } from '../../api/testing.ts'
import { unique } from '../../api/testing-cases.ts'
import { renewLease } from '../../publish/fleet.ts'
import { leaseOf, newGatewayId } from '../../publish/testing.ts'
import { db, pool } from '../../server/db.ts'

let call: Call
let token: string

beforeAll(async () => {
  ;({ call } = await startTestApi())
  token = (await makeUser({ role: 'owner' })).token
})
afterAll(() => pool.query('DELETE FROM gateways'))

const create = (more: object = {}) =>
  call('POST', '/providers', {
    token,
    body: {
      name: unique('vendor'),
      kind: 'openai-compatible',
      baseUrl: 'https://vendor.example/v1',
      ...more,
    },
  })
const patch = (id: string, body: object) => call('PATCH', `/providers/${id}`, { token, body })
const healthOf = async (id: string) => (await call('GET', `/providers/${id}/health`, { token })).body

const atMs = Date.parse('2030-01-01T00:00:00Z')

test('the check of a server is the last one, and a failed one before any other', async () => {
  const { id } = (await create({ options: { healthCheck: {} } })).body
  expect((await healthOf(id)).check).toBeNull()
  const check = { providerId: id, latencyMs: 4, message: 'It answered with HTTP 200.' }
  const [one, two] = [newGatewayId(), newGatewayId()]
  await renewLease(pool, leaseOf(one, { checks: [{ ...check, ok: true, atMs }] }))
  const good = { ok: true, at: '2030-01-01T00:00:00.000Z', latencyMs: 4, message: check.message }
  expect((await healthOf(id)).check).toEqual(good)
  await renewLease(
    pool,
    leaseOf(two, { checks: [{ ...check, ok: false, atMs: atMs - 5_000, message: 'It is gone.' }] }),
  )
  expect((await healthOf(id)).check).toMatchObject({ ok: false, message: 'It is gone.' })
})

test('the check of a server has a path and a pace of its own, and is off where it is absent', async () => {
  const made = await create({ options: { healthCheck: {} } })
  expect(made.body.options).toEqual({ healthCheck: { path: '/models', intervalSeconds: 10 } })
  const { id } = made.body
  const published = async () =>
    (
      (await db.configEntity.findUniqueOrThrow({ where: { type_id: { type: 'provider', id } } })).body as {
        options: object
      }
    ).options
  expect(await published()).toEqual(made.body.options)
  const own = { path: '/health?deep=1', intervalSeconds: 2 }
  expect((await patch(id, { options: { healthCheck: own } })).body.options).toEqual({ healthCheck: own })
  expect((await patch(id, { options: {} })).body.options).toEqual({})
  expect(await published()).toEqual({})
})

test.each([
  ['a path without a slash', { healthCheck: { path: 'models' } }, 'options.healthCheck.path'],
  ['a path with a space', { healthCheck: { path: '/a b' } }, 'options.healthCheck.path'],
  ['a pace that is none', { healthCheck: { intervalSeconds: 1 } }, 'options.healthCheck.intervalSeconds'],
  [
    'a slower pace than it takes',
    { healthCheck: { intervalSeconds: 301 } },
    'options.healthCheck.intervalSeconds',
  ],
  ['what nobody knows', { healthCheck: { method: 'POST' } }, 'options.healthCheck.method'],
])('%s is refused at its field', async (_what, options, path) => {
  const { status, body } = await create({ options })
  expect([status, body.errors?.[0]?.path]).toEqual([400, path])
})

test('only a server of one’s own is looked after', async () => {
  const credentials = { apiKey: 'sk-the-key-0001' }
  const openai = { kind: 'openai', baseUrl: null, credentials, options: { healthCheck: {} } }
  const refused = await create(openai)
  expect([refused.status, refused.body.errors[0].path]).toEqual([400, 'options.healthCheck'])
  const { id } = (await create({ options: { healthCheck: {} } })).body
  const moved = await patch(id, { kind: 'openai', baseUrl: null, credentials })
  expect([moved.status, moved.body.errors[0].path]).toEqual([400, 'options.healthCheck'])
})
