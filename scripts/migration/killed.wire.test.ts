import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { inheritedEnvironment } from '../../e2e/support/product.ts'
import { freePort } from '../free-port.ts'
import { createTestDatabase, type TestDatabase } from '../testing/postgres.ts'
import { seededRandom } from '../testing/tallies.ts'
import { schemaDifference } from './difference.ts'
import { readMigrations } from './history.ts'

/** `npm run migrate` and `npm run start:admin` as processes, ended where it hurts. */
const LONG = process.env.GATEHOUSE_TEST_LONG === '1'
const ROOT = path.join(import.meta.dirname, '../..')
const random = seededRandom('killed migrations')

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase({ empty: true })
})
afterEach(() => database.drop())

function run(script: string[], env: Record<string, string> = {}) {
  const child: ChildProcess = spawn(process.execPath, script, {
    cwd: ROOT,
    env: { ...inheritedEnvironment(), DATABASE_URL: database.url, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, ended, output: () => output }
}

const migrateProcess = () => run(['scripts/migrate.ts'])

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/** Every migration or none, and never a part of one. */
async function expectWhole(): Promise<void> {
  const [{ table }] = (await query(`SELECT to_regclass('_prisma_migrations')::text AS table`)) as [
    { table: string | null },
  ]
  const names = table
    ? await query('SELECT migration_name AS name FROM _prisma_migrations ORDER BY started_at, 1')
    : []
  const known = (await readMigrations()).map(({ name }) => name)
  expect(names.map(({ name }) => name)).toEqual(known.slice(0, names.length))
  const [{ users, calls }] = (await query(
    `SELECT to_regclass('users') IS NOT NULL AS users, to_regclass('rollup_minutes') IS NOT NULL AS calls`,
  )) as [{ users: boolean; calls: boolean }]
  expect({ users, calls }).toEqual({ users: names.length >= 1, calls: names.length >= 2 })
}

test(
  'migrations killed by SIGKILL at any moment, and run by two at once, end whole and applied once',
  async () => {
    for (let round = 0; round < (LONG ? 60 : 4); round += 1) {
      const [first, second] = [migrateProcess(), migrateProcess()]
      const begun = new Promise((resolve) => first.child.stdout?.once('data', resolve))
      // At once, while it connects, or in the middle of its SQL.
      if (random() < 0.7) await Promise.race([begun, first.ended])
      await new Promise((resolve) => setTimeout(resolve, random() * 40))
      first.child.kill('SIGKILL')
      if (random() < 0.5) second.child.kill('SIGKILL')
      await Promise.all([first.ended, second.ended])
      await expectWhole()
      if (round % 2) await query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
    }
    const both = [migrateProcess(), migrateProcess()]
    expect(await Promise.all(both.map(({ ended }) => ended))).toEqual([0, 0])
    await expectWhole()
    expect(
      await query('SELECT migration_name FROM _prisma_migrations GROUP BY 1 HAVING count(*) > 1'),
    ).toEqual([])
    expect(await schemaDifference(database.url)).toBe('')
  },
  LONG ? 300_000 : 60_000,
)

test('an admin that is older than its database does not start, says so in a sentence, and changes nothing', async () => {
  expect(await migrateProcess().ended).toBe(0)
  await query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('x', 'x', '29991231235959_later', now())`,
  )
  const started = run(['scripts/start.mjs', 'admin'], {
    GATEHOUSE_SECRET: 'a secret for tests that is long enough 0123456789',
    PORT: String(await freePort()),
  })
  expect(await started.ended).toBe(1)
  expect(started.output()).toContain(
    'This database is newer than this Gatehouse: it has the migration 29991231235959_later. Start the newer version.',
  )
  expect(await query('SELECT count(*)::int AS users FROM users')).toEqual([{ users: 0 }])
})
