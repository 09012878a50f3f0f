import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestDatabase } from '../../../scripts/testing/postgres.ts'
import { type Call, makeUser, startTestApi } from '../../api/testing.ts'
import { renewLease } from '../../publish/fleet.ts'
import { ensureHead } from '../../publish/head.ts'
import { leaseOf, newGatewayId } from '../../publish/testing.ts'
import { db, pool } from '../../server/db.ts'
import { ingest } from '../../usage/ingest.ts'
import { inSequence, pricedEvent } from '../../usage/testing.ts'

const gatewayId = newGatewayId()
let database: TestDatabase
let call: Call
let owner: string
let member: string

beforeAll(async () => {
  const started = await startTestApi()
  database = started.database
  call = started.call
  owner = (await makeUser({ role: 'owner' })).token
  await ensureHead(pool)
  for (const letter of ['a', 'b']) {
    await db.team.create({ data: { id: `team_${letter}`, name: `team ${letter}` } })
    await db.consumer.create({ data: { id: `cons_${letter}`, name: 'c', teamId: `team_${letter}` } })
    await db.apiKey.create({
      data: {
        id: `key_${letter}`,
        name: `key ${letter}`,
        consumerId: `cons_${letter}`,
        hash: letter.repeat(64),
        prefix: 'gh_',
        last4: letter,
      },
    })
  }
  member = (await makeUser({ teams: { team_a: 'viewer' } })).token
  // The other team has spent ten times as much.
  const events = [
    pricedEvent({ outputTokens: 1_000 }, { teamId: 'team_a', consumerId: 'cons_a', keyId: 'key_a' }),
    pricedEvent({ outputTokens: 10_000 }, { teamId: 'team_b', consumerId: 'cons_b', keyId: 'key_b' }),
  ]
  await ingest(pool, { gatewayId, events: inSequence(events) })
})
afterAll(() => database.drop())

test.each(['team', 'consumer', 'key'])(
  'of a budget over each %s members see where their own stand, and nobody else’s',
  async (type) => {
    const body = { name: type, scope: { type, each: true }, amountUsd: '1', period: 'total' }
    const { id } = (await call('POST', '/budgets', { token: owner, body })).body
    const of = async (token: string) => {
      const { current } = (await call('GET', `/budgets/${id}`, { token })).body
      const { data, total } = (await call('GET', `/budgets/${id}/subjects`, { token })).body
      const names = data.map((one: { name: string }) => one.name)
      return { spent: current.spentUsd, subjects: current.subjects, names, total }
    }
    const [a, b] =
      { team: ['team a', 'team b'], consumer: ['c', 'c'], key: ['c/key a', 'c/key b'] }[type] ?? []
    expect(await of(owner)).toEqual({ spent: '0.1', subjects: 2, names: [b, a], total: 2 })
    expect(await of(member)).toEqual({ spent: '0.01', subjects: 1, names: [a], total: 1 })
  },
)

test('of a limit over each key members see how near their own are, and of one over all how near it is', async () => {
  const make = async (scope: Record<string, unknown>) => {
    const body = { name: 'l', scope, metric: 'costUsd', limit: '1', windowSeconds: 60 }
    return (await call('POST', '/limits', { token: owner, body })).body.id as string
  }
  const ofEach = await make({ type: 'key', each: true })
  const ofAll = await make({ type: 'organization' })
  const near = [
    { limitId: ofEach, subject: 'key_b', used: '500000000000' },
    { limitId: ofEach, subject: 'key_a', used: '20000000000' },
    { limitId: ofAll, subject: '', used: '520000000000' },
  ]
  await renewLease(pool, leaseOf(gatewayId, { near }))
  const currentOf = async (id: string, token: string) =>
    (await call('GET', `/limits/${id}`, { token })).body.current
  expect(await currentOf(ofEach, owner)).toEqual({ subject: 'key_b', name: 'c/key b', used: '0.5' })
  expect(await currentOf(ofEach, member)).toEqual({ subject: 'key_a', name: 'c/key a', used: '0.02' })
  expect(await currentOf(ofAll, member)).toEqual({ subject: '', name: null, used: '0.52' })
  const { body } = await call('GET', `/limits/${ofEach}/subjects`, { token: member })
  expect(body).toEqual({ data: [{ subject: 'key_a', name: 'c/key a', used: '0.02' }], total: 1 })
})

test('a gateway that is gone holds and counts nothing', async () => {
  await pool.query(`UPDATE gateways SET lease_until = now() - interval '1 second'`)
  const { data } = (await call('GET', '/limits', { token: owner })).body
  expect(data.map((one: { current: unknown }) => one.current)).toEqual([null, null])
})
