/** A disk that is full, fails or is read-only: no service without books, no false acknowledgement, recovery by itself. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { team } from './testing/configuration-builder.ts'
import { type DiskFault, type FaultyDisk, faultyDisk } from './testing/faulty-disk.ts'
import { startInProcess } from './testing/gateway-in-process.ts'
import {
  eventually,
  everythingShipped,
  type GatewayRig,
  isReady,
  metric,
  startRig,
} from './testing/gateway-rig.ts'
import { type Answer, chat, get } from './testing/http-caller.ts'

const FAULTS: DiskFault[] = ['no space', 'error on write', 'error on sync', 'read-only']
const cleanUp: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const work of cleanUp.splice(0).reverse()) await work()
})

/** A disk that tests can fill and make read-only. */
interface Volume {
  readonly rig: GatewayRig
  /** Starts a gateway on it; one that runs is killed first. */
  start(): Promise<{ output(): string }>
  fail(fault: 'no space' | 'read-only'): Promise<void>
  recover(): Promise<void>
}

test.each(FAULTS)(
  'a disk with %s: 503 books_full, calls in flight end whole, no sync is believed twice, and it recovers by itself',
  async (fault) => {
    const rig = await startedRig()
    const disk = faultyDisk()
    const gateway = await startInProcess(rig, disk.machine)
    cleanUp.push(() => gateway.stop())
    await eventually(() => isReady(rig.url), 'ready')
    const answers: Answer[] = [await chat(rig.url), await chat(rig.url, { stream: true })]
    rig.vendor.script([], { tokens: Array.from({ length: 40 }, (_, n) => ` word${n}`), eventDelayMs: 25 })
    const begun = new Set<number>()
    const streams = Array.from({ length: 5 }, (_, n) =>
      chat(rig.url, { stream: true, onData: () => void begun.add(n) }),
    )
    await eventually(() => begun.size === streams.length, 'the streams flow')
    rig.vendor.script([], {})

    disk.fault = fault
    rig.admin?.send(rig.configuration.change(team('team_2')))
    await untilRefused(rig, answers)
    for (let n = 0; n < 6; n += 1) answers.push(await expectRefused(rig, n % 2 === 0))
    expect(await metric(rig, 'gatehouse_journal_accepting')).toBe(0)
    expect(await metric(rig, 'gatehouse_journal_failures_total')).toBe(1)
    expect(gateway.output()).toContain('"journal.failed"')
    await eventually(async () => (await metric(rig, 'gatehouse_configuration_saved')) === 0, 'not saved')
    expect(await isReady(rig.url)).toBe(true)
    await eventually(() => rig.admin?.leases.at(-1)?.journal.accepting === false, 'the admin is told')
    const ended = await Promise.all(streams)
    expect(ended.filter(({ end, text }) => end !== 'whole' || !text.includes('[DONE]'))).toEqual([])

    disk.fault = null
    await eventually(
      async () => (await metric(rig, 'gatehouse_journal_accepting')) === 1,
      'it takes calls again',
    )
    await eventually(async () => (await metric(rig, 'gatehouse_configuration_saved')) === 1, 'saved again')
    answers.push(...ended, await chat(rig.url), await chat(rig.url, { stream: true }))
    expect(disk.syncsAfterFailure).toEqual([])
    await everythingShipped(rig)
    expectTalliesAgree(rig, answers)
  },
)

test('a full disk stops new calls, also over a restart, and costs no call its books', async () => {
  const volume = await openVolume()
  const { rig } = volume
  await volume.start()
  const answers: Answer[] = [await chat(rig.url), await chat(rig.url, { stream: true })]
  await volume.fail('no space')
  await untilRefused(rig, answers)
  for (let n = 0; n < 4; n += 1) answers.push(await expectRefused(rig, n % 2 === 0))

  // A supervisor that starts it again and again finds it alive each time.
  const again = await volume.start()
  expect(again.output()).toContain('snapshot.loaded')
  expect((await get(`${rig.url}/healthz`)).status).toBe(200)
  answers.push(await expectRefused(rig, true))
  expect(await metric(rig, 'gatehouse_journal_accepting')).toBe(0)

  await volume.recover()
  await eventually(
    async () => (await metric(rig, 'gatehouse_journal_accepting')) === 1,
    'it takes calls again',
  )
  answers.push(await chat(rig.url), await chat(rig.url, { stream: true }))
  await everythingShipped(rig)
  expectTalliesAgree(rig, answers)
})

