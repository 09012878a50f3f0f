/**
 * Each file of a gateway's data folder is damaged in each way, and the gateway is started on it, the admin away and
 * then back. It serves or says what it lost; it never hangs, never ends, and its books are never wrong in silence.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openJournal } from './journal/journal.ts'
import { nodeFs } from './journal/journal-fs.ts'
import { collectingLog } from './journal/journal-testing.ts'
import { scanRecords } from './journal/record.ts'
import { team } from './testing/configuration-builder.ts'
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
import { sample, seeded, testSeed } from './testing/seed.ts'

interface Damage {
  readonly file: string
  readonly how: string
  readonly work: (content: Buffer) => Buffer | null
}

const LONG = process.env.GATEHOUSE_TEST_LONG === '1'

let rig: GatewayRig
beforeEach(async () => {
  rig = await startRig()
})
afterEach(() => rig.close())

test(
  'each file damaged in each way: the gateway starts, says what it lost, serves, and its books are right',
  async () => {
    const random = seeded(testSeed('each file damaged'))
    const answers = await liveAWhile()
    const good = remember(rig.folder)
    expect([...good.keys()].sort()).toEqual([
      'gateway-id',
      'gateway-id.checked',
      'journal/00000001.log',
      'journal/00000002.log',
      'journal/00000003.log',
      'snapshot.bin',
      'snapshot.prev.bin',
    ])
    for (let round = 0; round < (LONG ? 10 : 1); round += 1) {
      const damages = [...good].flatMap(([file, content]) => damagesOf(file, content, random))
      for (const damage of sample(damages, 40, random)) await expectSound(damage, good, answers)
    }
  },
  LONG ? 1_800_000 : 120_000,
)

test('under another token neither copy is read: it waits for the admin, says so, and serves once it is there', async () => {
  await liveAWhile()
  await rig.adminLeaves()
  const token = rig.env.GATEHOUSE_GATEWAY_TOKEN
  rig.env.GATEHOUSE_GATEWAY_TOKEN = 'another-token-of-ours'
  const gateway = await startInProcess(rig)
  expect((await get(`${rig.url}/healthz`)).status).toBe(200)
  expect((await get(`${rig.url}/readyz`)).status).toBe(503)
  expect((await chat(rig.url)).text).toContain('not_configured')
  expect(gateway.output()).toContain('encrypted under another gateway token')
  await gateway.stop()
  rig.env.GATEHOUSE_GATEWAY_TOKEN = token ?? ''
  const again = await startInProcess(rig)
  await eventually(() => isReady(rig.url), 'the copies were kept')
  await again.stop()
})

/**
 * Three segments of a journal that the admin has not committed, a call in flight among them, and two revisions of the
 * configuration on disk.
 */
async function liveAWhile(): Promise<Answer[]> {
  const first = rig.start()
  await eventually(() => isReady(rig.url), 'ready')
  await eventually(() => existsSync(join(rig.folder, 'snapshot.bin')), 'the first revision on disk')
  await eventually(
    async () => (await metric(rig, 'gatehouse_configuration_saved')) === 1,
    'and no other waits',
  )
  rig.admin?.send(rig.configuration.change(team('team_2')))
  await eventually(async () => (await metric(rig, 'gatehouse_revision')) === 2, 'the second revision')
  await eventually(() => existsSync(join(rig.folder, 'snapshot.prev.bin')), 'both on disk')
  await eventually(async () => (await metric(rig, 'gatehouse_configuration_saved')) === 1, 'saved')
  await rig.adminLeaves()
  const answers: Answer[] = []
  for (let n = 0; n < 3; n += 1) answers.push(await chat(rig.url, { stream: n === 1 }))
  await first.kill('SIGKILL')
  const second = rig.start()
  await eventually(() => isReady(rig.url), 'ready again')
  for (let n = 0; n < 2; n += 1) answers.push(await chat(rig.url))
  rig.vendor.script([], { hang: true })
  const cut = chat(rig.url)
  await eventually(() => rig.vendor.served.length === 6, 'a call is in flight')
  await second.kill('SIGKILL')
  await cut
  rig.vendor.script([], {})
  // The third, with the open intent carried, is what a start that died at once leaves.
  const { log } = collectingLog()
  const clock = { now: Date.now, monotonic: () => 0 }
  await openJournal({ directory: join(rig.folder, 'journal'), fs: nodeFs, clock, log, sync: 'group' }).close()
  return answers
}

