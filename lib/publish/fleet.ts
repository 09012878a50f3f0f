/** Who runs what: the rows of gateways, their leases and acknowledgements, and the wait for them. */
import 'server-only'
import type pg from 'pg'
import {
  ACK_WAIT_MS,
  type Acknowledgement,
  LEASE_MS,
  type LeaseRenewal,
  OLDEST_PROTOCOL,
  SILENT_COUNTS_MS,
  type StreamQuery,
} from '../contract/control.ts'
import { ACK_CHANNEL, STANDINGS_CHANNEL } from './channels.ts'
import type { Listener } from './listener.ts'

/** What ACK_CHANNEL carries. */
export interface GatewayNotice {
  readonly gatewayId: string
  readonly epoch: string | null
  readonly revision: number | null
  /** `state`: a lease began, or its state changed. */
  readonly status: 'applied' | 'refused' | 'state'
}

/**
 * Gateways that count in `n/m`: a lease, or silent for under a minute; one that drains counts as long as its lease.
 * For the WHERE of a query over gateways.
 */
export const COUNTS_SQL = `(lease_until > now() OR (state <> 'draining' AND lease_until > now() - interval '${SILENT_COUNTS_MS} milliseconds'))`

export interface Applied {
  readonly applied: number
  readonly total: number
}

/**
 * Resolves when every gateway that counts has acknowledged `revision` or refused it, or after ACK_WAIT_MS. It is told
 * by notifications alone, whichever admin a gateway talks to. With no gateway it resolves at once, 0 of 0.
 */
export async function waitForAcknowledgements(
  pool: pg.Pool,
  listener: Listener,
  revision: number,
): Promise<Applied> {
  const deadline = performance.now() + ACK_WAIT_MS
  const answered = new Map<string, GatewayNotice['status']>()
  let check = () => {}
  // Before the rows are read: what is announced in between must not be missed.
  const stop = listener.on(ACK_CHANNEL, (payload) => {
    const notice = JSON.parse(payload) as GatewayNotice
    if (notice.status === 'state' || (notice.revision ?? -1) < revision) return
    if (answered.get(notice.gatewayId) !== 'applied') answered.set(notice.gatewayId, notice.status)
    check()
  })
  const read = async () => {
    const { rows } = await pool.query<{ id: string; applied: boolean; refused: boolean }>(
      `SELECT g.id, coalesce(g.revision >= $1 AND g.epoch = h.epoch, false) AS applied,
              coalesce(g.refused_revision >= $1, false) AS refused
       FROM gateways g, config_head h WHERE h.id = 1 AND ${COUNTS_SQL}`,
      [revision],
    )
    for (const row of rows) {
      if (row.applied) answered.set(row.id, 'applied')
      else if (row.refused && !answered.has(row.id)) answered.set(row.id, 'refused')
    }
    return rows
  }
  try {
    let rows = await read()
    const complete = () => rows.every((row) => answered.has(row.id))
    if (!complete()) {
      await new Promise<void>((resolve) => {
        const limit = setTimeout(resolve, Math.max(0, deadline - performance.now()))
        check = () => {
          if (!complete()) return
          clearTimeout(limit)
          resolve()
        }
        check()
      })
      // A notification may have been lost with its connection: the rows have the last word.
      if (!complete()) rows = await read()
    }
    return { applied: rows.filter((row) => answered.get(row.id) === 'applied').length, total: rows.length }
  } finally {
    stop()
  }
}

/** Books an acknowledgement or a refusal and announces it. One of an older revision of the same epoch changes nothing. */
export async function acknowledge(pool: pg.Pool, ack: Acknowledgement): Promise<void> {
  const notice: GatewayNotice = {
    gatewayId: ack.gatewayId,
    epoch: ack.epoch,
    revision: ack.revision,
    status: ack.status,
  }
  // The notification goes out with the row: at the commit of this one statement.
  await pool.query(
    ack.status === 'applied'
      ? `WITH done AS (
           UPDATE gateways SET epoch = $2, revision = $3, hash = $4, acked_at = now(), last_seen_at = now(),
             refused_revision = CASE WHEN refused_revision > $3 AND epoch = $2 THEN refused_revision END,
             refused_reason = CASE WHEN refused_revision > $3 AND epoch = $2 THEN refused_reason END,
             version = version + 1, updated_at = now()
           WHERE id = $1 AND NOT (epoch IS NOT DISTINCT FROM $2 AND coalesce(revision, -1) > $3) RETURNING 1
         ) SELECT pg_notify($5, $6) FROM done`
      : `WITH done AS (
           UPDATE gateways SET refused_revision = $3, refused_reason = $4, last_seen_at = now(),
             version = version + 1, updated_at = now()
           WHERE id = $1 AND $2::text IS NOT NULL RETURNING 1
         ) SELECT pg_notify($5, $6) FROM done`,
    [
      ack.gatewayId,
      ack.epoch,
      ack.revision,
      ack.status === 'applied' ? ack.hash : (ack.reason ?? 'No reason was given.'),
      ACK_CHANNEL,
      JSON.stringify(notice),
    ],
  )
}

