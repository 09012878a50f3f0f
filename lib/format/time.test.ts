import { expect, test } from 'vitest'
import {
  formatClock,
  formatCountdown,
  formatDate,
  formatExact,
  formatRelative,
  fromLocalInput,
  toLocalInput,
} from './time.ts'

const NOW = Date.parse('2026-11-23T22:56:54Z')

test('a time is told relative to now, in both directions', () => {
  expect(formatRelative(NOW - 2000, NOW)).toBe('just now')
  expect(formatRelative('2026-11-23T22:53:54Z', NOW)).toBe('3 min ago')
  expect(formatRelative('2026-11-24T00:56:54Z', NOW)).toBe('in 2 h')
  expect(formatRelative('2026-10-01T00:00:00Z', NOW)).toBe('54 d ago')
  expect(formatRelative('2024-10-01T00:00:00Z', NOW)).toBe('2 years ago')
})

test('an exact time names its zone', () => {
  expect(formatExact('2026-11-23T22:56:54Z', 'UTC')).toBe('2026-11-23 22:56:54 UTC')
  expect(formatExact('2026-11-23T22:56:54Z', 'Asia/Kolkata')).toBe('2026-11-24 04:26:54 GMT+5:30')
  expect(formatDate('2026-11-23T22:56:54Z', 'Asia/Kolkata')).toBe('2026-11-24')
  expect(formatClock('2026-11-23T00:00:01Z', 'UTC')).toBe('00:00:01')
})

test('a countdown ends in over', () => {
  expect(formatCountdown(NOW + 59_000, NOW)).toBe('59 s')
  expect(formatCountdown(NOW + 3_600_000 * 52, NOW)).toBe('2 d 4 h')
  expect(formatCountdown(NOW, NOW)).toBe('over')
})

test('a local input is read in its zone, also across a change of the clocks', () => {
  for (const zone of ['UTC', 'Asia/Kolkata', 'America/Los_Angeles', 'Europe/Berlin']) {
    for (const at of ['2026-03-29T00:30:00.000Z', '2026-07-01T12:00:00.000Z', '2026-11-01T18:00:00.000Z']) {
      expect(fromLocalInput(toLocalInput(at, zone), zone)).toBe(at)
    }
  }
  expect(fromLocalInput('2026-10-25T02:30', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z')
  expect(fromLocalInput('', 'UTC')).toBeNull()
})
