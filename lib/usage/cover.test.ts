import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bucketStarts } from '../contract/calendar.ts'
import { coverOf, DAY_MS, HALF_HOUR_MS, HOUR_MS } from './cover.ts'
import { NOTHING_EXACT } from './marks.ts'
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
        const bucketsOf = (size: number, offset = 0) => {
          const first = Math.floor(range.from / size) * size + offset
          const all = Array.from({ length: Math.ceil((range.to - first) / size) }, (_, n) => first + n * size)
          return new Set(all.filter((at) => isExact(at, size)))
        }
        const exact = {
          ...NOTHING_EXACT,
          days: bucketsOf(DAY_MS),
          hours: bucketsOf(HOUR_MS),
          shifted: bucketsOf(HOUR_MS, HALF_HOUR_MS),
        }
        const cover = coverOf(range, starts, exact)
        for (const day of cover.days) expect(exact.days.has(day)).toBe(true)
        for (const hour of cover.hours) expect(exact.hours.has(hour)).toBe(true)
        for (const hour of cover.shifted) expect(exact.shifted.has(hour)).toBe(true)
        for (const { from, to } of cover.quarters)
          expect([from % QUARTER_MS, to % QUARTER_MS]).toEqual([0, 0])
        const whole = [
          ...cover.days.map((from) => ({ from, to: from + DAY_MS })),
          ...[...cover.hours, ...cover.shifted].map((from) => ({ from, to: from + HOUR_MS })),
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
  const cover = coverOf(range, [range.from], {
    ...NOTHING_EXACT,
    days: new Set(days),
    hours: new Set(hours),
  })
  expect([cover.days.length, cover.hours.length]).toEqual([29, 25])
  expect(cover.quarters).toEqual([{ from: NOON + 30 * DAY_MS + HOUR_MS, to: range.to }])
  expect(cover.minutes).toEqual([])
})

test('where days begin at half past, days and hours are hours that do, and a month is days', () => {
  const range = { from: NOON + 6.5 * HOUR_MS, to: NOON + 6.5 * HOUR_MS + 3 * DAY_MS }
  const hours = Array.from({ length: 5 * 24 }, (_, n) => NOON + n * HOUR_MS)
  const exact = {
    ...NOTHING_EXACT,
    days: new Set(hours.filter((at) => at % DAY_MS === 0)),
    hours: new Set(hours),
    shifted: new Set(hours.map((at) => at + HALF_HOUR_MS)),
  }
  for (const interval of ['hour', 'day'] as const) {
    const cover = coverOf(range, bucketStarts(range.from, range.to, interval, 'Asia/Kolkata', 100), exact)
    expect([cover.shifted.length, cover.hours, cover.days, cover.quarters]).toEqual([72, [], [], []])
  }
  const cover = coverOf(range, [range.from], exact)
  expect([cover.shifted.length, cover.hours.length, cover.days.length]).toEqual([0, 23, 2])
})
