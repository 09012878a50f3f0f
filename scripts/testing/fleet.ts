/**
 * For tests of faults: a deployment of real processes on this machine. A Postgres of its own, which may be killed or
 * frozen; admins as they are built; gateways from their bundle; a vendor that keeps its own invoice.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { type ManagementApi, managementApi } from '../../e2e/support/management-api.ts'
import { inheritedEnvironment } from '../../e2e/support/product.ts'
import { startVendor, type Vendor } from '../../e2e/support/vendor.ts'
import { ROOT } from '../build/fingerprint.ts'
import { BUILD_STEPS, withBuildLock } from '../build/product.ts'
import { programOf } from '../build/run-tool.ts'
import { freePort } from '../free-port.ts'
import { migrate } from '../migration/apply.ts'
import { type RunningPostgres, startPostgres, stopLeftoverPostgres } from '../postgres/cluster.ts'
import { until } from '../processes.ts'

const READY_MS = 60_000
/** A kill must lose nothing that was committed; a machine that loses power is not among these faults. */
const POSTGRES_SETTINGS = { fsync: 'off', full_page_writes: 'off' }

export interface FleetProcess {
  readonly url: string
  readonly pid: number
  output(): string
  signal(name: NodeJS.Signals): void
  /** SIGKILL by default; resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<number | null>
}

export interface Admin extends FleetProcess {
  readonly api: ManagementApi
}

export interface Fleet {
  readonly dataDir: string
  readonly databaseUrl: string
  /** Of the management API, with role admin. */
  readonly token: string
  readonly gatewayToken: string
  readonly vendor: Vendor
  /** The server now; another one after `startDatabase`. */
  postgres(): RunningPostgres
  /** Stopped as by `pg_ctl stop -m immediate`, without a goodbye to anybody. */
  stopDatabase(): Promise<void>
  startDatabase(): Promise<void>
  /** SIGSTOP or SIGCONT to the server and all who work for it: it hangs, or goes on. */
  signalDatabase(name: 'SIGSTOP' | 'SIGCONT'): void
  query<T>(sql: string, values?: unknown[]): Promise<T[]>
  /** Ready when it is started, unless `ready: false`. */
  startAdmin(options?: { databaseUrl?: string; port?: number; ready?: boolean }): Promise<Admin>
  /** `control` as in GATEHOUSE_CONTROL_URL. The same `port` is the same data folder, and the same gateway. */
  startGateway(options: {
    control: string
    env?: Record<string, string>
    port?: number
    ready?: boolean
  }): Promise<FleetProcess>
  stop(): Promise<void>
}