test('on a read-only disk a gateway starts, serves health, refuses calls, and goes on once it can write', async () => {
  const volume = await openVolume()
  const { rig } = volume
  await volume.start()
  const answers: Answer[] = [await chat(rig.url), await chat(rig.url, { stream: true })]
  await volume.fail('read-only')
  await volume.start()
  expect((await get(`${rig.url}/healthz`)).status).toBe(200)
  answers.push(await expectRefused(rig, false), await expectRefused(rig, true))
  await volume.recover()
  await eventually(
    async () => (await metric(rig, 'gatehouse_journal_accepting')) === 1,
    'it takes calls again',
  )
  answers.push(await chat(rig.url))
  await everythingShipped(rig)
  expectTalliesAgree(rig, answers)
})

/** The first calls may still find room in the page that the segment ends in, or be there before the failed sync. */
async function untilRefused(rig: GatewayRig, answers: Answer[]): Promise<void> {
  await eventually(async () => {
    const answer = await chat(rig.url)
    answers.push(answer)
    return answer.status === 503
  }, 'new calls are refused')
}

async function expectRefused(rig: GatewayRig, stream: boolean): Promise<Answer> {
  const answer = await chat(rig.url, { stream })
  expect(answer).toMatchObject({ status: 503, end: 'whole' })
  expect(answer.text).toContain('"books_full"')
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  return answer
}

/** What was served is booked, once; what callers saw to its end is booked as that; what was refused never left. */
function expectTalliesAgree(rig: GatewayRig, answers: readonly Answer[]): void {
  const booked = rig.booked()
  expect(rig.contradictions).toEqual([])
  const served = rig.vendor.served.map(({ requestId }) => requestId ?? '')
  expect(new Set(served).size).toBe(served.length)
  const attempted = [...booked.values()].filter(({ attempts }) => attempts.length > 0)
  expect(attempted.map(({ id }) => id).sort()).toEqual([...served].sort())
  for (const { id, status, end } of answers) {
    expect(end).toBe('whole')
    if (status === 200) expect(booked.get(id ?? '')).toMatchObject({ status: 200, usageSource: 'provider' })
    else expect(served).not.toContain(id)
  }
}

async function startedRig(directory?: string): Promise<GatewayRig> {
  const rig = await startRig(directory === undefined ? {} : { directory })
  cleanUp.push(() => rig.close())
  return rig
}

/** A file system of 4 MiB in memory under a real process, where this user may mount one; else the fs seam. */
async function openVolume(): Promise<Volume> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-volume-'))
  cleanUp.push(() => rmSync(directory, { recursive: true, force: true }))
  const mounted = mount('-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'gatehouse-test', directory)
  if (mounted) {
    cleanUp.push(() => spawnSync('umount', ['-l', directory]))
    return mountedVolume(await startedRig(directory), directory)
  }
  console.log('No tmpfs can be mounted here: the disk fails inside the process instead.')
  return seamVolume(await startedRig(), faultyDisk())
}

const mount = (...args: string[]): boolean => spawnSync('mount', args).status === 0

function mountedVolume(rig: GatewayRig, directory: string): Volume {
  let running: ReturnType<GatewayRig['start']> | null = null
  const filler = join(directory, 'filler')
  return {
    rig,
    start: async () => {
      await running?.kill('SIGKILL')
      running = rig.start()
      await eventually(
        () => isReady(rig.url),
        () => `ready: ${running?.output()}`,
      )
      return running
    },
    fail: async (fault) => {
      await eventually(
        async () => (await metric(rig, 'gatehouse_configuration_saved')) === 1,
        'the copy is saved',
      )
      if (fault === 'no space') {
        const { bavail, bsize } = statfsSync(directory)
        writeFileSync(filler, Buffer.alloc(bavail * bsize))
        expect(statfsSync(directory).bavail).toBe(0)
      } else {
        // A file that is open for writing keeps the kernel from it.
        await running?.kill('SIGKILL')
        expect(mount('-o', 'remount,ro', directory)).toBe(true)
      }
    },
    recover: async () => {
      mount('-o', 'remount,rw', directory)
      rmSync(filler, { force: true })
    },
  }
}

function seamVolume(rig: GatewayRig, disk: FaultyDisk): Volume {
  let running: Awaited<ReturnType<typeof startInProcess>> | null = null
  cleanUp.push(() => running?.stop())
  return {
    rig,
    start: async () => {
      await running?.stop()
      running = await startInProcess(rig, disk.machine)
      await eventually(() => isReady(rig.url), 'ready')
      return running
    },
    fail: async (fault) => {
      disk.fault = fault
    },
    recover: async () => {
      disk.fault = null
    },
  }
}
