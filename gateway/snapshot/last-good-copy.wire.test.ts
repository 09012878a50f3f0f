import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDataFolder } from '../data-folder.ts'
import { DataFolderError } from '../data-folder-error.ts'
import { collectingLog } from '../journal/journal-testing.ts'
import { adminConfiguration, smallConfiguration, team } from '../testing/configuration-builder.ts'
import { compile } from './compiled-configuration.ts'
import { createLastGoodCopy } from './last-good-copy.ts'
import { readChangeSet, readSnapshot } from './received.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-copy-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const copy = (token = 'token-1') => {
  const { log, events } = collectingLog()
  return { events, ...createLastGoodCopy({ directory, token, log, saveDelayMs: 1 }) }
}

/** Two revisions on disk: 2 in `snapshot.bin`, 1 in `snapshot.prev.bin`. */
async function saved() {
  const admin = adminConfiguration(smallConfiguration())
  const first = await compile(readSnapshot(admin.snapshot()))
  const second = first.apply(readChangeSet(admin.change(team('team_2'))))
  const store = copy()
  for (const configuration of [first, second]) {
    store.save(configuration)
    await store.flush()
  }
  return { path: join(directory, 'snapshot.bin'), previous: join(directory, 'snapshot.prev.bin') }
}

describe('the copy on disk', () => {
  test('comes back whole, with the provider’s credentials, and holds them in no readable form', async () => {
    const { path } = await saved()
    const loaded = await copy().load()
    expect(loaded?.revision).toBe(2)
    expect(loaded?.routeByName('gpt-4o')?.targets[0]?.provider.credentials).toEqual({
      apiKey: 'vendor-secret-of-provider_1',
    })
    expect(readFileSync(path).includes('vendor-secret')).toBe(false)
    expect(readdirSync(directory).sort()).toEqual(['snapshot.bin', 'snapshot.prev.bin'])
  })

  test('damaged anywhere, or cut anywhere, it falls back to the one before, and says so', async () => {
    const { path } = await saved()
    const content = readFileSync(path)
    const step = process.env.GATEHOUSE_TEST_LONG === '1' ? 1 : 61
    for (let position = 0; position < content.length; position += step) {
      const flipped = Buffer.from(content)
      flipped[position] = (flipped[position] ?? 0) ^ 4
      for (const damaged of [flipped, content.subarray(0, position)]) {
        writeFileSync(path, damaged)
        const store = copy()
        expect((await store.load())?.revision, `at ${position}`).toBe(1)
        expect(store.events).toContain('snapshot.not_used')
      }
    }
  }, 60_000)

  test('with both damaged there is none, and a bad one never pushes out a good one', async () => {
    const { path, previous } = await saved()
    writeFileSync(path, '')
    const store = copy()
    const older = await store.load()
    expect(older?.revision).toBe(1)
    if (!older) return
    store.save(older)
    await store.flush()
    expect((await copy().load())?.revision).toBe(1)
    writeFileSync(path, 'x')
    writeFileSync(previous, Buffer.alloc(200))
    expect(await copy().load()).toBeNull()
  })

  test('under another token it is not read', async () => {
    await saved()
    const store = copy('token-2')
    expect(await store.load()).toBeNull()
    expect(store.events).toEqual(['snapshot.not_used', 'snapshot.not_used'])
  })
})

describe('the data folder', () => {
  const { log } = collectingLog()

  test('is held by one at a time, and its gateway keeps its id', async () => {
    const first = await openDataFolder(directory, log)
    await expect(openDataFolder(directory, log)).rejects.toThrow(DataFolderError)
    await expect(openDataFolder(directory, log)).rejects.toThrow(/Another gateway is running/)
    await first.release()
    const second = await openDataFolder(directory, log)
    expect(second.gatewayId).toBe(first.gatewayId)
    expect(first.gatewayId).toMatch(/^gw_[0-9a-z]{16,40}$/)
    await second.release()
  })

  test('that can not be written, or whose id is not one, is refused in a sentence', async () => {
    writeFileSync(join(directory, 'file'), '')
    await expect(openDataFolder(join(directory, 'file', 'below'), log)).rejects.toThrow(/can not be written/)
    writeFileSync(join(directory, 'gateway-id'), 'something else')
    await expect(openDataFolder(directory, log)).rejects.toThrow(/holds no gateway id/)
  })
})
