/** The lines that go down a gateway's stream. Credentials are opened here, and only for sending. */
import 'server-only'
import type pg from 'pg'
import type { ControlMessage } from '../contract/control.ts'
import { ENTITY_ORDER, type ProviderEntity } from '../contract/entities.ts'
import { openSecret } from '../server/secrets.ts'
import type { FeedChange } from './feed.ts'
import type { Head } from './head.ts'

/** Entities of a snapshot are read and sent in pieces of this many. */
const PAGE_ENTITIES = 1_000
/** A gateway that takes its snapshot slowly holds a connection to the database: no more than these at once. */
const SNAPSHOTS_AT_ONCE = 2

const encoder = new TextEncoder()

export function line(message: ControlMessage): Uint8Array {
  return encoder.encode(`${JSON.stringify(message)}\n`)
}

/** One change set from `from` to the head. References point backwards in it: puts in order, then deletes in reverse. */
export async function changeSetLine(
  pool: pg.Pool,
  head: Head,
  from: number,
  changes: readonly FeedChange[],
): Promise<Uint8Array> {
  const order = (change: FeedChange) => ENTITY_ORDER.indexOf(change.type as (typeof ENTITY_ORDER)[number])
  const puts = changes.filter((change) => change.body !== null).sort((a, b) => order(a) - order(b))
  const deletes = changes.filter((change) => change.body === null).sort((a, b) => order(b) - order(a))
  const credentials = await openCredentials(
    pool,
    puts.filter((change) => change.type === 'provider').map((change) => change.id),
  )
  const complete = (change: FeedChange) =>
    change.type === 'provider'
      ? { ...change.body, credentials: credentials.get(change.id) ?? {} }
      : change.body
  return encoder.encode(
    `${JSON.stringify({
      kind: 'changes',
      epoch: head.epoch,
      from,
      to: head.revision,
      changes: [
        ...puts.map((change) => ({ op: 'put', entity: complete(change) })),
        ...deletes.map((change) => ({ op: 'delete', type: change.type, id: change.id })),
      ],
      hash: head.hash,
    })}\n`,
  )
}

/**
 * The whole configuration, in pieces that together are one line. It is read in one transaction that sees one state; a
 * reader that stops is cut off by the database's limit on idle transactions.
 */
export async function* snapshotPieces(pool: pg.Pool): AsyncGenerator<Uint8Array, Head> {
  await takeTurn()
  let client: pg.PoolClient | undefined
  let broken: Error | undefined
  try {
    client = await pool.connect()
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const { rows } = await client.query<Head>('SELECT epoch, revision, hash FROM config_head WHERE id = 1')
    const head = rows[0]
    if (!head) throw new Error('config_head has no row')
    const { epoch, revision, hash } = head
    yield encoder.encode(
      `${JSON.stringify({ kind: 'snapshot', epoch, revision, hash }).slice(0, -1)},"entities":[`,
    )
    let separator = ''
    for (const type of ENTITY_ORDER) {
      let after = ''
      for (;;) {
        const page = await client.query<{ id: string; body: string }>(
          `SELECT id, body::text FROM config_entities WHERE type = $1 AND id > $2 ORDER BY id LIMIT ${PAGE_ENTITIES}`,
          [type, after],
        )
        if (page.rows.length === 0) break
        after = page.rows.at(-1)?.id ?? after
        const bodies =
          type === 'provider' ? await complete(client, page.rows) : page.rows.map((row) => row.body)
        yield encoder.encode(separator + bodies.join(','))
        separator = ','
        if (page.rows.length < PAGE_ENTITIES) break
      }
    }
    yield encoder.encode(']}\n')
    return head
  } catch (error) {
    broken = error as Error
    throw error
  } finally {
    if (client) {
      if (!broken) await client.query('ROLLBACK').catch((error: Error) => (broken = error))
      client.release(broken)
    }
    giveTurn()
  }
}

async function complete(client: pg.PoolClient, rows: { id: string; body: string }[]): Promise<string[]> {
  const credentials = await openCredentials(
    client,
    rows.map((row) => row.id),
  )
  return rows.map((row) =>
    JSON.stringify({ ...(JSON.parse(row.body) as object), credentials: credentials.get(row.id) ?? {} }),
  )
}

/** One that does not open leaves its provider without credentials: that provider fails, and not the configuration. */
export async function openCredentials(
  client: pg.Pool | pg.ClientBase,
  ids: readonly string[],
): Promise<Map<string, ProviderEntity['credentials']>> {
  const opened = new Map<string, ProviderEntity['credentials']>()
  if (ids.length === 0) return opened
  const { rows } = await client.query<{ id: string; sealed: string }>(
    `SELECT id, credentials_sealed AS sealed FROM providers WHERE id = ANY($1) AND credentials_sealed IS NOT NULL`,
    [ids],
  )
  for (const row of rows) {
    try {
      opened.set(row.id, openSecret(row.sealed, row.id) as ProviderEntity['credentials'])
    } catch (error) {
      console.error((error as Error).message)
    }
  }
  return opened
}

let running = 0
const waiting: (() => void)[] = []

async function takeTurn(): Promise<void> {
  if (running < SNAPSHOTS_AT_ONCE) {
    running += 1
    return
  }
  await new Promise<void>((resolve) => waiting.push(resolve))
}

function giveTurn(): void {
  const next = waiting.shift()
  if (next) next()
  else running -= 1
}
