import { beforeAll, expect, test } from 'vitest'
import type { PublishedEntity } from '../../api/operation.ts'
import { type Call, makeUser, startTestApi } from '../../api/testing.ts'
import { unique } from '../../api/testing-cases.ts'
import { db } from '../../server/db.ts'
import { restore } from '../restore.ts'

let call: Call
let token: string

beforeAll(async () => {
  ;({ call } = await startTestApi())
  token = (await makeUser({ role: 'owner' })).token
})

const create = (limits?: unknown) =>
  call('POST', '/providers', {
    token,
    body: { name: unique('provider'), kind: 'sandbox', ...(limits === undefined ? {} : { limits }) },
  })
const published = async (id: string) =>
  (await db.configEntity.findUniqueOrThrow({ where: { type_id: { type: 'provider', id } } })).body

const MINUTE = { model: null, metric: 'requests', limit: 500, windowSeconds: 60 }
const TOKENS = { model: 'gpt-4o', metric: 'tokens', limit: 30_000, windowSeconds: 60 }
const PLACES = { model: null, metric: 'concurrency', limit: 8, windowSeconds: null }

test('what a vendor allows is kept with its provider and told to the gateways', async () => {
  const made = await create([MINUTE, TOKENS, { metric: 'concurrency', limit: 8 }])
  expect(made.status, made.text).toBe(201)
  expect(made.body.limits).toEqual([MINUTE, TOKENS, PLACES])
  expect(await published(made.body.id)).toMatchObject({ limits: [MINUTE, TOKENS, PLACES] })

  const patch = (body: object) => call('PATCH', `/providers/${made.body.id}`, { token, body })
  expect((await patch({ name: unique('renamed') })).body.limits).toHaveLength(3)
  expect((await patch({ limits: [TOKENS] })).body.limits).toEqual([TOKENS])
  expect(await published(made.body.id)).toMatchObject({ limits: [TOKENS] })
  const { body } = await call('GET', `/audit-log?targetId=${made.body.id}`, { token })
  expect(JSON.stringify(body.data[0])).toContain('30000')
  expect((await patch({ limits: [] })).body.limits).toEqual([])
  expect((await create()).body.limits).toEqual([])
})

test.each([
  ['a window where there is none', { ...PLACES, windowSeconds: 60 }, 'limits[0].windowSeconds'],
  ['no window where one is needed', { metric: 'requests', limit: 5 }, 'limits[0].windowSeconds'],
  ['money', { ...MINUTE, metric: 'costUsd' }, 'limits[0].metric'],
  ['nothing at all', { ...MINUTE, limit: 0 }, 'limits[0].limit'],
  ['a part of a request', { ...MINUTE, limit: 1.5 }, 'limits[0].limit'],
  ['an empty model', { ...MINUTE, model: '  ' }, 'limits[0].model'],
  ['what nobody knows', { ...MINUTE, tier: 3 }, 'limits[0].tier'],
])('a limit of %s is refused at its field', async (_what, limit, path) => {
  const { status, body } = await create([limit])
  expect([status, body.errors?.[0]?.path]).toEqual([400, path])
})

test('the same measure twice is refused, another window of it is not', async () => {
  const twice = await create([MINUTE, { ...MINUTE, limit: 9 }])
  expect([twice.status, twice.body.errors[0].path]).toEqual([400, 'limits[1].metric'])
  expect((await create([MINUTE, { ...MINUTE, windowSeconds: 86_400 }])).status).toBe(201)
})

test('an earlier revision brings its limits back, and one older than limits has none', async () => {
  const { id } = (await create([MINUTE])).body
  const old = (await published(id)) as unknown as Extract<PublishedEntity, { type: 'provider' }>
  await call('PATCH', `/providers/${id}`, { token, body: { limits: [] } })
  const { limits: _none, ...older } = old
  await db.$transaction(async (tx) => {
    const options = { now: new Date() }
    expect((await restore(tx, old, options)).entity).toMatchObject({ limits: [MINUTE] })
    expect((await restore(tx, older as typeof old, options)).entity).toMatchObject({ limits: [] })
  })
})

test('how much of it is used is what the gateways told last, for those who may see providers', async () => {
  const { id } = (await create([MINUTE, TOKENS, PLACES])).body
  const now = new Date()
  const near = [
    { limitId: `${id}/requests/60`, subject: '', used: '499' },
    { limitId: `${id}/tokens/60`, subject: 'gpt-4o', used: '12000' },
    { limitId: `${id}/tokens/60`, subject: 'another model', used: '7' },
  ]
  await db.gateway.create({
    data: {
      id: 'gw_0000000000000000',
      hostname: 'h',
      build: 'b',
      protocol: 1,
      startedAt: now,
      lastSeenAt: now,
      leaseUntil: new Date(now.getTime() + 600_000),
      report: { near },
    },
  })
  expect((await call('GET', `/providers/${id}/limits`, { token })).body.data).toEqual([
    { ...MINUTE, used: 499 },
    { ...TOKENS, used: 12_000 },
    { ...PLACES, used: 0 },
  ])
})
