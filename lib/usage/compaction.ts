/**
 * Sums of whole hours and days by one dimension at a time, made of the quarter-hours once they are over; the same of
 * hours that begin at half past, for the zones that stand half an hour off; and by the day, what budgets read and what
 * targets did. What is booked later takes back the marks in the same transaction, so a mark always tells the truth:
 * quarters are read until all has been summed again. Several admins may do it at once.
 */
import 'server-only'
import type pg from 'pg'
import type { Statement } from './call-rows.ts'
import { DAY_MS, HALF_HOUR_MS, HOUR_MS } from './cover.ts'
import { HISTOGRAM_SIZE } from './histogram.ts'
import { SUM_COLUMNS } from './rollup.ts'
import { TARGET_COUNT_NAMES, TARGET_COUNTS, TARGET_SUMS } from './target-rollup.ts'

/**
 * From this long after its end an hour counts as over for bookings, and twice as long after it for the summing: no
 * booking takes as long as what lies between.
 */
const GRACE_MS = 5 * 60_000
/** Of each kind in one round; the newest first. */
const SUMS_PER_ROUND = 50

/** Every team together. No team has this id. */
export const ALL_TEAMS = '*'

const split = (team: string) =>
  ['route', 'provider', 'model', 'kind'].map(
    (dimension) => `('${dimension}', ${team}, ${dimension === 'provider' ? 'provider_id' : dimension})`,
  )
/** Few rows, and what charts of everything read. */
const COMMON_KEYS = [`('all', '${ALL_TEAMS}', '')`, `('team', team_id, '')`, ...split(`'${ALL_TEAMS}'`)]
/** Each row of the quarters counts in all of these: dimension, team, value. Consumers have one team for good. */
const KEYS = [...COMMON_KEYS, `('consumer', team_id, consumer_id)`, ...split('team_id')]

const COLUMNS = [...SUM_COLUMNS, 'cost_pico'].join(', ')
const SUMS = [...SUM_COLUMNS, 'cost_pico'].map((name) => `sum(${name})`).join(', ')
const HISTOGRAMS = ['latency', 'first_token'].map((name) => trimmed(name, HISTOGRAM_SIZE)).join(', ')

/** An array's sums, each by itself. */
function trimmed(name: string, length: number): string {
  const sums = Array.from({ length }, (_, at) => `sum(${name}[${at + 1}])`)
  return `trimmed_counts(ARRAY[${sums.join(', ')}]::bigint[])`
}

interface Kind {
  readonly grain: string
  readonly table: string
  readonly length: string
  /** From the start of a UTC hour or day. */
  readonly offset: string
  readonly sum: string
}

const SUMMED = `bucket, dimension, team_id, value, simulated, ${COLUMNS}, latency, first_token`
// In the order of the key: what is read together then stands together.
const sumOfQuarters = (keys: readonly string[]) => `
  SELECT $1::timestamptz, k.dimension, k.team, k.value, simulated, ${SUMS}, ${HISTOGRAMS}
  FROM rollup_quarters, LATERAL (VALUES ${keys.join(', ')}) AS k(dimension, team, value)
  WHERE bucket >= $1 AND bucket < $1::timestamptz + interval '1 hour' GROUP BY 2, 3, 4, 5 ORDER BY 2, 3, 4, 5`

/** Made of the quarters, each by itself. */
const KINDS: readonly Kind[] = [
  {
    grain: 'hour',
    table: 'rollup_hours',
    length: '1 hour',
    offset: '0',
    sum: `INSERT INTO rollup_hours (${SUMMED}) ${sumOfQuarters(KEYS)}`,
  },
  {
    grain: 'shifted',
    table: 'rollup_shifted_hours',
    length: '1 hour',
    offset: '30 minutes',
    sum: `INSERT INTO rollup_shifted_hours (${SUMMED}) ${sumOfQuarters(COMMON_KEYS)}`,
  },
  {
    grain: 'spent',
    table: 'rollup_spent_days',
    length: '1 day',
    offset: '0',
    sum: `INSERT INTO rollup_spent_days (bucket, scope, subject, cost_pico)
      SELECT $1::timestamptz, scope, subject, sum(cost_pico) FROM rollup_spent
      WHERE bucket >= $1 AND bucket < $1::timestamptz + interval '1 day' GROUP BY 2, 3 ORDER BY 2, 3`,
  },
  {
    grain: 'target',
    table: 'rollup_target_days',
    length: '1 day',
    offset: '0',
    sum: `INSERT INTO rollup_target_days (bucket, route_id, provider_id, model, simulated,
        ${[...TARGET_SUMS, ...TARGET_COUNT_NAMES].join(', ')})
      SELECT $1::timestamptz, route_id, provider_id, model, simulated,
        ${[...TARGET_SUMS.map((name) => `sum(${name})`), ...TARGET_COUNT_NAMES.map((name) => trimmed(name, TARGET_COUNTS[name]))].join(', ')}
      FROM rollup_target_quarters
      WHERE bucket >= $1 AND bucket < $1::timestamptz + interval '1 day' GROUP BY 2, 3, 4, 5 ORDER BY 2, 3, 4, 5`,
  },
]
/** Made of the hours once all of them are summed. */
const DAY: Kind = {
  grain: 'day',
  table: 'rollup_days',
  length: '1 day',
  offset: '0',
  sum: `INSERT INTO rollup_days (${SUMMED})
    SELECT $1::timestamptz, dimension, team_id, value, simulated, ${SUMS}, ${HISTOGRAMS}
    FROM rollup_hours WHERE bucket >= $1 AND bucket < $1::timestamptz + interval '1 day' GROUP BY 2, 3, 4, 5
    ORDER BY 2, 3, 4, 5`,
}

