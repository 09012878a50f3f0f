/** The product as `npm start` runs it, on a data folder of its own, configured through its API; the console is watching. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { moveTo, spawnAt } from '../cores.ts'
import { descendants } from '../process-cpu.ts'
import type { LoopDelay } from '../scale/gateway-process.ts'
import { ASKED_MODEL, VENDOR_KEY, VENDOR_MODEL } from '../wire.ts'
import { answers, type Contestant, freePort, until } from './contestant.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const LOOP_WATCH = path.join(import.meta.dirname, '../scale/loop-watch.mjs')
const START_MS = 10 * 60_000
const DRAIN_MS = 5 * 60_000

export interface GatehouseContestant extends Contestant {
  /** A call of the management API. */
  call(method: string, where: string, body?: object): Promise<Record<string, string>>
  /** How late the event loop of the gateway was since the last call. */
  loopDelay(): Promise<LoopDelay>
}

export async function startGatehouse(folder: string, upstreamPort: number): Promise<GatehouseContestant> {
  const adminPort = await freePort()
  const port = await freePort()
  const loopFile = path.join(folder, 'loop.json')
  const token = randomBytes(32).toString('base64url')
  const child = spawnAt('others', process.execPath, [path.join(ROOT, 'scripts/start.mjs')], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      HOST: '127.0.0.1',
      PORT: String(adminPort),
      GATEWAY_PORT: String(port),
      DATA_DIR: path.join(folder, 'gatehouse'),
      DATABASE_URL: '',
      GATEHOUSE_ADMIN_TOKEN: token,
      NODE_OPTIONS: `--import=${LOOP_WATCH}`,
      BENCH_LOOP_FILE: loopFile,
    },
  })
  let said = ''
  const hear = (data: Buffer) => {
    said = (said + data).slice(-4_000)
  }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  const stop = async () => {
    if (child.exitCode !== null) return
    const closed = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGTERM')
    await closed
  }
  const watching = new AbortController()
  try {
    await until('npm start', START_MS, () => {
      if (child.exitCode !== null) throw new Error(`npm start ended: ${said}`)
      return answers(`http://127.0.0.1:${port}/readyz`)
    })
    const [pid] = descendants(child.pid ?? 0, 'dist/gateway/main.mjs')
    if (pid === undefined) throw new Error('the process of the gateway was not found')
    moveTo('measured', pid)

    const call = async (method: string, where: string, body?: object) => {
      const response = await fetch(`http://127.0.0.1:${adminPort}/api/v1${where}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
      if (!response.ok) throw new Error(`${method} ${where}: ${response.status} ${await response.text()}`)
      return (await response.json()) as Record<string, string>
    }
    const team = await call('POST', '/teams', { name: 'Bench' })
    const consumer = await call('POST', '/consumers', { name: 'load', teamId: team.id })
    const key = await call('POST', '/keys', { name: 'load', consumerId: consumer.id })
    const provider = await call('POST', '/providers', {
      name: 'Bench vendor',
      kind: 'openai-compatible',
      baseUrl: `http://127.0.0.1:${upstreamPort}/v1`,
      credentials: { apiKey: VENDOR_KEY },
      allowPrivateNetwork: true,
    })
    await call('POST', '/prices', {
      providerId: provider.id,
      model: VENDOR_MODEL,
      inputUsdPerMillion: '2.5',
      outputUsdPerMillion: '10',
    })
    await call('POST', '/routes', {
      name: ASKED_MODEL,
      strategy: 'priority',
      targets: [{ providerId: provider.id, model: VENDOR_MODEL }],
    })
    await watch(`http://127.0.0.1:${adminPort}/api/v1/events`, token, watching.signal)
    const { version } = (await import(path.join(ROOT, 'package.json'), { with: { type: 'json' } })).default
    return {
      name: 'Gatehouse',
      version,
      port,
      path: '/v1/chat/completions',
      headers: { authorization: `Bearer ${key.secret}` },
      model: ASKED_MODEL,
      pids: [pid],
      call,
      async loopDelay() {
        rmSync(loopFile, { force: true })
        process.kill(pid, 'SIGUSR2')
        await until('the word on the event loop', 5_000, () => existsSync(loopFile))
        return JSON.parse(readFileSync(loopFile, 'utf8')) as LoopDelay
      },
      drained: () =>
        until('booking the calls', DRAIN_MS, async () => {
          const text = JSON.stringify(await call('GET', '/gateways'))
          // What the gateway said last may be some seconds old: asked of the admin until both agree.
          return !/"unshippedEvents":[1-9]/.test(text)
        }),
      stop: async () => {
        watching.abort()
        await stop()
      },
    }
  } catch (error) {
    watching.abort()
    await stop()
    throw error
  }
}

/** A console that looks on: live events are made for whoever listens. */
async function watch(url: string, token: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal })
  if (!response.ok || !response.body) throw new Error(`GET /events: ${response.status}`)
  const reader = response.body.getReader()
  const read = async () => {
    while (!(await reader.read()).done);
  }
  read().catch(() => {})
}
