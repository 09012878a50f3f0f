import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../build/fingerprint.ts'
import { connect } from '../demo/api.ts'
import { freePort } from '../free-port.ts'
import { signalTree } from '../processes.ts'

/** The backup of docs/deployment.md by its own commands: stopped, copied whole, started elsewhere. */
let root: string
let running: ChildProcess | null = null
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'gatehouse backup '))
  // The account of the embedded Postgres passes through.
  chmodSync(root, 0o711)
})
afterAll(async () => {
  await stop()
  rmSync(root, { recursive: true, force: true })
})

interface Product {
  admin: string
  gateway: string
}

async function start(dataDir: string): Promise<Product> {
  const PORT = String(await freePort())
  const GATEWAY_PORT = gatewayPort
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(GATEHOUSE_|NEXTAUTH_|DATABASE_URL|REDIS_URL|NODE_ENV|VITEST|npm_lifecycle)/.test(name),
  )
  const child = spawn(process.execPath, ['scripts/start.mjs'], {
    cwd: ROOT,
    env: { ...(Object.fromEntries(inherited) as NodeJS.ProcessEnv), DATA_DIR: dataDir, PORT, GATEWAY_PORT },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  running = child
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk
    })
  await expect
    .poll(() => (child.exitCode === null ? output : `ENDED ${output}`), { timeout: 300_000 })
    .toMatch(/^ {2}Data |^ENDED /m)
  expect(output).toContain('Gatehouse is ready')
  return { admin: `http://127.0.0.1:${PORT}`, gateway: `http://127.0.0.1:${GATEWAY_PORT}` }
}

async function stop(): Promise<void> {
  const child = running
  running = null
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const late = setTimeout(() => signalTree(child.pid ?? 0, 'SIGKILL'), 20_000)
  await exited
  clearTimeout(late)
}

async function call({ gateway }: Product, key: string): Promise<Response> {
  return fetch(`${gateway}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'Hello' }] }),
  })
}

let gatewayPort: string

test('a data folder copied while stopped starts elsewhere: sign-in, keys, receipts and the gateway are as they were', async () => {
  gatewayPort = String(await freePort())
  const before = path.join(root, 'first', '.data')
  const first = await start(before)
  const api = await connect(first.admin, { DATA_DIR: before })
  const provider = await api.post<{ id: string }>('/providers', { name: 'Sandbox', kind: 'sandbox' })
  await api.post('/routes', {
    name: 'chat',
    strategy: 'priority',
    targets: [{ providerId: provider.id, model: 'sandbox-small' }],
  })
  const team = await api.post<{ id: string }>('/teams', { name: 'Support' })
  const consumer = await api.post<{ id: string }>('/consumers', { name: 'desk', teamId: team.id })
  const key = await api.post<{ secret: string }>('/keys', { name: 'one', consumerId: consumer.id })
  const answer = await call(first, key.secret)
  expect(answer.status).toBe(200)
  await answer.text()
  const requestId = answer.headers.get('x-gatehouse-request-id')
  await stop()

  const archive = path.join(root, 'gatehouse-data.tar')
  const tar = (args: string[]) => expect(spawnSync('tar', args, { encoding: 'utf8' }).stderr).toBe('')
  tar(['-C', path.dirname(before), '-cpf', archive, '.data'])
  const elsewhere = path.join(root, 'second')
  mkdirSync(elsewhere, { mode: 0o711 })
  tar(['-C', elsewhere, '-xpf', archive])
  const identity = (folder: string) =>
    readFileSync(path.join(folder, `gateway-${gatewayPort}`, 'gateway-id'), 'utf8')
  const after = path.join(elsewhere, '.data')
  expect(identity(after)).toBe(identity(before))
  rmSync(path.dirname(before), { recursive: true })

  const second = await start(after)
  const again = await connect(second.admin, { DATA_DIR: after })
  expect((await again.all<{ name: string }>('/teams')).map(({ name }) => name)).toContain('Support')
  // The call that the backup has, and one that is made now.
  await again.get(`/calls/${requestId}`)
  expect((await call(second, key.secret)).status).toBe(200)
  await again.post('/teams', { name: 'Later' })
  const { data } = await again.get<{ data: unknown[] }>('/gateways')
  expect(data).toHaveLength(1)
}, 400_000)
