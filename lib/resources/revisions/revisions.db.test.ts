import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestDatabase } from '../../../scripts/testing/postgres.ts'
import { type Call, makeUser, startTestApi } from '../../api/testing.ts'
import { EMPTY_HASH, entityHash, nextHash } from '../../contract/content-hash.ts'
import type { Entity } from '../../contract/entities.ts'
import { ensureHead } from '../../publish/head.ts'
import { publishingRuntime } from '../../publish/runtime.ts'
import { pool } from '../../server/db.ts'

let database: TestDatabase
let api: Call
let token: string

beforeAll(async () => {
  const started = await startTestApi()
  database = started.database
  api = started.call
  await ensureHead(pool)
  token = (await makeUser({ role: 'admin' })).token
})
afterAll(async () => {
  await publishingRuntime().close()
  await database.drop()
})

async function call(method: string, path: string, body?: unknown, status = method === 'POST' ? 201 : 200) {
  const answer = await api(method, path, { token, ...(body === undefined ? {} : { body }) })
  expect([answer.status, answer.status === status ? '' : answer.text]).toEqual([status, ''])
  return answer
}

async function revision(): Promise<number> {
  return (await call('GET', '/config/status')).body.revision
}

async function entities(): Promise<Map<string, unknown>> {
  const { rows } = await pool.query<{ type: string; id: string; body: Entity }>(
    'SELECT type, id, body FROM config_entities',
  )
  const head = await pool.query<{ hash: string }>('SELECT hash FROM config_head')
  expect(rows.reduce((hash, row) => nextHash(hash, null, entityHash(row.body)), EMPTY_HASH)).toBe(
    head.rows[0]?.hash,
  )
  return new Map(rows.map((row) => [`${row.type} ${row.id}`, row.body]))
}

async function makeAll(name: string) {
  const team = (await call('POST', '/teams', { name: `Team ${name}` })).body
  const consumer = (await call('POST', '/consumers', { name: 'app', teamId: team.id })).body
  const credentials = { apiKey: 'sk-canary-0123456789' }
  const provider = (await call('POST', '/providers', { name: `OpenAI ${name}`, kind: 'openai', credentials }))
    .body
  const target = { providerId: provider.id, model: 'gpt-4o' }
  const route = (
    await call('POST', '/routes', { name: `route-${name}`, strategy: 'priority', targets: [target] })
  ).body
  return { team, consumer, provider, route }
}

test('a revision tells what changed, by whom and field by field, and no secret', async () => {
  const { team, route } = await makeAll('diff')
  const key = (
    await call('POST', '/keys', {
      name: 'k',
      consumerId: (await call('GET', `/consumers?teamId=${team.id}`)).body.data[0].id,
    })
  ).body
  await call('POST', `/keys/${key.id}/rotate`, { graceSeconds: 60 }, 200)
  const rotation = await revision()
  const diff = (await call('GET', `/revisions/${rotation}/diff`)).body
  expect(diff).toMatchObject({
    from: rotation - 1,
    to: rotation,
    changes: [{ type: 'key', id: key.id, op: 'update' }],
  })
  const hash = diff.changes[0].fields.find((field: { path: string }) => field.path === 'hash')
  expect(hash).toEqual({ path: 'hash', before: '(hidden)', after: '(hidden)' })

  await call('PATCH', `/routes/${route.id}`, {
    maxOutputTokens: 100,
    timeouts: { totalMs: 5_000, firstTokenMs: 60_000, idleMs: 60_000 },
  })
  const last = await revision()
  const changed = (await call('GET', `/revisions/${last}/diff`)).body.changes[0].fields
  expect(changed).toEqual([
    { path: 'maxOutputTokens', before: null, after: 100 },
    { path: 'timeouts.totalMs', before: 600_000, after: 5_000 },
  ])
  // Backwards, the same the other way round.
  const back = (await call('GET', `/revisions/${last - 1}/diff?against=${last}`)).body.changes[0].fields
  expect(back).toContainEqual({ path: 'maxOutputTokens', before: 100, after: null })
  const list = await call('GET', '/revisions?limit=3')
  expect(list.body.data.map((item: { revision: number }) => item.revision)).toEqual([
    last,
    last - 1,
    last - 2,
  ])
  const next = await call('GET', `/revisions?limit=3&cursor=${list.body.nextCursor}`)
  expect(next.body.data[0].revision).toBe(last - 3)
  for (const item of list.body.data) expect(item.actorName).toMatch(/^User/)
  const all = await pool.query(`SELECT string_agg(changes::text, '') AS all FROM config_revisions`)
  expect(all.rows[0].all).not.toContain('sk-canary')
  expect((await call('GET', '/revisions/99999', undefined, 404)).body.code).toBe('not_found')
})

