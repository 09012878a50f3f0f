import { describe, expect, test } from 'vitest'
import { type UsageEvent, usageEvent } from '../../lib/contract/usage-event.ts'
import { openJournal } from './journal.ts'
import { callId, collectingLog, event, intent, type MemoryFs, memoryFs } from './journal-testing.ts'

/** A journal whose turns end when the test says so. */
function open(fs: MemoryFs, sync: 'group' | 'settle' = 'group') {
  let end: (() => void) | null = null
  const journal = openJournal({
    directory: '/j',
    fs,
    clock: { now: () => 0, monotonic: () => 0 },
    log: collectingLog().log,
    sync,
    limits: { segmentBytes: 100_000 },
    atTurnEnd: (flush) => {
      if (end) throw new Error('asked twice in one turn')
      end = flush
    },
  })
  const endTurn = () => {
    const flush = end
    end = null
    flush?.()
  }
  return { journal, endTurn }
}

const booked = async (fs: MemoryFs) => {
  const { journal } = open(fs)
  const found: UsageEvent[] = []
  for (;;) {
    const events = await journal.read(found.length + 1, 10_000, 1e9)
    if (events.length === 0) return found
    found.push(...events.map(({ text }) => usageEvent.parse(JSON.parse(text))))
  }
}

describe('the records of one turn', () => {
  test('are one write, and nothing is said to be written before it', async () => {
    const fs = memoryFs()
    const { journal, endTurn } = open(fs)
    const before = fs.operations
    for (let n = 1; n <= 50; n += 1) journal.intend(intent(n))
    let said: boolean | null = null
    const written = journal.written().then((value) => {
      said = value
    })
    await Promise.resolve()
    expect(said).toBe(null)
    expect(fs.operations).toBe(before)
    endTurn()
    await written
    expect(said).toBe(true)
    expect(fs.operations).toBe(before + 1)
  })

  test('are not shipped before they are written', async () => {
    const fs = memoryFs()
    const { journal, endTurn } = open(fs)
    let rung = 0
    journal.onSettled(() => {
      rung += 1
    })
    journal.intend(intent(1))
    endTurn()
    journal.settle(event(1))
    expect(await journal.read(1, 10, 1e6)).toEqual([])
    expect(rung).toBe(0)
    // A shipper takes what it finds no event for, below this number, for lost.
    expect(journal.nextSequence).toBe(1)
    endTurn()
    expect(journal.nextSequence).toBe(2)
    expect((await journal.read(1, 10, 1e6)).map(({ sequence }) => sequence)).toEqual([1])
    expect(rung).toBe(1)
  })

  test('that can not be written open no attempt, and their settlements are written by the repair', async () => {
    const fs = memoryFs()
    const { journal, endTurn } = open(fs)
    journal.intend(intent(1))
    endTurn()
    fs.fault = (operation) => (operation === 'writeSync' ? 'partial' : 'ok')
    journal.settle(event(1))
    journal.intend(intent(2))
    const written = journal.written()
    endTurn()
    expect(await written).toBe(false)
    expect(journal.stats().openIntents).toBe(0)
    expect(journal.accepting).toBe(false)
    // Told while nothing can be written, and kept.
    journal.settle(event(3))
    const still = journal.written()
    endTurn()
    expect(await still).toBe(false)
    fs.fault = () => 'ok'
    await journal.close()
    expect((await booked(fs)).map(({ id }) => id)).toEqual([1, 3].map(callId))
  })

  test('a process that dies before the end of the turn has told nobody of what it lost', async () => {
    const fs = memoryFs()
    const { journal, endTurn } = open(fs)
    journal.intend(intent(1))
    endTurn()
    journal.settle(event(1))
    journal.intend(intent(2))
    // Killed here: call 1 was dispatched and its caller has no answer yet, call 2 never left.
    expect((await booked(fs)).map(({ id, status }) => ({ id, status }))).toEqual([
      { id: callId(1), status: 502 },
    ])
  })

  test('fill as many slabs as they need and are the bytes that were told', async () => {
    const fs = memoryFs()
    const { journal, endTurn } = open(fs)
    for (let n = 1; n <= 2_000; n += 1) {
      journal.settle({ ...event(n), endUser: 'ü'.repeat(n % 190) })
      if (n % 700 === 0) endTurn()
    }
    endTurn()
    const shipped = await journal.read(1, 10_000, 1e9)
    expect(shipped).toHaveLength(2_000)
    for (const [index, stored] of shipped.entries()) {
      const parsed = JSON.parse(stored.text)
      expect(parsed).toMatchObject({ sequence: index + 1, endUser: 'ü'.repeat((index + 1) % 190) })
      expect(stored.length).toBe(Buffer.byteLength(stored.text))
    }
    await journal.close()
    expect(await booked(fs)).toHaveLength(2_000)
  })

  test('are on the disk before they count as settled, where every settlement is synced', async () => {
    const fs = memoryFs()
    const { journal, endTurn } = open(fs, 'settle')
    journal.settle(event(1))
    const settled = journal.settled()
    endTurn()
    await settled
    const [disk] = [...fs.durable.values()]
    expect(disk?.includes(callId(1))).toBe(true)
    await journal.close()
  })
})
