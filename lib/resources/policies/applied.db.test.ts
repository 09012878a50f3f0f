import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestDatabase } from '../../../scripts/testing/postgres.ts'
import { type Call, makeUser, startTestApi } from '../../api/testing.ts'
import { renewLease } from '../../publish/fleet.ts'
import { ensureHead } from '../../publish/head.ts'
import { leaseOf, newGatewayId } from '../../publish/testing.ts'
import { pool } from '../../server/db.ts'
import { ingest } from '../../usage/ingest.ts'
import { pricedEvent } from '../../usage/testing.ts'
import type { AppliedPolicies, AppliedPolicy } from './applied-schema.ts'

const gatewayId = newGatewayId()
let database: TestDatabase
let call: Call
let token: string
const ids = { support: '', other: '', bot: '', keyA: '', keyB: '', fast: '', slow: '', provider: '' }

async function make(path: string, body: Record<string, unknown>): Promise<string> {
  const answer = await call('POST', path, { token, body })
  if (answer.status !== 201) throw new Error(`${path}: ${answer.text}`)
  return answer.body.id
}
const limit = (name: string, scope: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  make('/limits', { name, scope, metric: 'requests', limit: 100, windowSeconds: 60, ...more })
const budget = (name: string, scope: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  make('/budgets', { name, scope, amountUsd: '1', period: 'total', ...more })

beforeAll(async () => {
  const started = await startTestApi()
  database = started.database
  call = started.call
  token = (await makeUser({ role: 'owner' })).token
  await ensureHead(pool)
  ids.support = await make('/teams', { name: 'Support' })
  ids.other = await make('/teams', { name: 'Other' })
  ids.bot = await make('/consumers', { name: 'bot', teamId: ids.support })
  ids.provider = await make('/providers', { name: 'up', kind: 'openai', credentials: { apiKey: 'sk-test' } })
  const route = (name: string, model: string) =>
    make('/routes', { name, targets: [{ providerId: ids.provider, model }] })
  ids.fast = await route('fast', 'm-fast')
  ids.slow = await route('slow', 'm-slow')
  ids.keyA = await make('/keys', { name: 'a', consumerId: ids.bot, allowedRoutes: ['fast'] })
  ids.keyB = await make('/keys', { name: 'b', consumerId: ids.bot })

  await limit('of all', { type: 'organization' }, { limit: 1_000 })
  await budget('of support', { type: 'team', id: ids.support })
  await budget('of each team', { type: 'team', each: true }, { amountUsd: '0.1' })
  await limit('of other', { type: 'team', id: ids.other })
  await limit('of the bot', { type: 'consumer', id: ids.bot })
  await limit('of each key', { type: 'key', each: true })
  await limit('of key b', { type: 'key', id: ids.keyB })
  await limit('of slow', { type: 'route', id: ids.slow })
  await limit('of m-fast', { type: 'model', id: 'm-fast' })
  await limit('of each provider', { type: 'provider', each: true })
  await limit('of ana', { type: 'user', id: 'ana' })
  await budget('of each tag', { type: 'tag', each: true })
  await limit('off', { type: 'organization' }, { enabled: false })
})
afterAll(() => database.drop())

async function applied(path: string, as = token): Promise<AppliedPolicies> {
  const answer = await call('GET', `${path}/policies`, { token: as })
  expect(answer.status).toBe(200)
  return answer.body
}
const named = ({ data }: AppliedPolicies) => Object.fromEntries(data.map((one) => [one.name, one]))
const routesOf = (one: AppliedPolicy | undefined) => one?.routes?.map(({ name }) => name) ?? null

test('a key meets what counts it, its consumer, its team and the routes that it may use, and is told why', async () => {
  const policies = named(await applied(`/keys/${ids.keyA}`))
  expect(Object.fromEntries(Object.values(policies).map(({ name, reason }) => [name, reason]))).toEqual({
    'of all': 'because all traffic counts together',
    'of support': 'because team Support has it, and this key is of that team',
    'of each team': 'because each team has it for itself, and this key is of team Support',
    'of the bot': 'because consumer bot has it',
    'of each key': 'because each key has it for itself',
    'of m-fast': 'because model m-fast has it and is a target',
    'of each provider': 'because each provider has it for itself: a target is up',
    'of ana': 'for calls that name the end user ana',
    'of each tag': 'for calls with tags: each tag has it',
  })
  expect(routesOf(policies['of m-fast'])).toEqual(['fast'])
  expect(routesOf(policies['of each provider'])).toEqual(['fast'])
  expect(routesOf(policies['of support'])).toBeNull()
  expect(policies['of each tag']).toMatchObject({ subject: null, share: null })
})

test('a key without a list of routes meets what counts any of them, and one key what is its own', async () => {
  const policies = named(await applied(`/keys/${ids.keyB}`))
  expect(routesOf(policies['of slow'])).toEqual(['slow'])
  expect(routesOf(policies['of each provider'])).toEqual(['fast', 'slow'])
  expect(policies['of key b']?.reason).toBe('because this key has it')
})

test('a consumer meets what counts any of its keys', async () => {
  const { data } = await applied(`/consumers/${ids.bot}`)
  const policies = named({ data, total: data.length })
  expect(policies['of key b']?.reason).toBe('for calls with key b alone')
  const ofEach = data.filter(({ name }) => name === 'of each key')
  expect(ofEach.map(({ subject, reason }) => [subject, reason])).toEqual([
    [ids.keyA, 'because each key has it for itself: here key a'],
    [ids.keyB, 'because each key has it for itself: here key b'],
  ])
  expect(policies['of other']).toBeUndefined()
})

test('how near each is comes from the books and from what the gateways told, the nearest first', async () => {
  // 5,000 output tokens at $10 the million.
  const event = pricedEvent(
    { outputTokens: 5_000 },
    { teamId: ids.support, consumerId: ids.bot, keyId: ids.keyA },
  )
  await ingest(pool, { gatewayId, events: [event] })
  const startMs = 0
  const { data: all } = await applied(`/keys/${ids.keyA}`)
  const idOf = (name: string) => all.find((one) => one.name === name)?.id ?? ''
  await renewLease(
    pool,
    leaseOf(gatewayId, {
      held: [{ budgetId: idOf('of each team'), subject: ids.support, startMs, heldPicoUsd: '25000000000' }],
      near: [
        { limitId: idOf('of each key'), subject: ids.keyA, used: '90' },
        { limitId: idOf('of each key'), subject: ids.keyB, used: '99' },
      ],
    }),
  )
  const { data } = await applied(`/keys/${ids.keyA}`)
  expect(data.slice(0, 3).map(({ name, share }) => [name, share])).toEqual([
    ['of each key', 0.9],
    ['of each team', 0.75],
    ['of support', 0.05],
  ])
  expect(data[0]?.limit).toEqual({ metric: 'requests', limit: 100, windowSeconds: 60, used: 90 })
  expect(data[1]?.budget).toMatchObject({
    amountUsd: '0.1',
    spentUsd: '0.05',
    heldUsd: '0.025',
    leftUsd: '0.025',
    to: null,
  })
})

test('a developer is told of their own keys, and not of others', async () => {
  const { id: userId, token: developer } = await makeUser({ teams: { [ids.support]: 'developer' } })
  const own = await make('/keys', { name: 'own', consumerId: ids.bot, userId })
  expect((await applied(`/keys/${own}`, developer)).total).toBeGreaterThan(5)
  const other = await call('GET', `/keys/${ids.keyA}/policies`, { token: developer })
  expect(other.status).toBe(404)
})
