import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { TestDatabase } from '../../scripts/testing/postgres.ts'
import type { RowScope } from '../api/actor.ts'
import { WATCH_CHANNEL } from '../publish/channels.ts'
import { renewLease } from '../publish/fleet.ts'
import { ensureHead } from '../publish/head.ts'
import { createListener, type Listener } from '../publish/listener.ts'
import { leaseOf, newGatewayId, publishOnce, teamChange, until, useTestDatabase } from '../publish/testing.ts'
import { raiseFor, spendersOf } from '../resources/budgets/alerts.ts'
import { type LiveEvent, liveEvent } from '../resources/events/schema.ts'
import { db, pool } from '../server/db.ts'
import { ingest } from '../usage/ingest.ts'
import { inSequence, pricedEvent, usageEventOf } from '../usage/testing.ts'
import { type EventStreamOptions, openEventStream } from './event-stream.ts'
import { createHub, type Hub } from './hub.ts'

type StandingsData = Extract<LiveEvent, { event: 'standings' }>['data']
const ALL: RowScope = { teams: null, ownTeams: null, userId: null }
const gatewayId = newGatewayId()
let database: TestDatabase
let listeners: Listener[]
let hubs: [Hub, Hub]
let sequence = 1
const clients: Client[] = []

beforeAll(async () => {
  database = await useTestDatabase()
  await ensureHead(pool)
  listeners = [createListener(database.url), createListener(database.url)]
  // No test may meet the second that another has used up.
  const limits = { lingerMs: 0, callsPerSecond: 10_000 }
  hubs = listeners.map((listener) => createHub(pool, listener, limits)) as [Hub, Hub]
  for (const listener of listeners) await listener.ready(5_000)
})
afterAll(async () => {
  for (const hub of hubs) hub.close()
  for (const listener of listeners) await listener.close()
  await database.drop()
})
afterEach(() => {
  for (const client of clients.splice(0)) client.leave()
})

interface Received {
  id: string
  event: string
  data: Record<string, unknown>
  at: number
}

/** Reads the stream as a browser does, and checks each event against the schema that the console reads it by. */
class Client {
  readonly events: Received[] = []
  ended = false
  readonly #abort = new AbortController()

  constructor(hub: Hub, more: Partial<EventStreamOptions> = {}) {
    clients.push(this)
    const scope = more.scope ?? ALL
    const options = {
      scope,
      lastEventId: null,
      signal: this.#abort.signal,
      recheck: async () => scope,
      ...more,
    }
    void this.#read(openEventStream(hub, options))
  }

  of(event: string): Received[] {
    return this.events.filter((received) => received.event === event)
  }

  leave(): void {
    this.#abort.abort()
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    let rest = ''
    for await (const chunk of body) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const fields = Object.fromEntries(block.split('\n').map((text) => text.split(/: (.*)/s, 2)))
        if (!fields.event) continue
        const data = JSON.parse(fields.data)
        liveEvent.parse({ event: fields.event, data })
        this.events.push({ id: fields.id, event: fields.event, data, at: performance.now() })
      }
    }
    this.ended = true
  }
}

async function book(count: number, more: Parameters<typeof usageEventOf>[0] = {}): Promise<string[]> {
  const events = inSequence(
    Array.from({ length: count }, () => usageEventOf(more)),
    sequence,
  )
  sequence += count
  await ingest(pool, { gatewayId, events })
  return events.map((event) => event.id)
}

const callsCounted = (client: Client) =>
  client.of('usage').reduce((sum, { data }) => sum + (data.calls as number), 0)

