import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { db, pool } from '../server/db.ts'
import { type Answer, type Call, makeUser, startTestApi } from './testing.ts'
import { unique } from './testing-cases.ts'

let call: Call
let owner: string

beforeAll(async () => {
  ;({ call } = await startTestApi())
  owner = (await makeUser({ role: 'owner' })).token
})

const as =
  (token: string) => (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    call(method, path, { token, body, ...(headers ? { headers } : {}) })
const asOwner = (...given: Parameters<ReturnType<typeof as>>) => as(owner)(...given)
const count = (answers: Answer[]) =>
  answers.reduce<Record<number, number>>((sum, { status }) => {
    sum[status] = (sum[status] ?? 0) + 1
    return sum
  }, {})

test('a hundred creates of one name at once make one', async () => {
  const name = unique('team')
  const answers = await Promise.all(Array.from({ length: 100 }, () => asOwner('POST', '/teams', { name })))
  expect(count(answers)).toEqual({ 201: 1, 409: 99 })
  expect(await db.team.count({ where: { name } })).toBe(1)
  expect(await db.auditEntry.count({ where: { targetName: name } })).toBe(1)
})

test('a hundred requests with one Idempotency-Key make one', async () => {
  const consumer = await newConsumer()
  const body = { name: unique('key'), consumerId: consumer.id }
  const headers = { 'idempotency-key': unique('idem') }
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => asOwner('POST', '/keys', body, headers)),
  )
  expect(await db.apiKey.count({ where: { name: body.name } })).toBe(1)
  expect(answers.filter(({ body }) => body.secret)).toHaveLength(1)
  for (const answer of answers) {
    if (answer.status === 201) continue
    expect(answer.status).toBe(409)
    expect(answer.headers.get('retry-after')).toBe('1')
  }
})

test('a failed request frees its Idempotency-Key', async () => {
  const headers = { 'idempotency-key': unique('idem') }
  const body = { name: unique('consumer'), teamId: 'nothing' }
  expect((await asOwner('POST', '/consumers', body, headers)).status).toBe(400)
  expect((await asOwner('POST', '/consumers', body, headers)).status).toBe(400)
  const right = { ...body, teamId: (await newTeam()).id }
  expect((await asOwner('POST', '/consumers', right, headers)).status).toBe(201)
})

test('of many writers with one ETag, one wins and the others are told', async () => {
  const team = await newTeam()
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      asOwner('PATCH', `/teams/${team.id}`, { name: unique('renamed') }, { 'if-match': '"1"' }),
    ),
  )
  expect(count(answers)).toEqual({ 200: 1, 412: 19 })
  expect((await asOwner('GET', `/teams/${team.id}`)).body.version).toBe(2)
})

test('changes of many objects at once all become revisions, without a gap', async () => {
  const before = Number((await pool.query('SELECT max(revision) AS r FROM config_revisions')).rows[0].r)
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => asOwner('POST', '/teams', { name: unique('t') })),
  )
  const revisions = answers
    .map(({ headers }) => Number(headers.get('x-gatehouse-revision')))
    .sort((a, b) => a - b)
  expect(revisions).toEqual(Array.from({ length: 40 }, (_, at) => before + 1 + at))
  expect(answers[0]?.headers.get('x-gatehouse-applied')).toBe('0/0')
})

test('paging shows each row once while rows come and go', async () => {
  const prefix = randomUUID().slice(0, 8)
  for (let at = 0; at < 25; at++)
    await asOwner('POST', '/teams', { name: `${prefix} ${String(at).padStart(2, '0')}` })
  for (const sort of ['name', '-name', 'createdAt', '-createdAt']) {
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const query: string = `/teams?limit=10&q=${prefix}&sort=${sort}${cursor ? `&cursor=${cursor}` : ''}`
      const { body } = await asOwner('GET', query)
      seen.push(...body.data.map((team: { name: string }) => team.name))
      cursor = body.nextCursor
      const extra = await asOwner('POST', '/teams', { name: `${prefix} 00 extra` })
      await asOwner('DELETE', `/teams/${extra.body.id}`)
    } while (cursor)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.length).toBe(25)
    if (sort === 'name') expect(seen).toEqual([...seen].sort())
  }
})

