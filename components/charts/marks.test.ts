import { expect, test } from 'vitest'
import { bucketAt, markPlace } from './marks'

test('a mark stands where its bucket does', () => {
  expect([0, 1, 3].map((index) => markPlace(index, 4, 'bars'))).toEqual([0.125, 0.375, 0.875])
  expect([0, 1, 4].map((index) => markPlace(index, 5, 'line'))).toEqual([0, 0.25, 1])
  expect(markPlace(0, 1, 'line')).toBe(0.5)
})

test('a time lies in the last bucket that has begun', () => {
  const buckets = ['2026-03-10T14:00:00.000Z', '2026-03-10T15:00:00.000Z']
  expect(bucketAt('2026-03-10T13:59:59Z', buckets)).toBe(null)
  expect(bucketAt('2026-03-10T14:00:00Z', buckets)).toBe(0)
  expect(bucketAt('2026-03-10T18:00:00Z', buckets)).toBe(1)
})
