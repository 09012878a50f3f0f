/**
 * A gateway's real journal, shipped by its real shipper into the admin's real books: twice, out of order, overlapping,
 * and the whole of it three times over. Here, as neither side may know the other.
 */
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Intent } from '../gateway/journal/books.ts'
import { openJournal } from '../gateway/journal/journal.ts'
import { nodeFs } from '../gateway/journal/journal-fs.ts'
import type { Journal } from '../gateway/journal/journal-options.ts'
import { type ShipAnswer, startShipper } from '../gateway/journal/shipper.ts'
import { seeded, testSeed } from '../gateway/testing/seed.ts'
import { usageBatch } from '../lib/contract/control.ts'
import type { UsageEvent } from '../lib/contract/usage-event.ts'
import { renewLease } from '../lib/publish/fleet.ts'
import { leaseOf, newGatewayId, useTestDatabase } from '../lib/publish/testing.ts'
import { pool } from '../lib/server/db.ts'
import { ingest } from '../lib/usage/ingest.ts'
import { makePartitions } from '../lib/usage/partitions.ts'
import { idAt, pricedEvent } from '../lib/usage/testing.ts'
import type { TestDatabase } from './testing/postgres.ts'

const EVENTS = process.env.GATEHOUSE_TEST_LONG === '1' ? 6_000 : 600
/** Calls that were in flight when the process died. */
const CUT = 5
const gatewayId = newGatewayId()
const clock = { now: Date.now, monotonic: () => performance.now() }
const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-replay-'))
const logged: string[] = []
let database: TestDatabase

beforeAll(async () => {
  database = await useTestDatabase()
  await makePartitions(pool, new Date())
  await renewLease(pool, leaseOf(gatewayId))
})
afterAll(async () => {
  await database.drop()
  rmSync(folder, { recursive: true, force: true })
})

test('the whole journal, three times, in doubled, late and overlapping batches: the books are the same to the byte', async () => {
  const random = seeded(testSeed('a journal replayed'))
  const events = await writeJournal(random)
  const shipped = await replay(() => 'booked')
  expect(shipped).toBe(EVENTS + CUT)
  const expected = await booksHash()
  await expectBooked(events)

  for (let round = 0; round < 3; round += 1) {
    // Receipts are lost, batches are refused for now, come again, and come whole after parts of them have come.
    await replay(() => (random() < 0.2 ? 'lost' : random() < 0.2 ? 'refused' : 'booked'), 1 + random() * 200)
    expect(await booksHash(), `replay ${round + 1}`).toBe(expected)
  }

  // From nothing, in any order, several at once, overlapping: what comes first is counted, once.
  await pool.query('TRUNCATE calls, ledger_lines, rollup_minutes, rollup_quarters')
  const parts = Array.from({ length: 40 }, () => {
    const from = Math.floor(random() * events.length)
    return events.slice(from, from + 1 + Math.floor(random() * 300))
  })
  await Promise.all(parts.map((part) => ingest(pool, { gatewayId, events: part })))
  await replay(() => 'booked')
  expect(await booksHash()).toBe(expected)
}, 120_000)

/** Traffic of an hour: priced calls, refusals, and calls that a crash cut. Nothing is shipped, nothing closed. */
async function writeJournal(random: () => number): Promise<UsageEvent[]> {
  const directory = path.join(folder, 'written')
  const journal = openOn(directory)
  const start = Date.now() - 3_600_000
  for (let n = 0; n < EVENTS; n += 1) {
    const at = start + n * Math.floor(3_000_000 / EVENTS)
    const call = {
      at,
      id: idAt(at),
      teamId: `team_${Math.floor(random() * 3)}`,
      route: `r${Math.floor(random() * 5)}`,
    }
    if (random() < 0.1) {
      journal.settle({
        ...unnumbered(pricedEvent({}, call)),
        attempts: [],
        lines: [],
        status: 401,
        code: 'invalid_api_key',
      })
      continue
    }
    const tokens = { inputTokens: Math.floor(random() * 9_000), outputTokens: Math.floor(random() * 900) }
    const event = unnumbered(pricedEvent(tokens, call))
    journal.intend(intentOf(event))
    journal.settle(event)
  }
  const cut = Array.from({ length: CUT }, (_, n) => {
    const at = start + 3_100_000 + n
    return unnumbered(pricedEvent({}, { at, id: idAt(at) }))
  })
  for (const event of cut) journal.intend(intentOf(event))
  await journal.close()
  const again = openOn(path.join(folder, 'read'), directory)
  const events: UsageEvent[] = []
  for (;;) {
    const batch = await again.read(events.length + 1, 1_000, 4_000_000)
    if (batch.length === 0) break
    for (const { text } of batch) events.push(JSON.parse(text) as UsageEvent)
  }
  await again.close()
  return events
}