test('a booked call reaches the listeners of every admin within 300 ms, and totals move', async () => {
  const both = hubs.map((hub) => new Client(hub))
  // The first call pays for connections and plans.
  await book(1)
  await until('it is seen', () => both.every((client) => client.of('call').length === 1))
  const started = performance.now()
  const [id] = await book(1)
  await until('it is seen', () => both.every((client) => client.of('call').length === 2))
  for (const client of both) {
    const seen = client.of('call').at(-1)
    expect(seen?.data.id).toBe(id)
    expect((seen?.at ?? 0) - started).toBeLessThan(300)
  }
  await until('totals moved', () => both.every((client) => callsCounted(client) === 2))
})

test('of a thousand calls at once at most 100 are told, and all are counted', async () => {
  const [listener] = listeners
  if (!listener) throw new Error('no listener')
  const hub = createHub(pool, listener, { lingerMs: 0 })
  const client = new Client(hub)
  await book(1_000)
  await until('all are counted', () => callsCounted(client) === 1_000)
  // 50 a second; the batch may have fallen on two seconds.
  expect(client.of('call').length).toBeLessThanOrEqual(100)
  expect(client.of('usage').length).toBeLessThanOrEqual(8)
  hub.close()
})

test('a listener hears of the teams they may see, a developer of the calls of their own keys', async () => {
  await db.user.create({ data: { id: 'user_d', email: 'd@example.com', name: 'D' } })
  await db.team.create({ data: { id: 'team_x', name: 'X' } })
  await db.consumer.create({ data: { id: 'cons_x', name: 'x', teamId: 'team_x' } })
  const key = { hash: 'h', prefix: 'gh_x', last4: 'abcd' }
  await db.apiKey.create({ data: { id: 'key_d', name: 'd', consumerId: 'cons_x', userId: 'user_d', ...key } })
  const all = new Client(hubs[0])
  const team = new Client(hubs[0], { scope: { teams: ['team_y'], ownTeams: [], userId: 'user_d' } })
  const own = new Client(hubs[0], { scope: { teams: [], ownTeams: ['team_x'], userId: 'user_d' } })
  const mine = await book(1, { teamId: 'team_x', keyId: 'key_d' })
  await book(1, { teamId: 'team_x', keyId: 'key_other' })
  const theirs = await book(1, { teamId: 'team_y', keyId: 'key_other' })
  await book(1, { teamId: null, keyId: null })
  await until(
    'all are counted',
    () => callsCounted(all) === 4 && callsCounted(team) === 1 && callsCounted(own) === 1,
  )
  expect(team.of('call').map(({ data }) => data.id)).toEqual(theirs)
  expect(own.of('call').map(({ data }) => data.id)).toEqual(mine)
})

test('a publication is told as the new state of the configuration', async () => {
  const client = new Client(hubs[1])
  const revision = await publishOnce([teamChange('team_p', `P${Math.random()}`)])
  await until('it is told', () => client.of('config').some(({ data }) => data.revision === revision))
})

test('after a break the rest is told without gap or repeat; a stranger to this process reads again', async () => {
  const first = new Client(hubs[0])
  // Keeps the ring going while the other is away.
  const other = new Client(hubs[0])
  await book(3)
  await until('seen', () => first.of('call').length === 3 && callsCounted(first) === 3)
  first.leave()
  const lastEventId = first.events.at(-1)?.id ?? ''
  const missed = await book(4)
  await until('seen by the other', () => other.of('call').length === 7)
  const again = new Client(hubs[0], { lastEventId })
  await until('resumed', () => again.of('call').length === 4)
  expect(new Set(again.of('call').map(({ data }) => data.id))).toEqual(new Set(missed))
  expect(again.of('reset')).toEqual([])

  const stranger = new Client(hubs[1], { lastEventId })
  await until('reset', () => stranger.events[0]?.event === 'reset')
})

test('what happened while nobody listened is a reset for whoever comes back', async () => {
  const client = new Client(hubs[0])
  await book(1)
  await until('seen', () => client.of('call').length === 1)
  client.leave()
  await until('left', () => client.ended)
  const lastEventId = client.events.at(-1)?.id ?? ''
  const before = hubs[0].newest
  await book(1)
  await until('it was heard of', () => hubs[0].newest > before)
  const again = new Client(hubs[0], { lastEventId })
  await until('reset', () => again.events[0]?.event === 'reset')
})

