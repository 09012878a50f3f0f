import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '../scripts/free-port.ts'

const ROOT = path.join(import.meta.dirname, '..')
const READY_DEADLINE_MS = 300_000
const STOP_DEADLINE_MS = 15_000

/**
 * Starts the product by `npm start` on a scratch data folder and free ports, and tells the tests by environment:
 * GATEHOUSE_E2E_ADMIN_URL, _GATEWAY_URL, _EMAIL, _PASSWORD (as printed), _TOKEN (management API, role admin),
 * _DATA_DIR. With GATEHOUSE_E2E_ADMIN_URL set already, that product is used and nothing is started.
 */
export default async function globalSetup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.GATEHOUSE_E2E_ADMIN_URL) return undefined
  const dataDir = await mkdtemp(path.join(tmpdir(), 'gatehouse-e2e-'))
  // For root's Postgres, which runs as another account.
  await chmod(dataDir, 0o711)
  const adminPort = await freePort()
  const gatewayPort = await freePort()
  const token = randomBytes(32).toString('base64url')
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(GATEHOUSE_|DATABASE_URL|REDIS_URL)/.test(name),
  )
  const child = spawn('npm', ['start'], {
    cwd: ROOT,
    env: {
      ...(Object.fromEntries(inherited) as NodeJS.ProcessEnv),
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
    if (child.exitCode === null && child.signalCode === null) {
      const exited = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      const late = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), STOP_DEADLINE_MS)
      await exited
      clearTimeout(late)
    }
    await rm(dataDir, { recursive: true, force: true })
  }
  try {
    const output = await readyOutput(child)
    const [, email, password] = /Sign in\s+(\S+) with the password (\S+)/.exec(output) ?? []
    if (!email || !password) throw new Error(`npm start printed no first password:\n${output}`)
    Object.assign(process.env, {
      GATEHOUSE_E2E_ADMIN_URL: `http://127.0.0.1:${adminPort}`,
      GATEHOUSE_E2E_GATEWAY_URL: `http://127.0.0.1:${gatewayPort}`,
      GATEHOUSE_E2E_EMAIL: email,
      GATEHOUSE_E2E_PASSWORD: password,
      GATEHOUSE_E2E_TOKEN: token,
      GATEHOUSE_E2E_DATA_DIR: dataDir,
    })
    return stop
  } catch (error) {
    await stop()
    throw error
  }
}

function readyOutput(child: ReturnType<typeof spawn>): Promise<string> {
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
