import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../testing/postgres.ts'
import { connectionProblem, migrate } from './apply.ts'
import { schemaDifference } from './difference.ts'
import { type Migration, readMigrations } from './history.ts'
import { openSchemaEngine } from './schema-engine.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase({ empty: true })
})
afterEach(() => database.drop())

function migration(name: string, sql: string): Migration {
  return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

const FUNCTION_WITH_SEMICOLONS = `
  -- a comment; with a semicolon
  CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN n := n * 2; RETURN n; END $$;
  CREATE TABLE things (id int PRIMARY KEY, note text DEFAULT ';');`

test('a script is applied whole, semicolons in strings, comments and functions included', async () => {
  const list = [migration('1_things', FUNCTION_WITH_SEMICOLONS)]
  expect(await migrate(database.url, { migrations: list })).toEqual(['1_things'])
  expect(await query('SELECT twice(21) AS answer')).toEqual([{ answer: 42 }])
  expect(await migrate(database.url, { migrations: list })).toEqual([])
})

test('five starts at once apply each migration once', async () => {
  const list = [migration('1_a', 'CREATE TABLE a (id int)'), migration('2_b', 'CREATE TABLE b (id int)')]
  const results = await Promise.all(
    Array.from({ length: 5 }, () => migrate(database.url, { migrations: list })),
  )
  expect(results.flat().sort()).toEqual(['1_a', '2_b'])
  expect(await query('SELECT count(*)::int AS n FROM _prisma_migrations')).toEqual([{ n: 2 }])
})

test('a migration that fails in the middle leaves nothing behind and names its line', async () => {
  const list = [migration('1_a', 'CREATE TABLE a (id int);\nCREATE TABLE b (id nonsense);')]
  await expect(migrate(database.url, { migrations: list })).rejects.toThrow(
    /1_a failed and was undone.*line 2/,
  )
  expect(await query(`SELECT to_regclass('a') AS a`)).toEqual([{ a: null }])
  expect(await migrate(database.url, { migrations: [migration('1_a', 'CREATE TABLE a (id int)')] })).toEqual([
    '1_a',
  ])
})

test('a process killed in the middle of a migration leaves it unapplied', async () => {
  const list = [migration('1_a', 'CREATE TABLE a (id int); SELECT pg_sleep(60);')]
  const running = migrate(database.url, { migrations: list })
  const failed = expect(running).rejects.toThrow(/1_a failed and was undone/)
  await expect
    .poll(() =>
      query(`SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity
             WHERE datname = current_database() AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()`),
    )
    .toEqual([{ ended: true }])
  await failed
  expect(await query(`SELECT to_regclass('a') AS a`)).toEqual([{ a: null }])
  expect(await query('SELECT * FROM _prisma_migrations')).toEqual([])
})

test('an unfinished migration of another tool, a changed file and a newer database are refused in a sentence', async () => {
  const a = migration('1_a', 'CREATE TABLE a (id int)')
  await migrate(database.url, { migrations: [a] })
  await expect(migrate(database.url, { migrations: [{ ...a, checksum: 'other' }] })).rejects.toThrow(
    'The migration 1_a was changed after this database had applied it',
  )
  await expect(migrate(database.url, { migrations: [] })).rejects.toThrow('newer than this Gatehouse')
  await query('UPDATE _prisma_migrations SET finished_at = NULL')
  await expect(migrate(database.url, { migrations: [a] })).rejects.toThrow('The migration 1_a was started at')
})

test("Prisma's own engine finds the history complete", async () => {
  const migrations = await readMigrations()
  await migrate(database.url)
  const { engine, close } = await openSchemaEngine(
    database.url,
    await readFile('prisma/schema.prisma', 'utf8'),
  )
  const state = await engine
    .diagnoseMigrationHistory({
      migrationsList: {
        baseDir: 'prisma/migrations',
        lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"' },
        shadowDbInitScript: '',
        migrationDirectories: migrations.map(({ name, sql }) => ({
          path: name,
          migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
        })),
      },
      optInToShadowDatabase: false,
      filters: { externalTables: [], externalEnums: [] },
    })
    .finally(close)
  expect(state).toMatchObject({ history: null, failedMigrationNames: [], editedMigrationNames: [] })
})

test('the migrations lead to the schema: nothing is left to migrate', async () => {
  await migrate(database.url)
  expect(await schemaDifference(database.url)).toBe('')
})

test('the comparison sees a missing column and leaves partitioned tables made by hand alone', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-schema-'))
  try {
    const file = path.join(folder, 'schema.prisma')
    const schema = (extra: string) =>
      `datasource db {\n provider = "postgresql"\n}\nmodel Thing {\n id Int @id\n ${extra}\n @@map("things")\n}\n`
    await query(`CREATE TABLE things (id int NOT NULL, CONSTRAINT things_pkey PRIMARY KEY (id));
      CREATE TABLE calls (day date, id uuid, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
      CREATE TABLE calls_default PARTITION OF calls DEFAULT;
      CREATE TABLE calls_today PARTITION OF calls FOR VALUES FROM ('2026-01-01') TO ('2026-01-02');`)
    await writeFile(file, schema(''))
    expect(await schemaDifference(database.url, file)).toBe('')
    await writeFile(file, schema('note String'))
    expect(await schemaDifference(database.url, file)).toMatch(
      /ALTER TABLE "things" ADD COLUMN +"note" TEXT NOT NULL/,
    )
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('why a database cannot be used is one sentence without its password', async () => {
  const url = 'postgresql://me:hunter2@127.0.0.1:1/books'
  const refused = await migrate(url).catch((error: Error) => error.message)
  expect(refused).toBe(
    'DATABASE_URL: the database books at 127.0.0.1:1 refuses connections: is Postgres running there?',
  )
  const wrong = new URL(database.url)
  wrong.password = 'wrong'
  const denied = await migrate(wrong.href).catch((error: Error) => error.message)
  expect(denied).toContain('does not accept this user and password')
  expect(denied).not.toContain('wrong')
  const missing = new URL(database.url)
  missing.pathname = '/nowhere'
  expect(await migrate(missing.href).catch((error: Error) => error.message)).toContain('nowhere')
  expect(connectionProblem('not a url', {})).toContain('not a URL')
})
