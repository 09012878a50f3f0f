import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ROOT } from '../build/fingerprint.ts'
import { buildImages, bundleAdminProgram, IMAGE_FOLDERS } from '../build/image.ts'
import { BUILD_STEPS, withBuildLock } from '../build/product.ts'
import { connect } from '../demo/api.ts'
import { freePort } from '../free-port.ts'
import { readStages } from '../testing/dockerfile.ts'
import { createTestDatabase } from '../testing/postgres.ts'

/**
 * What the images hold, started as the images start it: the Dockerfile's environment, nothing of the repository in
 * reach, a folder that cannot be written, and, when we are root, user 1000. No container is needed for it.
 */
const LONG = process.env.GATEHOUSE_TEST_LONG === '1'
const USER = process.getuid?.() === 0 ? { uid: 1000, gid: 1000 } : {}
const SECRET = 'a'.repeat(64)
const TOKEN = 'gateway-token-0123456789'

let root: string
const started: ChildProcess[] = []

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'gatehouse-image-'))
  chmodSync(root, 0o755)
  // The folder that the packages are in may be closed to user 1000.
  copyFileSync(process.execPath, path.join(root, 'node'))
})
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
  rmSync(root, { recursive: true, force: true })
})

interface Program {
  child: ChildProcess
  output(): string
  exited: Promise<number | null>
}

