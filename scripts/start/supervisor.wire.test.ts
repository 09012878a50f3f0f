import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePort } from '../free-port.ts'
import { isAlive, startMark } from '../processes.ts'
import {
  type DataFolder,
  firstPassword,
  firstPasswordWasShown,
  loadSecrets,
  openDataFolder,
} from './data-folder.ts'
import { createSupervisor, type Program, type Supervisor } from './supervisor.ts'

let root: string
let folder: DataFolder
let supervisor: Supervisor
const lines: string[] = []

beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'gatehouse-supervised-'))
  chmodSync(root, 0o711)
  lines.length = 0
  folder = await openDataFolder(path.join(root, 'data'), (line) => lines.push(line))
  supervisor = createSupervisor(folder, (line) => lines.push(line))
})
afterEach(async () => {
  await supervisor.stop()
  folder.release()
  rmSync(root, { recursive: true, force: true })
})

/** A stand-in that answers its process id on its port; `extra` is run first. */
async function program(extra = ''): Promise<Program> {
  const port = await freePort()
  const code = `${extra};require('node:http').createServer((q, s) => s.end(String(process.pid))).listen(${port}, '127.0.0.1')`
  return {
    command: process.execPath,
    args: ['-e', code],
    cwd: root,
    env: { ...process.env },
    healthUrl: `http://127.0.0.1:${port}/`,
  }
}

async function answeringPid({ healthUrl }: Program): Promise<number | null> {
  return fetch(healthUrl).then(
    async (response) => Number(await response.text()),
    () => null,
  )
}

test('a program that dies is started again, with one line that says so', async () => {
  const standIn = await program()
  await supervisor.startProgram('gateway', () => standIn)
  const first = await answeringPid(standIn)
  process.kill(first ?? 0, 'SIGKILL')
  await expect.poll(() => answeringPid(standIn), { timeout: 10_000 }).not.toBeOneOf([first, null])
  expect(lines).toEqual(['gateway ended (SIGKILL); starting it again in 0.25 s'])
})

test('a program that ends before it is ready fails the start with what it said', async () => {
  const standIn = await program(`console.error('no such setting'); process.exit(3)`)
  await expect(supervisor.startProgram('gateway', () => standIn)).rejects.toThrow(
    /The gateway ended before it was ready\.\n {2}no such setting/,
  )
})

test('one that ignores SIGTERM is killed, and the end comes within ten seconds', async () => {
  const standIn = await program(`process.on('SIGTERM', () => {})`)
  await supervisor.startProgram('gateway', () => standIn)
  const pid = await answeringPid(standIn)
  const start = performance.now()
  await supervisor.stop()
  expect(performance.now() - start).toBeLessThan(10_000)
  expect(isAlive(pid ?? 0) && startMark(pid ?? 0) !== '').toBe(false)
})

test('an end in the middle of a start leaves no process behind', async () => {
  const standIn = await program()
  const starting = supervisor.startProgram('gateway', () => ({
    ...standIn,
    healthUrl: 'http://127.0.0.1:1/',
  }))
  const failed = starting.catch(() => {})
  await expect.poll(() => answeringPid(standIn)).not.toBeNull()
  const pid = await answeringPid(standIn)
  await supervisor.stop()
  await failed
  expect(startMark(pid ?? 0)).toBe('')
})

test('Postgres killed by SIGKILL is back on the same address with what was committed', async () => {
  const url = await supervisor.startPostgres()
  await query(url, 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)')
  const pid = Number.parseInt(readFileSync(path.join(folder.path, 'postgres/postmaster.pid'), 'utf8'), 10)
  process.kill(pid, 'SIGKILL')
  await expect
    .poll(() => query(url, 'SELECT n FROM kept').catch(() => null), { timeout: 20_000 })
    .toEqual([{ n: 42 }])
  expect(statSync(path.join(folder.path, 'postgres.json')).mode & 0o777).toBe(0o600)
}, 40_000)

test('after a SIGKILL of the supervisor the next start ends what it left, the database included', async () => {
  const data = path.join(root, 'killed')
  const standIn = await program()
  const script = path.join(root, 'killed.ts')
  writeFileSync(
    script,
    `import { openDataFolder } from '${import.meta.dirname}/data-folder.ts'
     import { createSupervisor } from '${import.meta.dirname}/supervisor.ts'
     const folder = await openDataFolder(${JSON.stringify(data)}, console.log)
     const supervisor = createSupervisor(folder, console.log)
     const url = await supervisor.startPostgres()
     await supervisor.startProgram('gateway', () => (${JSON.stringify({ ...standIn, env: {} })}))
     console.log('READY ' + url)`,
  )
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  await expect.poll(() => output, { timeout: 30_000 }).toContain('READY')
  const url = /READY (\S+)/.exec(output)?.[1] ?? ''
  await query(url, 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)')

  await expect(openDataFolder(data, () => {})).rejects.toThrow(
    /Gatehouse is already running on the data folder/,
  )
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
  expect(await answeringPid(standIn)).not.toBeNull()

  const notes: string[] = []
  const again = await openDataFolder(data, (note) => notes.push(note))
  expect(await answeringPid(standIn)).toBeNull()
  const next = createSupervisor(again, (note) => notes.push(note))
  try {
    expect(await query(await next.startPostgres(), 'SELECT n FROM kept')).toEqual([{ n: 7 }])
    expect(notes.join('\n')).toMatch(/stopping the gateway left over.*\n.*stopping the Postgres left over/)
  } finally {
    await next.stop()
    again.release()
  }
}, 60_000)

test('a data folder that cannot be written is refused in a sentence', async () => {
  const file = path.join(root, 'file')
  writeFileSync(file, '')
  for (const place of [file, path.join(file, 'below'), '/proc/gatehouse']) {
    await expect(openDataFolder(place, () => {})).rejects.toThrow(
      /^The data folder .* cannot be written \(E[A-Z]+\)/,
    )
  }
})

test('the root secret is made once and a different one given later is refused', () => {
  const made = loadSecrets(folder.path, null)
  expect(made.secret).toMatch(/^[0-9a-f]{64}$/)
  expect(loadSecrets(folder.path, null).secret).toBe(made.secret)
  expect(loadSecrets(folder.path, made.secret).secret).toBe(made.secret)
  expect(() => loadSecrets(folder.path, 'another secret of its own')).toThrow('GATEHOUSE_SECRET differs')
  expect(statSync(path.join(folder.path, 'secrets.json')).mode & 0o777).toBe(0o600)
})

test('the first password is the same until it has been printed, and another one after that', () => {
  const secrets = loadSecrets(folder.path, null)
  const password = firstPassword(folder.path, secrets)
  expect(firstPassword(folder.path, loadSecrets(folder.path, null))).toBe(password)
  firstPasswordWasShown(folder.path)
  expect(firstPassword(folder.path, loadSecrets(folder.path, null))).not.toBe(password)
  expect(existsSync(path.join(folder.path, 'run.json'))).toBe(true)
})

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
