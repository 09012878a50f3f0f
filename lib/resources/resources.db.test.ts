import { beforeAll, expect, test } from 'vitest'
import type { PublishedEntity } from '../api/operation.ts'
import { type Call, makeUser, startTestApi } from '../api/testing.ts'
import { unique } from '../api/testing-cases.ts'
import { bootstrap } from '../server/bootstrap.ts'
import { db } from '../server/db.ts'
import { verifyPassword } from '../server/passwords.ts'
import { openCredentials } from './providers/snapshot.ts'
import { remove, restore } from './restore.ts'

let call: Call
let owner: string

beforeAll(async () => {
  ;({ call } = await startTestApi())
  process.env.GATEHOUSE_ADMIN_PASSWORD = 'the very first password'
  process.env.GATEHOUSE_ADMIN_TOKEN = 'gha_the-first-access-token-of-this-test'
})

test('the first start makes one owner and the token of the environment, and no later one does', async () => {
  const starts = await Promise.all([bootstrap(), bootstrap(), bootstrap()])
  expect(starts.filter(Boolean)).toEqual([{ email: 'admin@localhost', password: null }])
  const user = await db.user.findUniqueOrThrow({ where: { email: 'admin@localhost' } })
  expect(await verifyPassword('the very first password', user.passwordHash)).toBe(true)
  const me = await call('GET', '/me', { token: 'gha_the-first-access-token-of-this-test' })
  expect([me.body.role, me.body.type]).toEqual(['admin', 'token'])
  expect(await bootstrap()).toBeNull()
  owner = (await makeUser({ role: 'owner' })).token
})

const post = async (path: string, body: unknown, token = owner) => call('POST', path, { token, body })
const made = async (path: string, body: unknown) => {
  const answer = await post(path, body)
  expect(answer.status, answer.text).toBe(201)
  return answer.body
}
const team = () => made('/teams', { name: unique('team') })
const consumer = async () => made('/consumers', { name: unique('consumer'), teamId: (await team()).id })
const published = (type: string, id: string) =>
  db.configEntity.findUnique({ where: { type_id: { type, id } } })
const openai = (more: object = {}) => ({
  name: unique('provider'),
  kind: 'openai',
  credentials: { apiKey: 'sk-0123456789abcdef' },
  ...more,
})

test('a developer has their own keys alone, in their own teams alone', async () => {
  const { id: consumerId, teamId } = await consumer()
  const elsewhere = await consumer()
  const [dev, other] = [
    await makeUser({ teams: { [teamId]: 'developer' } }),
    await makeUser({ role: 'viewer' }),
  ]
  const own = await post('/keys', { name: 'own', consumerId }, dev.token)
  expect(own.body.userId).toBe(dev.id)
  const theirs = await made('/keys', { name: 'theirs', consumerId, userId: other.id })
  expect((await post('/keys', { name: 'x', consumerId, userId: other.id }, dev.token)).status).toBe(403)
  expect((await post('/keys', { name: 'x', consumerId: elsewhere.id }, dev.token)).body.errors).toEqual([
    { path: 'consumerId', message: 'there is no such consumer' },
  ])
  const list = await call('GET', '/keys', { token: dev.token })
  expect(list.body.data.map(({ id }: { id: string }) => id)).toEqual([own.body.id])
  for (const action of ['rotate', 'revoke']) {
    expect((await call('POST', `/keys/${theirs.id}/${action}`, { token: dev.token })).status).toBe(404)
    expect((await call('POST', `/keys/${own.body.id}/${action}`, { token: dev.token })).status).toBe(200)
  }
})

test('a revoked key leaves the configuration, stays in the list, and does not come back', async () => {
  const key = await made('/keys', { name: 'k', consumerId: (await consumer()).id })
  expect((await published('key', key.id))?.body).toMatchObject({ id: key.id, allowedRoutes: null })
  expect((await call('POST', `/keys/${key.id}/revoke`, { token: owner })).body.status).toBe('revoked')
  expect(await published('key', key.id)).toBeNull()
  expect((await call('POST', `/keys/${key.id}/rotate`, { token: owner })).status).toBe(409)
  expect((await call('PATCH', `/keys/${key.id}`, { token: owner, body: { name: 'z' } })).status).toBe(409)
  const revoked = await call('GET', '/keys?status=revoked', { token: owner })
  expect(revoked.body.data.map(({ id }: { id: string }) => id)).toContain(key.id)
})

