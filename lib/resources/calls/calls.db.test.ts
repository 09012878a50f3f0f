import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { TestDatabase } from '../../../scripts/testing/postgres.ts'
import { type Call, makeUser, startTestApi } from '../../api/testing.ts'
import { newGatewayId } from '../../publish/testing.ts'
import { db, pool } from '../../server/db.ts'
import { ingest } from '../../usage/ingest.ts'
import { makePartitions } from '../../usage/partitions.ts'
import { inSequence, pricedEvent, usageEventOf } from '../../usage/testing.ts'

const gatewayId = newGatewayId()
let database: TestDatabase
let call: Call
let token: string

beforeAll(async () => {
  const started = await startTestApi()
  database = started.database
  call = started.call
  await makePartitions(pool, new Date())
  token = (await makeUser({ role: 'viewer' })).token
  await db.team.create({ data: { id: 'team_a', name: 'Search' } })
  await db.consumer.create({ data: { id: 'cons_a', name: 'Crawler', teamId: 'team_a' } })
  await db.provider.create({
    data: { id: 'prov_a', name: 'OpenAI', kind: 'openai', credentialsVersion: 'v' },
  })
})
afterAll(() => database.drop())
beforeEach(() => pool.query('TRUNCATE calls, ledger_lines, rollup_minutes, rollup_quarters'))

const book = (events: ReturnType<typeof usageEventOf>[]) =>
  ingest(pool, { gatewayId, events: inSequence(events) })
const get = async (path: string, as = token) => (await call('GET', path, { token: as })).body

test('the receipt has the arithmetic of the design, to the letter', async () => {
  const event = pricedEvent(
    { inputTokens: 1_200, cachedInputTokens: 1_000, outputTokens: 80 },
    { reservedPicoUsd: '10700000000', tags: { job: 'nightly' } },
  )
  await book([event])
  const receipt = await get(`/calls/${event.id}`)
  expect(receipt).toMatchObject({
    id: event.id,
    at: new Date(event.at).toISOString(),
    kind: 'llm',
    status: 200,
    code: null,
    teamId: 'team_a',
    teamName: 'Search',
    consumerName: 'Crawler',
    providerName: 'OpenAI',
    keyName: null,
    route: 'gpt-4o',
    usage: { inputTokens: 1_200, cachedInputTokens: 1_000, outputTokens: 80 },
    usageSource: 'provider',
    costUsd: '0.00255',
    reservedUsd: '0.0107',
    dropped: [],
    simulated: false,
    tags: { job: 'nightly' },
    gatewayId,
    sequence: 1,
    attempts: [{ providerId: 'prov_a', providerName: 'OpenAI', outcome: 'ok', costUsd: '0.00255' }],
  })
  const priceVersion = 'catalogue@test'
  expect(receipt.lines).toEqual([
    { attempt: 0, meter: 'input', quantity: 200, usdPerMillion: '2.5', costUsd: '0.0005', priceVersion },
    {
      attempt: 0,
      meter: 'cacheRead',
      quantity: 1_000,
      usdPerMillion: '1.25',
      costUsd: '0.00125',
      priceVersion,
    },
    { attempt: 0, meter: 'output', quantity: 80, usdPerMillion: '10', costUsd: '0.0008', priceVersion },
  ])
})

test('a receipt says what the route did, and nothing of what an older gateway did not tell', async () => {
  const [ok] = pricedEvent({}).attempts
  if (!ok) throw new Error('no attempt')
  const degraded = {
    requested: 'gpt-4o',
    served: 'mini',
    reason: 'timeout',
    told: 'header',
    whyNotMessage: 'json',
  } as const
  const fallback = pricedEvent(
    {},
    {
      attempts: [
        { ...ok, outcome: 'error', status: null, reason: 'timeout' },
        { ...ok, outcome: 'error', reason: 'of-a-later-release' },
        { ...ok, providerId: 'prov_b', model: 'mini' },
      ],
      degraded,
      routing: { strategy: 'rules', rule: 'Long ones', wantedProviderId: 'prov_a', wantedModel: 'gpt-4o' },
    },
  )
  const first = pricedEvent({}, { routing: { strategy: 'weighted', canary: false } })
  const old = pricedEvent({})
  await book([fallback, first, old])

  const told = await get(`/calls/${fallback.id}`)
  expect(told.degraded).toEqual(degraded)
  expect(told.routing).toEqual({
    strategy: 'rules',
    rule: 'Long ones',
    canary: null,
    wantedProviderId: 'prov_a',
    wantedModel: 'gpt-4o',
  })
  expect(told.attempts.map(({ reason }: { reason: string }) => reason)).toEqual(['timeout', 'other', null])
  // What answered was wanted.
  expect((await get(`/calls/${first.id}`)).routing).toMatchObject({
    canary: false,
    wantedProviderId: 'prov_a',
    wantedModel: ok.model,
  })
  expect(await get(`/calls/${old.id}`)).toMatchObject({
    degraded: null,
    routing: null,
    attempts: [{ reason: null }],
  })
  const { data } = await get('/calls?degraded=true')
  expect(data.map(({ id, degraded }: { id: string; degraded: unknown }) => [id, degraded])).toEqual([
    [fallback.id, degraded],
  ])
})

