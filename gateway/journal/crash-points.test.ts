/** The process, or the machine, dies at any file operation of the journal, and again while it recovers. */
import { expect, test } from 'vitest'
import { type UsageEvent, usageEvent } from '../../lib/contract/usage-event.ts'
import { type CrashDisk, crashDisk } from '../testing/crash-disk.ts'
import { seeded, testSeed } from '../testing/seed.ts'
import { openJournal } from './journal.ts'
import type { Journal } from './journal-options.ts'
import { callId, collectingLog, event, intent } from './journal-testing.ts'

const LONG = process.env.GATEHOUSE_TEST_LONG === '1'
const DIRECTORY = '/j'
type Death = 'killed' | 'without power'

/** What the world outside knows: it outlives every process. */
interface World {
  /** Calls that were dispatched: their intent was taken. */
  readonly served: Set<number>
  /** Calls that may have been dispatched: the process died over their intent. */
  readonly doubtful: Set<number>
  /** Calls whose settlement was handed over before the death, and those whose caller saw the end. */
  readonly settled: Set<number>
  readonly acknowledged: Set<number>
  /** The admin's books, by id, and the id under each number. */
  readonly booked: Map<string, UsageEvent>
  readonly numbers: Map<number, string>
  next: number
}

const newWorld = (): World => ({
  served: new Set(),
  doubtful: new Set(),
  settled: new Set(),
  acknowledged: new Set(),
  booked: new Map(),
  numbers: new Map(),
  next: 1,
})

function open(disk: CrashDisk): { journal: Journal; logged: string[] } {
  const { log, events } = collectingLog()
  const journal = openJournal({
    directory: DIRECTORY,
    fs: disk.journalFs,
    clock: { now: () => 0, monotonic: () => 0 },
    log,
    sync: 'settle',
    limits: { segmentBytes: 2_500, recentEvents: 4, retryMs: 60_000 },
  })
  return { journal, logged: events }
}

/** Traffic, and shipping amid it, until the script ends or the process dies. */
async function live(disk: CrashDisk, world: World, random: () => number, steps: number): Promise<void> {
  const { journal } = open(disk)
  const openCalls: number[] = []
  for (let step = 0; step < steps && !disk.died; step += 1) {
    const dice = random()
    if (dice < 0.4) {
      const n = world.next
      world.next += 1
      try {
        journal.intend(intent(n))
        world.served.add(n)
        openCalls.push(n)
      } catch {
        world.doubtful.add(n)
      }
    } else if (dice < 0.75) {
      const [n] = openCalls.splice(Math.floor(random() * openCalls.length), 1)
      if (n === undefined) continue
      journal.settle(event(n))
      if (!disk.died) world.settled.add(n)
      if (random() < 0.5) continue
      await journal.settled().then(
        () => world.acknowledged.add(n),
        () => {},
      )
    } else await ship(journal, world, disk)
  }
  await journal.close()
}

/** One batch: read, booked by the admin, and, unless the receipt is lost, committed. */
async function ship(journal: Journal, world: World, disk: CrashDisk): Promise<number> {
  const batch = await journal.read(journal.committedSequence + 1, 5, 1e6)
  // The dead send nothing.
  if (disk.died) return 0
  for (const { text, sequence } of batch) {
    const booked = usageEvent.parse(JSON.parse(text))
    expect(booked.sequence).toBe(sequence)
    world.numbers.set(sequence, booked.id)
    if (!world.booked.has(booked.id)) world.booked.set(booked.id, booked)
  }
  const last = batch.at(-1)
  if (last) journal.commit(last.sequence)
  return batch.length
}

/** Dies at operation `crashAt`, recovers, perhaps dies again at `crashAgainAt`, and then lives to ship all. */
async function run(
  seed: number,
  death: Death,
  crashAt: number,
  crashAgainAt: number | undefined,
): Promise<{ world: World; operations: number; died: boolean; logged: string[] }> {
  const random = seeded(seed)
  const world = newWorld()
  const first = crashDisk(random, crashAt)
  await live(first, world, random, 50)
  const next = (disk: CrashDisk, at?: number) =>
    death === 'killed' ? disk.afterKill(at) : disk.afterPowerLoss(at)
  let disk = next(first, crashAgainAt)
  if (crashAgainAt !== undefined) {
    await live(disk, world, random, 10)
    disk = next(disk)
  }
  const { journal, logged } = open(disk)
  while ((await ship(journal, world, disk)) > 0) {
    // Until none waits.
  }
  // What was not synced may be gone with the power, its number known from a later segment.
  if (death === 'killed') expect(journal.committedSequence).toBe(journal.nextSequence - 1)
  await journal.close()
  return { world, operations: first.operations, died: first.died, logged }
}

function check({ world, logged }: { world: World; logged: string[] }, death: Death, where: string): void {
  const { booked, served, settled, acknowledged, doubtful } = world
  const outcome = (n: number) => booked.get(callId(n))?.attempts[0]?.outcome
  for (const n of acknowledged) expect(outcome(n), `${where}: the end of call ${n} was seen`).toBe('ok')
  if (death === 'killed') {
    for (const n of settled) expect(outcome(n), `${where}: call ${n} was settled`).toBe('ok')
    for (const n of served) expect(booked.has(callId(n)), `${where}: call ${n} was served`).toBe(true)
    // Each number once: what is booked under it is what was shipped first under it, and no other.
    expect(new Set(world.numbers.values()).size, where).toBe(world.numbers.size)
    expect(world.numbers.size, where).toBe(booked.size)
  }
  const known = new Set([...served, ...doubtful].map(callId))
  for (const id of booked.keys()) expect(known.has(id), `${where}: ${id} came from nowhere`).toBe(true)
  for (const n of doubtful) expect(['unknown', undefined], where).toContain(outcome(n))
  expect(logged, where).not.toContain('journal.unreadable_record')
}

test.each<Death>(['killed', 'without power'])(
  '%s at every file operation of a journal that writes, rotates, carries and ships: no loss, no double',
  async (death) => {
    const seed = testSeed(`${death} at every file operation`)
    for (let n = 0; n < (LONG ? 20 : 1); n += 1) {
      for (let crashAt = 1; ; crashAt += 1) {
        const result = await run(seed + n, death, crashAt, undefined)
        check(result, death, `seed ${seed + n}, operation ${crashAt}`)
        if (!result.died) break
      }
    }
  },
  LONG ? 600_000 : 60_000,
)

test.each<Death>(['killed', 'without power'])(
  '%s anywhere, and again while recovering, over many seeds: no loss, no double',
  async (death) => {
    const first = testSeed(`${death} anywhere and again`)
    for (let seed = first; seed < first + (LONG ? 1_000 : 40); seed += 1) {
      const random = seeded(seed)
      const [crashAt, again] = [1 + Math.floor(random() * 120), 1 + Math.floor(random() * 30)]
      check(await run(seed, death, crashAt, again), death, `seed ${seed}, operations ${crashAt} and ${again}`)
    }
  },
  LONG ? 600_000 : 60_000,
)
