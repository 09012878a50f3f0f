import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Call, makeUser, startTestApi } from '../../api/testing.ts'
import { unique } from '../../api/testing-cases.ts'
import type { LeaseRenewal } from '../../contract/control.ts'
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

const create = () =>
  call('POST', '/providers', {
    token,
    body: {
      name: unique('vendor'),
      kind: 'openai-compatible',
      baseUrl: 'https://vendor.example/v1',
      credentials: { apiKey: ['sk-a-first-key-0001', 'sk-a-second-key-0002'] },
    },
  })
const patch = (id: string, body: object) => call('PATCH', `/providers/${id}`, { token, body })
const healthOf = async (id: string) => (await call('GET', `/providers/${id}/health`, { token })).body
const versionOf = async (id: string) =>
  (await db.provider.findUniqueOrThrow({ where: { id } })).credentialsVersion

type Told = NonNullable<LeaseRenewal['credentials']>[number]
const untilMs = Date.parse('2030-01-01T00:00:00Z')

test('credentials are told by place and last four characters, each in the worst state that a gateway tells', async () => {
  const { id } = (await create()).body
  const ready = { state: 'ready', untilAt: null, code: null, calls: 0, failed: 0 }
  expect((await healthOf(id)).credentials).toEqual([
    { last4: '0001', position: 0, ...ready },
    { last4: '0002', position: 1, ...ready },
  ])

  const version = await versionOf(id)
  const told = (position: number, more: Partial<Told>): Told => ({
    providerId: id,
    version,
    position,
    state: 'ready',
    untilMs: null,
    code: null,
    calls: 0,
    failed: 0,
    ...more,
  })
  const refused = { state: 'refused', untilMs, code: '401', calls: 1, failed: 1 } as const
  const resting = { state: 'resting', untilMs: untilMs + 60_000, code: '429', calls: 2, failed: 1 } as const
  await renewLease(
    pool,
    leaseOf(newGatewayId(), {
      credentials: [
        told(0, { calls: 5 }),
        told(1, resting),
        // Of credentials that were replaced, and of somebody else's.
        told(0, { ...refused, version: 'before' }),
        told(0, { ...refused, providerId: 'prov_other' }),
      ],
    }),
  )
  await renewLease(pool, leaseOf(newGatewayId(), { credentials: [told(1, refused)] }))
  expect((await healthOf(id)).credentials).toEqual([
    { last4: '0001', position: 0, ...ready, calls: 5 },
    {
      last4: '0002',
      position: 1,
      state: 'refused',
      untilAt: '2030-01-01T00:00:00.000Z',
      code: '401',
      calls: 3,
      failed: 2,
    },
  ])

  await patch(id, { credentials: { apiKey: 'sk-another-key-0003' } })
  expect((await healthOf(id)).credentials).toEqual([{ last4: '0003', position: 0, ...ready }])
})