test('a rotated key keeps its old hash for the grace, and the status filter says what the row does', async () => {
  const key = await made('/keys', { name: 'k', consumerId: (await consumer()).id })
  const before = (await published('key', key.id))?.body as { hash: string }
  const rotated = await call('POST', `/keys/${key.id}/rotate`, { token: owner, body: { graceSeconds: 60 } })
  expect((await published('key', key.id))?.body).toMatchObject({ previousHash: before.hash })
  expect(rotated.body.previousLast4).toBe(key.last4)
  const at = (ms: number) => new Date(Date.now() + ms).toISOString()
  await call('PATCH', `/keys/${key.id}`, { token: owner, body: { expiresAt: at(3_600_000) } })
  for (const status of ['active', 'expiring', 'expired', 'disabled', 'revoked']) {
    const { body } = await call('GET', `/keys?status=${status}&consumerId=${key.consumerId}`, {
      token: owner,
    })
    expect(body.data.length, status).toBe(status === 'expiring' ? 1 : 0)
  }
  const past = await call('PATCH', `/keys/${key.id}`, { token: owner, body: { expiresAt: at(-1_000) } })
  expect(past.body.errors).toEqual([{ path: 'expiresAt', message: 'is in the past' }])
})

test('a deleted route leaves the lists of keys, which gain nothing by it', async () => {
  const provider = await made('/providers', { name: unique('p'), kind: 'sandbox' })
  const route = await made('/routes', {
    name: unique('r'),
    targets: [{ providerId: provider.id, model: 'm' }],
  })
  const body = { name: 'k', consumerId: (await consumer()).id, allowedRoutes: [route.name] }
  const key = await made('/keys', body)
  expect(key.allowedRoutes).toEqual([route.id])
  expect((await call('DELETE', `/providers/${provider.id}`, { token: owner })).body).toMatchObject({
    code: 'in_use',
    usedBy: [{ type: 'route', id: route.id, name: route.name }],
  })
  await call('DELETE', `/routes/${route.id}`, { token: owner })
  expect((await published('key', key.id))?.body).toMatchObject({ allowedRoutes: [] })
  expect((await post('/keys', { ...body, name: 'l' })).body.errors[0].path).toBe('allowedRoutes[0]')
})

test('a consumer takes its keys with it', async () => {
  const { id } = await consumer()
  const key = await made('/keys', { name: 'k', consumerId: id })
  await call('DELETE', `/consumers/${id}`, { token: owner })
  expect(await published('key', key.id)).toBeNull()
  expect(await published('consumer', id)).toBeNull()
})

test('a stored credential never goes to a new address', async () => {
  const provider = await made('/providers', openai())
  const patch = (body: object) => call('PATCH', `/providers/${provider.id}`, { token: owner, body })
  for (const move of [
    { baseUrl: 'https://evil.example/v1' },
    { kind: 'openai-compatible', baseUrl: 'https://e.example' },
    { allowPrivateNetwork: true },
  ]) {
    const answer = await patch(move)
    expect([answer.status, answer.body.code, answer.body.errors[0].path]).toEqual([
      400,
      'credentials_required',
      'credentials',
    ])
  }
  expect((await patch({ name: unique('renamed') })).status).toBe(200)
  const moved = await patch({
    baseUrl: 'https://other.example/v1',
    credentials: { apiKey: 'sk-another-abcdefgh' },
  })
  expect([moved.status, moved.body.credentials]).toMatchObject([200, { apiKey: [{ last4: 'efgh' }] }])
  const row = await db.provider.findUniqueOrThrow({ where: { id: provider.id } })
  expect(openCredentials(row)).toEqual({ apiKey: 'sk-another-abcdefgh' })
  expect(() => openCredentials({ ...row, id: 'prov_other' })).toThrow('does not open')
})

test('an address that is never allowed, or not without leave, is refused when it is saved', async () => {
  const refused = async (baseUrl: string, allowPrivateNetwork = true) => {
    const answer = await post('/providers', openai({ baseUrl, allowPrivateNetwork }))
    expect([baseUrl, answer.status, answer.body.errors?.[0]?.path]).toEqual([baseUrl, 400, 'baseUrl'])
  }
  await refused('http://169.254.169.254/latest')
  await refused('http://[::ffff:169.254.169.254]/')
  await refused('http://metadata.google.internal/')
  await refused('http://127.0.0.1:3000/api')
  await refused('http://localhost:4000/')
  await refused('https://10.0.0.1/v1', false)
  await refused('https://user:pw@api.example/v1')
  expect(
    (await post('/providers', openai({ baseUrl: 'http://10.0.0.1/v1', allowPrivateNetwork: true }))).status,
  ).toBe(201)
  expect((await post('/providers', openai({ credentials: {} }))).body.errors[0].path).toBe(
    'credentials.apiKey',
  )
})

