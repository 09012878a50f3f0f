/**
 * After a failover the old primary may live on, and only read. Connections to it answer, so a pool keeps them, and every
 * change that meets one fails. The first such failure tells: whatever was connected before is not used again.
 */
import 'server-only'
import type pg from 'pg'
import { singleton } from './singleton.ts'

/** read_only_sql_transaction: a change on a server, or in a session, that only reads. */
export const READ_ONLY = '25006'

interface Known {
  readonly generation: number
  inUse: boolean
}

interface Shared {
  generation: number
  readonly connections: Map<pg.PoolClient, Known>
}

/** What pg does not declare: where the server's errors arrive, and the socket. */
interface Wire {
  readonly connection: {
    on(event: 'errorMessage', handler: (message: { code?: string }) => void): void
    readonly stream: { destroy(): void }
  }
}

/** One for all pools of the process: what one of them learns counts for all. */
const shared = () =>
  singleton<Shared>('read-only-connections', () => ({ generation: 0, connections: new Map() }))

export function leaveReadOnlyServers(pool: pg.Pool): void {
  const state = shared()
  pool.on('connect', (client) => {
    state.connections.set(client, { generation: state.generation, inUse: true })
    wireOf(client).on('errorMessage', ({ code }) => {
      if (code === READ_ONLY) leaveAll(state)
    })
  })
  pool.on('acquire', (client) => {
    const known = state.connections.get(client)
    if (known) known.inUse = true
  })
  pool.on('release', (_error, client) => {
    const known = state.connections.get(client)
    if (!known) return
    known.inUse = false
    // The pool takes no connection back that is ending.
    if (known.generation < state.generation) void client.end()
  })
  pool.on('remove', (client) => state.connections.delete(client))
}

function leaveAll(state: Shared): void {
  state.generation += 1
  for (const [client, { inUse }] of state.connections) {
    // One that is in use goes when its work is done. The pool hears of a broken one and lets it go.
    if (!inUse) wireOf(client).stream.destroy()
  }
}

function wireOf(client: pg.PoolClient): Wire['connection'] {
  return (client as unknown as Wire).connection
}
