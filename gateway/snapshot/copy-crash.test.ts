/** The process, or the machine, dies at any file operation of the copy of the configuration. */
import { expect, test } from 'vitest'
import { collectingLog } from '../journal/journal-testing.ts'
import { adminConfiguration, smallConfiguration, team } from '../testing/configuration-builder.ts'
import { type CrashDisk, crashDisk } from '../testing/crash-disk.ts'
import { seeded, testSeed } from '../testing/seed.ts'
import { type CompiledConfiguration, compile } from './compiled-configuration.ts'
import type { CopyFs } from './copy-fs.ts'
import { createLastGoodCopy } from './last-good-copy.ts'
import { readChangeSet, readSnapshot } from './received.ts'

const SEEDS = process.env.GATEHOUSE_TEST_LONG === '1' ? 1_000 : 20
const REVISIONS = 4

async function revisions(): Promise<CompiledConfiguration[]> {
  const admin = adminConfiguration(smallConfiguration())
  const all = [await compile(readSnapshot(admin.snapshot()))]
  for (let n = 2; n <= REVISIONS; n += 1) {
    const before = all.at(-1)
    if (before) all.push(before.apply(readChangeSet(admin.change(team(`team_${n}`)))))
  }
  return all
}

function copyOn(disk: CrashDisk) {
  const { log, events } = collectingLog()
  const copy = createLastGoodCopy({ directory: '/g', token: 'token-1', log, fs: disk.copyFs, saveDelayMs: 0 })
  return { ...copy, isSaved: () => copy.isSaved, events }
}

/** Saves all revisions, one after the other; gives the last that was on disk before the process died. */
async function saveAll(disk: CrashDisk, all: readonly CompiledConfiguration[]): Promise<number> {
  const copy = copyOn(disk)
  await copy.load()
  let saved = 0
  for (const configuration of all) {
    copy.save(configuration)
    await copy.flush()
    if (disk.died) break
    saved = configuration.revision
  }
  return saved
}

test.each(['killed', 'without power'])(
  '%s at every file operation of the copy of the configuration: a start finds the last one that was saved, or a newer',
  async (death) => {
    const all = await revisions()
    const seed = testSeed(`${death} while the configuration is saved`)
    for (let n = 0; n < SEEDS; n += 1) {
      const random = seeded(seed + n)
      for (let crashAt = 1; ; crashAt += 1) {
        const disk = crashDisk(random, crashAt)
        const saved = await saveAll(disk, all)
        const next = death === 'killed' ? disk.afterKill() : disk.afterPowerLoss()
        const where = `seed ${seed + n}, operation ${crashAt}`
        const { load, save, flush, isSaved, events } = copyOn(next)
        const found = await load()
        expect(found?.revision ?? 0, where).toBeGreaterThanOrEqual(saved)
        if (saved > 0) expect(events, where).toContain('snapshot.loaded')
        // Whatever lies there does not hinder the next one.
        const newest = all.at(-1)
        if (newest) save(newest)
        await flush()
        expect(isSaved(), where).toBe(true)
        expect((await copyOn(next.afterPowerLoss()).load())?.revision, where).toBe(REVISIONS)
        if (!disk.died) break
      }
    }
  },
  600_000,
)

test('the Nth operation fails, for every N: it is tried until it is saved, and what is saved is the newest', async () => {
  const all = await revisions()
  for (let nth = 1; ; nth += 1) {
    const disk = crashDisk(seeded(1))
    const { log, events } = collectingLog()
    let operations = 0
    const fail = () => {
      operations += 1
      if (operations === nth) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
    }
    const { copyFs } = disk
    const fs: CopyFs = {
      ...copyFs,
      create: async (path) => {
        fail()
        const file = await copyFs.create(path)
        return {
          append: async (bytes) => {
            fail()
            await file.append(bytes)
          },
          sync: async () => {
            fail()
            await file.sync()
          },
          close: () => file.close(),
        }
      },
      rename: async (from, to) => {
        fail()
        await copyFs.rename(from, to)
      },
      syncDirectory: async (path) => {
        fail()
        await copyFs.syncDirectory(path)
      },
    }
    const copy = createLastGoodCopy({
      directory: '/g',
      token: 'token-1',
      log,
      fs,
      saveDelayMs: 0,
      retryMs: 1,
    })
    for (const configuration of all) {
      copy.save(configuration)
      await until(() => copy.isSaved)
    }
    expect((await copyOn(disk.afterPowerLoss()).load())?.revision, `operation ${nth}`).toBe(REVISIONS)
    if (operations < nth) return expect(events).toEqual([])
    expect(events, `operation ${nth}`).toEqual(['snapshot.not_saved', 'snapshot.saved'])
  }
})

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition did not come true')
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
