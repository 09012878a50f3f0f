import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestDatabase } from '../../../scripts/testing/postgres.ts'
import { type Call, makeUser, startTestApi } from '../../api/testing.ts'
import { db, pool } from '../../server/db.ts'

const MANY = 1_100
let database: TestDatabase
let call: Call
let owner: string
let developer: { id: string; token: string }

beforeAll(async () => {
  const started = await startTestApi()
  database = started.database
  call = started.call
  await db.team.createMany({
    data: [
      { id: 'team_a', name: 'A' },
      { id: 'team_b', name: 'B' },
    ],
  })
  await db.consumer.createMany({
    data: [
      { id: 'cons_a', name: 'a', teamId: 'team_a' },
      { id: 'cons_b', name: 'b', teamId: 'team_b' },
    ],
  })
  owner = (await makeUser({ role: 'owner' })).token
  developer = await makeUser({ teams: { team_a: 'developer' } })
  const key = (n: number, name: string, more: object = {}) => ({
    id: `key_${String(n).padStart(6, '0')}`,
    name,
    consumerId: 'cons_a',
    hash: String(n).padStart(64, '0'),
    prefix: 'gh_abcde',
    last4: '0000',
    createdAt: new Date(Date.UTC(2026, 0, 1) + n),
    ...more,
  })
  await db.apiKey.createMany({
    data: [
      ...Array.from({ length: MANY }, (_, n) => key(n, `nightly-batch-${n}`)),
      key(MANY, '100% Überprüfung', { userId: developer.id }),
      key(MANY + 1, 'search_index'),
      key(MANY + 2, 'other', { consumerId: 'cons_b', prefix: 'gh_Xy9zZ' }),
    ],
  })
  await pool.query('ANALYZE api_keys')
})
afterAll(() => database.drop())

async function names(query: string, token = owner): Promise<string[]> {
  const { body } = await call('GET', `/keys?${query}`, { token })
  return body.data.map((one: { name: string }) => one.name)
}

test.each([
  ['batch-1099', ['nightly-batch-1099']],
  ['TCH-1098', ['nightly-batch-1098']],
  ['überprüf', ['100% Überprüfung']],
  ['0% ', ['100% Überprüfung']],
  ['%', ['100% Überprüfung']],
  ['h_i', ['search_index']],
  ['xY9', ['other']],
  ['y9', ['other']],
  ['batch-1099 gh', []],
  ['zq', []],
  ['no such name', []],
])('a search for %s finds it anywhere in name or prefix, case aside', async (q, expected) => {
  expect(await names(`q=${encodeURIComponent(q)}`)).toEqual(expected)
})

test('what very many have is paged in the order of the list, to the end', async () => {
  const seen: string[] = []
  let cursor = ''
  do {
    const { body } = await call('GET', `/keys?q=nightly&limit=200&sort=createdAt${cursor}`, { token: owner })
    seen.push(...body.data.map((one: { name: string }) => one.name))
    cursor = body.nextCursor ? `&cursor=${body.nextCursor}` : ''
  } while (cursor)
  expect(seen).toEqual(Array.from({ length: MANY }, (_, n) => `nightly-batch-${n}`))
})

test('a search opens no more than the list does', async () => {
  expect(await names('q=xy9', developer.token)).toEqual([])
  expect(await names('q=nightly', developer.token)).toEqual([])
  expect(await names('q=prüf', developer.token)).toEqual(['100% Überprüfung'])
  expect(await names('q=prüf&teamId=team_b')).toEqual([])
  expect(await names('teamId=team_b')).toEqual(['other'])
})

test('a search is answered by the index over pieces of names', async () => {
  const client = await pool.connect()
  try {
    await client.query('SET enable_seqscan = off')
    const { rows } = await client.query(
      `EXPLAIN SELECT id FROM api_keys WHERE text_pieces(name || ' ' || prefix, '{1,2,3}') @> text_pieces('1099', '{3}')`,
    )
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('api_keys_pieces_idx')
  } finally {
    client.release(true)
  }
})
