import { expect, test } from 'vitest'
import { formatCount, formatPercent, formatPlural, formatTokens } from './tokens.ts'

test('counts keep three significant digits and their unit', () => {
  expect(formatTokens(0)).toBe('0')
  expect(formatTokens(999)).toBe('999')
  expect(formatTokens(12_340)).toBe('12.3k')
  expect(formatTokens(999_950)).toBe('1M')
  expect(formatTokens(4_560_000)).toBe('4.56M')
  expect(formatTokens(7_800_000_000)).toBe('7.8B')
  expect(formatTokens(Number.NaN)).toBe('–')
})

test('one is singular', () => {
  expect(formatPlural(1, 'key')).toBe('1 key')
  expect(formatPlural(1200, 'key')).toBe('1,200 keys')
  expect(formatPlural(2, 'entry', 'entries')).toBe('2 entries')
  expect(formatCount(1_234_567)).toBe('1,234,567')
})

test('a share above zero is never shown as none', () => {
  expect(formatPercent(0)).toBe('0 %')
  expect(formatPercent(0.0001)).toBe('<0.1 %')
  expect(formatPercent(0.0321)).toBe('3.2 %')
  expect(formatPercent(0.5)).toBe('50 %')
})
