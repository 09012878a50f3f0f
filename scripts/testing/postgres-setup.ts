import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { migrate } from '../migration/apply.ts'
import { type ScratchPostgres, startScratchPostgres } from '../postgres/scratch.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The server's maintenance database; createTestDatabase() is what tests use. */
    postgresUrl: string
  }
}

const TEMPLATE = 'gatehouse_template'

interface Shared {
  server: Promise<ScratchPostgres>
  users: number
}

// Each vitest project loads this file for itself: what they share can't be a variable of the module.
const shared = globalThis as typeof globalThis & { gatehouseTestPostgres?: Shared }

/** One Postgres for the whole run, with a migrated template database that each test file clones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.gatehouseTestPostgres ??= { server: startServer(), users: 0 }
  const mine = shared.gatehouseTestPostgres
  mine.users += 1
  const server = await mine.server
  project.provide('postgresUrl', server.url)
  return async () => {
    mine.users -= 1
    if (mine.users > 0) return
    delete shared.gatehouseTestPostgres
    await server.stop()
  }
}

async function startServer(): Promise<ScratchPostgres> {
  const server = await startScratchPostgres()
  try {
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    await client.query(`CREATE DATABASE ${TEMPLATE}`)
    await client.end()
    const url = new URL(server.url)
    url.pathname = `/${TEMPLATE}`
    await migrate(url.href)
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}
