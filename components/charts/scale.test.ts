import { describe, expect, test } from 'vitest'
import { labelIndexes, spreadLabels, wholeTicks, zeroBasedTicks } from './scale'

describe('axes', () => {
  test('begin at zero and cover the largest value in round steps', () => {
    expect(zeroBasedTicks(0.37)).toEqual([0, 0.1, 0.2, 0.3, 0.4])
    expect(zeroBasedTicks(100)).toEqual([0, 25, 50, 75, 100])
    for (const max of [1e-9, 0.000412, 0.3, 1, 7, 99, 101, 1234, 9.99e8]) {
      const ticks = zeroBasedTicks(max)
      expect(ticks[0]).toBe(0)
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(max * (1 - 1e-9))
      expect(ticks.length).toBeLessThanOrEqual(5)
    }
  })
  test('survive what is no number', () => {
    for (const max of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(zeroBasedTicks(max)).toEqual([0, 1])
  })
  test('never show half a call', () => {
    for (let max = 0; max < 60; max += 1) {
      for (const tick of wholeTicks(max)) expect(Number.isInteger(tick)).toBe(true)
      expect(wholeTicks(max).at(-1)).toBeGreaterThanOrEqual(max)
    }
  })
})

test('labels of the time axis are evenly spaced and never more than asked for', () => {
  expect(labelIndexes(60, 6)).toEqual([0, 10, 20, 30, 40, 50])
  expect(labelIndexes(3, 6)).toEqual([0, 1, 2])
  expect(labelIndexes(0, 6)).toEqual([])
  expect(labelIndexes(61, 6).length).toBeLessThanOrEqual(6)
})

test('labels at the ends of lines never overlap and stay inside', () => {
  const spread = spreadLabels([98, 96, 99], 14, 100)
  expect(spread[0]).toBe(86)
  expect(Math.max(...spread)).toBeLessThanOrEqual(100)
  const sorted = spread.toSorted((a, b) => a - b)
  for (let i = 1; i < sorted.length; i += 1)
    expect((sorted[i] ?? 0) - (sorted[i - 1] ?? 0)).toBeGreaterThanOrEqual(14)
})

test('the ticks of a count are whole and evenly spaced', () => {
  for (let max = 1; max <= 2_000; max += 1) {
    const ticks = wholeTicks(max)
    const step = (ticks[1] ?? 0) - (ticks[0] ?? 0)
    expect(ticks).toEqual(ticks.map((_, index) => index * step))
    expect(Number.isInteger(step)).toBe(true)
    expect(ticks.at(-1)).toBeGreaterThanOrEqual(max)
  }
})