/** On a fresh copy of the folder, as if nothing of it had ever been shipped. Gives how many events were. */
async function replay(fate: () => 'booked' | 'lost' | 'refused', maxBatchEvents = 100): Promise<number> {
  const journal = openOn(path.join(folder, 'replayed'), path.join(folder, 'written'))
  const shipper = startShipper({
    journal,
    gatewayId,
    log: (_level, name, fields) => void logged.push(`${name} ${String(fields?.error ?? '')}`),
    random: () => 0.5,
    quarantine: (event) => {
      throw new Error(`refused: ${event.text}`)
    },
    limits: { maxBatchEvents: Math.floor(maxBatchEvents), delayMs: 1, minBackoffMs: 1, maxBackoffMs: 2 },
    post: async (body): Promise<ShipAnswer> => {
      const what = fate()
      if (what === 'refused') return { status: 503 }
      const receipt = await ingest(pool, usageBatch.parse(JSON.parse(body.toString())))
      if (what === 'lost') throw new Error('the receipt is lost')
      return { status: 200, committedSequence: receipt.committedSequence }
    },
  })
  const deadline = performance.now() + 30_000
  while (journal.stats().unshippedEvents > 0) {
    if (performance.now() > deadline) throw new Error(`in time: shipped; ${logged.slice(-3).join('; ')}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await shipper.stop()
  await journal.close()
  return journal.committedSequence
}

function openOn(directory: string, copyOf?: string): Journal {
  if (copyOf !== undefined) {
    rmSync(directory, { recursive: true, force: true })
    cpSync(copyOf, directory, { recursive: true })
  }
  const limits = { segmentBytes: 64 * 1024, recentEvents: 50 }
  return openJournal({ directory, fs: nodeFs, clock, log: () => {}, sync: 'group', limits })
}

/** As the gateway's pipeline gives it: the number is the journal's to give. */
function unnumbered({ sequence: _, ...event }: UsageEvent): Omit<UsageEvent, 'sequence'> {
  return event
}

function intentOf(event: Omit<UsageEvent, 'sequence'>): Intent {
  return {
    callId: event.id,
    attempt: 0,
    call: event,
    providerId: 'prov_a',
    providerKind: 'openai',
    model: 'gpt-4o-2024-11-20',
    startedAt: event.at,
    estimatedInputTokens: 12,
    reservedPicoUsd: null,
    hold: [],
    admission: null,
  }
}

async function expectBooked(events: readonly UsageEvent[]): Promise<void> {
  const cost = events.reduce((sum, event) => sum + BigInt(event.costPicoUsd ?? '0'), 0n)
  const { rows } = await pool.query(`SELECT
    (SELECT count(*)::int FROM calls) AS calls,
    (SELECT sum(requests)::int FROM rollup_quarters) AS requests,
    (SELECT sum(cost_pico)::text FROM ledger_lines) AS lines,
    (SELECT sum(cost_pico)::text FROM rollup_minutes) AS minutes`)
  expect(rows[0]).toEqual({
    calls: events.length,
    requests: events.length,
    lines: cost.toString(),
    minutes: cost.toString(),
  })
}

async function booksHash(): Promise<string> {
  const hash = createHash('sha256')
  for (const table of ['calls', 'ledger_lines', 'rollup_minutes', 'rollup_quarters']) {
    const { rows } = await pool.query(`SELECT t::text AS row FROM ${table} t ORDER BY 1`)
    for (const { row } of rows) hash.update(`${table} ${row}\n`)
  }
  return hash.digest('hex')
}
