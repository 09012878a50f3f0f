/**
 * Sums of whole hours and days by one dimension at a time, made of the quarter-hours once an hour is over. What is
 * booked into an hour after that takes back its mark in the same transaction, so a mark always tells the truth: the
 * hour is read from its quarters until it has been summed again. Several admins may do it at once.
 */
import 'server-only'
import type pg from 'pg'
import type { Statement } from './call-rows.ts'
import { DAY_MS, HOUR_MS } from './cover.ts'
import { HISTOGRAM_SIZE } from './histogram.ts'
import { SUM_COLUMNS } from './rollup.ts'

/**
 * From this long after its end an hour counts as over for bookings, and twice as long after it for the summing: no
 * booking takes as long as what lies between.
 */
const GRACE_MS = 5 * 60_000
/** Of `rollup_hours` in one round; the newest first. */
const HOURS_PER_ROUND = 50

/** Every team together. No team has this id. */
export const ALL_TEAMS = '*'

/** Each row of the quarters counts in all of these: dimension, team, value. Consumers have one team for good. */
const KEYS = [
  `('all', '${ALL_TEAMS}', '')`,
  `('team', team_id, '')`,
  `('consumer', team_id, consumer_id)`,
  ...['route', 'provider', 'model', 'kind'].flatMap((dimension) => {
    const column = dimension === 'provider' ? 'provider_id' : dimension
    return [`('${dimension}', '${ALL_TEAMS}', ${column})`, `('${dimension}', team_id, ${column})`]
  }),
]

const COLUMNS = [...SUM_COLUMNS, 'cost_pico'].join(', ')
const SUMS = [...SUM_COLUMNS, 'cost_pico'].map((name) => `sum(${name})`).join(', ')
const HISTOGRAMS = ['latency', 'first_token']
  .map((name) => {
    const sums = Array.from({ length: HISTOGRAM_SIZE }, (_, at) => `sum(${name}[${at + 1}])`)
    return `trimmed_counts(ARRAY[${sums.join(', ')}]::bigint[])`
  })
  .join(', ')

/** Takes back the marks of hours that are over, in the booking's own transaction and before its rollups. */
export function takeBackMarks(times: readonly number[]): Statement {
  const hours = new Set(times.map((at) => Math.floor(at / HOUR_MS) * HOUR_MS))
  return {
    name: 'ingest-marks',
    // In the order of the key, days first: two bookings wait for each other and never in a circle.
    text: `INSERT INTO rollup_marks (grain, bucket, exact)
      SELECT DISTINCT grain, date_trunc(grain, at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC', false
      FROM unnest($1::timestamptz[]) AS at, unnest(ARRAY['day', 'hour']) AS grain
      WHERE at < now() - make_interval(secs => ${(HOUR_MS + GRACE_MS) / 1_000}) ORDER BY 1, 2
      ON CONFLICT (grain, bucket) DO UPDATE SET exact = false`,
    values: [[...hours].map((at) => new Date(at).toISOString())],
  }
}

/** Sums hours that are over and have no mark, the newest first, and days whose hours all have one. Says how many. */
export async function compactRollups(pool: pg.Pool): Promise<number> {
  const { rows: hours } = await pool.query<{ bucket: string }>(
    `SELECT h::text AS bucket FROM generate_series(
         (SELECT date_trunc('hour', min(bucket)) FROM rollup_quarters),
         now() - make_interval(secs => ${(HOUR_MS + 2 * GRACE_MS) / 1_000}), interval '1 hour') AS h
       LEFT JOIN rollup_marks m ON m.grain = 'hour' AND m.bucket = h
     WHERE m.exact IS NOT TRUE ORDER BY h DESC LIMIT ${HOURS_PER_ROUND}`,
  )
  for (const { bucket } of hours) await compact(pool, 'hour', bucket)
  const { rows: days } = await pool.query<{ bucket: string }>(
    `SELECT d::text AS bucket FROM (
         SELECT date_trunc('day', bucket, 'UTC') AS d FROM rollup_marks WHERE grain = 'hour' AND exact
         GROUP BY 1 HAVING count(*) = ${DAY_MS / HOUR_MS}) AS whole
       LEFT JOIN rollup_marks m ON m.grain = 'day' AND m.bucket = d
     WHERE m.exact IS NOT TRUE ORDER BY d DESC LIMIT ${HOURS_PER_ROUND}`,
  )
  for (const { bucket } of days) await compact(pool, 'day', bucket)
  return hours.length + days.length
}

/** Of one hour, which may have millions of rows. */
const LIMIT_MS = 5 * 60_000

async function compact(pool: pg.Pool, grain: 'hour' | 'day', bucket: string): Promise<void> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query(`BEGIN; SET LOCAL work_mem = '64MB'; SET LOCAL statement_timeout = ${LIMIT_MS}`)
    // Locks the mark: whatever was booked late before is seen from the next statement on, and what comes waits.
    const { rowCount } = await client.query(
      `INSERT INTO rollup_marks AS m (grain, bucket, exact) VALUES ($1, $2, true)
       ON CONFLICT (grain, bucket) DO UPDATE SET exact = true WHERE NOT m.exact`,
      [grain, bucket],
    )
    // Else another admin was faster, or something was booked into one of the day's hours.
    const due = rowCount === 1 && (grain === 'hour' || (await hasWholeHours(client, bucket)))
    if (due) {
      await client.query(`DELETE FROM rollup_${grain}s WHERE bucket = $1`, [bucket])
      const sum = { text: grain === 'hour' ? SUM_HOUR : SUM_DAY, values: [bucket], query_timeout: LIMIT_MS }
      await client.query(sum)
    }
    await client.query(due ? 'COMMIT' : 'ROLLBACK')
  } catch (error) {
    broken = error as Error
    throw error
  } finally {
    client.release(broken)
  }
}

const target = (grain: string) =>
  `INSERT INTO rollup_${grain}s (bucket, dimension, team_id, value, simulated, ${COLUMNS}, latency, first_token)`
// In the order of the key: what is read together then stands together.
const SUM_HOUR = `${target('hour')}
  SELECT $1::timestamptz, k.dimension, k.team, k.value, simulated, ${SUMS}, ${HISTOGRAMS}
  FROM rollup_quarters, LATERAL (VALUES ${KEYS.join(', ')}) AS k(dimension, team, value)
  WHERE bucket >= $1 AND bucket < $1::timestamptz + interval '1 hour' GROUP BY 2, 3, 4, 5 ORDER BY 2, 3, 4, 5`
const SUM_DAY = `${target('day')}
  SELECT $1::timestamptz, dimension, team_id, value, simulated, ${SUMS}, ${HISTOGRAMS}
  FROM rollup_hours WHERE bucket >= $1 AND bucket < $1::timestamptz + interval '1 day' GROUP BY 2, 3, 4, 5 ORDER BY 2, 3, 4, 5`

async function hasWholeHours(client: pg.PoolClient, day: string): Promise<boolean> {
  const { rows } = await client.query<{ hours: number }>(
    `SELECT count(*)::int AS hours FROM rollup_marks
     WHERE grain = 'hour' AND exact AND bucket >= $1 AND bucket < $1::timestamptz + interval '1 day'`,
    [day],
  )
  return rows[0]?.hours === DAY_MS / HOUR_MS
}
