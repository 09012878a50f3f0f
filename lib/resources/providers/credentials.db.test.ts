import { beforeAll, expect, test } from 'vitest'
import { type Call, makeUser, startTestApi } from '../../api/testing.ts'
import { unique } from '../../api/testing-cases.ts'
import { db } from '../../server/db.ts'
import { openCredentials } from './snapshot.ts'

const [FIRST, SECOND, THIRD] = ['sk-first-key-1111', 'sk-second-key-2222', 'sk-third-key-3333']
let call: Call
let token: string

beforeAll(async () => {
  ;({ call } = await startTestApi())
  token = (await makeUser({ role: 'owner' })).token
})

async function providerWith(apiKey: unknown) {
  const body = { name: unique('provider'), kind: 'openai', credentials: { apiKey } }
  const made = await call('POST', '/providers', { token, body })
  expect(made.status, made.text).toBe(201)
  const id = made.body.id as string
  return {
    id,
    made: made.body,
    patch: (apiKey: unknown, more: object = {}) =>
      call('PATCH', `/providers/${id}`, { token, body: { ...more, credentials: { apiKey } } }),
    stored: async () => openCredentials(await db.provider.findUniqueOrThrow({ where: { id } })),
  }
}

test('one of several keys is replaced, another taken away, one added; the rest stay without being sent', async () => {
  const { made, patch, stored } = await providerWith([FIRST, SECOND])
  const [first] = made.credentials.apiKey
  const next = await patch([{ keep: 0 }, THIRD])
  expect(next.status, next.text).toBe(200)
  expect(await stored()).toEqual({ apiKey: [FIRST, THIRD] })
  // Since when each is set is its own.
  expect(next.body.credentials.apiKey).toEqual([first, { last4: '3333', setAt: next.body.credentialsSetAt }])
  expect(next.body.credentialsSetAt).not.toBe(first.setAt)

  const turned = await patch([{ keep: 1 }, { keep: 0 }, SECOND])
  expect(turned.body.credentials.apiKey.map(({ last4 }: { last4: string }) => last4)).toEqual([
    '3333',
    '1111',
    '2222',
  ])
  expect(await stored()).toEqual({ apiKey: [THIRD, FIRST, SECOND] })
  await patch([{ keep: 2 }])
  expect(await stored()).toEqual({ apiKey: [SECOND] })
})

test('a single key that was stored alone is kept beside a new one', async () => {
  const { id, patch, stored } = await providerWith(FIRST)
  // As it was stored before each key had a time of its own.
  const old = { credentialsHint: { apiKey: [{ last4: '1111' }] }, credentialsSetAt: new Date(0) }
  await db.provider.update({ where: { id }, data: old })
  const { body } = await patch([{ keep: 0 }, SECOND])
  expect(await stored()).toEqual({ apiKey: [FIRST, SECOND] })
  expect(body.credentials.apiKey[0]).toEqual({ last4: '1111', setAt: new Date(0).toISOString() })
})

test.each([
  ['that is not there', [{ keep: 2 }], 'credentials.apiKey[0].keep'],
  ['twice', [{ keep: 0 }, { keep: 0 }], 'credentials.apiKey[1].keep'],
])('a key %s is not kept, and nothing changes', async (_what, list, path) => {
  const { patch, stored } = await providerWith([FIRST, SECOND])
  const { status, body } = await patch(list, { name: unique('renamed') })
  expect([status, body.errors?.[0]?.path]).toEqual([400, path])
  expect(await stored()).toEqual({ apiKey: [FIRST, SECOND] })
})

test('a kept key never goes to a new address, and a new provider has none to keep', async () => {
  const { patch, stored } = await providerWith([FIRST, SECOND])
  const moved = await patch([{ keep: 0 }, THIRD], { baseUrl: 'https://other.example/v1' })
  expect([moved.status, moved.body.code]).toEqual([400, 'credentials_required'])
  expect(await stored()).toEqual({ apiKey: [FIRST, SECOND] })
  expect((await patch([THIRD], { baseUrl: 'https://other.example/v1' })).status).toBe(200)

  const body = { name: unique('provider'), kind: 'openai', credentials: { apiKey: [{ keep: 0 }] } }
  expect((await call('POST', '/providers', { token, body })).status).toBe(400)
})