test('a cursor that was altered, or is of another list, sort or filter, is a 400', async () => {
  await newTeam()
  await newTeam()
  const { nextCursor } = (await asOwner('GET', '/teams?limit=1')).body
  expect((await asOwner('GET', `/teams?limit=1&cursor=${nextCursor}`)).status).toBe(200)
  const [text, signature] = nextCursor.split('.')
  const other = Buffer.from(JSON.stringify(['2020-01-01T00:00:00.000Z', ''])).toString('base64url')
  for (const path of [
    `/teams?cursor=${other}.${signature}`,
    `/teams?cursor=${text}.${'x'.repeat(22)}`,
    `/teams?cursor=${text}`,
    '/teams?cursor=%00',
    `/teams?sort=name&cursor=${nextCursor}`,
    `/teams?q=a&cursor=${nextCursor}`,
    `/consumers?cursor=${nextCursor}`,
  ]) {
    const answer = await asOwner('GET', path)
    expect(answer.status, path).toBe(400)
  }
})

test('search takes %, _ and \\ for what they are', async () => {
  const team = await asOwner('POST', '/teams', { name: unique('100%_\\') })
  const found = async (q: string) =>
    (await asOwner('GET', `/teams?q=${encodeURIComponent(q)}`)).body.data.map(({ id }: { id: string }) => id)
  expect(await found('100%_\\')).toEqual([team.body.id])
  expect(await found('1%\\')).toEqual([])
  expect(await found('100_')).toEqual([])
})

test('a body that is not plain JSON is refused with its own code', async () => {
  const send = (body: string, type = 'application/json') =>
    call('POST', '/teams', { token: owner, body, headers: { 'content-type': type } })
  expect((await send('{"name":"a","name":"b"}')).body.code).toBe('invalid_json')
  expect((await send('{"name":')).body.code).toBe('invalid_json')
  expect((await send('[]')).body.code).toBe('invalid_request')
  expect((await send(`${'['.repeat(100)}${']'.repeat(100)}`)).body.code).toBe('invalid_json')
  expect((await send('{"name":"a"}', 'text/plain')).status).toBe(415)
  expect((await send('name=a', 'application/x-www-form-urlencoded')).status).toBe(415)
  expect((await send(`{"name":"${'a'.repeat(1_100_000)}"}`)).status).toBe(413)
  expect((await send('{"name":"a\\u0000b"}')).body.errors).toEqual([
    { path: 'name', message: 'has a character that cannot be stored' },
  ])
  expect((await send('{"name":"\\ud800"}')).status).toBe(400)
  expect((await send('{"__proto__":{"name":"x"},"name":"a"}')).status).toBe(400)
})

test('a secret in a broken body is not in the answer', async () => {
  const answer = await call('POST', '/providers', {
    token: owner,
    body: '{"name":"x","credentials":{"apiKey":"sk-canary-broken"} oops',
  })
  expect(answer.status).toBe(400)
  expect(answer.text).not.toContain('canary')
})

test('what a method or an address does not know is told apart', async () => {
  const method = await asOwner('PUT', '/teams', {})
  expect(method.status).toBe(405)
  expect(method.headers.get('allow')).toBe('GET, POST')
  expect((await asOwner('GET', '/nothing')).status).toBe(404)
  expect((await asOwner('GET', '/teams/')).status).toBe(404)
  expect((await asOwner('GET', '/teams/%ff')).status).toBe(404)
  expect((await asOwner('GET', '/Teams')).status).toBe(404)
  expect((await asOwner('GET', '/teams?limit=1&limit=2')).status).toBe(400)
  const head = await asOwner('HEAD', '/teams')
  expect([head.status, head.text]).toEqual([200, ''])
})

test('a page, too, has an ETag that names what is on it', async () => {
  const name = unique('team')
  const path = `/teams?q=${name}&cursor=`
  const empty = await asOwner('GET', path)
  const etag = empty.headers.get('etag') ?? ''
  expect(etag).toMatch(/^W\/"[\w-]+"$/)
  const same = await asOwner('GET', path, undefined, { 'if-none-match': etag })
  expect([same.status, same.text, same.headers.get('etag')]).toEqual([304, '', etag])
  await asOwner('POST', '/teams', { name })
  const grown = await asOwner('GET', path, undefined, { 'if-none-match': etag })
  expect([grown.status, grown.body.data.length]).toEqual([200, 1])
})

test('an unchanged object is a 304', async () => {
  const team = await newTeam()
  const answer = await asOwner('GET', `/teams/${team.id}`, undefined, { 'if-none-match': 'W/"1"' })
  expect([answer.status, answer.text, answer.headers.get('etag')]).toEqual([304, '', '"1"'])
})

