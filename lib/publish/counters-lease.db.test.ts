import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { TestDatabase } from '../../scripts/testing/postgres.ts'
import type { StreamQuery } from '../contract/control.ts'
import { pool } from '../server/db.ts'
import { leaseCounters } from './counters-lease.ts'
import { bookRefusal, greetGateway, renewLease, tooOld } from './fleet.ts'
import { ensureHead } from './head.ts'
import { COUNTERS_SQL, type GatewayRow, readConfigStatus, STATUS_SQL, toGateway } from './status.ts'
import { leaseOf, newGatewayId, useTestDatabase } from './testing.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await useTestDatabase()
  await ensureHead(pool)
})
afterAll(() => database.drop())
beforeEach(() => pool.query('DELETE FROM counters_lease; DELETE FROM gateways'))

async function renew(id: string, more: Parameters<typeof leaseOf>[1] = {}) {
  const lease = leaseOf(id, { counters: 'shared', ...more })
  await renewLease(pool, lease)
  return leaseCounters(pool, lease)
}

async function shown(id: string) {
  const { rows } = await pool.query<GatewayRow>(
    `SELECT g.*, ${STATUS_SQL} AS status, ${COUNTERS_SQL} AS counters_holder FROM gateways g, config_head h WHERE g.id = $1`,
    [id],
  )
  return rows[0] && toGateway(rows[0])
}

test('of twenty gateways that ask at once one gets the counters, and the others hear who has them', async () => {
  const ids = Array.from({ length: 20 }, newGatewayId)
  const answers = await Promise.all(ids.map((id) => renew(id)))
  const holder = ids[answers.findIndex((answer) => answer.held)] ?? ''
  expect(answers.filter((answer) => answer.held)).toHaveLength(1)
  for (const answer of answers.filter(({ held }) => !held)) expect(answer.reason).toContain(holder)
  expect((await shown(holder))?.counters).toBe('held')
  expect((await shown(ids.find((id) => id !== holder) ?? ''))?.counters).toBe('waiting')
  // Again: the lease is renewed by its holder and by nobody else.
  const again = await Promise.all(ids.map((id) => renew(id)))
  expect(again.map((answer) => answer.held)).toEqual(answers.map((answer) => answer.held))
})

test('the next one takes over when the lease ran out, was given up, or its holder drains', async () => {
  const [first, second] = [newGatewayId(), newGatewayId()]
  expect((await renew(first)).held).toBe(true)
  expect((await renew(second)).held).toBe(false)
  await pool.query(`UPDATE counters_lease SET lease_until = now() - interval '1 millisecond'`)
  expect((await renew(second)).held).toBe(true)
  // The one that was cut off meanwhile learns of it.
  expect((await renew(first)).held).toBe(false)

  await renew(second, { counters: 'none' })
  expect((await renew(first)).held).toBe(true)
  await renew(first, { state: 'draining' })
  await pool.query(`UPDATE counters_lease SET lease_until = now() - interval '1 millisecond'`)
  await renew(first, { state: 'draining' })
  expect((await renew(second)).held).toBe(true)
})

test('gateways that count for themselves need no lease, and the status says how many there are', async () => {
  const ids = [newGatewayId(), newGatewayId(), newGatewayId()] as const
  expect((await renew(ids[0])).held).toBe(true)
  expect((await renew(ids[1], { counters: 'independent' })).held).toBe(true)
  const { counters: _, ...before } = leaseOf(ids[2])
  await renewLease(pool, before)
  expect((await leaseCounters(pool, before)).held).toBe(true)
  expect((await shown(ids[1]))?.counters).toBe('independent')
  expect((await shown(ids[2]))?.counters).toBe('unknown')
  expect(await readConfigStatus(pool)).toMatchObject({ gateways: 3, independent: 1 })
})

test('a gateway that is too old is shown with the reason, counts for nothing, and is forgiven when updated', async () => {
  const gatewayId = newGatewayId()
  const query: StreamQuery = { gatewayId, protocol: 0, version: '0.0.9', hostname: 'old' }
  await renew(gatewayId)
  await bookRefusal(pool, query, tooOld(0))
  expect(await shown(gatewayId)).toMatchObject({
    status: 'refused',
    refusedRevision: null,
    refusedReason: expect.stringMatching(/speaks version 0 .* takes 1 or newer: update the gateway/),
  })
  expect((await readConfigStatus(pool)).gateways).toBe(0)
  await greetGateway(pool, { ...query, protocol: 1, version: '0.1.0' })
  expect(await shown(gatewayId)).toMatchObject({ status: 'behind', refusedReason: null })
})
