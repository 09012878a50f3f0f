/** What people see of the fleet: the configuration pill, and the state of each gateway. */
import 'server-only'
import type pg from 'pg'
import type { ConfigStatus, Gateway } from '../resources/gateways/schema.ts'
import { COUNTS_SQL } from './fleet.ts'

/** For the select list of a query over `gateways g` and `config_head h`; the order of the cases is their precedence. */
export const STATUS_SQL = `CASE
  WHEN g.refused_reason IS NOT NULL AND g.refused_revision IS NULL AND g.last_seen_at > now() - interval '120 seconds'
    THEN 'refused'
  WHEN g.lease_until <= now() - interval '60 seconds' THEN 'gone'
  WHEN g.lease_until <= now() THEN 'silent'
  WHEN g.refused_revision = h.revision THEN 'refused'
  WHEN g.revision = h.revision AND g.epoch = h.epoch THEN 'live'
  ELSE 'behind' END`

/** For the same select list: who holds the counters now. */
export const COUNTERS_SQL = `(SELECT l.gateway_id FROM counters_lease l WHERE l.lease_until > now())`

export async function readConfigStatus(pool: pg.Pool): Promise<ConfigStatus> {
  const { rows } = await pool.query<{
    epoch: string
    revision: number
    published_at: Date | null
    gateways: number
    independent: number
    applied: number
    refused: ConfigStatus['refused'] | null
  }>(
    `SELECT h.epoch, h.revision, r.created_at AS published_at, count(g.id)::int AS gateways,
       count(*) FILTER (WHERE g.report->>'counters' = 'independent')::int AS independent,
       count(*) FILTER (WHERE g.revision = h.revision AND g.epoch = h.epoch)::int AS applied,
       json_agg(json_build_object('gatewayId', g.id, 'hostname', g.hostname, 'revision', g.refused_revision,
         'reason', coalesce(g.refused_reason, '')) ORDER BY g.id)
         FILTER (WHERE g.refused_revision = h.revision) AS refused
     FROM config_head h LEFT JOIN config_revisions r ON r.revision = h.revision
       LEFT JOIN (SELECT * FROM gateways WHERE ${COUNTS_SQL}) g ON true
     WHERE h.id = 1 GROUP BY h.epoch, h.revision, r.created_at`,
  )
  const row = rows[0]
  if (!row) {
    return { epoch: '', revision: 0, publishedAt: null, gateways: 0, independent: 0, applied: 0, refused: [] }
  }
  return {
    epoch: row.epoch,
    revision: row.revision,
    publishedAt: row.published_at?.toISOString() ?? null,
    gateways: row.gateways,
    independent: row.independent,
    applied: row.applied,
    refused: row.refused ?? [],
  }
}

interface Report {
  readonly inFlight?: number
  readonly unshippedEvents?: number
  readonly unshippedBytes?: number
  readonly openIntents?: number
  readonly rssBytes?: number
  readonly loopDelayP99Ms?: number
  readonly counters?: string
  readonly accepting?: boolean
}

/** As Postgres gives a row of `gateways`, with its status. */
export interface GatewayRow {
  id: string
  hostname: string
  url: string | null
  build: string
  state: Gateway['state']
  status: Gateway['status']
  revision: number | null
  refused_revision: number | null
  refused_reason: string | null
  acked_at: Date | null
  started_at: Date
  lease_until: Date
  last_seen_at: Date
  last_sequence: string
  report: Report
  counters_holder: string | null
  version: number
  created_at: Date
  updated_at: Date
}

export function toGateway(row: GatewayRow): Gateway {
  return {
    id: row.id,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    version: row.version,
    hostname: row.hostname,
    url: row.url,
    build: row.build,
    state: row.state,
    status: row.status,
    revision: row.revision,
    refusedRevision: row.refused_revision,
    refusedReason: row.refused_reason,
    ackedAt: row.acked_at?.toISOString() ?? null,
    startedAt: row.started_at.toISOString(),
    leaseUntil: row.lease_until.toISOString(),
    lastSeenAt: row.last_seen_at.toISOString(),
    lastSequence: Number(row.last_sequence),
    inFlight: row.report.inFlight ?? 0,
    unshippedEvents: row.report.unshippedEvents ?? 0,
    unshippedBytes: row.report.unshippedBytes ?? 0,
    openIntents: row.report.openIntents ?? 0,
    rssBytes: row.report.rssBytes ?? 0,
    loopDelayP99Ms: row.report.loopDelayP99Ms ?? 0,
    counters: countersOf(row),
    takesCalls: row.report.accepting ?? true,
  }
}

function countersOf({ id, report, counters_holder: holder }: GatewayRow): Gateway['counters'] {
  if (report.counters === 'independent') return 'independent'
  if (report.counters !== 'shared') return 'unknown'
  return holder === id ? 'held' : 'waiting'
}