test('an address without room for a secret, and a key that fits a header, are asked for when they are saved', async () => {
  const errorsOf = async (more: object) => (await post('/providers', openai(more))).body.errors
  for (const baseUrl of ['https://api.example/v1?key=secret', 'https://api.example/v1#part']) {
    expect(await errorsOf({ baseUrl })).toEqual([
      { path: 'baseUrl', message: 'ends with its path: leave out what begins with ? or #' },
    ])
  }
  for (const apiKey of ['sk-one\nx-evil: 1', 'sk-ключ', 'sk two']) {
    expect((await errorsOf({ credentials: { apiKey } }))[0].path).toBe('credentials.apiKey')
    expect((await errorsOf({ credentials: { apiKey: ['sk-good', apiKey] } }))[0].path).toMatch(
      /^credentials\.apiKey/,
    )
  }
  const pasted = await made('/providers', openai({ credentials: { apiKey: ' sk-pasted-with-a-newline\n' } }))
  expect(openCredentials(await db.provider.findUniqueOrThrow({ where: { id: pasted.id } }))).toEqual({
    apiKey: 'sk-pasted-with-a-newline',
  })
})

test('a policy of a route that nobody knows is refused, not ignored', async () => {
  const { id: providerId } = await made('/providers', openai())
  const input = { name: unique('route'), targets: [{ providerId, model: 'm' }] }
  const wrong = { timeouts: { firstTokenMS: 1_000 } }
  const problem = [{ path: 'timeouts.firstTokenMS', message: 'is not known here' }]
  expect((await post('/routes', { ...input, ...wrong })).body.errors).toEqual(problem)
  const { id } = await made('/routes', { ...input, timeouts: { firstTokenMs: 1_000 } })
  const patched = await call('PATCH', `/routes/${id}`, { token: owner, body: wrong })
  expect([patched.status, patched.body.errors]).toEqual([400, problem])
  const merged = await call('PATCH', `/routes/${id}`, { token: owner, body: { timeouts: { idleMs: 2_000 } } })
  expect(merged.body.timeouts).toEqual({
    totalMs: 600_000,
    firstTokenMs: 1_000,
    idleMs: 2_000,
    minOutputSpeed: null,
  })
})

test('a scope that no operation asks for is refused', async () => {
  const answer = await post('/access-tokens', { name: 'x', scopes: ['teams:read', 'team:read'] })
  expect(answer.body.errors).toEqual([{ path: 'scopes[1]', message: 'there is no such scope' }])
})

test('null is no body', async () => {
  const { id } = await team()
  const answer = await call('PATCH', `/teams/${id}`, { token: owner, body: null })
  expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request'])
})

test('nobody reaches beyond their own power through users or tokens', async () => {
  const { id: teamId } = await team()
  const admin = await makeUser({ role: 'admin' })
  const lead = await makeUser({ teams: { [teamId]: 'team-admin' } })
  const boss = await makeUser({ role: 'owner' })
  const user = (more: object) => ({ email: `${unique('u')}@example.com`, name: 'x', ...more })
  expect((await post('/users', user({ role: 'owner' }), admin.token)).status).toBe(403)
  const patch = (id: string, body: object, token: string) => call('PATCH', `/users/${id}`, { token, body })
  expect((await patch(boss.id, { password: 'a long new password' }, admin.token)).status).toBe(403)
  expect((await patch(boss.id, { role: null }, admin.token)).status).toBe(403)
  expect((await patch(admin.id, { role: 'owner' }, admin.token)).status).toBe(403)
  expect(
    (await post('/users', user({ role: 'viewer', teams: [{ teamId, role: 'viewer' }] }), lead.token)).status,
  ).toBe(403)
  const member = await post('/users', user({ teams: [{ teamId, role: 'developer' }] }), lead.token)
  expect(member.status).toBe(201)
  expect((await patch(member.body.id, { password: 'a long new password' }, lead.token)).status).toBe(403)
  const token = (role: string, team: string | null) => ({ name: 't', serviceAccount: { role, teamId: team } })
  expect((await post('/access-tokens', token('owner', null), admin.token)).status).toBe(403)
  expect((await post('/access-tokens', token('viewer', null), lead.token)).status).toBe(403)
  expect((await post('/access-tokens', token('team-admin', teamId), lead.token)).status).toBe(201)
  const narrow = await post(
    '/access-tokens',
    { name: 'n', scopes: ['access-tokens:write', 'teams:read'] },
    admin.token,
  )
  const wider = await post('/access-tokens', { name: 'w' }, narrow.body.secret)
  expect([wider.status, wider.body.errors[0].path]).toEqual([403, 'scopes[0]'])
})

test('somebody stays the owner, also when two owners remove each other at once', async () => {
  const owners = await db.membership.findMany({ where: { role: 'owner', teamId: null } })
  const answers = await Promise.all(
    owners.map(({ userId }) => call('PATCH', `/users/${userId}`, { token: owner, body: { role: 'viewer' } })),
  )
  expect(await db.membership.count({ where: { role: 'owner', teamId: null } })).toBeGreaterThan(0)
  expect(answers.some(({ status }) => status !== 200)).toBe(true)
  owner = (await makeUser({ role: 'owner' })).token
})

