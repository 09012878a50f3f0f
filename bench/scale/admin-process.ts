/** The admin as `npm run start:admin` runs it, on a database that is there already. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { answers, freePort, until } from '../contestants/contestant.ts'
import { cpuMs, descendants } from '../process-cpu.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
/** A build may come first. */
const START_MS = 10 * 60_000

export interface AdminProcess {
  readonly origin: string
  readonly gatewayToken: string
  readonly secret: string
  readonly pid: number
  /** User and system time so far. */
  cpuMs(): number
  /** The most memory that it has held so far. */
  peakMb(): number
  stop(): Promise<void>
}

export async function startAdmin(databaseUrl: string, dataDir: string): Promise<AdminProcess> {
  const port = await freePort()
  const gatewayToken = randomBytes(24).toString('base64url')
  const secret = randomBytes(32).toString('base64url')
  const child = spawn(process.execPath, [path.join(ROOT, 'scripts/start.mjs'), 'admin'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      HOST: '127.0.0.1',
      PORT: String(port),
      DATA_DIR: dataDir,
      DATABASE_URL: databaseUrl,
      GATEHOUSE_SECRET: secret,
      GATEHOUSE_GATEWAY_TOKEN: gatewayToken,
      GATEHOUSE_ADMIN_TOKEN: undefined,
    },
  })
  const said = hear(child)
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const closed = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGTERM')
    await closed
  }
  try {
    await until('the start of the admin', START_MS, () => {
      if (child.exitCode !== null) throw new Error(`the admin ended: ${said()}`)
      return answers(`http://127.0.0.1:${port}/api/health`)
    })
    const pid = descendants(child.pid ?? 0, 'next').at(-1)
    if (pid === undefined) throw new Error('the process of the admin was not found')
    return {
      origin: `http://127.0.0.1:${port}`,
      gatewayToken,
      secret,
      pid,
      cpuMs: () => cpuMs([pid]),
      peakMb: () => peakMb(pid),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** `VmHWM`: resident memory at its highest. */
export function peakMb(pid: number): number {
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024)
}

/** Keeps the end of what a process prints. */
export function hear(child: ChildProcess): () => string {
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data: Buffer) => {
      said = (said + data).slice(-4_000)
    })
  }
  return () => said
}
