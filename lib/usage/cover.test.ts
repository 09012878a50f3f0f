import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bucketStarts } from '../contract/calendar.ts'
import { coverOf, DAY_MS, HOUR_MS } from './cover.ts'
import { MINUTE_MS, QUARTER_MS } from './rollup.ts'

const NOON = Date.UTC(2026, 5, 10, 12)

test('the pieces are disjoint, together the whole range, each in one interval, and coarse only where that is exact', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 40 * 24 * 60 }),
      fc.integer({ min: 1, max: 20 * 24 * 60 }),
      fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kolkata'),
      fc.constantFrom('hour' as const, 'day' as const, 'month' as const),
      fc.func(fc.boolean()),
      (after, length, timeZone, interval, isExact) => {
        const range = { from: NOON + after * MINUTE_MS, to: NOON + (after + length) * MINUTE_MS }
        const starts = bucketStarts(range.from, range.to, interval, timeZone, 3_000)
        const bucketsOf = (size: number) => {
          const first = Math.floor(range.from / size) * size
          const all = Array.from({ length: Math.ceil((range.to - first) / size) }, (_, n) => first + n * size)
          return new Set(all.filter((at) => isExact(at, size)))
        }
        const exact = { days: bucketsOf(DAY_MS), hours: bucketsOf(HOUR_MS) }
        const cover = coverOf(range, starts, exact)
        for (const day of cover.days) expect(exact.days.has(day)).toBe(true)
        for (const hour of cover.hours) expect(exact.hours.has(hour)).toBe(true)
        for (const { from, to } of cover.quarters)
          expect([from % QUARTER_MS, to % QUARTER_MS]).toEqual([0, 0])
        const whole = [
          ...cover.days.map((from) => ({ from, to: from + DAY_MS })),
          ...cover.hours.map((from) => ({ from, to: from + HOUR_MS })),
        ]
        for (const { from, to } of whole) {
          expect(starts.some((start) => from < start && start < to)).toBe(false)
        }
        const pieces = [...whole, ...cover.quarters, ...cover.minutes].sort((a, b) => a.from - b.from)
        expect(pieces[0]?.from).toBe(range.from)
        expect(pieces.at(-1)?.to).toBe(range.to)
        for (const [index, piece] of pieces.entries()) {
          expect(piece.from).toBeLessThan(piece.to)
          if (index > 0) expect(piece.from).toBe(pieces[index - 1]?.to)
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('thirty days that are all exact are days and the hours of the edges', () => {
  const range = { from: NOON, to: NOON + 30 * DAY_MS + 5 * QUARTER_MS }
  const hours = Array.from({ length: 31 * 24 }, (_, n) => NOON + n * HOUR_MS)
  const days = hours.filter((at) => at % DAY_MS === 0)
  const cover = coverOf(range, [range.from], { days: new Set(days), hours: new Set(hours) })
  expect([cover.days.length, cover.hours.length]).toEqual([29, 25])
  expect(cover.quarters).toEqual([{ from: NOON + 30 * DAY_MS + HOUR_MS, to: range.to }])
  expect(cover.minutes).toEqual([])
})