export async function startFleet(): Promise<Fleet> {
  await withBuildLock(async () => {
    for (const build of Object.values(BUILD_STEPS)) await build()
  })
  const dataDir = mkdtempSync(path.join(tmpdir(), 'gatehouse-fleet-'))
  // For root's Postgres, which runs as another account.
  chmodSync(dataDir, 0o711)
  const token = randomBytes(32).toString('base64url')
  const gatewayToken = randomBytes(32).toString('base64url')
  const secret = randomBytes(32).toString('hex')
  const processes: FleetProcess[] = []
  let postgres = await startPostgres({ dataDir, settings: POSTGRES_SETTINGS })
  const { url: databaseUrl } = postgres
  await migrate(databaseUrl)
  const vendor = await startVendor()

  const spawned = (args: string[], url: string, env: Record<string, string>): FleetProcess => {
    const started = asProcess(
      spawn(process.execPath, args, {
        cwd: ROOT,
        env: {
          ...inheritedEnvironment(),
          NODE_ENV: 'production',
          HOST: '127.0.0.1',
          DATA_DIR: dataDir,
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
      url,
    )
    processes.push(started)
    return started
  }

  const fleet: Fleet = {
    dataDir,
    databaseUrl,
    token,
    gatewayToken,
    vendor,
    postgres: () => postgres,
    async stopDatabase() {
      const ended = new Promise((resolve) => postgres.process.once('exit', resolve))
      process.kill(postgres.pid, 'SIGQUIT')
      await ended
    },
    async startDatabase() {
      postgres = await startPostgres({ dataDir, settings: POSTGRES_SETTINGS })
      if (postgres.url !== databaseUrl) throw new Error('Postgres came back on another port')
    },
    signalDatabase(name) {
      const { pid } = postgres
      for (const target of [pid, ...childrenOf(pid)]) {
        try {
          process.kill(target, name)
        } catch {
          // A session that has just ended.
        }
      }
    },
    async query(sql, values = []) {
      const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 })
      client.on('error', () => {})
      await client.connect()
      try {
        return (await client.query(sql, values)).rows
      } finally {
        await client.end()
      }
    },
    async startAdmin({ databaseUrl: through = databaseUrl, port, ready = true } = {}) {
      const listens = port ?? (await freePort())
      const url = `http://127.0.0.1:${listens}`
      const args = [programOf('next'), 'start', '--hostname', '127.0.0.1', '--port', String(listens)]
      const started = spawned(args, url, {
        PORT: String(listens),
        DATABASE_URL: through,
        GATEHOUSE_SECRET: secret,
        GATEHOUSE_ADMIN_TOKEN: token,
        GATEHOUSE_ADMIN_PASSWORD: 'a password for the first user',
        GATEHOUSE_GATEWAY_TOKEN: gatewayToken,
        GATEHOUSE_ADMIN_URL: url,
        NEXTAUTH_URL: url,
        NEXTAUTH_SECRET: secret,
        NEXT_TELEMETRY_DISABLED: '1',
      })
      const admin = { ...started, api: managementApi({ adminUrl: url, token }) }
      if (ready) await reach(started, async () => (await admin.api.request('GET', '/me')).status === 200)
      return admin
    },
    async startGateway({ control, env = {}, port, ready = true }) {
      const listens = port ?? (await freePort())
      const started = spawned(
        ['--enable-source-maps', path.join(ROOT, 'dist/gateway/main.mjs')],
        `http://127.0.0.1:${listens}`,
        {
          GATEWAY_PORT: String(listens),
          GATEHOUSE_CONTROL_URL: control,
          GATEHOUSE_GATEWAY_TOKEN: gatewayToken,
          ...env,
        },
      )
      if (ready) await reach(started, async () => (await readiness(started)).status === 200)
      return started
    },
    async stop() {
      for (const started of processes) {
        started.signal('SIGCONT')
        await started.kill()
      }
      await vendor.stop()
      fleet.signalDatabase('SIGCONT')
      await stopLeftoverPostgres(dataDir, () => {})
      // Elsewhere where the server's account can't reach the temporary folder.
      if (!postgres.directory.startsWith(dataDir))
        rmSync(path.dirname(postgres.directory), { recursive: true })
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
  return fleet
}

function childrenOf(parent: number): number[] {
  const pairs = existsSync('/proc/self/stat')
    ? readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((name) => [Number(name), parentOf(name)] as const)
    : spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
        .stdout.trim()
        .split('\n')
        .map((row) => row.trim().split(/\s+/).map(Number) as [number, number])
  return pairs.filter(([, ppid]) => ppid === parent).map(([pid]) => pid)
}

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return 0
  }
}

async function reach(started: FleetProcess, isReady: () => Promise<boolean>): Promise<void> {
  if (!(await until(() => isReady().catch(() => false), READY_MS, 25))) {
    throw new Error(`${started.url} was not ready in time:\n${started.output()}`)
  }
}

/** Status and text of `/readyz`; status 0 where nobody answers. */
export async function readiness({ url }: { url: string }): Promise<{ status: number; text: string }> {
  return fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3_000) }).then(
    async (response) => ({ status: response.status, text: await response.text() }),
    () => ({ status: 0, text: '' }),
  )
}

function asProcess(child: ChildProcess, url: string): FleetProcess {
  let output = ''
  const read = (chunk: Buffer) => {
    output += chunk
  }
  child.stdout?.on('data', read)
  child.stderr?.on('data', read)
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  const gone = () => child.exitCode !== null || child.signalCode !== null
  return {
    url,
    pid: child.pid ?? 0,
    output: () => output,
    signal(name) {
      if (!gone()) child.kill(name)
    },
    kill(signal = 'SIGKILL') {
      if (!gone()) child.kill(signal)
      return ended
    },
  }
}