/**
 * Renews a lease by the database's clock; a gateway that is new or changed its state is announced, and
 * another state of what is held and counted by itself.
 */
export async function renewLease(pool: pg.Pool, lease: LeaseRenewal): Promise<void> {
  const notice: GatewayNotice = {
    gatewayId: lease.gatewayId,
    epoch: lease.epoch,
    revision: lease.revision,
    status: 'state',
  }
  const { inFlight, journal, rssBytes, loopDelayP99Ms, counters, held, near } = lease
  const { targets, shares, credentials, checks } = lease
  // Within one process and epoch a gateway never goes back: a lease that was under way while an acknowledgement arrived
  // is older than it. A process that starts anew may run an older copy from its disk.
  const keep = `gateways.started_at = excluded.started_at AND gateways.epoch = excluded.epoch
    AND gateways.revision > coalesce(excluded.revision, -1)`
  await pool.query(
    `WITH before AS (
       SELECT state, started_at, lease_until > now() AS held, report FROM gateways WHERE id = $1
     ), renewed AS (
       INSERT INTO gateways (id, hostname, url, build, protocol, state, epoch, revision, hash, started_at, lease_until,
                             last_seen_at, report)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, to_timestamp($10::float8 / 1000)::timestamptz(3),
               now() + make_interval(secs => $11::float8 / 1000), now(), $12::jsonb)
       ON CONFLICT (id) DO UPDATE SET hostname = excluded.hostname, url = excluded.url, build = excluded.build,
         protocol = excluded.protocol, state = excluded.state, started_at = excluded.started_at,
         lease_until = excluded.lease_until, last_seen_at = now(), report = excluded.report,
         epoch = CASE WHEN ${keep} THEN gateways.epoch ELSE excluded.epoch END,
         revision = CASE WHEN ${keep} THEN gateways.revision ELSE excluded.revision END,
         hash = CASE WHEN ${keep} THEN gateways.hash ELSE excluded.hash END
     )
     SELECT pg_notify($13, $14) WHERE NOT EXISTS (
       SELECT 1 FROM before
       WHERE held AND state = $6 AND started_at = to_timestamp($10::float8 / 1000)::timestamptz(3)
     )
     UNION ALL SELECT pg_notify($15, $1) WHERE EXISTS (
       SELECT 1 FROM before
       WHERE report->'held' IS DISTINCT FROM $12::jsonb->'held' OR report->'near' IS DISTINCT FROM $12::jsonb->'near'
     )`,
    [
      lease.gatewayId,
      lease.hostname,
      lease.url,
      lease.version,
      lease.protocol,
      lease.state,
      lease.epoch,
      lease.revision,
      lease.hash,
      lease.startedAt,
      LEASE_MS,
      JSON.stringify({
        inFlight,
        ...journal,
        rssBytes,
        loopDelayP99Ms,
        counters,
        held,
        near,
        targets,
        shares,
        credentials,
        checks,
      }),
      ACK_CHANNEL,
      JSON.stringify(notice),
      STANDINGS_CHANNEL,
    ],
  )
}

/** A gateway has opened its stream: it is known from now on, holds a lease, and runs what it says. */
export async function greetGateway(pool: pg.Pool, query: StreamQuery): Promise<void> {
  await pool.query(
    `INSERT INTO gateways (id, hostname, build, protocol, state, epoch, revision, started_at, lease_until, last_seen_at)
     VALUES ($1, $2, $3, $4, 'starting', $5, $6, now(), now() + make_interval(secs => $7::float8 / 1000), now())
     ON CONFLICT (id) DO UPDATE SET hostname = excluded.hostname, build = excluded.build, protocol = excluded.protocol,
       epoch = excluded.epoch, revision = excluded.revision,
       lease_until = greatest(gateways.lease_until, excluded.lease_until), last_seen_at = now(),
       refused_reason = CASE WHEN gateways.refused_revision IS NOT NULL THEN gateways.refused_reason END`,
    [
      query.gatewayId,
      query.hostname,
      query.version,
      query.protocol,
      query.epoch ?? null,
      query.revision ?? null,
      LEASE_MS,
    ],
  )
}

/** Why a gateway of this protocol is refused: for its log, and for the page of gateways. */
export function tooOld(protocol: number): string {
  return `The gateway speaks version ${protocol} of the control channel and this admin takes ${OLDEST_PROTOCOL} or newer: update the gateway.`
}

/** A gateway that is refused stands among the others with the reason, and holds no lease. */
export async function bookRefusal(pool: pg.Pool, query: StreamQuery, reason: string): Promise<void> {
  await pool.query(
    `INSERT INTO gateways (id, hostname, build, protocol, started_at, lease_until, last_seen_at, refused_reason)
     VALUES ($1, $2, $3, $4, now(), now() - interval '1 day', now(), $5)
     ON CONFLICT (id) DO UPDATE SET hostname = excluded.hostname, build = excluded.build, protocol = excluded.protocol,
       lease_until = excluded.lease_until, last_seen_at = now(), refused_revision = NULL,
       refused_reason = excluded.refused_reason, version = gateways.version + 1, updated_at = now()`,
    [query.gatewayId, query.hostname, query.version, query.protocol, reason],
  )
}
