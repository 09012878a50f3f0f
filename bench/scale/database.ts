/** A Postgres of the benchmark's own, with the product's settings, filled once and kept for the next run when asked. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { migrate } from '../../scripts/migration/apply.ts'
import { type RunningPostgres, startPostgres } from '../../scripts/postgres/cluster.ts'
import { fillCalls } from './calls-data.ts'
import { fillResources, type Sizes, sizesAt } from './resources-data.ts'

/** Nothing of this survives a power cut: a benchmark's data needs not. */
const WHILE_FILLING = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '16GB',
  autovacuum: 'off',
}

export interface FilledDatabase {
  readonly url: string
  readonly postgres: RunningPostgres
  readonly sizes: Sizes
  readonly calls: number
  readonly days: number
  stop(): Promise<void>
}

/** `calls` at factor 1 are 10 million, over 60 days. */
export async function openFilledDatabase(folder: string, factor: number): Promise<FilledDatabase> {
  const sizes = sizesAt(factor)
  const calls = Math.round(10_000_000 * factor)
  const days = 60
  const marker = path.join(folder, 'filled.json')
  const plan = JSON.stringify({ factor, sizes, calls, days })
  if (existsSync(marker) && readFileSync(marker, 'utf8') !== plan) {
    throw new Error(`${folder} holds other data: remove it`)
  }
  if (!existsSync(marker)) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    // The server's own account must pass.
    chmodSync(folder, 0o711)
    const filling = await startPostgres({ dataDir: folder, settings: WHILE_FILLING })
    try {
      await migrate(filling.url)
      await fill(filling.url, sizes, calls, days)
    } finally {
      await filling.stop(60_000)
    }
    writeFileSync(marker, plan)
  }
  const postgres = await startPostgres({ dataDir: folder })
  await migrate(postgres.url)
  return { url: postgres.url, postgres, sizes, calls, days, stop: () => postgres.stop(30_000) }
}

/** Whether the admin has summed all hours and days that it can by now. */
export async function isSummed({ url, days }: FilledDatabase): Promise<boolean> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ hours: number; days: number }>(
    `SELECT least(count(*) FILTER (WHERE grain = 'hour'), count(*) FILTER (WHERE grain = 'shifted'))::int AS hours,
       least(count(*) FILTER (WHERE grain = 'day'), count(*) FILTER (WHERE grain = 'spent'))::int AS days
     FROM rollup_marks WHERE exact AND bucket > now() - make_interval(days => $1 - 1)`,
    [days],
  )
  await client.end()
  // Of the last days some hours may still be booked into.
  return (rows[0]?.hours ?? 0) >= (days - 2) * 24 && (rows[0]?.days ?? 0) >= days - 4
}

async function fill(url: string, sizes: Sizes, calls: number, days: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const started = performance.now()
  const say = (text: string) =>
    console.log(`  ${Math.round((performance.now() - started) / 1_000)} s: ${text}`)
  await fillResources(client, sizes)
  say(`${sizes.keys} keys and what belongs to them`)
  await fillCalls({ url, sizes, calls, days, now: Date.now() }, say)
  say(`${calls} calls`)
  await client.query('VACUUM (ANALYZE)')
  say('vacuumed')
  await client.end()
}
