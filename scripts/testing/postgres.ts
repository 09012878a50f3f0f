import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

export interface TestDatabase {
  url: string
  /** Ends every session on it and removes it; call it in afterAll. */
  drop(): Promise<void>
}

/**
 * A database of this test's own, migrated: a clone of the run's template. `empty: true` gives one without tables.
 * For `*.db.test.ts` and `*.wire.test.ts`.
 */
export async function createTestDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const server = inject('postgresUrl')
  const name = `test_${randomBytes(6).toString('hex')}`
  await execute(
    server,
    `CREATE DATABASE ${name} TEMPLATE ${options.empty ? 'template0' : 'gatehouse_template'}`,
  )
  const url = new URL(server)
  url.pathname = `/${name}`
  return {
    url: url.href,
    drop: () => execute(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