function damagesOf(file: string, content: Buffer, random: () => number): Damage[] {
  const flips = (file.endsWith('.log') ? regionsOf(content) : tenths(content.length)).map(([from, to]) => {
    const position = from + Math.floor(random() * (to - from))
    const bit = 1 << Math.floor(random() * 8)
    return {
      file,
      how: `bit ${bit} of byte ${position} flipped`,
      work: (bytes: Buffer) => {
        bytes[position] = (bytes[position] ?? 0) ^ bit
        return bytes
      },
    }
  })
  const cuts = tenths(content.length).map(([from]) => ({
    file,
    how: `cut to ${from} bytes`,
    work: (bytes: Buffer) => bytes.subarray(0, from),
  }))
  return [
    ...flips,
    ...cuts,
    { file, how: 'zeroed', work: (bytes) => Buffer.alloc(bytes.length) },
    { file, how: 'gone', work: () => null },
    {
      file,
      how: 'with garbage after its end',
      work: (bytes) => Buffer.concat([bytes, Buffer.alloc(500, 0xa5)]),
    },
  ]
}

/** A region for the marker, the checksum, the length, the type and the payload of each record. */
function regionsOf(content: Buffer): [from: number, to: number][] {
  return scanRecords(content).records.flatMap(({ start, end }) =>
    [
      [start - 13, start - 9],
      [start - 9, start - 5],
      [start - 5, start - 1],
      [start - 1, start],
      [start, end],
    ].map(([from = 0, to = 0]): [number, number] => [from, to]),
  )
}

const tenths = (length: number): [from: number, to: number][] =>
  Array.from({ length: 10 }, (_, n) => [
    Math.floor((length * n) / 10),
    Math.max(Math.floor((length * n) / 10) + 1, Math.floor((length * (n + 1)) / 10)),
  ])

async function expectSound(damage: Damage, good: ReadonlyMap<string, Buffer>, answers: readonly Answer[]) {
  const where = `${damage.file} ${damage.how}`
  restore(rig.folder, good)
  const damaged = damage.work(Buffer.from(good.get(damage.file) ?? ''))
  const file = join(rig.folder, damage.file)
  if (damaged === null) rmSync(file)
  else writeFileSync(file, damaged)

  // The admin is away: the folder alone must do.
  const gateway = await startInProcess(rig)
  try {
    const known = gateway.gatewayId === good.get('gateway-id')?.toString().trim()
    expect(known, `${where}: it is the same gateway`).toBe(true)
    expect(await isReady(rig.url), `${where}: ready from its disk`).toBe(true)
    expect((await chat(rig.url)).status, where).toBe(200)
    const admin = await rig.adminReturns()
    await everythingShipped(rig)

    const booked = admin.booked
    const lost = rig.vendor.served.slice(0, 6).filter(({ requestId }) => !booked.has(requestId ?? ''))
    const wrong = answers.filter(({ id }) => {
      const event = booked.get(id ?? '')
      return event !== undefined && event.attempts[0]?.outcome !== 'ok'
    })
    const said = gateway.output()
    // What is lost or only estimated is said; and one damage takes one segment at most.
    if (lost.length + wrong.length > 0) {
      expect(said, where).toMatch(/"journal\.(damaged|torn_tail|segment_gone)"|"usage\.gap"/)
      expect(damage.file, where).toContain('journal/')
    }
    if (damage.how.startsWith('bit')) expect(lost.length + wrong.length, where).toBeLessThanOrEqual(1)
    if (damage.how.startsWith('with')) expect(lost.length + wrong.length, where).toBe(0)
    if (damage.file.startsWith('snapshot')) expect(lost.length + wrong.length, where).toBe(0)
    const numbers = [...booked.values()].map(({ sequence }) => sequence)
    expect(new Set(numbers).size, `${where}: no number twice`).toBe(numbers.length)
  } catch (error) {
    throw new Error(`${where}: ${gateway.output().slice(0, 4_000)}`, { cause: error })
  } finally {
    await rig.adminLeaves()
    rig.forget()
    await gateway.stop()
  }
}

function remember(folder: string): Map<string, Buffer> {
  // The ballast holds nothing that could be lost; one of another size is made anew.
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.name !== 'ballast',
  )
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return [path.slice(folder.length + 1), readFileSync(path)]
    }),
  )
}

function restore(folder: string, files: ReadonlyMap<string, Buffer>): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'journal'), { recursive: true })
  for (const [file, content] of files) writeFileSync(join(folder, file), content)
}
