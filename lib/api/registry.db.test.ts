import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { operations } from '../resources/registry.ts'
import type { Role } from '../resources/roles.ts'
import { db } from '../server/db.ts'
import type { Operation } from './operation.ts'
import { type Call, makeUser, startTestApi } from './testing.ts'
import { CALLERS, CASES, type Caller, type GoodCall, unique, type World } from './testing-cases.ts'

let call: Call
let world: World
let foreign: World
const tokens = new Map<Caller, string>()

beforeAll(async () => {
  ;({ call } = await startTestApi())
  const owner = (await makeUser({ role: 'owner' })).token
  const make = async (path: string, body: unknown) =>
    (await call('POST', path, { token: owner, body })).body.id as string
  const providerId = await make('/providers', { name: unique('provider'), kind: 'sandbox' })
  world = { call, owner, providerId, teamId: await make('/teams', { name: unique('A') }) }
  foreign = { ...world, teamId: await make('/teams', { name: unique('B') }) }
  for (const caller of CALLERS) {
    const [first = '', inTeam] = caller.split(':')
    const role = (inTeam ?? first) as Role
    const { token } = await makeUser(inTeam ? { teams: { [world.teamId]: role } } : { role })
    tokens.set(caller, token)
  }
})

const token = (caller: Caller) => tokens.get(caller) ?? ''
const caseOf = (operation: Operation) => CASES[operation.id] ?? { callers: [] }
const byId = (operation: Operation) => operation.path.includes('{')
const writes = operations.filter((operation) => operation.mode === 'write')
const withGood = (list: readonly Operation[]) => list.filter((operation) => caseOf(operation).good)
const good = async (operation: Operation, where = world): Promise<GoodCall> => {
  const make = caseOf(operation).good
  if (!make) throw new Error(`${operation.id} has no good call`)
  return make(where)
}
/** A number too, for what is numbered. */
const NO_ID = '99999999'
/** An address of the operation at which there is nothing. */
const nowhere = (operation: Operation) => operation.path.replace(/\{[^}]+\}/g, NO_ID)
const auditCount = () => db.auditEntry.count()
test('every operation stands in the table, and nothing else does', () => {
  expect(Object.keys(CASES).sort()).toEqual(operations.map(({ id }) => id).sort())
  for (const [id, { good, provedIn, session }] of Object.entries(CASES)) {
    expect([good, provedIn, session].filter(Boolean), id).toHaveLength(1)
  }
})

describe.each(operations.filter(({ permission }) => !permission.public))('$id', (operation) => {
  const { method } = operation

  test('is refused without a sign-in, and with a token that is none', async () => {
    for (const token of [null, 'gha_unknown', `gh_${'x'.repeat(43)}`]) {
      const answer = await call(method, nowhere(operation), { token })
      expect(answer.status).toBe(401)
      expect(answer.body.code).toBe('unauthenticated')
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/)
    }
  })

  test('is for the roles of the table alone', async () => {
    const open: Caller[] = []
    for (const caller of CALLERS) {
      const body = operation.body ? { nope: true } : undefined
      const answer = await call(method, `${nowhere(operation)}?nope=1`, { token: token(caller), body })
      if (answer.status !== 403) open.push(caller)
      else expect(answer.body.code).toBe('forbidden')
    }
    expect(open.sort()).toEqual([...caseOf(operation).callers].sort())
  })

  test('is refused to a token without its scope', async () => {
    const { scope } = operation.permission
    if (scope === null) return
    const [noun] = scope.split(':')
    const wrong = scope.endsWith(':write') ? [`${noun}:read`, 'nothing:write'] : ['nothing:write']
    const { token } = await makeUser({ role: 'owner' }, { scopes: wrong })
    const answer = await call(method, nowhere(operation), { token, body: operation.body ? {} : undefined })
    expect(answer.status).toBe(403)
    expect(answer.body.detail).toContain(scope)
  })

  test('names a parameter and a field that it does not know', async () => {
    const options = { token: world.owner, body: operation.body ? {} : undefined }
    const query = await call(method, `${nowhere(operation)}?nope=1`, options)
    expect(query.status).toBe(400)
    expect(query.body.errors).toContainEqual({ path: 'nope', message: expect.any(String) })
    if (method === 'GET') return
    const field = await call(method, nowhere(operation), { token: world.owner, body: { nope: 1 } })
    expect(field.status).toBe(400)
    expect(field.body.errors).toContainEqual({ path: 'nope', message: expect.any(String) })
  })
})

