/**
 * The only importer of the generated Prisma client, and the two pools. Reads and changes of the management API go
 * through `db`; SQL by hand (ingest, rollups, leases) through `pool`. They are apart, so that a transaction that waits
 * for a raw query can never wait for a connection that it holds itself.
 */
import 'server-only'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { env } from './env.ts'
import { Prisma, PrismaClient } from './generated/client.ts'
import { leaveReadOnlyServers } from './read-only-connections.ts'
import { lazySingleton } from './singleton.ts'

/** What a transaction and the client outside of one have in common. */
export type Transaction = Prisma.TransactionClient

const CONNECT_TIMEOUT_MS = 1_500
const STATEMENT_TIMEOUT_MS = 10_000
/** The socket's own limit, for a server that no longer answers at all; past the server's limit for one that does. */
const QUERY_TIMEOUT_MS = 12_000
const IDLE_IN_TRANSACTION_MS = 15_000

function makePool(name: string, max: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: env.databaseUrl,
    application_name: `gatehouse-admin ${name}`,
    max,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 30_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    // Prisma's adapter writes timestamps without an offset. Compiling a query takes longer than running any of ours.
    options: '-c TimeZone=UTC -c jit=off',
    keepAlive: true,
    // Tests and one-shot scripts end when their work does.
    allowExitOnIdle: true,
  })
  // An idle connection that breaks is replaced at the next query; unheard, the event would end the process.
  pool.on('error', () => undefined)
  leaveReadOnlyServers(pool)
  return pool
}

/** For SQL by hand. `query_timeout` and `SET LOCAL statement_timeout` lengthen what one batch may take. */
export const pool: pg.Pool = lazySingleton('pool', () => makePool('sql', 8))

export const db: PrismaClient = lazySingleton(
  'db',
  () => new PrismaClient({ adapter: new PrismaPg(makePool('api', 16)), log: [], errorFormat: 'minimal' }),
)

export { Prisma }