test('an alert of a budget reaches the listeners of every admin whose business it is', async () => {
  const [all, own, other] = [
    new Client(hubs[0]),
    new Client(hubs[1], { scope: { teams: [], ownTeams: ['team_p'], userId: 'user_1' } }),
    new Client(hubs[1], { scope: { teams: ['team_q'], ownTeams: [], userId: null } }),
  ]
  const budget = {
    name: 'each team',
    scopeType: 'team',
    scopeEach: true,
    amountPico: 1,
    period: 'total',
    enforcement: 'hard',
    onExhausted: 'reject',
    onUnbounded: 'reject',
    reservation: 'estimate',
    holdWaitMs: 0,
    alertAt: [1],
  }
  await db.budget.create({ data: { id: 'budget_live', ...budget } })
  const spend = async (teamId: string) => {
    const event = pricedEvent({ outputTokens: 1 }, { teamId, sequence })
    sequence += 1
    await ingest(pool, { gatewayId, events: [event] })
    await raiseFor(pool, spendersOf([event]).values(), new Date())
  }
  await spend('team_p')
  await spend('team_q')
  const heard = (client: Client) => client.of('budgetAlert').map(({ data }) => data.subject)
  await until('everybody has theirs', () => [all, own, other].every((one) => heard(one).length > 0))
  await until('the owner has both', () => heard(all).length === 2)
  expect(heard(all)).toEqual(['team_p', 'team_q'])
  expect([heard(own), heard(other)]).toEqual([['team_p'], ['team_q']])
  expect(all.of('budgetAlert')[0]?.data).toMatchObject({ budgetName: 'each team', threshold: 1, to: null })
})

test('what gateways hold and count is told as it changes, to those alone who look at it and may see it', async () => {
  const scopes = { scopeType: 'team', scopeEach: true, period: 'total' }
  const budget = {
    enforcement: 'hard',
    onExhausted: 'reject',
    onUnbounded: 'reject',
    reservation: 'estimate',
  }
  await db.budget.create({
    data: { id: 'budget_held', name: 'b', ...scopes, ...budget, amountPico: 1, holdWaitMs: 0, alertAt: [] },
  })
  const { period: _, ...ofLimit } = scopes
  await db.limit.create({
    data: { id: 'limit_near', name: 'l', ...ofLimit, metric: 'tokens', amount: 10, windowSeconds: 60 },
  })
  const looking = new Client(hubs[0], { watchesStandings: true })
  const member = new Client(hubs[1], {
    watchesStandings: true,
    scope: { teams: ['team_q'], ownTeams: [], userId: null },
  })
  const another = new Client(hubs[0])
  const tell = (pico: string, used: string) =>
    renewLease(
      pool,
      leaseOf(gatewayId, {
        held: ['team_p', 'team_q'].map((subject) => ({
          budgetId: 'budget_held',
          subject,
          startMs: 0,
          heldPicoUsd: pico,
        })),
        near: [
          { limitId: 'limit_near', subject: 'team_p', used },
          { limitId: 'prov_p/requests/60', subject: '', used: '3' },
        ],
      }),
    )
  const newest = (client: Client) => client.of('standings').at(-1)?.data as StandingsData | undefined
  const held = (subject: string, heldUsd: string) => ({
    budgetId: 'budget_held',
    subject,
    from: null,
    heldUsd,
  })
  await tell('2000000000000', '7')
  await until(
    'all of it is told',
    () => newest(looking)?.budgets.length === 2 && newest(member) !== undefined,
  )
  expect(newest(looking)).toEqual({
    budgets: [held('team_p', '2'), held('team_q', '2')],
    limits: [
      { limitId: 'limit_near', subject: 'team_p', used: 7 },
      { limitId: 'prov_p/requests/60', subject: '', used: 3 },
    ],
  })
  expect(newest(member)).toEqual({ budgets: [held('team_q', '2')], limits: [] })
  await tell('2000000000000', '8')
  await until('the change is told', () => newest(looking)?.limits[0]?.used === 8)
  expect(newest(looking)?.budgets).toEqual([])
  // Nothing is held or counted any more.
  await renewLease(pool, leaseOf(gatewayId, { held: [], near: [] }))
  await until('all is over', () => newest(looking)?.budgets.length === 2)
  expect(newest(looking)).toEqual({
    budgets: [held('team_p', '0'), held('team_q', '0')],
    limits: [
      { limitId: 'limit_near', subject: 'team_p', used: 0 },
      { limitId: 'prov_p/requests/60', subject: '', used: 0 },
    ],
  })
  expect(another.of('standings')).toEqual([])
})

