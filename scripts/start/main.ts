import { readFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from '../build/fingerprint.ts'
import { BUILD_STEPS, withBuildLock } from '../build/product.ts'
import { programOf } from '../build/run-tool.ts'
import { until } from '../processes.ts'
import { errorText, UserError } from '../user-error.ts'
import { checkDatabase, checkPorts, hasNoUser, migrateDatabase, prepareAdmin } from './before-admin.ts'
import { type AdminValues, adminEnv, gatewayEnv, gatewayToken } from './child-env.ts'
import { firstPassword, firstPasswordWasShown, loadSecrets, openDataFolder } from './data-folder.ts'
import { isHealthy, READY_DEADLINE_MS, spawnProcess } from './service.ts'
import { readSettings, type Settings, takeSecretFiles, urlHost } from './settings.ts'
import { seconds, step, stepWhenNeeded } from './steps.ts'
import { createSupervisor, type Program } from './supervisor.ts'

const PARENT_CHECK_MS = 1_000
/** Streams to gateways and browsers never end by themselves; what an admin has answered is committed. */
const ADMIN_STOP_MS = 8_000
/** What a gateway does after its calls have ended: it ships and closes its books. */
const AFTER_DRAIN_MS = 5_000
/** Where all end together within ten seconds: what is in flight then is cut and booked, not killed with the process. */
const SUPERVISED_DRAIN_MS = 4_000
const START = performance.now()

/** What `scripts/start.mjs` runs once the right Node and the packages are there. */
export async function main([mode = 'all']: string[], launcherMs: number): Promise<void> {
  let end: (() => Promise<void>) | null = null
  const exit = onceEnded(async () => end?.())
  try {
    takeSecretFiles(process.env)
    const settings = readSettings(process.env, ROOT)
    const stoppable = (stop: () => Promise<void>) => {
      end = stop
    }
    if (mode === 'all') await startAll(settings, stoppable, launcherMs)
    else if (mode === 'admin') await startAdmin(settings, stoppable, exit)
    else if (mode === 'gateway') await startGateway(settings, stoppable, exit)
    else
      throw new UserError(
        `"${mode}" cannot be started: it is npm start, npm run start:admin or npm run start:gateway.`,
      )
  } catch (error) {
    await exit(1, errorText(error))
  }
}

type Exit = (code: number, problem?: string) => Promise<void>
type Stoppable = (stop: () => Promise<void>) => void

/** Ends on SIGINT, SIGTERM and SIGHUP, and when npm that started us is killed; once, whatever comes again. */
function onceEnded(stop: () => Promise<void>): Exit {
  let ending = false
  const exit: Exit = async (code, problem) => {
    if (ending) return
    ending = true
    if (problem !== undefined) console.error(`\n${problem}`)
    await stop().catch((error) => console.error(errorText(error)))
    process.exit(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!ending) console.log(`\nStopping (${signal})`)
      void exit(0)
    })
  }
  // A parent killed by SIGKILL tells nobody. Only npm or our own launcher is waited for; a shell may go its way.
  const parent = process.ppid
  if (process.env.npm_lifecycle_event || process.env.GATEHOUSE_LAUNCHER) {
    setInterval(() => {
      if (process.ppid !== parent) void exit(0)
    }, PARENT_CHECK_MS).unref()
  }
  return exit
}

async function startAll(settings: Settings, stoppable: Stoppable, launcherMs: number): Promise<void> {
  console.log(`Gatehouse ${version()}`)
  const note = (text: string) => console.log(`  ${text}`)
  const folder = await openDataFolder(settings.dataDir, note)
  const supervisor = createSupervisor(folder, console.log)
  stoppable(async () => {
    await supervisor.stop()
    folder.release()
  })
  settings.dataDir = folder.path
  await checkPorts(settings, ['admin', 'gateway'])
  if (settings.databaseUrl !== null) await checkDatabase(settings.databaseUrl)
  const secrets = loadSecrets(folder.path, settings.secret)
  await buildWhenStale(['client', 'console', 'gateway'])

  const databaseUrl =
    settings.databaseUrl ?? (await step('started Postgres', () => supervisor.startPostgres()))
  await migrateDatabase(databaseUrl)
  let made: string | null = secrets.firstPasswordShown ? null : (secrets.firstPassword ?? null)
  if (settings.adminPassword === null && (await hasNoUser(databaseUrl)))
    made = firstPassword(folder.path, secrets)

  const admin = (embeddedUrl: string | null): Program =>
    adminProgram(settings, {
      databaseUrl: settings.databaseUrl ?? embeddedUrl ?? databaseUrl,
      secret: secrets.secret,
      adminPassword: settings.adminPassword ?? made,
    })
  await step('started the console', () => supervisor.startProgram('admin', admin))
  await step('started the gateway', () =>
    supervisor.startProgram('gateway', () =>
      gatewayProgram(settings, gatewayToken(settings, secrets.secret), {
        databaseUrl,
        drainMs: Math.min(settings.drainMs, SUPERVISED_DRAIN_MS),
      }),
    ),
  )

  console.log(`\nGatehouse is ready after ${seconds(performance.now() - START + launcherMs)}`)
  console.log(`  Console   ${settings.adminUrl}`)
  console.log(`  Gateway   ${settings.gatewayUrl}`)
  console.log(`  Sign in   ${signInHint(settings, made)}`)
  console.log(`  Data      ${folder.path}`)
  if (made !== null) firstPasswordWasShown(folder.path)
}

