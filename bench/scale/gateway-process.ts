/** One gateway on a core of its own, with a watch on its event loop; timed from the start of its process. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { freePort } from '../contestants/contestant.ts'
import { spawnAt } from '../cores.ts'
import { hear } from './admin-process.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const START_MS = 60_000

export interface LoopDelay {
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
}

export interface GatewayProcess {
  readonly port: number
  /** From the start of the process to its first 200 on /readyz. */
  readonly readyMs: number
  /** How late the event loop was since the last call. */
  loopDelay(): Promise<LoopDelay>
  stop(): Promise<void>
}

export async function startGateway(options: {
  readonly controlUrl: string
  readonly token: string
  readonly folder: string
  readonly port?: number
}): Promise<GatewayProcess> {
  const port = options.port ?? (await freePort())
  const loopFile = path.join(options.folder, `loop-${port}.json`)
  const begun = performance.now()
  const child = spawnAt(
    'measured',
    process.execPath,
    [
      '--import',
      path.join(import.meta.dirname, 'loop-watch.mjs'),
      '--enable-source-maps',
      path.join(ROOT, 'dist/gateway/main.mjs'),
    ],
    {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'production',
        HOST: '127.0.0.1',
        GATEWAY_PORT: String(port),
        DATA_DIR: options.folder,
        GATEHOUSE_CONTROL_URL: options.controlUrl,
        GATEHOUSE_GATEWAY_TOKEN: options.token,
        BENCH_LOOP_FILE: loopFile,
      },
    },
  )
  const said = hear(child)
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const closed = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGTERM')
    await closed
  }
  try {
    while (!(await isReady(port))) {
      if (child.exitCode !== null) throw new Error(`the gateway ended: ${said()}`)
      if (performance.now() - begun > START_MS) throw new Error(`the gateway is not ready: ${said()}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  } catch (error) {
    await stop()
    throw error
  }
  return {
    port,
    readyMs: performance.now() - begun,
    stop,
    async loopDelay() {
      rmSync(loopFile, { force: true })
      child.kill('SIGUSR2')
      while (!existsSync(loopFile)) await new Promise((resolve) => setTimeout(resolve, 2))
      return JSON.parse(readFileSync(loopFile, 'utf8')) as LoopDelay
    },
  }
}

/** A connection for each question: one that was refused must not be waited for. */
function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, path: '/readyz', agent: false }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode === 200))
    })
    request.on('error', () => resolve(false))
  })
}
