import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDataFolder } from './data-folder.ts'
import { DataFolderError } from './data-folder-error.ts'

const log = () => {}
/** Elsewhere one machine has one space of names for its locks, and no socket is in the folder. */
const LINUX = process.platform === 'linux'
const MODULE = new URL('./data-folder.ts', import.meta.url).href

let directory: string
let folder: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-lock-'))
  folder = join(directory, 'gateway-4000')
  mkdirSync(folder)
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('a folder is held by one, also by another name of it, until that one ends', async () => {
  const first = await openDataFolder(folder, log)
  const alias = join(directory, 'alias')
  symlinkSync(folder, alias)
  for (const name of [folder, alias]) await expect(openDataFolder(name, log)).rejects.toThrow(DataFolderError)
  await first.release()
  const second = await openDataFolder(alias, log)
  expect(second.gatewayId).toBe(first.gatewayId)
  await second.release()
  expect(existsSync(join(folder, 'lock.sock'))).toBe(false)
})

if (LINUX)
  test('a holder in another container is met by its socket in the folder; a killed one is not in the way', async () => {
    const holder = createServer().listen(join(folder, 'lock.sock'))
    await new Promise((resolve) => holder.once('listening', resolve))
    await expect(openDataFolder(folder, log)).rejects.toThrow('Another gateway is running on the data folder')
    await new Promise((resolve) => holder.close(resolve))
    // As SIGKILL leaves it: the socket's name without anybody behind it.
    const left = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
    spawnSync(process.execPath, ['-e', left, join(folder, 'lock.sock')])
    expect(existsSync(join(folder, 'lock.sock'))).toBe(true)
    await (await openDataFolder(folder, log)).release()
  })

test('two network namespaces, as two containers have them, do not hold one folder', async () => {
  const attempt = `
    const { openDataFolder } = await import(process.argv[1])
    await openDataFolder(process.argv[2], () => {}).then(() => console.log('taken'), (error) => console.log(error.message))
    process.exit(0)`
  const inNamespace = () =>
    spawnSync(
      'unshare',
      ['--net', '--map-root-user', process.execPath, '--input-type=module', '-e', attempt, MODULE, folder],
      { encoding: 'utf8' },
    )
  if (inNamespace().stdout?.trim() !== 'taken') {
    console.log('no network namespaces here: the socket in the folder is tested by the test before alone')
    return
  }
  const here = await openDataFolder(folder, log)
  try {
    expect(inNamespace().stdout).toContain('Another gateway is running on the data folder')
  } finally {
    await here.release()
  }
  expect(inNamespace().stdout.trim()).toBe('taken')
})

test('a path longer than a socket address may be is held too', async () => {
  const deep = join(directory, 'x'.repeat(120), 'gateway-4000')
  const first = await openDataFolder(deep, log)
  expect(existsSync(join(deep, 'lock.sock'))).toBe(LINUX)
  await expect(openDataFolder(deep, log)).rejects.toThrow(DataFolderError)
  await first.release()
})
