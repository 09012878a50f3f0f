import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Call, makeUser, startTestApi } from '../../api/testing.ts'
import { unique } from '../../api/testing-cases.ts'
import type { ControlMessage } from '../../contract/control.ts'
import type { Simulation } from '../../contract/simulation.ts'
import { renewLease } from '../../publish/fleet.ts'
import { publishingRuntime } from '../../publish/runtime.ts'
import { leaseOf, newGatewayId } from '../../publish/testing.ts'
import { pool } from '../../server/db.ts'

let call: Call
let owner: string
let routeId: string
const leaving = new AbortController()
const EMPTY_SIMULATION: Simulation = {
  revision: 1,
  target: null,
  wanted: null,
  why: ['No target is left to ask now.'],
  fallbacks: [],
  furtherTries: 2,
  waitMs: null,
  inputTokens: 8,
  policies: [],
}

beforeAll(async () => {
  ;({ call } = await startTestApi())
  owner = (await makeUser({ role: 'owner' })).token
  const made = async (path: string, body: unknown) =>
    (await call('POST', path, { token: owner, body })).body.id as string
  const providerId = await made('/providers', { name: unique('p'), kind: 'sandbox' })
  routeId = await made('/routes', { name: unique('r'), targets: [{ providerId, model: 'm' }] })
})
afterAll(async () => {
  leaving.abort()
  await publishingRuntime().close()
})

const simulate = (body: unknown, token = owner) =>
  call('POST', `/routes/${routeId}/simulate`, { token, body })
const request = { messages: [{ role: 'user', content: 'hi' }] }

/** A gateway that is connected and answers each question so. */
async function connect(answer: (call: object) => object): Promise<void> {
  const { streams, questions } = publishingRuntime()
  const gatewayId = newGatewayId()
  await renewLease(pool, leaseOf(gatewayId))
  const query = { gatewayId, protocol: 1, version: 'test', hostname: 'host' }
  const body = streams.open(query, leaving.signal)
  void (async () => {
    let rest = ''
    for await (const chunk of body) {
      const lines = (rest + new TextDecoder().decode(chunk)).split('\n')
      rest = lines.pop() ?? ''
      for (const message of lines.map((line) => JSON.parse(line) as ControlMessage)) {
        if (message.kind === 'simulate')
          await questions.answered(message.askId, {
            gatewayId,
            askId: message.askId,
            ...answer(message.call),
          })
      }
    }
  })().catch(() => undefined)
}

test('needs a gateway, a route, and either a request or a call that there was', async () => {
  const without = await simulate({ request })
  expect([without.status, without.body.code]).toEqual([503, 'gateway_unavailable'])
  const paths = async (body: unknown) =>
    (await simulate(body)).body.errors.map(({ path }: { path: string }) => path)
  expect(await paths({})).toEqual(['request'])
  expect(await paths({ request, callId: 'x' })).toEqual(['request'])
  expect(await paths({ callId: '00000000-0000-7000-8000-000000000000' })).toEqual(['callId'])
  expect(await paths({ request, keyId: 'key_none' })).toEqual(['keyId'])
  expect(await paths({ request: { text: 'x'.repeat(200_000) } })).toEqual(['request'])
  const nowhere = await call('POST', '/routes/route_none/simulate', { token: owner, body: { request } })
  expect(nowhere.status).toBe(404)
})

test.each([
  ['tags', { '': 'x' }, 'a name is missing'],
  ['tags', { 'a b': 'x' }, '"a b" can not be the name of a tag'],
  ['tags', { constructor: 'x' }, '"constructor" can not be the name of a tag'],
  ['tags', { env: 'a,b' }, 'the value of env can not be that of a tag'],
  ['tags', Object.fromEntries(Array.from({ length: 11 }, (_, at) => [`t${at}`, ''])), 'at most 10 tags'],
  ['headers', { '': 'x' }, 'a name is missing'],
  ['headers', { 'x session': '1' }, '"x session" can not be the name of a header'],
  ['headers', { 'x-session:': '1' }, '"x-session:" can not be the name of a header'],
  ['headers', { 'X-Session': '1', 'x-session': '2' }, 'x-session is named twice'],
  ['headers', { 'x-session': 'a\r\nb: c' }, 'the value of x-session can not be that of a header'],
  ['headers', { 'X-Gatehouse-Tags': 'env=prod' }, 'what x-gatehouse-tags says is said by tags'],
  ['headers', { Authorization: 'Bearer x' }, 'what authorization says is said by keyId'],
  ['at', 'tomorrow', 'a date and time with its zone'],
])('a call that nobody could make is refused at %s: %o', async (member, value, message) => {
  const { status, body } = await simulate({ request, [member]: value })
  expect([status, body.errors]).toEqual([400, [{ path: member, message: expect.stringContaining(message) }]])
})

test('is for those who see the whole deployment', async () => {
  expect((await simulate({ request }, (await makeUser({ role: 'developer' })).token)).status).toBe(403)
})

test('tells what the gateway says, and what it minds by its place in the request', async () => {
  const seen: object[] = []
  await connect((asked) => {
    seen.push(asked)
    const { request } = asked as { request: { messages?: unknown } }
    return request.messages
      ? { simulation: EMPTY_SIMULATION, problem: null }
      : { simulation: null, problem: { message: '"messages" must be an array.', param: 'messages' } }
  })
  const told = await simulate({
    request,
    endUser: 'u1',
    tags: { env: 'prod' },
    headers: { 'X-Session': 's1' },
    at: '2026-03-01T23:30:00+01:00',
  })
  expect([told.status, told.body]).toEqual([200, EMPTY_SIMULATION])
  expect(seen).toEqual([
    {
      routeId,
      request,
      stream: false,
      inputTokens: 0,
      teamId: null,
      consumerId: null,
      keyId: null,
      endUser: 'u1',
      tags: { env: 'prod' },
      headers: { 'x-session': 's1' },
      at: Date.UTC(2026, 2, 1, 22, 30),
    },
  ])
  const minded = await simulate({ request: {} })
  expect([minded.status, minded.body.errors]).toEqual([
    400,
    [{ path: 'request.messages', message: '"messages" must be an array.' }],
  ])
})
