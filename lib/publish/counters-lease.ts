/**
 * Counters of limits and budgets live in a gateway's memory: one gateway counts for the deployment, and holds the lease
 * on it by the database's clock. A second one stays not ready, unless it was told to count for itself.
 */
import 'server-only'
import type pg from 'pg'
import { LEASE_MS, type LeaseAnswer, type LeaseRenewal } from '../contract/control.ts'

/** Takes or renews the lease for whoever asks for it; one that drains keeps it no longer than it runs. */
export async function leaseCounters(pool: pg.Pool, lease: LeaseRenewal): Promise<LeaseAnswer['counters']> {
  const { gatewayId, counters, state } = lease
  const held = { held: true, reason: null }
  // A gateway from before there was a lease: it would not heed it.
  if (counters === undefined) return held
  if (counters !== 'shared') {
    await pool.query('DELETE FROM counters_lease WHERE gateway_id = $1', [gatewayId])
    return held
  }
  if (state === 'draining') return held
  const taken = await pool.query(
    `INSERT INTO counters_lease (id, gateway_id, lease_until)
     VALUES (1, $1, now() + make_interval(secs => $2::float8 / 1000))
     ON CONFLICT (id) DO UPDATE SET gateway_id = excluded.gateway_id, lease_until = excluded.lease_until
       WHERE counters_lease.gateway_id = excluded.gateway_id OR counters_lease.lease_until <= now()`,
    [gatewayId, LEASE_MS],
  )
  if (taken.rowCount === 1) return held
  const { rows } = await pool.query<{ name: string }>(
    `SELECT coalesce(nullif(g.url, ''), g.hostname, l.gateway_id) || ' (' || l.gateway_id || ')' AS name
     FROM counters_lease l LEFT JOIN gateways g ON g.id = l.gateway_id WHERE l.id = 1`,
  )
  const holder = rows[0]?.name ?? 'another one'
  return {
    held: false,
    reason: `The gateway ${holder} holds the counters of limits and budgets: this one waits, and takes over when that one is gone. To run both, set GATEHOUSE_COUNTERS=independent: each then counts for itself.`,
  }
}
