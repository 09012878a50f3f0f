import { expect, test } from 'vitest'
import { bucketStarts, startOf, TooManyBuckets } from './calendar.ts'

const starts = (from: string, to: string, interval: 'minute' | 'hour' | 'day' | 'month', zone: string) =>
  bucketStarts(Date.parse(from), Date.parse(to), interval, zone, 5_000).map((start) =>
    new Date(start).toISOString(),
  )

test('a day has 23 hours when clocks go forward and 25 when they go back', () => {
  const spring = starts('2026-03-08T08:00:00Z', '2026-03-09T07:00:00Z', 'hour', 'America/Los_Angeles')
  expect(spring).toHaveLength(23)
  const autumn = starts('2026-11-01T07:00:00Z', '2026-11-02T08:00:00Z', 'hour', 'America/Los_Angeles')
  expect(autumn).toHaveLength(25)
  expect(starts('2026-03-07T12:00:00Z', '2026-03-10T12:00:00Z', 'day', 'America/Los_Angeles')).toEqual([
    '2026-03-07T08:00:00.000Z',
    '2026-03-08T08:00:00.000Z',
    '2026-03-09T07:00:00.000Z',
    '2026-03-10T07:00:00.000Z',
  ])
})

test('hours and days of zones with half and quarter hours begin where their clocks say', () => {
  expect(starts('2026-01-01T00:00:00Z', '2026-01-01T02:00:00Z', 'hour', 'Asia/Kolkata')).toEqual([
    '2025-12-31T23:30:00.000Z',
    '2026-01-01T00:30:00.000Z',
    '2026-01-01T01:30:00.000Z',
  ])
  expect(starts('2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z', 'day', 'Asia/Kathmandu')).toEqual([
    '2025-12-31T18:15:00.000Z',
  ])
})

test('a day without midnight begins at its first instant', () => {
  // Lebanon: 29 March 2026, 00:00 does not exist.
  expect(starts('2026-03-28T12:00:00Z', '2026-03-30T00:00:00Z', 'day', 'Asia/Beirut')).toEqual([
    '2026-03-27T22:00:00.000Z',
    '2026-03-28T22:00:00.000Z',
    '2026-03-29T21:00:00.000Z',
  ])
})

test('a midnight that comes twice begins its day once, at the first', () => {
  // Cuba: 1 November 2026, 01:00 goes back to 00:00.
  expect(starts('2026-11-01T03:00:00Z', '2026-11-02T06:00:00Z', 'day', 'America/Havana')).toEqual([
    '2026-10-31T04:00:00.000Z',
    '2026-11-01T04:00:00.000Z',
    '2026-11-02T05:00:00.000Z',
  ])
})

test('a date that a zone left out makes no empty day and no endless loop', () => {
  expect(starts('2011-12-29T12:00:00Z', '2012-01-01T00:00:00Z', 'day', 'Pacific/Apia')).toEqual([
    '2011-12-29T10:00:00.000Z',
    '2011-12-30T10:00:00.000Z',
    '2011-12-31T10:00:00.000Z',
  ])
})

test('months have their own lengths', () => {
  expect(starts('2028-01-15T00:00:00Z', '2028-04-01T00:00:00Z', 'month', 'UTC')).toEqual([
    '2028-01-01T00:00:00.000Z',
    '2028-02-01T00:00:00.000Z',
    '2028-03-01T00:00:00.000Z',
  ])
})

test.each([
  'UTC',
  'Asia/Kolkata',
  'America/Los_Angeles',
  'Australia/Lord_Howe',
  'America/St_Johns',
  'Africa/Casablanca',
])('in %s each start is its own start, on a quarter-hour, and they rise, all year', (zone) => {
  for (const interval of ['hour', 'day', 'month'] as const) {
    const all = bucketStarts(Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1), interval, zone, 10_000)
    for (const [index, start] of all.entries()) {
      expect(start % 900_000).toBe(0)
      expect(startOf(start, interval, zone)).toBe(start)
      if (index > 0) expect(start).toBeGreaterThan(all[index - 1] ?? 0)
    }
  }
})

test('a range of too many intervals is refused', () => {
  expect(() => bucketStarts(0, Date.UTC(2026, 0, 1), 'hour', 'UTC', 1_000)).toThrow(TooManyBuckets)
})
