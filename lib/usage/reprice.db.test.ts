import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { TestDatabase } from '../../scripts/testing/postgres.ts'
import { useTestDatabase } from '../publish/testing.ts'
import { db, pool } from '../server/db.ts'
import { compactRollups } from './compaction.ts'
import { repriceStep } from './reprice.ts'
import { previewReprice } from './reprice-preview.ts'
import {
  begin,
  book,
  eventOf,
  expectBooksAgree,
  expectPricedBy,
  forgetAll,
  HOUR_MS,
  NOW,
  priceOf,
  publishPrice,
  reprice,
  type Shape,
  used,
} from './testing-reprice.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await useTestDatabase()
})
afterAll(() => database.drop())
beforeEach(forgetAll)

test('two admins at it, one that dies half way, new calls and the summing of rollups leave one and the same result', async () => {
  const old = priceOf('price_1')
  await publishPrice('price_1', old)
  const past = Array.from({ length: 300 }, (_, n) => used(3 * HOUR_MS + n * 1_000))
  await book(past.map((shape) => eventOf([old], shape)))
  await compactRollups(pool)
  const price = priceOf('price_1', { version: 2, rates: { input: '7.5', output: '3' } })
  await publishPrice('price_1', price)
  const id = await begin(price)
  // It dies in the middle of a transaction: nothing of that page is there.
  const client = await pool.connect()
  await client.query('BEGIN')
  await client.query('SELECT 1 FROM repricings WHERE id = $1 FOR UPDATE', [id])
  expect(await repriceStep(pool, id, new Date(NOW), 20)).toBe('busy')
  await client.query('ROLLBACK')
  client.release()
  expect(await repriceStep(pool, id, new Date(NOW), 20)).toBe('more')

  const admin = async () => {
    for (;;) {
      const step = await repriceStep(pool, id, new Date(NOW), 20)
      if (step === 'scanned') return
      const { scannedAt } = await db.repricing.findUniqueOrThrow({ where: { id } })
      if (scannedAt) return
    }
  }
  const fresh = Array.from({ length: 10 }, (_, n) =>
    Array.from({ length: 20 }, (_, m) => eventOf([price], used(3 * HOUR_MS + (n * 20 + m) * 1_000))),
  )
  await Promise.all([
    admin(),
    admin(),
    (async () => {
      for (const events of fresh) await book(events)
    })(),
    (async () => {
      for (let round = 0; round < 5; round += 1) await compactRollups(pool)
    })(),
  ])
  const done = await db.repricing.findUniqueOrThrow({ where: { id } })
  expect(done.correctedCalls).toBe(300n)
  expect(await repriceStep(pool, id, new Date(NOW), 20)).toBe('busy')
  await expectPricedBy(price, [price])
  await expectBooksAgree()
  await compactRollups(pool)
  await expectBooksAgree()
})

test('a line that was wrong is taken back and replaced; what was right, and who used it, stays', async () => {
  const old = priceOf('price_1', { rates: { input: '1', output: '2', cacheRead: '0.5' } })
  await publishPrice('price_1', old)
  const event = eventOf([old], used(HOUR_MS))
  await book([event])
  const typed = priceOf('price_1', { version: 2, rates: { input: '1.0', output: '20', cacheRead: '0.5' } })
  await publishPrice('price_1', typed)
  const repricedBy = await reprice(typed)
  const lines = async () =>
    (
      await pool.query<{ line: string }>(
        `SELECT concat_ws(' ', line_no, meter, quantity, usd_per_million, cost_pico, price_version,
           'of ' || replace(correction_of, call_id::text, 'call')) AS line FROM ledger_lines ORDER BY line_no`,
      )
    ).rows.map(({ line }) => line)
  const booked = [
    '0 input 1000 1 1000000000 price_1@1',
    '1 cacheRead 100 0.5 50000000 price_1@1',
    '2 output 50 2 100000000 price_1@1',
  ]
  const corrected = [
    ...booked,
    '3 output -50 2 -100000000 price_1@1 of call/2',
    '4 output 50 20 1000000000 price_1@2 of call/2',
  ]
  expect(await lines()).toEqual(corrected)
  const { rows } = await pool.query('SELECT cost_pico, repriced_by FROM calls')
  expect(rows).toEqual([{ cost_pico: '2050000000', repriced_by: repricedBy }])
  // The same again, and a new version that asks the same.
  await reprice(typed)
  const same = { ...typed, version: 3, contextTokens: 9 }
  await publishPrice('price_1', same)
  await reprice(same)
  expect(await lines()).toEqual(corrected)
  // It was meant for another model: without it these calls have no price.
  const moved = { ...same, version: 4, model: 'model-9' }
  await publishPrice('price_1', moved)
  await reprice(moved)
  expect(await lines()).toEqual([
    ...corrected,
    '5 input -1000 1 -1000000000 price_1@1 of call/0',
    '6 cacheRead -100 0.5 -50000000 price_1@1 of call/1',
    '7 output -50 20 -1000000000 price_1@2 of call/4',
  ])
  expect((await pool.query('SELECT cost_pico, unpriced FROM calls')).rows).toEqual([
    { cost_pico: null, unpriced: true },
  ])
  await publishPrice('price_1', { ...same, version: 5 })
  await reprice({ ...same, version: 5 })
  expect((await lines()).slice(8)).toEqual([
    '8 input 1000 1.0 1000000000 price_1@5 of call',
    '9 cacheRead 100 0.5 50000000 price_1@5 of call',
    '10 output 50 20 1000000000 price_1@5 of call',
  ])
  await expectBooksAgree()
})

test('only calls of the range, and none whose price comes from elsewhere', async () => {
  const [any, own] = [priceOf('price_1'), priceOf('price_3', { providerId: 'prov_1' })]
  await publishPrice('price_1', any)
  await publishPrice('price_3', own)
  const elsewhere: Shape['attempts'] = [
    { model: 1, provider: 2, input: 10, cached: 0, output: 0, kind: 'used' },
  ]
  const shapes = [used(HOUR_MS), used(2 * HOUR_MS), used(2 * HOUR_MS, { attempts: elsewhere })]
  await book(shapes.map((shape) => eventOf([any, own], shape)))
  const next = { ...any, version: 2, rates: { input: '5', output: '5' } }
  await publishPrice('price_1', next)
  const range = { fromMs: NOW - 3 * HOUR_MS, toMs: NOW - 1.5 * HOUR_MS }
  expect((await previewReprice(pool, next, range, 60_000)).total).toEqual({
    calls: 1,
    before: 10_000_000n,
    after: 50_000_000n,
  })
  expect(
    (await previewReprice(pool, next, { ...range, fromMs: NOW - HOUR_MS * 1.7 }, 60_000)).total.calls,
  ).toBe(0)
})

test('a price that is changed meanwhile ends it, and what was done by then stays whole', async () => {
  const price = priceOf('price_1')
  await publishPrice('price_1', price)
  await book([used(HOUR_MS), used(2 * HOUR_MS)].map((shape) => eventOf([], shape)))
  const id = await begin(price)
  expect(await repriceStep(pool, id, new Date(NOW), 1)).toBe('more')
  await publishPrice('price_1', { ...price, version: 2 })
  expect(await repriceStep(pool, id, new Date(NOW), 1)).toBe('scanned')
  const { correctedCalls, stopReason } = await db.repricing.findUniqueOrThrow({ where: { id } })
  expect([correctedCalls, stopReason]).toEqual([1n, 'The price was changed meanwhile.'])
  await expectBooksAgree()
})
