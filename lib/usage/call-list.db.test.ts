import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestDatabase } from '../../scripts/testing/postgres.ts'
import { newGatewayId, useTestDatabase } from '../publish/testing.ts'
import { callFilters } from '../resources/calls/schema.ts'
import { pool } from '../server/db.ts'
import { listCalls } from './call-list.ts'
import { ingest } from './ingest.ts'
import { makePartitions } from './partitions.ts'
import { inSequence, usageEventOf } from './testing.ts'

const DAY_MS = 86_400_000
const DAYS = 40
const NOON = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS / 2
const at = (daysAgo: number) => NOON - daysAgo * DAY_MS
const partition = (ms: number) => `calls_${new Date(ms).toISOString().slice(0, 10).replaceAll('-', '')}`
const ALL = { teams: null, ownTeams: null, userId: null }
let database: TestDatabase

beforeAll(async () => {
  database = await useTestDatabase()
  for (let day = 0; day < DAYS; day += 1) await makePartitions(pool, new Date(at(day)))
  const calls = Array.from({ length: DAYS }, (_, day) =>
    usageEventOf({
      at: at(day),
      route: day === 17 ? 'rare-route' : 'gpt-4o',
      requestedModel: day === 23 ? 'asked-for' : day === 17 ? 'rare-route' : 'gpt-4o',
      code: day === 30 ? 'provider_timeout' : null,
      status: day === 30 ? 502 : 200,
      kind: day === 12 ? 'mcp' : 'llm',
      stream: day !== 9,
      degraded: day === 6 ? { requested: 'm', served: 'n', reason: 'timeout', told: 'header' } : null,
    }),
  )
  await ingest(pool, { gatewayId: newGatewayId(), events: inSequence(calls.reverse()) })
})
afterAll(() => database.drop())

/** The rows that a search gives, and the partitions that its statements read. */
async function search(query: Record<string, string>, limit = 50): Promise<{ found: number; read: string[] }> {
  const read = new Set<string>()
  const watched = {
    async query(text: string | { text: string; values: unknown[] }, values?: unknown[]) {
      const asked = typeof text === 'string' ? { text, values: values ?? [] } : text
      if (/SELECT day, id, at/.test(asked.text)) {
        const plan = await pool.query(`EXPLAIN ${asked.text}`, asked.values)
        for (const row of plan.rows) {
          const name = / on (calls_\d{8})/.exec(row['QUERY PLAN'])?.[1]
          if (name) read.add(name)
        }
      }
      return pool.query(text as string, values)
    },
  }
  const { q, ...filters } = query
  const { data } = await listCalls(
    watched as unknown as pg.Pool,
    { ...callFilters.parse(filters), limit, q },
    ALL,
  )
  return { found: data.length, read: [...read] }
}

test.each([
  [{ route: 'rare-route' }, 17],
  [{ q: 'RARE-' }, 17],
  [{ model: 'asked-for' }, 23],
  [{ q: 'asked' }, 23],
  [{ code: 'provider_timeout' }, 30],
  [{ outcome: 'error' }, 30],
  [{ kind: 'mcp' }, 12],
  [{ stream: 'false' }, 9],
  [{ degraded: 'true' }, 6],
  [{ from: new Date(at(20) - 1).toISOString(), to: new Date(at(20) + 1).toISOString() }, 20],
] as [Record<string, string>, number][])(
  'a search for %o reads the one day that has it',
  async (query, day) => {
    expect(await search(query)).toEqual({ found: 1, read: [partition(at(day))] })
  },
)

test.each([
  { route: 'no-such-route' },
  { providerId: 'no-such-provider' },
  { model: 'no-such-model' },
  { kind: 'http' },
  { code: 'no_such_code' },
  { simulated: 'only' },
  { q: 'no such name' },
  { route: 'rare-route', code: 'provider_timeout' },
] as Record<string, string>[])('a search for %o, which nothing can match, reads no day', async (query) => {
  expect(await search(query)).toEqual({ found: 0, read: [] })
})

test('the newest calls are looked for in few days, and older ones only for a page that is not full', async () => {
  expect(await search({}, 1)).toEqual({ found: 1, read: [partition(at(0)), partition(at(1))] })
  const all = await search({})
  expect([all.found, all.read.length]).toEqual([DAYS, DAYS])
})
