import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { TestDatabase } from '../../scripts/testing/postgres.ts'
import { pool } from '../server/db.ts'
import { ingest } from '../usage/ingest.ts'
import { usageEventOf } from '../usage/testing.ts'
import { type Call, makeUser, startTestApi } from './testing.ts'

/** Failures that Postgres has inside a transaction, injected by a trigger that counts, and by sessions that only read. */
let call: Call
let database: TestDatabase
let owner: string

beforeAll(async () => {
  ;({ call, database } = await startTestApi())
  owner = (await makeUser({ role: 'owner' })).token
  // A sequence is not rolled back: it counts the tries.
  await pool.query(`
    CREATE SEQUENCE tries;
    CREATE TABLE injected (code text, until int);
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE wanted injected; BEGIN
        SELECT * INTO wanted FROM injected;
        IF FOUND AND nextval('tries') <= wanted.until THEN
          RAISE EXCEPTION 'injected' USING ERRCODE = wanted.code;
        END IF;
        RETURN NEW;
      END $$;
    CREATE TRIGGER fail BEFORE INSERT ON teams FOR EACH ROW EXECUTE FUNCTION fail();`)
})
afterAll(() => database.drop())
beforeEach(() => pool.query(`ALTER SEQUENCE tries RESTART; DELETE FROM injected`))

const inject = (code: string, until: number) =>
  pool.query('INSERT INTO injected VALUES ($1, $2)', [code, until])
const tries = async () => Number((await pool.query('SELECT last_value FROM tries')).rows[0].last_value)
const create = (name: string) => call('POST', '/teams', { token: owner, body: { name } })

test.each([
  ['a serialization failure', '40001'],
  ['a deadlock', '40P01'],
])('%s is repeated three times at most, and then the caller is told to', async (what, code) => {
  await inject(code, 3)
  expect((await create(`${what} that passes`)).status).toBe(201)
  expect(await tries()).toBe(4)

  await pool.query(`ALTER SEQUENCE tries RESTART; UPDATE injected SET until = 1000000`)
  const answer = await create(`${what} that stays`)
  expect([answer.status, answer.body.code, answer.headers.get('retry-after')]).toEqual([409, 'conflict', '1'])
  expect(await tries()).toBe(4)
  // A try that failed left nothing: no team, no audit entry, no revision.
  const left = await pool.query(
    `SELECT (SELECT count(*)::int FROM teams WHERE name LIKE '% that stays') AS teams,
       (SELECT count(*)::int FROM audit_log WHERE target_name LIKE '% that stays') AS entries,
       (SELECT count(*)::int FROM audit_log WHERE target_name LIKE $1) AS once`,
    [`${what} that passes`],
  )
  expect(left.rows).toEqual([{ teams: 0, entries: 0, once: 1 }])
})

test('an error that a repeat would not mend is not repeated', async () => {
  await inject('22000', 1_000_000)
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  expect((await create('never')).status).toBe(500)
  said.mockRestore()
  expect(await tries()).toBe(1)
})

/** A session of the test's own: the pools are what is tested. */
async function aside(sql: string): Promise<void> {
  const client = new pg.Client({
    connectionString: database.url,
    options: '-c default_transaction_read_only=off',
  })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

const name = () => `(SELECT format('ALTER DATABASE %I', current_database()))`
const alter = (what: string) => aside(`DO $$ BEGIN EXECUTE ${name()} || ' ${what}'; END $$`)

/** As after a failover: every connection leads to the old primary, which only reads; new ones lead to the new. */
async function failOver(): Promise<void> {
  await alter('SET default_transaction_read_only = on')
  await aside(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`)
  await expect
    .poll(async () => {
      const answers = await Promise.all(
        Array.from({ length: 30 }, () =>
          call('GET', '/teams', { token: owner }).then(({ status }) => status),
        ),
      )
      const ours = await Promise.all(
        Array.from({ length: 8 }, () => pool.query('SELECT 1').catch(() => null)),
      )
      return answers.every((status) => status === 200) && ours.every((result) => result !== null)
    })
    .toBe(true)
  await alter('RESET default_transaction_read_only')
}

test('after a failover no connection to the old primary, which only reads, is used for a change again', async () => {
  await failOver()
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => create(`after a failover ${n}`)))
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201))

  await failOver()
  const event = usageEventOf()
  const receipt = await ingest(pool, { gatewayId: 'gw_0123456789abcdef', events: [event] })
  expect(receipt.committedSequence).toBe(event.sequence)
  // What the books learned counts for the pool of the API too.
  expect((await create('after another failover')).status).toBe(201)
})

test('a database that only reads is a 503 for changes, and is read', async () => {
  await alter('SET default_transaction_read_only = on')
  await aside(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`)
  await expect.poll(async () => (await call('GET', '/teams', { token: owner })).status).toBe(200)
  const answer = await create('while it only reads')
  expect([answer.status, answer.body.code]).toEqual([503, 'database_unavailable'])
  await alter('RESET default_transaction_read_only')
  expect((await create('when it is the primary again')).status).toBe(201)
})
