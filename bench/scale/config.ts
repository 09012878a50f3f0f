/**
 * `npm run bench:config`: publishing with 100,000 keys and 2,000 routes: how long a change takes to commit, to be
 * acknowledged and to be answered, what live calls and the gateway's event loop notice of a stream of changes, and how
 * soon a cold gateway has it all. Beside it the same with a hundredth of the keys and routes: no work may grow with
 * their number. `--seconds=20` a measurement, `--write` renews docs/benchmarks.md. Linux only.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { migrate } from '../../scripts/migration/apply.ts'
import { startPostgres } from '../../scripts/postgres/cluster.ts'
import { spawnAt } from '../cores.ts'
import { writeSection } from '../document.ts'
import { describeMachine } from '../machine.ts'
import { startAdmin } from './admin-process.ts'
import {
  type ConfigReport,
  renderConfigSection,
  renderConfigTable,
  type SizeResult,
} from './config-report.ts'
import { fillConfiguration } from './configuration-data.ts'
import { startGateway } from './gateway-process.ts'
import { measurePublishing } from './publishing.ts'
import { sizesAt, TOKENS } from './resources-data.ts'

const option = (name: string) =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3)
const seconds = Number(option('seconds') ?? 20)
const write = process.argv.includes('--write')
const COLD_STARTS = 3

const scratch = mkdtempSync(path.join(tmpdir(), 'gatehouse-bench-config-'))
// The database's own account must pass.
chmodSync(scratch, 0o711)
const running: { stop(): Promise<void> }[] = []
let ended = false
async function end(code: number): Promise<never> {
  if (ended) return await new Promise<never>(() => {})
  ended = true
  await stopAll()
  rmSync(scratch, { recursive: true, force: true })
  process.exit(code)
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end(1))

try {
  const loadBefore = loadavg()[0] ?? 0
  const results: SizeResult[] = []
  for (const [keys, routes] of [
    [1_000, 20],
    [100_000, 2_000],
  ] as const) {
    results.push(await measureSize(keys, routes))
    await stopAll()
  }
  const report: ConfigReport = {
    date: new Date().toISOString(),
    machine: describeMachine(),
    loadBefore,
    seconds,
    results,
  }
  console.log(`\n${renderConfigTable(report)}\n`)
  const folder = path.join(import.meta.dirname, '../results')
  mkdirSync(folder, { recursive: true })
  const file = path.join(
    folder,
    write ? 'cited-config.json' : `config-${report.date.replaceAll(':', '-')}.json`,
  )
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  console.log(`written to ${path.relative(process.cwd(), file)}`)
  if (write) writeSection('npm run bench:config', renderConfigSection(report))
  await end(0)
} catch (error) {
  console.error(error)
  await end(1)
}

async function measureSize(keys: number, routes: number): Promise<SizeResult> {
  console.log(`${keys} keys, ${routes} routes`)
  const folder = path.join(scratch, String(keys))
  mkdirSync(path.join(folder, 'database'), { recursive: true })
  for (const passed of [folder, path.join(folder, 'database')]) chmodSync(passed, 0o711)
  const postgres = await startPostgres({ dataDir: path.join(folder, 'database') })
  running.push(postgres)
  await migrate(postgres.url)
  const entities = await fillConfiguration(postgres.url, {
    ...sizesAt(keys / 400_000),
    keys,
    routes,
    auditEntries: 1_000,
    revisions: 1,
  })
  const admin = await startAdmin(postgres.url, path.join(folder, 'admin'))
  running.push(admin)
  const upstream = await startUpstream()

  const fromAdmin: number[] = []
  const fromDisk: number[] = []
  for (let n = 0; n < COLD_STARTS; n += 1) {
    const own = path.join(folder, `cold-${n}`)
    mkdirSync(own)
    const cold = await startGateway({ controlUrl: admin.origin, token: admin.gatewayToken, folder: own })
    fromAdmin.push(cold.readyMs)
    // Its end writes the copy on disk. What follows has no admin to ask.
    await cold.stop()
    const again = await startGateway({
      controlUrl: 'http://127.0.0.1:9',
      token: admin.gatewayToken,
      folder: own,
      port: cold.port,
    })
    fromDisk.push(again.readyMs)
    await again.stop()
  }
  console.log(
    `  cold: ${fromAdmin.map(Math.round).join(', ')} ms from the admin, ${fromDisk.map(Math.round).join(', ')} ms from disk`,
  )

  const own = path.join(folder, 'gateway')
  mkdirSync(own)
  const gateway = await startGateway({ controlUrl: admin.origin, token: admin.gatewayToken, folder: own })
  running.push(gateway)
  const publishing = await measurePublishing({
    origin: admin.origin,
    token: TOKENS.owner,
    databaseUrl: postgres.url,
    upstreamPort: upstream.port,
    gateway,
    keys,
    seconds,
    say: console.log,
  })
  return { keys, routes, entities, fromAdmin, fromDisk, adminPeakMb: admin.peakMb(), ...publishing }
}

async function startUpstream(): Promise<{ port: number }> {
  const child = spawnAt(
    'others',
    process.execPath,
    [path.join(import.meta.dirname, '../upstream.ts'), '10'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  running.push({
    async stop() {
      child.kill('SIGKILL')
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the upstream ended with ${code}`)))
    child.stdout?.once('data', (data) => resolve(Number(data)))
  })
  return { port }
}

async function stopAll(): Promise<void> {
  for (let one = running.pop(); one; one = running.pop()) {
    await one.stop().catch((error: unknown) => console.error(error))
  }
}