/** As the stage's ENTRYPOINT, in the folder that is its /app. */
function run(name: 'admin' | 'gateway', env: Record<string, string>): Program {
  const stage = readStages(readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8')).find(
    (candidate) => candidate.name === name,
  )
  if (!stage) throw new Error(`no stage ${name}`)
  const child = spawn(path.join(root, 'node'), stage.entrypoint.slice(1), {
    ...USER,
    cwd: path.join(root, name),
    env: { PATH: '/usr/bin:/bin', NODE_ENV: 'production', ...stage.env, HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk
    })
  return { child, output: () => output, exited: new Promise((resolve) => child.once('close', resolve)) }
}

async function status(url: string): Promise<number> {
  return fetch(url).then(
    async (answer) => {
      await answer.body?.cancel()
      return answer.status
    },
    () => 0,
  )
}

function answers(program: Program, url: string, wanted: number) {
  return expect
    .poll(async () => (program.child.exitCode === null ? await status(url) : program.output()), {
      timeout: 60_000,
    })
    .toBe(wanted)
}

/** Readable by all, writable by nobody: user 1000 owns none of it. */
function place(name: 'admin' | 'gateway', from: string): void {
  cpSync(from, path.join(root, name), { recursive: true, verbatimSymlinks: true })
}

function dataFolder(): string {
  const folder = path.join(root, 'data')
  mkdirSync(folder, { mode: 0o700 })
  if (USER.uid) chownSync(folder, USER.uid, USER.gid)
  return folder
}

function secretFile(name: string, content: string): string {
  const file = path.join(root, name)
  writeFileSync(file, `${content}\n`, { mode: 0o600 })
  if (USER.uid) chownSync(file, USER.uid, USER.gid)
  return file
}

test('the gateway runs from its one file, with its token in a file, and ends on SIGTERM', async () => {
  await withBuildLock(() => BUILD_STEPS.gateway())
  mkdirSync(path.join(root, 'gateway'))
  copyFileSync(path.join(ROOT, 'dist/gateway/main.mjs'), path.join(root, 'gateway/main.mjs'))
  const port = await freePort()
  const gateway = run('gateway', {
    GATEWAY_PORT: String(port),
    DATA_DIR: dataFolder(),
    GATEHOUSE_CONTROL_URL: `http://127.0.0.1:${await freePort()}`,
    GATEHOUSE_GATEWAY_TOKEN_FILE: secretFile('token', TOKEN),
  })
  await answers(gateway, `http://127.0.0.1:${port}/healthz`, 200)
  expect(await status(`http://127.0.0.1:${port}/readyz`)).toBe(503)
  expect(gateway.output()).not.toContain(TOKEN)
  gateway.child.kill('SIGTERM')
  expect(await gateway.exited).toBe(0)
}, 120_000)

test('the admin says in one sentence what it lacks, and ends', async () => {
  mkdirSync(path.join(root, 'admin'))
  await bundleAdminProgram(path.join(root, 'admin/main.mjs'))
  const PORT = String(await freePort())
  const refusal = async (env: Record<string, string>) => {
    const admin = run('admin', { PORT, ...env })
    expect(await admin.exited).toBe(1)
    return admin.output().trim()
  }
  const DATABASE_URL = 'postgresql://me:hunter2@127.0.0.1:1/books'
  expect(await refusal({})).toBe(
    'npm run start:admin needs DATABASE_URL: the Postgres that all admins share.',
  )
  expect(await refusal({ DATABASE_URL })).toBe(
    'npm run start:admin needs GATEHOUSE_SECRET: the same one for all admins.',
  )
  expect(await refusal({ DATABASE_URL, GATEHOUSE_SECRET: SECRET })).toBe(
    'DATABASE_URL: the database books at 127.0.0.1:1 refuses connections: is Postgres running there?',
  )
  expect(await refusal({ DATABASE_URL_FILE: '/run/secrets/gone' })).toBe(
    'DATABASE_URL_FILE names /run/secrets/gone, which cannot be read (ENOENT).',
  )
}, 120_000)

if (LONG)
  test('both images: first start, sign-in, a change that the gateway has, a second start, and their ends', async () => {
    const folders = {
      admin: path.join(ROOT, IMAGE_FOLDERS.admin),
      gateway: path.join(ROOT, IMAGE_FOLDERS.gateway),
    }
    await withBuildLock(buildImages)
    place('admin', folders.admin)
    place('gateway', folders.gateway)
    expect(readdirSync(folders.gateway).sort()).toEqual([
      'main.mjs',
      'main.mjs.map',
      'token-counter-thread.mjs',
    ])
    // Bounds, not measurements: what makes them grow is to be a decision.
    expect(megabytes(folders.gateway)).toBeLessThan(12)
    expect(megabytes(folders.admin)).toBeLessThan(60)

    const database = await createTestDatabase({ empty: true })
    const port = await freePort()
    const adminUrl = `http://127.0.0.1:${port}`
    const gatewayPort = await freePort()
    const adminEnv = {
      PORT: String(port),
      DATABASE_URL_FILE: secretFile('url', database.url),
      GATEHOUSE_SECRET_FILE: secretFile('secret', SECRET),
      GATEHOUSE_GATEWAY_TOKEN: TOKEN,
      GATEHOUSE_ADMIN_URL: adminUrl,
    }
    try {
      const admin = run('admin', adminEnv)
      await answers(admin, `${adminUrl}/api/health`, 200)
      expect(admin.output()).toContain('migrated the database')
      const password = /admin@localhost with the password (\S+) \(shown this once\)/.exec(admin.output())?.[1]
      const page = await (await fetch(`${adminUrl}/sign-in`)).text()
      const assets = [...page.matchAll(/\/_next\/static\/[\w./~-]+\.(?:js|css)/g)].map(([asset]) => asset)
      expect(assets.length).toBeGreaterThan(2)
      for (const asset of new Set(assets)) expect(await status(adminUrl + asset), asset).toBe(200)

      const gateway = run('gateway', {
        GATEWAY_PORT: String(gatewayPort),
        DATA_DIR: dataFolder(),
        GATEHOUSE_CONTROL_URL: adminUrl,
        GATEHOUSE_GATEWAY_TOKEN: TOKEN,
      })
      await answers(gateway, `http://127.0.0.1:${gatewayPort}/readyz`, 200)
      const api = await connect(adminUrl, { GATEHOUSE_ADMIN_PASSWORD: password ?? '' })
      expect(await api.post<{ id: string }>('/teams', { name: 'Support' })).toHaveProperty('id')
      const gateways = await api.get<{ data: { revision: number; state: string }[] }>('/gateways')
      expect(gateways.data).toHaveLength(1)
      console.log(
        `image folders: admin ${megabytes(folders.admin)} MB, gateway ${megabytes(folders.gateway)} MB; memory: admin ${rss(admin)}, gateway ${rss(gateway)}`,
      )

      // The stream to the gateway is open: Next alone would wait for its end.
      admin.child.kill('SIGTERM')
      expect(await admin.exited).toBe(0)
      expect(await status(`http://127.0.0.1:${gatewayPort}/readyz`)).toBe(200)
      const second = run('admin', adminEnv)
      await answers(second, `${adminUrl}/api/health`, 200)
      expect(second.output()).not.toMatch(/migrated|password/)
      gateway.child.kill('SIGTERM')
      expect(await gateway.exited).toBe(0)
      second.child.kill('SIGTERM')
      await second.exited
    } finally {
      for (const child of started) child.kill('SIGKILL')
      await database.drop()
    }
  }, 400_000)

function megabytes(folder: string): number {
  const bytes = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0)
  return Math.round(bytes / 1e6)
}

function rss({ child }: Program): string {
  try {
    const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]
    return `${Math.round(Number(line) / 1_000)} MB`
  } catch {
    return 'unknown'
  }
}