describe.each(withGood(operations))('$id, called well', (operation) => {
  const { method, mode } = operation

  test('answers what it says, and leaves an audit entry when it changes something', async () => {
    const { path, body } = await good(operation)
    const before = await auditCount()
    const answer = await call(method, path, { token: world.owner, body })
    expect(answer.status, answer.text).toBe(operation.status)
    expect(answer.headers.get('x-gatehouse-request-id')).toMatch(/^req_/)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const response = operation.response
    if (response instanceof z.ZodObject) response.strict().parse(answer.body)
    const grown = (await auditCount()) - before
    expect(grown).toBe(mode === 'write' ? 1 : 0)
    if (answer.status === 201) {
      expect(answer.headers.get('location')).toBe(`/api/v1${operation.path}/${answer.body.id}`)
      const read = await call('GET', `${operation.path}/${answer.body.id}`, { token: world.owner })
      expect(read.status).toBe(200)
      expect(read.headers.get('etag')).toBe(answer.headers.get('etag'))
    }
  })
})

describe.each(withGood(operations.filter(byId)))('$id, on one object', (operation) => {
  const { method } = operation

  test('is a 404 where there is nothing, and in another team', async () => {
    const here = await good(operation)
    const missing = await call(method, nowhere(operation), { token: world.owner, body: here.body })
    expect(missing.status).toBe(404)
    expect(missing.body.code).toBe('not_found')
    const ofTeams = ['teams', 'users', 'consumers', 'keys', 'accessTokens', 'auditLog'].includes(
      operation.id.split('.')[0] ?? '',
    )
    if (!ofTeams) return
    const there = await good(operation, foreign)
    const before = await auditCount()
    for (const caller of CALLERS.filter(
      (name) => name.startsWith('a:') && caseOf(operation).callers.includes(name),
    )) {
      const answer = await call(method, there.path, { token: token(caller), body: there.body })
      expect(answer.status, caller).toBe(404)
    }
    expect(await auditCount()).toBe(before)
  })
})

describe.each(withGood(writes.filter(byId)))('$id, against a newer version', (operation) => {
  test('is a 412 with the present object and changes nothing; with the right ETag it goes on', async () => {
    const { method } = operation
    const { path, body } = await good(operation)
    const before = await auditCount()
    const stale = await call(method, path, { token: world.owner, body, headers: { 'if-match': '"999"' } })
    expect(stale.status).toBe(412)
    expect(stale.body.current.version).toEqual(expect.any(Number))
    // As it is read, or a form could not lay theirs beside yours.
    if (operation.response instanceof z.ZodObject)
      operation.response.partial().strict().parse(stale.body.current)
    expect(await auditCount()).toBe(before)
    const etag = stale.headers.get('etag') ?? ''
    const weak = await call(method, path, { token: world.owner, body, headers: { 'if-match': `W/${etag}` } })
    expect(weak.status).toBe(412)
    const fresh = await call(method, path, {
      token: world.owner,
      body,
      headers: { 'if-match': `"7", ${etag}` },
    })
    expect(fresh.status).toBe(operation.status)
  })
})

describe.each(withGood(operations.filter(({ id }) => CASES[id]?.unique)))('$id, twice', (operation) => {
  test('is a 409 with the field', async () => {
    const { path, body } = await good(operation)
    expect((await call('POST', path, { token: world.owner, body })).status).toBe(201)
    const second = await call('POST', path, { token: world.owner, body })
    expect(second.status).toBe(409)
    expect(second.body.code).toBe('conflict')
    expect(second.body.errors).toEqual([
      { path: expect.stringMatching(/^(name|email|model)$/), message: 'is already taken' },
    ])
  })
})

describe.each(withGood(writes.filter(({ method }) => method === 'POST')))(
  '$id, with an Idempotency-Key',
  (operation) => {
    test('happens once; a repeat gets the same answer without secrets, another body a 422', async () => {
      const { path, body } = await good(operation)
      const headers = { 'idempotency-key': unique('idem') }
      const first = await call('POST', path, { token: world.owner, body, headers })
      expect(first.status).toBe(operation.status)
      const before = await auditCount()
      const again = await call('POST', path, { token: world.owner, body, headers })
      expect(again.status).toBe(first.status)
      expect(again.headers.get('idempotent-replayed')).toBe('true')
      expect(again.headers.get('location')).toBe(first.headers.get('location'))
      const shown = { ...first.body }
      for (const secret of operation.secrets) delete shown[secret]
      expect(again.body).toEqual(shown)
      expect(await auditCount()).toBe(before)
      if ('name' in Object(body)) {
        const other = await call('POST', path, {
          token: world.owner,
          body: { ...Object(body), name: 'x' },
          headers,
        })
        expect(other.status).toBe(422)
        expect(other.body.code).toBe('idempotency_mismatch')
      }
      const somebody = await makeUser({ role: 'owner' })
      const theirs = await call('POST', path, { token: somebody.token, body, headers })
      expect(theirs.headers.get('idempotent-replayed')).toBeNull()
    })
  },
)
