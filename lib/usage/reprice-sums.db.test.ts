import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { TestDatabase } from '../../scripts/testing/postgres.ts'
import type { PriceEntity } from '../contract/entities.ts'
import { useTestDatabase } from '../publish/testing.ts'
import { db, pool } from '../server/db.ts'
import { compactRollups } from './compaction.ts'
import { previewReprice } from './reprice-preview.ts'
import {
  book,
  DAY_MS,
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
} from './testing-reprice.ts'

/** Over for long enough to be summed by the hour and the day. */
const EARLIEST = NOW - 3 * DAY_MS
let database: TestDatabase

beforeAll(async () => {
  database = await useTestDatabase()
})
afterAll(() => database.drop())
beforeEach(forgetAll)

const shape: fc.Arbitrary<Shape> = fc.record({
  ago: fc.integer({ min: 0, max: NOW - EARLIEST }),
  team: fc.constantFrom('team_1', 'team_2', null),
  simulated: fc.boolean(),
  attempts: fc.array(
    fc.record({
      model: fc.integer({ min: 0, max: 3 }),
      provider: fc.integer({ min: 1, max: 2 }),
      input: fc.integer({ min: 0, max: 300_000 }),
      cached: fc.integer({ min: 0, max: 1_000 }),
      output: fc.integer({ min: 0, max: 5_000 }),
      kind: fc.constantFrom(
        'used' as const,
        'used' as const,
        'used' as const,
        'none' as const,
        'unknown' as const,
      ),
      serviceTier: fc.constantFrom(null, null, 'flex', 'priority'),
      vendorCostUsd: fc.constantFrom(null, null, '0.000123'),
    }),
    { maxLength: 3 },
  ),
})
const rate = fc
  .integer({ min: 0, max: 99_999_999 })
  .map((n) => `${Math.floor(n / 1e7)}.${String(n % 1e7).padStart(7, '0')}`)
const rates = fc.record(
  { input: rate, output: rate, cacheRead: rate, request: rate, second: rate },
  { requiredKeys: ['input', 'output'] },
) as fc.Arbitrary<PriceEntity['rates']>
const edit = fc.record({
  id: fc.integer({ min: 1, max: 4 }).map((n) => `price_${n}`),
  model: fc.integer({ min: 1, max: 3 }).map((n) => `model-${n}`),
  serviceTiers: fc.constantFrom({}, { flex: '0.5' }),
  effectiveFrom: fc.constantFrom(0, EARLIEST + DAY_MS, NOW + DAY_MS),
  rates,
  tiers: fc.array(fc.record({ aboveInputTokens: fc.constant(200_000), rates }), { maxLength: 1 }),
})
const scopes: Record<string, Partial<PriceEntity>> = {
  price_1: {},
  price_2: { providerKind: 'openai' },
  price_3: { providerId: 'prov_1' },
  price_4: { providerId: 'prov_2' },
}
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('book' as const), shapes: fc.array(shape, { maxLength: 12 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('edit' as const), edit }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), which: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('reprice' as const),
      which: fc.nat(3),
      page: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sum' as const) }) },
)

test('Σ lines = attempts = calls = every rollup after any sequence of bookings, edits of prices and repricings', async () => {
  let corrected = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      await forgetAll()
      const prices = new Map<string, PriceEntity>()
      for (const one of steps) {
        if (one.do === 'book') await book(one.shapes.map((shape) => eventOf([...prices.values()], shape)))
        else if (one.do === 'sum') await compactRollups(pool)
        else if (one.do === 'edit') {
          const { id, ...more } = one.edit
          const next = priceOf(id, { ...scopes[id], ...more, version: (prices.get(id)?.version ?? 0) + 1 })
          prices.set(id, next)
          await publishPrice(id, next)
        } else {
          const price = [...prices.values()][one.which % Math.max(1, prices.size)]
          if (!price) continue
          if (one.do === 'delete') {
            prices.delete(price.id)
            await publishPrice(price.id, null)
            continue
          }
          const range = { fromMs: null, toMs: NOW + HOUR_MS }
          const preview = await previewReprice(pool, price, range, 60_000)
          const id = await reprice(price, one.page)
          const done = await db.repricing.findUniqueOrThrow({ where: { id } })
          corrected += Number(done.correctedCalls)
          expect(Number(done.correctedCalls)).toBe(preview.total.calls + preview.simulatedCalls)
          expect([done.beforePico.toFixed(), done.afterPico.toFixed()]).toEqual([
            preview.total.before.toString(),
            preview.total.after.toString(),
          ])
          await expectPricedBy(price, [...prices.values()])
          const again = await previewReprice(pool, price, range, 60_000)
          expect(again.total.calls + again.simulatedCalls).toBe(0)
        }
        await expectBooksAgree()
      }
    }),
    { numRuns: process.env.GATEHOUSE_TEST_LONG ? 300 : 25 },
  )
  expect(corrected).toBeGreaterThan(0)
}, 300_000)
