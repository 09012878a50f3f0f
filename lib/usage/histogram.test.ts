import { expect, test } from 'vitest'
import { emptyHistogram, HISTOGRAM_BOUNDS_MS, histogramBucket, histogramQuantile } from './histogram.ts'

test('each time is counted in the first bucket whose bound it does not pass', () => {
  for (const [index, bound] of HISTOGRAM_BOUNDS_MS.entries()) {
    expect(histogramBucket(bound)).toBe(index)
    expect(histogramBucket(bound + 1)).toBe(index + 1)
  }
  expect(histogramBucket(0)).toBe(0)
  expect(histogramBucket(Number.MAX_SAFE_INTEGER)).toBe(HISTOGRAM_BOUNDS_MS.length)
})

test('a quantile is never below the true one, and at most half an octave above it', () => {
  const times = Array.from({ length: 1_000 }, (_, n) => 10 + n * 7)
  const counts = emptyHistogram()
  for (const ms of times) counts[histogramBucket(ms)] = (counts[histogramBucket(ms)] ?? 0) + 1
  for (const quantile of [0.01, 0.5, 0.95, 0.99, 1]) {
    const exact = times[Math.ceil(times.length * quantile) - 1] ?? 0
    const told = histogramQuantile(counts, quantile) ?? 0
    expect(told).toBeGreaterThanOrEqual(exact)
    expect(told).toBeLessThanOrEqual(exact * 1.5)
  }
  expect(histogramQuantile(emptyHistogram(), 0.5)).toBe(null)
})
