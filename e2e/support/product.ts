import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '../../scripts/free-port.ts'

export const ROOT = path.join(import.meta.dirname, '../..')
const READY_DEADLINE_MS = 300_000
const STOP_DEADLINE_MS = 15_000

export interface Product {
  readonly adminUrl: string
  readonly gatewayUrl: string
  readonly email: string
  readonly password: string
  /** For the management API, with role admin. */
  readonly token: string
  readonly dataDir: string
}

export interface StartedProduct extends Product {
  stop(): Promise<void>
}

/** The product that all specs share, as the global setup put it into the environment. */
export function sharedProduct(): Product {
  const read = (name: string) => {
    const value = process.env[`GATEHOUSE_E2E_${name}`]
    if (!value) throw new Error(`GATEHOUSE_E2E_${name} is not set: the global setup sets it.`)
    return value
  }
  return {
    adminUrl: read('ADMIN_URL'),
    gatewayUrl: read('GATEWAY_URL'),
    email: read('EMAIL'),
    password: read('PASSWORD'),
    token: read('TOKEN'),
    dataDir: read('DATA_DIR'),
  }
}

/** One of its own, by `npm start` on a scratch data folder and free ports, for whoever needs it fresh or breaks it. */
export async function startProduct(): Promise<StartedProduct> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'gatehouse-e2e-'))
  // For root's Postgres, which runs as another account.
  await chmod(dataDir, 0o711)
  const adminPort = await freePort()
  const gatewayPort = await freePort()
  const token = randomBytes(32).toString('base64url')
  const child = spawn('npm', ['start'], {
    cwd: ROOT,
    env: {
      ...inheritedEnvironment(),
      DATA_DIR: dataDir,
      PORT: String(adminPort),
      GATEWAY_PORT: String(gatewayPort),
      GATEHOUSE_ADMIN_TOKEN: token,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, to be ended whole if the product does not end by itself.
    detached: true,
  })
  const stop = async () => {
    await end(child)
    await rm(dataDir, { recursive: true, force: true })
  }
  try {
    const output = await readyOutput(child)
    const [, email, password] = /Sign in\s+(\S+) with the password (\S+)/.exec(output) ?? []
    if (!email || !password) throw new Error(`npm start printed no first password:\n${output}`)
    return {
      adminUrl: `http://127.0.0.1:${adminPort}`,
      gatewayUrl: `http://127.0.0.1:${gatewayPort}`,
      email,
      password,
      token,
      dataDir,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Ours without what configures a Gatehouse: none that runs elsewhere may be meant. */
export function inheritedEnvironment(): NodeJS.ProcessEnv {
  const ours = Object.entries(process.env).filter(
    ([name]) => !/^(GATEHOUSE_|DATABASE_URL|REDIS_URL|DATA_DIR|PORT|GATEWAY_PORT|HOST|npm_)/.test(name),
  )
  return Object.fromEntries(ours) as NodeJS.ProcessEnv
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const late = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), STOP_DEADLINE_MS)
  await exited
  clearTimeout(late)
}

function readyOutput(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    const deadline = setTimeout(
      () => reject(new Error(`npm start was not ready in time:\n${output}`)),
      READY_DEADLINE_MS,
    )
    const read = (chunk: Buffer) => {
      output += chunk
      // Printed last.
      if (!/^ {2}Data /m.test(output)) return
      clearTimeout(deadline)
      resolve(output)
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', (code) => {
      clearTimeout(deadline)
      reject(new Error(`npm start ended with exit code ${code}:\n${output}`))
    })
  })
}
