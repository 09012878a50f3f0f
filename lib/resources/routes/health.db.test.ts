import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Call, makeUser, startTestApi } from '../../api/testing.ts'
import { unique } from '../../api/testing-cases.ts'
import { renewLease } from '../../publish/fleet.ts'
import { leaseOf, newGatewayId } from '../../publish/testing.ts'
import { pool } from '../../server/db.ts'

let call: Call
let token: string
let providerId: string
let routeId: string

beforeAll(async () => {
  ;({ call } = await startTestApi())
  token = (await makeUser({ role: 'owner' })).token
  const made = async (path: string, body: unknown) =>
    (await call('POST', path, { token, body })).body.id as string
  providerId = await made('/providers', { name: 'Vendor', kind: 'sandbox' })
  const targets = [
    { providerId, model: 'a' },
    { providerId, model: 'b', priority: 1 },
  ]
  routeId = await made('/routes', { name: unique('r'), targets })
})
afterAll(() => pool.query('DELETE FROM gateways'))

const read = async (path: string) => (await call('GET', path, { token })).body
const told = (model: string, more: object = {}) => ({
  providerId,
  model,
  state: 'closed' as const,
  calls: 0,
  failed: 0,
  firstTokenMs: null,
  inFlight: 0,
  outUntilMs: null,
  ...more,
})

test('without a gateway nothing is known, and that is said', async () => {
  const health = await read(`/routes/${routeId}/health`)
  expect(health.gateways).toBe(0)
  expect(health.targets).toEqual([
    expect.objectContaining({ model: 'a', state: 'unknown', errorRate: null, share: null }),
    expect.objectContaining({ model: 'b', state: 'unknown', errorRate: null, share: null }),
  ])
})

test('what several gateways tell of a target is added up, its worst state shown', async () => {
  const [one, two, gone] = [newGatewayId(), newGatewayId(), newGatewayId()]
  const share = (model: string, calls: number) => ({ routeId, providerId, model, calls })
  await renewLease(
    pool,
    leaseOf(one, {
      targets: [told('a', { calls: 30, failed: 3, firstTokenMs: 200, inFlight: 2 }), told('elsewhere')],
      shares: [share('a', 30), share('b', 10)],
    }),
  )
  const outUntilMs = Date.parse('2030-01-01T00:00:00Z')
  await renewLease(
    pool,
    leaseOf(two, {
      targets: [
        told('a', { state: 'open', calls: 10, failed: 7, firstTokenMs: 900, inFlight: 1, outUntilMs }),
      ],
      shares: [share('a', 10), { routeId: 'route_other', providerId, model: 'a', calls: 99 }],
    }),
  )
  await renewLease(pool, leaseOf(gone, { targets: [told('a', { calls: 1_000 })] }))
  await pool.query(`UPDATE gateways SET lease_until = now() - interval '1 second' WHERE id = $1`, [gone])

  const { gateways, targets } = await read(`/routes/${routeId}/health`)
  expect(gateways).toBe(2)
  expect(targets[0]).toEqual({
    providerId,
    providerName: 'Vendor',
    model: 'a',
    state: 'open',
    calls: 40,
    failed: 10,
    errorRate: 0.25,
    firstTokenMs: 200,
    inFlight: 3,
    outUntil: '2030-01-01T00:00:00.000Z',
    share: 0.8,
    gateways: expect.arrayContaining([
      { gatewayId: one, state: 'closed' },
      { gatewayId: two, state: 'open' },
    ]),
  })
  expect(targets[1]).toMatchObject({ model: 'b', state: 'unknown', share: 0.2 })

  const ofProvider = await read(`/providers/${providerId}/health`)
  expect(ofProvider.targets.map(({ model, state }: Record<string, string>) => [model, state])).toEqual([
    ['a', 'open'],
    ['b', 'unknown'],
    ['elsewhere', 'closed'],
  ])
})

test('the health of all providers is what gateways told of, each target once', async () => {
  const { gateways, targets } = await read('/provider-health')
  expect(gateways).toBe(2)
  expect(targets.map(({ model, state, calls }: Record<string, unknown>) => [model, state, calls])).toEqual([
    ['a', 'open', 40],
    ['elsewhere', 'closed', 0],
  ])
})

test('a server that fails its checks has all its models out, also those that nobody asked for', async () => {
  await pool.query('DELETE FROM gateways')
  const check = { providerId, ok: false, atMs: Date.now(), latencyMs: 5, message: 'It does not answer.' }
  await renewLease(
    pool,
    leaseOf(newGatewayId(), { targets: [told('a')], checks: [{ ...check, isDown: false }] }),
  )
  const states = async (path: string) =>
    (await read(path)).targets.map(({ model, state }: Record<string, string>) => [model, state])
  expect(await states(`/providers/${providerId}/health`)).toEqual([
    ['a', 'closed'],
    ['b', 'unknown'],
  ])

  await renewLease(pool, leaseOf(newGatewayId(), { checks: [{ ...check, isDown: true }] }))
  const out = [
    ['a', 'open'],
    ['b', 'open'],
  ]
  expect(await states(`/providers/${providerId}/health`)).toEqual(out)
  expect(await states(`/routes/${routeId}/health`)).toEqual(out)
  expect(await states('/provider-health')).toEqual(out)
})
