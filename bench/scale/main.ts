/**
 * `npm run bench:admin`: the admin with 400,000 keys and 10 million calls: ingest of 5,000 calls a second, every list
 * and search, the overview, memory. `--factor=0.02` makes less of it all, `--keep=<folder>` keeps the data there for the
 * next run, `--fill` ends when they are there, `--only=keys,calls,usage,ingest` leaves others out, `--write` renews docs/benchmarks.md. Linux only.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { until } from '../contestants/contestant.ts'
import { writeSection } from '../document.ts'
import { describeMachine } from '../machine.ts'
import { startAdmin } from './admin-process.ts'
import { isSummed, openFilledDatabase } from './database.ts'
import { measureIngest } from './ingest.ts'
import { measureReads } from './read.ts'
import { renderSection, renderTables, type ScaleReport } from './report.ts'

const option = (name: string) =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3)
const factor = Number(option('factor') ?? 1)
const kept = option('keep')
const only = option('only')
const seconds = Number(option('seconds') ?? 60)
const write = process.argv.includes('--write')
if (!(factor > 0 && factor <= 1)) throw new Error('--factor takes a number above 0, up to 1')

/** The admin does it behind the scenes, as after an upgrade. */
const SUMMED_MS = 60 * 60_000

const scratch = mkdtempSync(path.join(tmpdir(), 'gatehouse-bench-scale-'))
const folder = kept ?? path.join(scratch, 'database')
const running: { stop(): Promise<void> }[] = []
let ended = false
async function end(code: number): Promise<never> {
  if (ended) return await new Promise<never>(() => {})
  ended = true
  for (const one of running.reverse()) await one.stop().catch((error: unknown) => console.error(error))
  rmSync(scratch, { recursive: true, force: true })
  process.exit(code)
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end(1))

try {
  console.log('filling the database')
  const database = await openFilledDatabase(folder, factor)
  running.push(database)
  console.log('starting the admin')
  const admin = await startAdmin(database.url, path.join(scratch, 'admin'))
  running.push(admin)
  console.log('waiting for the sums of the past')
  await until('the summing of rollups', SUMMED_MS, () => isSummed(database))
  if (process.argv.includes('--fill')) await end(0)
  const loadBefore = loadavg()[0] ?? 0
  console.log('reading')
  const timings = await measureReads(admin.origin, database.sizes, { only, say: console.log })
  const readPeakMb = admin.peakMb()
  const ingest =
    only === undefined || only.split(',').includes('ingest')
      ? await measureIngest(admin, database, { seconds, ratePerSecond: 5_000, say: console.log })
      : null
  const report: ScaleReport = {
    date: new Date().toISOString(),
    machine: describeMachine(),
    factor,
    sizes: database.sizes,
    calls: database.calls,
    days: database.days,
    loadBefore,
    timings,
    ingest,
    readPeakMb,
    peakMb: admin.peakMb(),
  }
  console.log(`\n${renderTables(report)}\n`)
  const results = path.join(import.meta.dirname, '../results')
  mkdirSync(results, { recursive: true })
  const file = path.join(
    results,
    write ? 'cited-admin.json' : `admin-${report.date.replaceAll(':', '-')}.json`,
  )
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  console.log(`written to ${path.relative(process.cwd(), file)}`)
  if (write) writeSection('npm run bench:admin', renderSection(report))
  await end(0)
} catch (error) {
  console.error(error)
  await end(1)
}