test('what was published is written back as it was, a moved provider with its credentials alone', async () => {
  const provider = await made('/providers', openai())
  const route = await made('/routes', {
    name: unique('r'),
    targets: [{ providerId: provider.id, model: 'm' }],
  })
  const price = await made('/prices', {
    providerId: provider.id,
    model: 'm',
    inputUsdPerMillion: '1',
    outputUsdPerMillion: '2',
  })
  const bodyOf = async (type: string, id: string) =>
    (await published(type, id))?.body as unknown as PublishedEntity
  const old = {
    provider: await bodyOf('provider', provider.id),
    route: await bodyOf('route', route.id),
    price: await bodyOf('price', price.id),
  }
  const now = new Date()
  await call('PATCH', `/routes/${route.id}`, {
    token: owner,
    body: { enabled: false, retries: { attempts: 0 } },
  })
  const moved = { baseUrl: 'https://other.example/v1', credentials: { apiKey: 'sk-another-abcdefgh' } }
  await call('PATCH', `/providers/${provider.id}`, { token: owner, body: moved })
  await db.$transaction(async (tx) => {
    expect((await restore(tx, old.route, { now })).entity).toEqual(old.route)
    await expect(restore(tx, old.provider, { now })).rejects.toMatchObject({ code: 'credentials_required' })
    const back = await restore(tx, old.provider, { now, credentials: { apiKey: 'sk-0123456789abcdef' } })
    expect(back.entity).toMatchObject({ baseUrl: null })
    await remove(tx, 'price', price.id, 'm')
    const again = await restore(tx, old.price, { now })
    expect(again.entity).toEqual({ ...old.price, version: 2 })
  })
})

test('a route is written whole in one change as it was made', async () => {
  const providerId = (await made('/providers', openai())).id
  const targets = [
    { providerId, model: 'm', weight: 1, priority: 0, group: 'small' },
    { providerId, model: 'n', weight: 1, priority: 1, group: null },
  ]
  const whole = {
    name: unique('r'),
    kind: 'chat',
    strategy: 'priority',
    targets,
    retries: { attempts: 2, on: ['rateLimit', 'serverError', 'timeout', 'connection'] },
    timeouts: {
      totalMs: 600_000,
      firstTokenMs: 60_000,
      idleMs: 60_000,
      minOutputSpeed: { tokensPerSecond: 5, withinMs: 1_000 },
    },
    degradation: { notify: 'header', message: null },
    cache: { mode: 'off', ttlSeconds: 3_600, partition: 'consumer', threshold: 0.95 },
    maxOutputTokens: null,
    capture: 'metadata',
    onDisconnect: 'abort',
    onLoss: 'allow',
    allowUnpriced: true,
    affinity: { by: 'header', name: 'x-session' },
    canary: { group: 'small', percent: 5 },
    rules: [{ name: 'short', when: { inputTokens: { max: 500 } }, use: 'small', only: false }],
    fallback: { contextTooLong: true, contentRefused: false },
    hedge: null,
  }
  const route = await made('/routes', whole)
  const answer = await call('PATCH', `/routes/${route.id}`, { token: owner, body: whole })
  expect(answer.status, answer.text).toBe(200)
  expect(answer.body).toEqual({ ...route, version: 2, updatedAt: answer.body.updatedAt })
})

test('what a later release brings is refused by its name', async () => {
  const provider = await post('/providers', openai({ kind: 'anthropic' }))
  expect(provider.body.errors).toEqual([
    {
      path: 'kind',
      message: '"anthropic" is not carried yet: this release takes openai, openai-compatible, sandbox',
    },
  ])
  const targets = [{ providerId: (await made('/providers', openai())).id, model: 'm' }]
  const route = await post('/routes', {
    name: unique('r'),
    kind: 'embeddings',
    capture: 'full',
    cache: { mode: 'exact' },
    targets,
  })
  expect(route.body.errors.map(({ message }: { message: string }) => message)).toEqual([
    '"embeddings" is not carried yet: this release takes chat',
    '"exact" is not carried yet: this release takes off',
    '"full" is not carried yet: this release takes none, metadata',
  ])
  const typo = await post('/providers', openai({ kind: 'opnai' }))
  expect(typo.body.errors[0].message).toContain('openai-compatible')
})

test('a time names its zone', async () => {
  const { id: consumerId } = await consumer()
  const key = (expiresAt: string) => post('/keys', { name: unique('k'), consumerId, expiresAt })
  expect((await key('2036-01-01')).body.errors).toEqual([
    { path: 'expiresAt', message: 'a date and time with its zone, such as 2026-01-31T09:00:00Z' },
  ])
  expect((await key('2036-01-01T02:00:00+02:00')).body.expiresAt).toBe('2036-01-01T00:00:00.000Z')
})
