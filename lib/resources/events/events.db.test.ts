import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestDatabase } from '../../../scripts/testing/postgres.ts'
import { createApi } from '../../api/execute.ts'
import { type Call, makeUser, startTestApi, TEST_ORIGIN } from '../../api/testing.ts'
import { liveHub } from '../../live/live-hub.ts'
import { ensureHead } from '../../publish/head.ts'
import { publishingRuntime } from '../../publish/runtime.ts'
import { newGatewayId, until } from '../../publish/testing.ts'
import { db, pool } from '../../server/db.ts'
import { ingest } from '../../usage/ingest.ts'
import { usageEventOf } from '../../usage/testing.ts'
import { operations } from '../registry.ts'

let database: TestDatabase
let call: Call

beforeAll(async () => {
  const started = await startTestApi()
  database = started.database
  call = started.call
  await ensureHead(pool)
  await publishingRuntime().listener.ready(5_000)
})
afterAll(async () => {
  liveHub().close()
  await publishingRuntime().close()
  await database.drop()
})

test('the stream is one of the management API: signed in, with the scope, and ends with its request', async () => {
  expect((await call('GET', '/events')).status).toBe(401)
  const { token: narrow } = await makeUser({ role: 'viewer' }, { scopes: ['teams:read'] })
  expect((await call('GET', '/events', { token: narrow })).status).toBe(403)

  await db.team.create({ data: { id: 'team_a', name: 'A' } })
  const { token } = await makeUser({ teams: { team_a: 'viewer' } })
  const abort = new AbortController()
  const headers = { authorization: `Bearer ${token}` }
  const response = await createApi(operations)(
    new Request(`${TEST_ORIGIN}/api/v1/events`, { headers, signal: abort.signal }),
  )
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
  expect(response.headers.get('cache-control')).toBe('no-store, no-transform')
  let text = ''
  let ended = false
  const reading = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true })
    ended = true
  })()
  const mine = usageEventOf({ teamId: 'team_a' })
  const theirs = usageEventOf({ teamId: 'team_b' })
  for (const event of [theirs, mine]) await ingest(pool, { gatewayId: newGatewayId(), events: [event] })
  await until('the call is told', () => text.includes(mine.id))
  expect(text).not.toContain(theirs.id)
  abort.abort()
  await until('it ended', () => ended)
  await reading
})
