import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { usageEvent } from '../../lib/contract/usage-event.ts'
import { GatewayError } from '../gateway-error.ts'
import { openJournal } from './journal.ts'
import type { Journal, JournalOptions } from './journal-options.ts'
import { callId, collectingLog, event, intent, type MemoryFs, memoryFs } from './journal-testing.ts'
import { encodeRecord, HEADER_BYTES, RECORD_TYPES, scanRecords, settlePayload } from './record.ts'

const LONG = process.env.GATEHOUSE_TEST_LONG === '1'
const DIRECTORY = '/j'

function open(fs: MemoryFs, options: Partial<JournalOptions> = {}) {
  const { log, events } = collectingLog()
  let monotonic = 0
  const clock = { now: () => 0, monotonic: () => monotonic }
  const journal = openJournal({ directory: DIRECTORY, fs, clock, log, sync: 'group', ...options })
  const passTime = (ms: number) => {
    monotonic += ms
  }
  return { journal, events, passTime }
}

async function all(journal: Journal, from = journal.committedSequence + 1) {
  const found: { id: string; sequence: number; outcome: string | undefined }[] = []
  for (let next = from; ; ) {
    const batch = await journal.read(next, 1_000, 1_000_000)
    if (batch.length === 0) return found
    for (const stored of batch) {
      const parsed = usageEvent.parse(JSON.parse(stored.text))
      expect(parsed.sequence).toBe(stored.sequence)
      found.push({ id: parsed.id, sequence: parsed.sequence, outcome: parsed.attempts[0]?.outcome })
      next = stored.sequence + 1
    }
  }
}

const ids = (events: { id: string }[]) => events.map((stored) => stored.id)

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition did not come true')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('a process that dies', () => {
  test('loses no settlement, numbers go on, and an open call is booked as unknown, once', async () => {
    const fs = memoryFs()
    const first = open(fs)
    for (let n = 1; n <= 5; n += 1) {
      first.journal.intend(intent(n))
      first.journal.settle(event(n))
    }
    first.journal.intend(intent(6))
    first.journal.intend(intent(6, 1))
    // Killed: nothing is closed, nothing is synced.
    const second = open(fs)
    expect(await all(second.journal)).toEqual([
      ...[1, 2, 3, 4, 5].map((n) => ({ id: callId(n), sequence: n, outcome: 'ok' })),
      { id: callId(6), sequence: 6, outcome: 'unknown' },
    ])
    const [unknown] = await second.journal.read(6, 10, 1e6)
    const parsed = usageEvent.parse(JSON.parse(unknown?.text ?? ''))
    expect(parsed).toMatchObject({
      status: 502,
      code: 'provider_error',
      costPicoUsd: null,
      usageSource: 'estimated',
    })
    expect(parsed.attempts).toHaveLength(2)
    expect(second.events).toContain('journal.unsettled_call')
    const third = open(fs)
    expect(ids(await all(third.journal))).toEqual([1, 2, 3, 4, 5, 6].map(callId))
    expect(third.journal.stats().openIntents).toBe(0)
  })

  test('ships nothing again that the admin has committed, and deletes whole segments only then', async () => {
    const fs = memoryFs()
    const { journal } = open(fs, { limits: { segmentBytes: 4_000 } })
    for (let n = 1; n <= 30; n += 1) {
      journal.intend(intent(n))
      journal.settle(event(n))
    }
    journal.intend(intent(99))
    expect(fs.files.size).toBeGreaterThan(5)
    journal.commit(20)
    await until(() => fs.files.size < 10)
    await journal.close()
    const again = open(fs)
    expect(ids(await all(again.journal))).toEqual([
      ...Array.from({ length: 10 }, (_, n) => callId(21 + n)),
      callId(99),
    ])
    again.journal.commit(31)
    await until(() => fs.files.size === 1)
    expect(again.journal.stats()).toMatchObject({ unshippedEvents: 0, unshippedBytes: 0, openIntents: 0 })
    // Only the newest segment is left, and it is enough.
    const last = open(fs)
    expect(last.journal.nextSequence).toBe(32)
    expect(await all(last.journal)).toEqual([])
  })

  test('an intent outlives the segment that it was written to', async () => {
    const fs = memoryFs()
    const { journal } = open(fs, { limits: { segmentBytes: 3_000 } })
    journal.intend(intent(99))
    journal.intend(intent(98))
    for (let n = 1; n <= 20; n += 1) {
      journal.intend(intent(n))
      journal.settle(event(n))
    }
    journal.commit(20)
    await until(() => !fs.files.has(`${DIRECTORY}/00000001.log`))
    journal.settle(event(98))
    const again = open(fs)
    expect(await all(again.journal)).toEqual([
      { id: callId(98), sequence: 21, outcome: 'ok' },
      { id: callId(99), sequence: 22, outcome: 'unknown' },
    ])
  })

  test('killed at every point of a rotation, the books are whole', async () => {
    for (let limit = 1; limit < 400; limit += 1) {
      const fs = memoryFs()
      fs.fault = (_operation, count) => (count > limit ? 'fail' : 'ok')
      const settled: number[] = []
      try {
        const { journal } = open(fs, { limits: { segmentBytes: 1_500 } })
        for (let n = 1; n <= 12; n += 1) {
          journal.intend(intent(n))
          journal.settle(event(n))
          if (fs.operations <= limit) settled.push(n)
        }
      } catch {
        // The process is dead.
      }
      const finished = fs.operations <= limit
      fs.fault = () => 'ok'
      const found = await all(open(fs).journal)
      const known = found.filter((stored) => stored.outcome === 'ok')
      expect(ids(known)).toEqual(expect.arrayContaining(settled.map(callId)))
      expect(new Set(ids(found)).size).toBe(found.length)
      if (finished) return
    }
    throw new Error('never finished')
  })
})

