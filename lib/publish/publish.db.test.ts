import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestDatabase } from '../../scripts/testing/postgres.ts'
import { EMPTY_HASH, entityHash, nextHash } from '../contract/content-hash.ts'
import type { Entity } from '../contract/entities.ts'
import { db, pool } from '../server/db.ts'
import { ensureHead, readHead } from './head.ts'
import { publish, type RevisionChange } from './publish.ts'
import { publishOnce, TEST_ACTOR, teamChange, useTestDatabase } from './testing.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await useTestDatabase()
  await ensureHead(pool)
})
afterAll(() => database.drop())

/** From the stored entities alone, as a gateway that starts empty would. */
async function recomputedHash(): Promise<string> {
  const { rows } = await pool.query<{ body: Entity }>('SELECT body FROM config_entities')
  return rows.reduce((hash, row) => nextHash(hash, null, entityHash(row.body)), EMPTY_HASH)
}

test('50 concurrent publishers make gapless revisions in the order of their commits, and an exact hash', async () => {
  await pool.query('CREATE TABLE commits (n serial, revision int, at timestamptz DEFAULT clock_timestamp())')
  const published = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      db.$transaction(
        async (tx) => {
          // Each makes one of its own and fights with the others over ten shared ones.
          const shared = `team_shared_${n % 10}`
          const gone = n % 7 === 3
          const revision = await publish(
            tx,
            [
              teamChange(`team_${n}`),
              gone ? { ...teamChange(shared), entity: null } : teamChange(shared, `name ${n}`),
            ],
            TEST_ACTOR,
            `change ${n}`,
          )
          await tx.$executeRaw`INSERT INTO commits (revision) VALUES (${revision})`
          return revision
        },
        { maxWait: 20_000, timeout: 20_000 },
      ),
    ),
  )
  expect([...published].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1))
  const head = await readHead(pool)
  expect(head?.revision).toBe(50)
  // Written under the head's lock, so in the order of the commits.
  const commits = await pool.query<{ revision: number }>('SELECT revision FROM commits ORDER BY at')
  expect(commits.rows.map((row) => row.revision)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1))
  expect(head?.hash).toBe(await recomputedHash())

  // What a replay of the revisions leads to is what stands there.
  const { rows } = await pool.query<{ changes: RevisionChange[]; hash: string }>(
    'SELECT changes, hash FROM config_revisions ORDER BY revision',
  )
  const state = new Map<string, unknown>()
  for (const change of rows.flatMap((row) => row.changes)) {
    expect(state.get(change.id) ?? null).toEqual(change.before)
    if (change.after) state.set(change.id, change.after)
    else state.delete(change.id)
  }
  const stored = await pool.query<{ id: string; body: unknown }>('SELECT id, body FROM config_entities')
  expect(new Map(stored.rows.map((row) => [row.id, row.body]))).toEqual(state)
  expect(rows.at(-1)?.hash).toBe(head?.hash)
})

test('what gateways would not notice makes no revision', async () => {
  const first = await publishOnce([teamChange('team_same', 'Same')])
  expect(await publishOnce([teamChange('team_same', 'Same')])).toBe(first)
  expect(await publishOnce([{ ...teamChange('team_never'), entity: null }])).toBe(first)
  expect(await publishOnce([teamChange('team_same', 'Other')])).toBe(first + 1)
  expect((await readHead(pool))?.hash).toBe(await recomputedHash())
})

test('a change that is rolled back leaves no revision and no gap', async () => {
  const before = await readHead(pool)
  await expect(
    db.$transaction(async (tx) => {
      await publish(tx, [teamChange('team_rolled_back')], TEST_ACTOR, 'never')
      throw new Error('changed my mind')
    }),
  ).rejects.toThrow('changed my mind')
  expect(await readHead(pool)).toEqual(before)
  expect(await publishOnce([teamChange('team_after')])).toBe((before?.revision ?? 0) + 1)
})

test("a provider's credentials are in no table of revisions, even when a caller passes them", async () => {
  const entity = {
    type: 'provider',
    id: 'prov_1',
    name: 'OpenAI',
    kind: 'openai',
    baseUrl: null,
    allowPrivateNetwork: false,
    options: {},
    limits: [],
    credentialsVersion: 'v1',
    credentials: { apiKey: 'canary-secret' },
  } as const
  await publishOnce([{ type: 'provider', id: 'prov_1', name: 'OpenAI', entity }])
  const { rows } = await pool.query(
    `SELECT (SELECT string_agg(changes::text, '') FROM config_revisions) || (SELECT string_agg(body::text, '') FROM config_entities) AS all`,
  )
  expect(rows[0].all).toContain('prov_1')
  expect(rows[0].all).not.toContain('canary-secret')
  expect((await readHead(pool))?.hash).toBe(await recomputedHash())
})

test('a database that was copied is a new epoch, the same one keeps its own', async () => {
  const before = await ensureHead(pool)
  expect(await ensureHead(pool)).toEqual(before)
  await pool.query(`UPDATE config_head SET epoch = 'abc-000000000000'`)
  const after = await ensureHead(pool)
  expect(after.epoch).not.toBe(before.epoch)
  expect(after.epoch.split('-')[1]).toBe(before.epoch.split('-')[1])
  expect(after.revision).toBe(before.revision)
})
