import { expect, test } from 'vitest'
import { formatUsd, formatUsdExact, formatUsdPrecise } from './money.ts'

test('amounts from a cent on have two digits and grouping', () => {
  expect(formatUsd('1204.18')).toBe('$1,204.18')
  expect(formatUsd('1234567.899')).toBe('$1,234,567.90')
  expect(formatUsd('0')).toBe('$0.00')
  expect(formatUsd('0.000')).toBe('$0.00')
  expect(formatUsd('9.995')).toBe('$10.00')
  expect(formatUsd('0.01')).toBe('$0.01')
  expect(formatUsd('-12.5')).toBe('-$12.50')
})

test('amounts under a cent keep six significant digits', () => {
  expect(formatUsd('0.000412')).toBe('$0.000412')
  expect(formatUsd('0.00255')).toBe('$0.00255')
  expect(formatUsd('0.001234567891')).toBe('$0.00123457')
  expect(formatUsd('0.000000000001')).toBe('$0.000000000001')
  expect(formatUsd('0.009999999999')).toBe('$0.01')
})

test('the cost of one call keeps six significant digits below a dollar', () => {
  expect(formatUsdPrecise('0.0255')).toBe('$0.0255')
  expect(formatUsdPrecise('0.123456789')).toBe('$0.123457')
  expect(formatUsdPrecise('0.5')).toBe('$0.50')
  expect(formatUsdPrecise('1.23456')).toBe('$1.23')
})

test('the exact amount loses nothing, also beyond what a double holds', () => {
  expect(formatUsdExact('9007199254740993.000000000001')).toBe('$9,007,199,254,740,993.000000000001')
  expect(formatUsdExact('3')).toBe('$3.00')
})

test('what is no decimal is refused', () => {
  expect(() => formatUsd('1e-7')).toThrow(RangeError)
  expect(() => formatUsd('')).toThrow(RangeError)
})