describe('a damaged file', () => {
  /** Three calls, of which the third is open, in one segment. */
  function recorded(): { content: Buffer; path: string; ends: number[] } {
    const fs = memoryFs()
    const { journal } = open(fs)
    const ends: number[] = []
    const path = `${DIRECTORY}/00000001.log`
    for (const n of [1, 2]) {
      journal.intend(intent(n))
      journal.settle(event(n))
      ends.push(fs.files.get(path)?.length ?? 0)
    }
    journal.intend(intent(3))
    return { content: fs.files.get(path) ?? Buffer.alloc(0), path, ends }
  }

  test('truncated at every byte: start never throws and keeps every record before the cut', async () => {
    const { content, path, ends } = recorded()
    for (let length = 0; length <= content.length; length += LONG ? 1 : 3) {
      const fs = memoryFs()
      fs.files.set(path, Buffer.from(content.subarray(0, length)))
      const { journal } = open(fs)
      const found = await all(journal)
      const whole = ends.filter((end) => end <= length).length
      expect(found.filter((stored) => stored.outcome === 'ok').length, `cut at ${length}`).toBe(whole)
      for (const [index, stored] of found.entries()) expect(stored.sequence).toBe(index + 1)
    }
  })

  test('each bit flipped: start never throws, and no record before or after the damage is lost', async () => {
    const { content, path, ends } = recorded()
    const step = LONG ? 1 : 37
    for (let bit = 0; bit < content.length * 8; bit += step) {
      const position = bit >> 3
      const flipped = Buffer.from(content)
      flipped[position] = (flipped[position] ?? 0) ^ (1 << (bit & 7))
      const fs = memoryFs()
      fs.files.set(path, flipped)
      const { journal, events } = open(fs)
      const found = await all(journal)
      for (const [index, end] of ends.entries()) {
        if (end <= position) expect(ids(found), `bit ${bit}`).toContain(callId(index + 1))
      }
      // At most the record that was hit is gone, and a call whose settlement it was is booked as unknown.
      expect(found.length, `bit ${bit}`).toBeGreaterThanOrEqual(2)
      expect(new Set(ids(found)).size).toBe(found.length)
      expect(events.some((name) => name === 'journal.damaged' || name === 'journal.torn_tail')).toBe(true)
    }
  })

  test('a copy of it is kept, and later segments are read', async () => {
    const fs = memoryFs()
    const { journal } = open(fs, { limits: { segmentBytes: 3_000 } })
    for (let n = 1; n <= 9; n += 1) {
      journal.intend(intent(n))
      journal.settle(event(n))
    }
    const newest = [...fs.files.keys()].sort().at(-1) ?? ''
    const content = Buffer.from(fs.files.get(newest) ?? Buffer.alloc(0))
    content[30] = (content[30] ?? 0) ^ 1
    fs.files.set(newest, content)
    const again = open(fs)
    expect(again.events).toContain('journal.damaged')
    expect([...fs.files.keys()].some((path) => path.endsWith('.damaged'))).toBe(true)
    expect(ids(await all(again.journal))).toEqual(Array.from({ length: 9 }, (_, n) => callId(n + 1)))
  })

  test('random bytes are never taken for a record', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (before, after) => {
        const record = encodeRecord(RECORD_TYPES.settle, settlePayload({ id: 'x' }, 7))
        const buffer = Buffer.concat([Buffer.from(before), record, Buffer.from(after)])
        const { records } = scanRecords(buffer)
        expect(records).toHaveLength(1)
        expect(records[0]?.start).toBe(before.length + HEADER_BYTES)
      }),
    )
  })
})