/** The start of what an instant lies in. */
const startOf = ({ length, offset }: Kind, at: string) =>
  `date_bin('${length}', ${at}, 'epoch'::timestamptz + interval '${offset}')`

/** Takes back the marks of what is over, in the booking's own transaction and before its rollups. */
export function takeBackMarks(times: readonly number[]): Statement {
  const halves = new Set(times.map((at) => Math.floor(at / HALF_HOUR_MS) * HALF_HOUR_MS))
  // A day has a mark only when all of its hours have one.
  const marks = [...KINDS.map((kind) => [kind, kind] as const), [DAY, KINDS[0] as Kind] as const].map(
    ([kind, over]) =>
      `('${kind.grain}', ${startOf(kind, 'at')}, ${startOf(over, 'at')} + interval '${over.length}')`,
  )
  return {
    name: 'ingest-marks',
    // In the order of the key: two bookings wait for each other and never in a circle.
    text: `INSERT INTO rollup_marks (grain, bucket, exact)
      SELECT DISTINCT m.grain, m.bucket, false
      FROM unnest($1::timestamptz[]) AS at, LATERAL (VALUES ${marks.join(', ')}) AS m(grain, bucket, over)
      WHERE m.over < now() - make_interval(secs => ${GRACE_MS / 1_000}) ORDER BY 1, 2
      ON CONFLICT (grain, bucket) DO UPDATE SET exact = false`,
    values: [[...halves].map((at) => new Date(at).toISOString())],
  }
}

/** Sums what is over and has no mark, the newest first, and days whose hours all have one. Says how many. */
export async function compactRollups(pool: pg.Pool): Promise<number> {
  let count = 0
  for (const kind of KINDS) {
    const { rows } = await pool.query<{ bucket: string }>(
      `SELECT b::text AS bucket FROM generate_series(
           (SELECT ${startOf(kind, 'min(bucket)')} FROM rollup_quarters),
           now() - interval '${kind.length}' - make_interval(secs => ${(2 * GRACE_MS) / 1_000}),
           interval '${kind.length}') AS b
         LEFT JOIN rollup_marks m ON m.grain = $1 AND m.bucket = b
       WHERE m.exact IS NOT TRUE ORDER BY b DESC LIMIT ${SUMS_PER_ROUND}`,
      [kind.grain],
    )
    for (const { bucket } of rows) await compact(pool, kind, bucket)
    count += rows.length
  }
  const { rows: days } = await pool.query<{ bucket: string }>(
    `SELECT d::text AS bucket FROM (
         SELECT ${startOf(DAY, 'bucket')} AS d FROM rollup_marks WHERE grain = 'hour' AND exact
         GROUP BY 1 HAVING count(*) = ${DAY_MS / HOUR_MS}) AS whole
       LEFT JOIN rollup_marks m ON m.grain = 'day' AND m.bucket = d
     WHERE m.exact IS NOT TRUE ORDER BY d DESC LIMIT ${SUMS_PER_ROUND}`,
  )
  for (const { bucket } of days) await compact(pool, DAY, bucket)
  return count + days.length
}

/** Of one hour, which may have millions of rows. */
const LIMIT_MS = 5 * 60_000

async function compact(pool: pg.Pool, { grain, table, sum }: Kind, bucket: string): Promise<void> {
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
    const due = rowCount === 1 && (grain !== 'day' || (await hasWholeHours(client, bucket)))
    if (due) {
      await client.query(`DELETE FROM ${table} WHERE bucket = $1`, [bucket])
      const statement = { text: sum, values: [bucket], query_timeout: LIMIT_MS }
      await client.query(statement)
    }
    await client.query(due ? 'COMMIT' : 'ROLLBACK')
  } catch (error) {
    broken = error as Error
    throw error
  } finally {
    client.release(broken)
  }
}

async function hasWholeHours(client: pg.PoolClient, day: string): Promise<boolean> {
  const { rows } = await client.query<{ hours: number }>(
    `SELECT count(*)::int AS hours FROM rollup_marks
     WHERE grain = 'hour' AND exact AND bucket >= $1 AND bucket < $1::timestamptz + interval '1 day'`,
    [day],
  )
  return rows[0]?.hours === DAY_MS / HOUR_MS
}