test('gateways are asked to tell of changes by every admin, while somebody looks on any', async () => {
  const asked: string[] = []
  const stop = listeners[1]?.on(WATCH_CHANNEL, () => void asked.push('asked'))
  const idle = new Client(hubs[0])
  await book(1)
  await until('it is connected', () => idle.of('call').length === 1)
  expect(asked).toEqual([])
  new Client(hubs[0], { watchesStandings: true })
  await until('they are asked', () => asked.length > 0)
  stop?.()
})

test('the only listener that comes back soon hears what it missed', async () => {
  const listener = listeners[0]
  if (!listener) throw new Error('no listener')
  const hub = createHub(pool, listener)
  try {
    const client = new Client(hub)
    await book(1)
    await until('seen', () => client.of('usage').length === 1)
    const lastEventId = client.events.at(-1)?.id ?? ''
    client.leave()
    await until('left', () => client.ended)
    const [missed] = await book(1)
    const again = new Client(hub, { lastEventId })
    await until('missed one', () => again.of('call').some(({ data }) => data.id === missed))
    expect(again.of('reset')).toEqual([])
  } finally {
    hub.close()
  }
})

test('a client that takes nothing is dropped and costs no memory', async () => {
  const other = new Client(hubs[0])
  const abort = new AbortController()
  const body = openEventStream(hubs[0], {
    scope: ALL,
    lastEventId: null,
    signal: abort.signal,
    recheck: async () => ALL,
    stalledMs: 200,
  })
  const reader = body.getReader()
  await reader.read()
  await book(40)
  await until('the other sees them', () => callsCounted(other) >= 40)
  await expect(reader.closed).rejects.toThrow('takes nothing')
})

test('whoever signs out hears no more, and whoever loses a team no more of it', async () => {
  let scope: RowScope | null = { teams: ['team_y'], ownTeams: [], userId: null }
  const client = new Client(hubs[0], { scope, recheckMs: 100, recheck: async () => scope })
  await book(1, { teamId: 'team_y' })
  await until('seen', () => client.of('call').length === 1)
  scope = { teams: ['team_z'], ownTeams: [], userId: null }
  await until('the new scope counts', async () => {
    await book(1, { teamId: 'team_z' })
    return client.of('call').some(({ data }) => data.teamId === 'team_z')
  })
  const before = client.of('call').length
  await book(1, { teamId: 'team_y' })
  await book(1, { teamId: 'team_z' })
  await until('the next is seen', () => client.of('call').length > before)
  expect(
    client
      .of('call')
      .slice(before)
      .map(({ data }) => data.teamId),
  ).not.toContain('team_y')
  scope = null
  await until('ended', () => client.ended)
})

test('after the notifications broke off, listeners are told to read again, and go on', async () => {
  const client = new Client(hubs[0])
  await pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'gatehouse-admin listen'`)
  await until('reset', () => client.of('reset').length > 0)
  const [id] = await book(1)
  await until('seen', () => client.of('call').some(({ data }) => data.id === id))
})