test('pages neither repeat nor skip while calls are booked', async () => {
  const old = Array.from({ length: 95 }, (_, n) => usageEventOf({ at: Date.now() - 10_000 - n * 3_600_000 }))
  await book(old)
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const page: { data: { id: string }[]; nextCursor: string | null } = await get(
      `/calls?limit=10${cursor ? `&cursor=${cursor}` : ''}`,
    )
    seen.push(...page.data.map((item) => item.id))
    cursor = page.nextCursor
    await book([usageEventOf(), usageEventOf()])
  } while (cursor)
  const expected = [...old].sort((a, b) => (a.id < b.id ? 1 : -1)).map((event) => event.id)
  expect(seen).toEqual(expected)
  const other = await call(
    'GET',
    `/calls?limit=10&teamId=x&cursor=${(await get('/calls?limit=10')).nextCursor}`,
    { token },
  )
  expect([other.status, other.body.code]).toEqual([400, 'invalid_cursor'])
})

test('each filter and each kind of search finds its calls and no others', async () => {
  const traceId = '0123456789abcdef0123456789abcdef'
  const events = [
    usageEventOf({ route: 'embed', requestedModel: 'text-embed', servedModel: 'text-embed-3', traceId }),
    usageEventOf({ status: 429, code: 'rate_limit_exceeded', stream: false }),
    usageEventOf({ status: 502, code: 'provider_error', teamId: 'team_b', consumerId: 'cons_b' }),
    usageEventOf({ simulated: true, kind: 'mcp', keyId: 'key_z', providerId: 'prov_z' }),
    usageEventOf({ at: Date.now() - 40 * 86_400_000, consumerId: 'cons_c' }),
  ]
  await book(events)
  const found = async (query: string) => {
    const { data } = await get(`/calls?${query}`)
    return data.map((item: { id: string }) => events.findIndex((event) => event.id === item.id)).sort()
  }
  expect(await found('')).toEqual([0, 1, 2, 3, 4])
  expect(await found('route=embed')).toEqual([0])
  expect(await found('model=text-embed')).toEqual([0])
  expect(await found('outcome=refused')).toEqual([1])
  expect(await found('outcome=error')).toEqual([2])
  expect(await found('outcome=ok')).toEqual([0, 3, 4])
  expect(await found('code=provider_error')).toEqual([2])
  expect(await found('teamId=team_b')).toEqual([2])
  expect(await found('consumerId=cons_c')).toEqual([4])
  expect(await found('keyId=key_z')).toEqual([3])
  expect(await found('providerId=prov_z')).toEqual([3])
  expect(await found('kind=mcp')).toEqual([3])
  expect(await found('stream=false')).toEqual([1])
  expect(await found('simulated=only')).toEqual([3])
  expect(await found('simulated=exclude')).toEqual([0, 1, 2, 4])
  expect(await found(`from=${new Date(Date.now() - 86_400_000).toISOString()}`)).toEqual([0, 1, 2, 3])
  expect(await found(`to=${new Date(Date.now() - 86_400_000).toISOString()}`)).toEqual([4])
  expect(await found(`q=${events[2]?.id}`)).toEqual([2])
  expect(await found(`q=${traceId}`)).toEqual([0])
  expect(await found('q=emb')).toEqual([0])
  expect(await found('q=text-embed-3')).toEqual([0])
  expect(await found('q=crawl')).toEqual([0, 1, 3])
  expect(await found('q=%25')).toEqual([])
})

test('the total of the chart is the number and the sum of the rows behind it', async () => {
  await book([
    ...Array.from({ length: 7 }, () => pricedEvent({ inputTokens: 333, outputTokens: 1 })),
    usageEventOf({ status: 429, code: 'rate_limit_exceeded' }),
    usageEventOf({ status: 499, code: 'client_closed' }),
    usageEventOf({ status: 200, code: 'provider_error' }),
  ])
  const { total } = await get('/usage?interval=hour')
  for (const [outcome, count] of [
    ['refused', total.refused],
    ['error', total.errors],
  ]) {
    expect((await get(`/calls?outcome=${outcome}`)).data).toHaveLength(count)
  }
  expect((await get('/calls')).data).toHaveLength(total.requests)
  expect(total.costUsd).toBe('0.0058975')
})

test('a call of a team that one may not see is not there', async () => {
  const mine = usageEventOf({ teamId: 'team_a' })
  const theirs = usageEventOf({ teamId: 'team_b' })
  const nobodys = usageEventOf({ teamId: null, keyId: null })
  await book([mine, theirs, nobodys])
  const { token: member } = await makeUser({ teams: { team_a: 'viewer' } })
  const { token: developer } = await makeUser({ teams: { team_a: 'developer' } })
  expect((await get('/calls', member)).data.map((item: { id: string }) => item.id)).toEqual([mine.id])
  expect((await get('/calls', developer)).data).toEqual([])
  expect((await call('GET', `/calls/${theirs.id}`, { token: member })).status).toBe(404)
  expect((await call('GET', `/calls/${mine.id}`, { token: developer })).status).toBe(404)
  expect((await call('GET', '/calls/no-uuid', { token })).status).toBe(404)
})