test('fields that are not the caller’s to set are refused', async () => {
  const team = await newTeam()
  for (const field of ['id', 'version', 'createdAt', 'revision', 'keyCount']) {
    expect((await asOwner('PATCH', `/teams/${team.id}`, { [field]: 1 })).status, field).toBe(400)
  }
  const consumer = await newConsumer()
  expect((await asOwner('PATCH', `/consumers/${consumer.id}`, { teamId: team.id })).status).toBe(400)
  const key = await asOwner('POST', '/keys', { name: 'k', consumerId: consumer.id })
  for (const field of ['hash', 'secret', 'consumerId', 'revokedAt', 'prefix']) {
    expect((await asOwner('PATCH', `/keys/${key.body.id}`, { [field]: 'x' })).status, field).toBe(400)
  }
})

test('a PATCH keeps what is absent and clears what is null', async () => {
  const team = await newTeam()
  const made = await asOwner('POST', '/consumers', {
    name: unique('c'),
    teamId: team.id,
    description: 'about',
    enabled: false,
  })
  const renamed = await asOwner('PATCH', `/consumers/${made.body.id}`, { name: unique('d') })
  expect([renamed.body.description, renamed.body.enabled]).toEqual(['about', false])
  const cleared = await asOwner('PATCH', `/consumers/${made.body.id}`, { description: null })
  expect([cleared.body.description, cleared.body.enabled]).toEqual([null, false])
})

test('no secret is in any table, list, audit entry or replay', async () => {
  const canary = `canary-${randomUUID()}`
  const headers = () => ({ 'idempotency-key': unique('idem') })
  const secrets = [canary]
  const consumer = await newConsumer()
  const key = await asOwner('POST', '/keys', { name: unique('k'), consumerId: consumer.id }, headers())
  const rotated = await asOwner('POST', `/keys/${key.body.id}/rotate`, { graceSeconds: 60 }, headers())
  const token = await asOwner('POST', '/access-tokens', { name: unique('t') }, headers())
  secrets.push(key.body.secret, rotated.body.secret, token.body.secret)
  const apiKey = `sk-${canary}`
  const provider = { name: unique('p'), kind: 'openai', credentials: { apiKey } }
  const made = await asOwner('POST', '/providers', provider, headers())
  await asOwner('PATCH', `/providers/${made.body.id}`, { credentials: { apiKey: [apiKey, `${apiKey}2`] } })
  const user = { email: `${unique('u')}@example.com`, name: 'x', password: canary }
  expect((await asOwner('POST', '/users', user, headers())).status).toBe(201)

  const dump = await dumpAll()
  const lists = await Promise.all(
    ['/keys', '/providers', '/access-tokens', '/users', '/audit-log'].map((path) =>
      asOwner('GET', `${path}?limit=200`),
    ),
  )
  const text = [dump, made.text, ...lists.map((list) => list.text)].join('\n')
  expect(text).toContain(key.body.id)
  for (const secret of secrets) expect(text.includes(secret)).toBe(false)
  const where = { targetId: made.body.id, action: 'provider.update' }
  const entry = await db.auditEntry.findFirstOrThrow({ where })
  expect(entry.difference).toMatchObject({ credentials: ['set', 'changed'] })
})

test('the audit log takes no change, not even by SQL', async () => {
  await newTeam()
  await expect(pool.query(`UPDATE audit_log SET actor_name = 'nobody'`)).rejects.toThrow('append-only')
  await expect(pool.query('DELETE FROM audit_log')).rejects.toThrow('append-only')
  await expect(pool.query('TRUNCATE audit_log')).rejects.toThrow('append-only')
})

async function newTeam(): Promise<{ id: string }> {
  return (await asOwner('POST', '/teams', { name: unique('team') })).body
}

async function newConsumer(): Promise<{ id: string }> {
  return (await asOwner('POST', '/consumers', { name: unique('consumer'), teamId: (await newTeam()).id }))
    .body
}

/** Every row of every table as text. */
async function dumpAll(): Promise<string> {
  const tables = await pool.query(
    `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'`,
  )
  const rows: string[] = []
  for (const { name } of tables.rows) {
    const { rows: found } = await pool.query(`SELECT t::text AS row FROM ${name} t`)
    rows.push(...found.map(({ row }: { row: string }) => row))
  }
  return rows.join('\n')
}