test('a roll-back brings everything back in one revision, save keys', async () => {
  const { team, consumer, route, provider } = await makeAll('roll')
  const key = (await call('POST', '/keys', { name: 'k', consumerId: consumer.id })).body
  const before = await entities()
  const target = await revision()

  await call('PATCH', `/teams/${team.id}`, { name: 'Renamed' })
  await call('PATCH', `/routes/${route.id}`, { maxOutputTokens: 7 })
  await call('DELETE', `/keys/${key.id}`, undefined, 204)
  const replaced = await makeAll('later')
  await call('DELETE', `/routes/${route.id}`, undefined, 204)
  // Its name is taken by what the roll-back removes.
  await call('POST', '/routes', {
    name: route.name,
    strategy: 'priority',
    targets: [{ providerId: provider.id, model: 'm' }],
  })
  const head = await revision()

  const answer = await call('POST', `/revisions/${target}/rollback`, {}, 200)
  expect(answer.body.revision).toBe(head + 1)
  expect(answer.headers.get('x-gatehouse-revision')).toBe(String(head + 1))
  expect(await revision()).toBe(head + 1)
  const after = await entities()
  before.delete(`key ${key.id}`)
  expect(after).toEqual(before)
  expect((await call('GET', `/routes/${route.id}`)).body.maxOutputTokens).toBe(null)
  expect((await call('GET', `/teams/${team.id}`)).body.name).toBe(team.name)
  await call('GET', `/providers/${replaced.provider.id}`, undefined, 404)
  const audit = (await call('GET', '/audit-log?limit=1')).body.data[0]
  expect(audit).toMatchObject({ action: 'revision.rollback', targetId: String(target) })
  // Again, there is nothing left to do.
  expect((await call('POST', `/revisions/${target}/rollback`, {}, 409)).body.code).toBe('conflict')
})

test('a stored secret never goes to another address by a roll-back', async () => {
  const { provider } = await makeAll('moved')
  const target = await revision()
  const credentials = { apiKey: 'sk-other-0123456789' }
  await call('PATCH', `/providers/${provider.id}`, {
    baseUrl: 'https://elsewhere.example.com/v1',
    credentials,
  })
  const head = await revision()
  const refused = await call('POST', `/revisions/${target}/rollback`, {}, 400)
  expect(refused.body).toMatchObject({
    code: 'credentials_required',
    errors: [{ path: `credentials.${provider.id}` }],
  })
  expect(await revision()).toBe(head)
  await call(
    'POST',
    `/revisions/${target}/rollback`,
    { credentials: { [provider.id]: { apiKey: 'sk-new-0123456789' } } },
    200,
  )
  expect((await call('GET', `/providers/${provider.id}`)).body).toMatchObject({
    baseUrl: null,
    credentials: { apiKey: [{ last4: '6789', setAt: expect.any(String) }] },
  })
})

test('two roll-backs at once do not mix', async () => {
  const { team } = await makeAll('twice')
  const first = await revision()
  await call('PATCH', `/teams/${team.id}`, { name: 'Second' })
  const second = await revision()
  await call('PATCH', `/teams/${team.id}`, { name: 'Third' })
  const answers = await Promise.all(
    [first, second].map((id) => api('POST', `/revisions/${id}/rollback`, { token, body: {} })),
  )
  expect(answers.map((answer) => answer.status)).toEqual([200, 200])
  const names = [team.name, 'Second']
  expect(names).toContain((await call('GET', `/teams/${team.id}`)).body.name)
  await entities()
})