function signInHint(settings: Settings, made: string | null): string {
  if (made !== null) return `${settings.adminEmail} with the password ${made} (shown this once)`
  if (settings.adminPassword !== null)
    return `${settings.adminEmail} with the password of GATEHOUSE_ADMIN_PASSWORD, unless changed since`
  return 'with your password; the first one was printed at the first start'
}

/** One admin for a deployment: its end is ours, whoever runs us starts it again. */
async function startAdmin(settings: Settings, stoppable: Stoppable, exit: Exit): Promise<void> {
  const values = await prepareAdmin(settings, { build: () => buildWhenStale(['client', 'console']) })
  await runAlone('admin', adminProgram(settings, values), ADMIN_STOP_MS, stoppable, exit)
  console.log(`\nThe console is ready at ${settings.adminUrl}`)
}

/** One gateway for a deployment. */
async function startGateway(settings: Settings, stoppable: Stoppable, exit: Exit): Promise<void> {
  const controlUrl = process.env.GATEHOUSE_CONTROL_URL
  if (!controlUrl)
    throw new UserError(
      'npm run start:gateway needs GATEHOUSE_CONTROL_URL: the address of an admin, like http://admin:3000.',
    )
  if (settings.gatewayToken === null) {
    throw new UserError(
      'npm run start:gateway needs GATEHOUSE_GATEWAY_TOKEN: the one that the admin was given.',
    )
  }
  await checkPorts(settings, ['gateway'])
  await buildWhenStale(['gateway'])
  // Alone, it waits for its first configuration as long as it takes, and says so on /readyz itself.
  const healthUrl = `http://${urlHost(settings.host)}:${settings.gatewayPort}/healthz`
  const program = { ...gatewayProgram(settings, settings.gatewayToken, { controlUrl }), healthUrl }
  await runAlone('gateway', program, settings.drainMs + AFTER_DRAIN_MS, stoppable, exit)
  console.log(`\nThe gateway is ready at ${settings.gatewayUrl}`)
}

async function runAlone(
  name: string,
  program: Program,
  stopDeadlineMs: number,
  stoppable: Stoppable,
  exit: Exit,
): Promise<void> {
  // Spawned without its health: a stop that comes while it starts must reach it.
  const running = await spawnProcess({ name, ...program, healthUrl: null, log: console.log })
  stoppable(() => running.stop(stopDeadlineMs))
  const ended = new Promise<void>((resolve) => {
    running.child.once('exit', (code, signal) => {
      resolve()
      void exit(code ?? 1, `The ${name} ended (${signal ?? `exit code ${code}`}).`)
    })
  })
  const { healthUrl } = program
  const answers = until(() => healthUrl === null || isHealthy(healthUrl), READY_DEADLINE_MS, 40)
  // One that ends says so itself, and takes this process with it.
  await Promise.race([answers, ended.then(() => new Promise(() => {}))])
  if (!(await answers)) throw new UserError(`The ${name} was not ready after ${READY_DEADLINE_MS / 1_000} s.`)
}

function adminProgram(settings: Settings, values: AdminValues): Program {
  return {
    command: process.execPath,
    args: [programOf('next'), 'start', '--hostname', settings.host, '--port', String(settings.adminPort)],
    cwd: ROOT,
    env: adminEnv(process.env, settings, values),
    healthUrl: `http://${urlHost(settings.host)}:${settings.adminPort}/api/health`,
  }
}

function gatewayProgram(
  settings: Settings,
  token: string,
  upstream: Parameters<typeof gatewayEnv>[3],
): Program {
  return {
    command: process.execPath,
    args: ['--enable-source-maps', path.join(ROOT, 'dist/gateway/main.mjs')],
    cwd: ROOT,
    env: gatewayEnv(process.env, settings, token, upstream),
    healthUrl: `http://${urlHost(settings.host)}:${settings.gatewayPort}/readyz`,
  }
}

const BUILT = {
  client: 'made the database client',
  console: 'built the console',
  gateway: 'built the gateway',
}

async function buildWhenStale(parts: (keyof typeof BUILT)[]): Promise<void> {
  await withBuildLock(async () => {
    for (const part of parts) await stepWhenNeeded(BUILT[part], BUILD_STEPS[part])
  })
}

function version(): string {
  return JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')).version
}
