import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { freePort, portProblem } from '../free-port.ts'
import { commandLine, isAlive, until } from '../processes.ts'
import { UserError } from '../user-error.ts'
import { canReach, findBinaries, reachableFolder, type ServerAccount, serverAccount } from './binaries.ts'

const HOST = '127.0.0.1'
const USER = 'gatehouse'
const DATABASE = 'gatehouse'
const START_DEADLINE_MS = 30_000
/** From a fast shutdown on, until the server is made to stop at once (it then recovers at the next start). */
const STOP_DEADLINE_MS = 5_000
const MAX_LOG_BYTES = 8 * 1024 * 1024

const SETTINGS: Record<string, string> = {
  listen_addresses: HOST,
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  fsync: 'on',
  synchronous_commit: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

/** Kept in `<dataDir>/postgres.json`, mode 0600: it holds the password. */
interface ClusterState {
  directory: string
  password: string
  port: number
  /** Set once the directory has been filled: from then on a missing one is a loss, not a first start. */
  created: boolean
}

export interface PostgresOptions {
  dataDir: string
  /** Over the defaults, for tests: `{ fsync: 'off' }`. */
  settings?: Record<string, string>
  /** Told what an operator should know: another folder, a server left over. */
  note?: (text: string) => void
}

export interface RunningPostgres {
  url: string
  directory: string
  port: number
  pid: number
  process: ChildProcess
  /** Fast shutdown: open transactions are rolled back, everything committed is kept. */
  stop(deadlineMs?: number): Promise<void>
}

/**
 * Starts the Postgres of this data folder, on 127.0.0.1 alone, made on the first start, and waits until it answers.
 * A server left over by a killed supervisor is stopped first. Throws UserError.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const note = options.note ?? (() => {})
  const account = serverAccount()
  const binaries = await findBinaries(account)
  const state = await readState(options.dataDir, account, note)
  await stopLeftover(state.directory, note)
  if (!existsSync(path.join(state.directory, 'PG_VERSION'))) {
    if (state.created) {
      throw new UserError(
        `The database folder ${state.directory} is gone: restore it, or remove ${stateFile(options.dataDir)} to start with an empty one.`,
      )
    }
    await initialise(binaries.initdb, state, account)
  }
  state.created = true
  if (state.port === 0 || (await portProblem(state.port, HOST)) !== null) state.port = await freePort(HOST)
  writeState(options.dataDir, state)

  const log = path.join(options.dataDir, 'postgres.log')
  const url = (database: string) =>
    `postgresql://${USER}:${encodeURIComponent(state.password)}@${HOST}:${state.port}/${database}`
  const child = await launch({
    program: binaries.postgres,
    state,
    account,
    log,
    settings: options.settings,
    url,
  })
  await createDatabase(url('postgres'))
  return {
    url: url(DATABASE),
    directory: state.directory,
    port: state.port,
    pid: child.pid ?? 0,
    process: child,
    stop: (deadlineMs) => stopServer(child.pid ?? 0, state.directory, deadlineMs),
  }
}

/** Stops the server that a killed Gatehouse left in this data folder, if there is one. */
export async function stopLeftoverPostgres(dataDir: string, note: (text: string) => void): Promise<void> {
  if (!existsSync(stateFile(dataDir))) return
  const state = JSON.parse(readFileSync(stateFile(dataDir), 'utf8')) as ClusterState
  await stopLeftover(state.directory, note)
}

function stateFile(dataDir: string): string {
  return path.join(dataDir, 'postgres.json')
}

function writeState(dataDir: string, state: ClusterState): void {
  const file = stateFile(dataDir)
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

async function readState(
  dataDir: string,
  account: ServerAccount | null,
  note: (text: string) => void,
): Promise<ClusterState> {
  const file = stateFile(dataDir)
  if (existsSync(file)) {
    let state: ClusterState
    try {
      state = JSON.parse(readFileSync(file, 'utf8'))
    } catch {
      throw new UserError(
        `${file} cannot be read as JSON: restore it, it holds the password of the database.`,
      )
    }
    // A data folder may be moved or copied whole; its database moves with it unless it lies elsewhere.
    const inside = path.join(dataDir, 'postgres')
    if (existsSync(path.join(inside, 'PG_VERSION'))) state.directory = inside
    if (state.directory !== inside) note(`the database is in ${state.directory}`)
    return state
  }
  const state = {
    directory: path.join(dataDir, 'postgres'),
    password: randomBytes(24).toString('base64url'),
    port: 0,
    created: false,
  }
  if (existsSync(path.join(state.directory, 'PG_VERSION'))) {
    throw new UserError(
      `${state.directory} holds a database but ${file} with its password is missing: restore that file, or move the folder away.`,
    )
  }
  if (!canReach(account, dataDir)) {
    const key = createHash('sha256').update(dataDir).digest('hex').slice(0, 12)
    // Random at the end: a data folder that was deleted and made again must not meet its old database.
    const folder = await reachableFolder(account, `${key}-${randomBytes(3).toString('hex')}`)
    state.directory = path.join(folder, 'postgres')
    note(`the account "postgres" cannot reach ${dataDir}: the database is in ${state.directory}`)
  }
  writeState(dataDir, state)
  return state
}

/** Made beside and renamed when whole, so that a kill in the middle leaves nothing half-made. */
async function initialise(initdb: string, state: ClusterState, account: ServerAccount | null): Promise<void> {
  const unfinished = `${state.directory}.new`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true, mode: 0o700 })
  const passwordFile = `${state.directory}.password`
  writeFileSync(passwordFile, `${state.password}\n`, { mode: 0o600 })
  if (account) {
    chownSync(unfinished, account.uid, account.gid)
    chownSync(passwordFile, account.uid, account.gid)
  }
  try {
    const { code, output } = await run(
      initdb,
      [
        `--pgdata=${unfinished}`,
        `--username=${USER}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // Built in, so that an upgrade of the system's locales can't disorder an index.
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
        '--no-instructions',
      ],
      account,
    )
    if (code !== 0) throw new UserError(`The embedded Postgres could not be made: ${lastLine(output)}`)
  } finally {
    rmSync(passwordFile, { force: true })
  }
  rmSync(state.directory, { recursive: true, force: true })
  renameSync(unfinished, state.directory)
}

function run(program: string, args: string[], account: ServerAccount | null) {
  return new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    const child = spawn(program, args, {
      ...(account ?? {}),
      cwd: '/',
      env: serverEnv(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      output += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}

/** Nothing of ours is passed on: our environment holds secrets, and PGDATA or PGPORT would mislead it. */
function serverEnv(): NodeJS.ProcessEnv {
  return { NODE_ENV: 'production', PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' }
}

interface Launch {
  program: string
  state: ClusterState
  account: ServerAccount | null
  log: string
  settings: Record<string, string> | undefined
  url: (database: string) => string
}

async function launch({ program, state, account, log, settings, url }: Launch): Promise<ChildProcess> {
  const flags = Object.entries({ ...SETTINGS, ...settings }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ])
  const end = performance.now() + START_DEADLINE_MS
  for (;;) {
    if (existsSync(log) && statSync(log).size > MAX_LOG_BYTES) renameSync(log, `${log}.1`)
    const output = openSync(log, 'a', 0o600)
    const from = statSync(log).size
    const child = spawn(program, ['-D', state.directory, '-p', String(state.port), ...flags], {
      ...(account ?? {}),
      cwd: '/',
      env: serverEnv(),
      stdio: ['ignore', output, output],
      // A group of its own: Ctrl-C in a terminal must not stop the database before the gateway has drained.
      detached: true,
    })
    closeSync(output)
    chmodSync(log, 0o600)
    let exited = false
    child.on('exit', () => {
      exited = true
    })
    child.on('error', () => {
      exited = true
    })
    const ready = await until(
      async () => exited || (await answers(url('postgres'))),
      end - performance.now(),
      25,
    )
    if (ready && !exited) return child
    if (!exited) child.kill('SIGQUIT')
    const said = readFileSync(log).subarray(from).toString()
    // The processes of a killed server need a moment to notice that it is gone.
    const mayPass = /shared memory block|lock file|could not bind|Address already in use/.test(said)
    if (!mayPass || performance.now() > end) {
      throw new UserError(`The embedded Postgres did not start: ${lastLine(said) || `see ${log}`}`)
    }
    if (/could not bind|Address already in use/.test(said)) state.port = await freePort(HOST)
    await until(() => false, 200)
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE])
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`)
  } finally {
    await client.end()
  }
}

function isServer(pid: number, directory: string): boolean {
  if (pid <= 0 || !isAlive(pid)) return false
  const started = /postgres\S* -D (.+) -p \d+/.exec(commandLine(pid))?.[1]
  if (started === undefined) return false
  if (started === directory) return true
  try {
    // The same folder by another name: two servers on one folder would destroy it.
    return realpathSync(started) === realpathSync(directory)
  } catch {
    return false
  }
}

async function stopLeftover(directory: string, note: (text: string) => void): Promise<void> {
  const file = path.join(directory, 'postmaster.pid')
  if (!existsSync(file)) return
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
  if (isServer(pid, directory)) {
    note(`stopping the Postgres left over by an earlier start (process ${pid})`)
    await stopServer(pid, directory)
  } else if (pid > 0 && isAlive(pid)) {
    // Its id belongs to a stranger now, which Postgres would take for itself. Where the id is free it sees to it.
    rmSync(file, { force: true })
  }
}

async function stopServer(pid: number, directory: string, deadlineMs = STOP_DEADLINE_MS): Promise<void> {
  const gone = () => !isServer(pid, directory)
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (gone()) return
    try {
      process.kill(pid, signal)
    } catch {
      return
    }
    if (await until(gone, signal === 'SIGINT' ? deadlineMs : 1_000, 20)) return
  }
}

function lastLine(text: string): string {
  const lines = text.trim().split('\n')
  return (lines.findLast((line) => /FATAL|PANIC|error/i.test(line)) ?? lines.at(-1) ?? '').trim()
}
