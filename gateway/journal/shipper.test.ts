import { describe, expect, test } from 'vitest'
import { usageBatch } from '../../lib/contract/control.ts'
import { openJournal } from './journal.ts'
import { collectingLog, event, memoryFs } from './journal-testing.ts'
import { type ShipAnswer, type ShipperLimits, startShipper } from './shipper.ts'

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition did not come true')
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** An admin in memory: books by id, answers as told. */
function setup(answer: (ids: string[], commit: () => ShipAnswer) => ShipAnswer | Promise<ShipAnswer>) {
  const fs = memoryFs()
  const { log, events: logged } = collectingLog()
  const journal = openJournal({
    directory: '/j',
    fs,
    clock: { now: () => 0, monotonic: () => 0 },
    log,
    sync: 'group',
    limits: { recentEvents: 50 },
  })
  const booked = new Map<string, number>()
  const batches: number[][] = []
  const quarantined: number[] = []
  let last = 0
  let inFlight = 0
  const start = (limits: Partial<ShipperLimits> = {}) =>
    startShipper({
      journal,
      gatewayId: 'gw_0123456789abcdef',
      log,
      random: () => 0.5,
      quarantine: (stored) => void quarantined.push(stored.sequence),
      limits: { delayMs: 1, minBackoffMs: 1, maxBackoffMs: 4, ...limits },
      post: async (body) => {
        inFlight += 1
        expect(inFlight).toBe(1)
        await Promise.resolve()
        const batch = usageBatch.parse(JSON.parse(body.toString()))
        batches.push(batch.events.map((shipped) => shipped.sequence))
        try {
          return await answer(
            batch.events.map((shipped) => shipped.id),
            () => {
              for (const shipped of batch.events) booked.set(shipped.id, (booked.get(shipped.id) ?? 0) + 1)
              last = Math.max(last, batch.events.at(-1)?.sequence ?? 0)
              return { status: 200, committedSequence: last }
            },
          )
        } finally {
          inFlight -= 1
        }
      },
    })
  return { journal, booked, batches, quarantined, logged, start }
}

describe('shipping', () => {
  test('every event arrives, in consecutive batches of the contract’s size, one at a time', async () => {
    const { journal, booked, batches, start } = setup((_ids, commit) => commit())
    for (let n = 1; n <= 2_300; n += 1) journal.settle(event(n))
    const shipper = start()
    await until(() => booked.size === 2_300)
    journal.settle(event(2_301))
    await until(() => booked.size === 2_301)
    await shipper.stop()
    expect(batches.flat()).toEqual(Array.from({ length: 2_301 }, (_, index) => index + 1))
    expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThanOrEqual(1_000)
    expect(journal.committedSequence).toBe(2_301)
  })

  test('an answer that got lost means the same batch again, and an older receipt takes nothing back', async () => {
    let calls = 0
    const { journal, booked, start } = setup((_ids, commit) => {
      calls += 1
      const receipt = commit()
      if (calls % 3 === 1) throw new Error('connection reset')
      if (calls % 3 === 2) return { status: 503 }
      return receipt
    })
    const shipper = start({ maxBatchEvents: 7 })
    for (let n = 1; n <= 50; n += 1) journal.settle(event(n))
    await until(() => journal.committedSequence === 50)
    await shipper.stop()
    expect(booked.size).toBe(50)
  })

  test('an event that the admin refuses for what it is is set aside, and those behind it pass', async () => {
    const poison = event(13).id
    const { journal, booked, quarantined, logged, start } = setup((ids, commit) =>
      ids.includes(poison) ? { status: 400 } : commit(),
    )
    for (let n = 1; n <= 40; n += 1) journal.settle(event(n))
    const shipper = start()
    await until(() => booked.size === 39)
    await shipper.stop()
    expect(quarantined).toEqual([13])
    expect(booked.has(poison)).toBe(false)
    expect(logged).toContain('usage.quarantined')
  })

  test('what is gone from the end of the journal is said to be, and not waited for', async () => {
    const { journal, booked, logged, start } = setup((_ids, commit) => commit())
    for (let n = 1; n <= 3; n += 1) journal.settle(event(n))
    // As after a loss of power: the number is known, the events below it are nowhere.
    journal.skipTo(10)
    const shipper = start()
    await until(() => journal.stats().unshippedEvents === 0)
    expect(logged).toContain('usage.gap')
    journal.settle(event(4))
    await until(() => booked.size === 4 && journal.stats().unshippedEvents === 0)
    await shipper.stop()
    expect(journal.committedSequence).toBe(10)
  })

  test('an admin that knows later numbers than the folder loses no new event', async () => {
    const { journal, booked, start } = setup((_ids, commit) => ({ ...commit(), committedSequence: 500 }))
    for (let n = 1; n <= 3; n += 1) journal.settle(event(n))
    const shipper = start()
    await until(() => booked.size === 3)
    await until(() => journal.nextSequence > 500)
    journal.settle(event(4))
    await until(() => booked.size === 4)
    await shipper.stop()
    expect([...booked.values()].every((times) => times === 1)).toBe(true)
  })
})