describe('a failing disk', () => {
  test('the Nth operation fails, for every N: nothing acknowledged is lost, nothing is doubled', async () => {
    for (let nth = 2; nth < 200; nth += 1) {
      for (const kind of ['fail', 'partial'] as const) {
        const fs = memoryFs()
        const { journal, events } = open(fs, { sync: 'settle', limits: { retryMs: 1, segmentBytes: 2_500 } })
        fs.fault = (operation, count) =>
          count === nth && (kind === 'fail' || operation === 'writeSync') ? kind : 'ok'
        const acknowledged: number[] = []
        const ended: number[] = []
        for (let n = 1; n <= 8; n += 1) {
          try {
            journal.intend(intent(n))
          } catch (error) {
            expect(error).toBeInstanceOf(GatewayError)
            expect((error as GatewayError).code).toBe('books_full')
            await until(() => journal.accepting)
            continue
          }
          journal.settle(event(n))
          ended.push(n)
          await journal.settled().then(
            () => acknowledged.push(n),
            () => {},
          )
        }
        await until(() => journal.accepting)
        expect(ids(await all(journal)), `operation ${nth}`).toEqual(ended.map(callId))
        // The machine loses power: only what was synced is left.
        const after = memoryFs()
        for (const [path, content] of fs.durable) after.files.set(path, content)
        const found = ids(await all(open(after).journal))
        for (const n of acknowledged) expect(found, `operation ${nth}`).toContain(callId(n))
        expect(new Set(found).size).toBe(found.length)
        if (fs.operations < nth && !events.includes('journal.failed')) return
      }
    }
    throw new Error('never got through')
  }, 60_000)

  test('a failed sync closes the door, and the same file is never synced again', async () => {
    const fs = memoryFs()
    const { journal, events } = open(fs, { limits: { retryMs: 5, syncDelayMs: 1 } })
    await until(() => fs.durable.size === 1)
    let broken = true
    fs.fault = (operation) => (broken && operation === 'datasync' ? 'fail' : 'ok')
    journal.intend(intent(1))
    journal.intend(intent(2))
    journal.settle(event(1))
    await until(() => !journal.accepting)
    expect(() => journal.intend(intent(3))).toThrow(GatewayError)
    // A call in flight ends all the same; refusals are not booked while there is no room for them.
    journal.settle(event(2))
    journal.settle(event(50, 0))
    broken = false
    await until(() => journal.accepting)
    expect(events).toEqual(expect.arrayContaining(['journal.failed', 'journal.repaired']))
    expect(ids(await all(open(fs).journal))).toEqual([1, 2].map(callId))
  })

  test('a disk that takes nothing at the start is tried until it does, and its leftovers are no hindrance', async () => {
    const fs = memoryFs()
    const before = open(fs)
    before.journal.intend(intent(1))
    let broken = true
    // Not even what could not be written can be removed.
    fs.fault = (operation) => (broken && ['writeSync', 'unlinkSync'].includes(operation) ? 'fail' : 'ok')
    const { journal, events } = open(fs, { limits: { retryMs: 1 } })
    expect(journal.accepting).toBe(false)
    expect(() => journal.intend(intent(2))).toThrow(GatewayError)
    await until(() => events.filter((name) => name === 'journal.repair_failed').length >= 3)
    expect(await all(journal)).toEqual([{ id: callId(1), sequence: 1, outcome: 'unknown' }])
    broken = false
    await until(() => journal.accepting)
    journal.intend(intent(2))
    journal.settle(event(2))
    await journal.close()
    expect(ids(await all(open(fs).journal))).toEqual([1, 2].map(callId))
  })

  test('at the bound of unshipped bytes new calls are refused until some are committed', async () => {
    const fs = memoryFs()
    const { journal, events } = open(fs, { limits: { maxUnshippedBytes: 10_000, segmentBytes: 3_000 } })
    let n = 0
    while (journal.accepting) {
      n += 1
      journal.intend(intent(n))
      journal.settle(event(n))
    }
    expect(() => journal.intend(intent(n + 1))).toThrow('journal')
    expect(events).toContain('journal.full')
    journal.commit(n - 1)
    await until(() => journal.accepting)
    expect(events).toContain('journal.drained')
  })
})

describe('reading', () => {
  test('a backlog beyond memory comes from the segments, in order, in consecutive batches within their bounds', async () => {
    const fs = memoryFs()
    const { journal } = open(fs, { limits: { recentEvents: 5, segmentBytes: 20_000 } })
    for (let n = 1; n <= 2_500; n += 1) journal.settle(event(n))
    const found: number[] = []
    for (let next = 1; ; ) {
      const batch = await journal.read(next, 100, 50_000)
      if (batch.length === 0) break
      expect(batch.length).toBeLessThanOrEqual(100)
      expect(batch.reduce((sum, stored) => sum + stored.text.length, 0)).toBeLessThan(52_000)
      found.push(...batch.map((stored) => stored.sequence))
      next = (batch.at(-1)?.sequence ?? 0) + 1
    }
    expect(found).toEqual(Array.from({ length: 2_500 }, (_, index) => index + 1))
  })

  test('clocks that jump change nothing: the sequence is the order', async () => {
    const fs = memoryFs()
    const { journal, passTime } = open(fs, { limits: { segmentMs: 1_000 } })
    for (let n = 1; n <= 3; n += 1) {
      passTime(n === 2 ? -86_400_000 : 3_600_000)
      journal.settle(event(n))
    }
    expect((await all(journal)).map((stored) => stored.sequence)).toEqual([1, 2, 3])
  })

  test('a folder restored from an older copy uses no number twice', async () => {
    const { journal } = open(memoryFs())
    journal.settle(event(1))
    journal.skipTo(501)
    journal.settle(event(2))
    expect((await all(journal)).map((stored) => stored.sequence)).toEqual([1, 501])
  })
})
