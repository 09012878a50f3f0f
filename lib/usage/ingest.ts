/**
 * Books a gateway's batch in one transaction. An id that is there already is skipped, and lines and rollups are made of
 * the rows that were really inserted: a batch may come twice, late, or in part, and the books stay the same.
 */
import 'server-only'
import type pg from 'pg'
import type { UsageBatch, UsageReceipt } from '../contract/control.ts'
import type { UsageEvent } from '../contract/usage-event.ts'
import { CALLS_CHANNEL, MAX_PAYLOAD_BYTES } from '../publish/channels.ts'
import { uuidTime } from './call-days.ts'
import { insertFacets } from './call-facets.ts'
import { insertCalls, insertLines } from './call-rows.ts'
import { takeBackMarks } from './compaction.ts'
import { addToRollups } from './rollup.ts'
import { addToSpent } from './spent-rollup.ts'
import { addToTargets } from './target-rollup.ts'
import { inTransaction } from './transaction.ts'

/** A batch that can never be booked; the message names the event. */
export class BadBatch extends Error {}

/** The id is made as the call arrives: further apart than this, one of the two times is not a time. */
const ID_TIME_TOLERANCE_MS = 3_600_000
const EARLIEST_MS = Date.UTC(2020, 0, 1)
const LATEST_MS = Date.UTC(9999, 0, 1)
/** How stale the last use of a key may get: not every batch writes every key. */
const LAST_USED_SECONDS = 60

/** @throws BadBatch, or what the database throws: then nothing of the batch is booked. */
export async function ingest(pool: pg.Pool, batch: UsageBatch): Promise<UsageReceipt> {
  const days = checkBatch(batch)
  // By id, so that two transactions with the same events wait for each other and never in a circle.
  const events = [...new Map(batch.events.map((event) => [event.id.toLowerCase(), event])).values()].sort(
    (a, b) => (a.id < b.id ? -1 : 1),
  )
  const day = (event: UsageEvent) => days.get(event.id) ?? ''
  const last = batch.events.at(-1)?.sequence ?? 0

  await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      insertCalls(events.map((event) => ({ event, day: day(event), gatewayId: batch.gatewayId }))),
    )
    if (rows.length > 0) {
      const inserted = new Set(rows.map((row) => row.id))
      const fresh = events.filter((event) => inserted.has(event.id.toLowerCase()))
      const lines = fresh.flatMap((event) =>
        event.lines.map((line, lineNo) => ({ day: day(event), callId: event.id, lineNo, line })),
      )
      if (lines.length > 0) await client.query(insertLines(lines))
      await client.query(insertFacets(fresh))
      await client.query(takeBackMarks(fresh.map((event) => event.at)))
      for (const statement of [...addToRollups(fresh), ...addToTargets(fresh)]) await client.query(statement)
      await touchKeys(client, fresh)
      const spent = addToSpent(fresh)
      if (spent) await client.query(spent)
      await client.query('SELECT pg_notify($1, ids) FROM unnest($2::text[]) AS p(ids)', [
        CALLS_CHANNEL,
        idPayloads(fresh),
      ])
    }
    await client.query(
      `UPDATE gateways SET last_sequence = greatest(last_sequence, $2), last_seen_at = now() WHERE id = $1`,
      [batch.gatewayId, last],
    )
  })
  // A gateway ships its oldest events first: all up to the end of this batch are booked. What the row says may belong
  // to a journal that was lost since.
  return { committedSequence: last }
}

/** The day (UTC) of each id. @throws BadBatch */
function checkBatch({ events }: UsageBatch): Map<string, string> {
  const days = new Map<string, string>()
  const first = events[0]?.sequence ?? 0
  for (const [index, event] of events.entries()) {
    const name = `events.${index} (${event.id})`
    if (event.sequence !== first + index) {
      throw new BadBatch(`${name}: sequence ${event.sequence} where ${first + index} follows`)
    }
    const time = uuidTime(event.id)
    if (time === null) throw new BadBatch(`${name}: the id is no UUIDv7`)
    if (time < EARLIEST_MS || time > LATEST_MS || Math.abs(time - event.at) > ID_TIME_TOLERANCE_MS) {
      throw new BadBatch(
        `${name}: the time in the id and "at" are more than an hour apart, or no possible time`,
      )
    }
    days.set(event.id, new Date(time).toISOString().slice(0, 10))
  }
  return days
}

/** A row that somebody holds is left for the next batch: booking never waits for the management API. */
async function touchKeys(client: pg.PoolClient, events: readonly UsageEvent[]): Promise<void> {
  const newest = new Map<string, number>()
  for (const { keyId, at } of events) if (keyId) newest.set(keyId, Math.max(at, newest.get(keyId) ?? 0))
  if (newest.size === 0) return
  await client.query({
    name: 'ingest-keys',
    text: `WITH used AS MATERIALIZED (SELECT * FROM unnest($1::text[], $2::timestamptz[]) AS p(id, at)),
      due AS (
        SELECT u.key_id, used.at FROM key_uses u JOIN used ON used.id = u.key_id
        WHERE u.last_used_at < used.at - make_interval(secs => $3)
        ORDER BY 1 FOR NO KEY UPDATE OF u SKIP LOCKED
      ),
      again AS (UPDATE key_uses u SET last_used_at = due.at FROM due WHERE u.key_id = due.key_id),
      first AS (
        SELECT k.id, used.at FROM api_keys k JOIN used ON used.id = k.id
        WHERE NOT EXISTS (SELECT FROM key_uses u WHERE u.key_id = k.id)
        ORDER BY 1 FOR KEY SHARE OF k SKIP LOCKED
      )
      INSERT INTO key_uses (key_id, last_used_at) SELECT * FROM first ON CONFLICT DO NOTHING`,
    values: [
      [...newest.keys()],
      [...newest.values()].map((at) => new Date(at).toISOString()),
      LAST_USED_SECONDS,
    ],
  })
}

function idPayloads(events: readonly UsageEvent[]): string[] {
  const perPayload = Math.floor(MAX_PAYLOAD_BYTES / 33)
  const ids = events.map((event) => event.id.replaceAll('-', '').toLowerCase())
  const payloads: string[] = []
  for (let at = 0; at < ids.length; at += perPayload) payloads.push(ids.slice(at, at + perPayload).join(','))
  return payloads
}
