import { expect, test } from 'vitest'
import { formatBytes, formatDuration, formatLatency } from './duration.ts'

test('a duration is shown in the unit that it is felt in', () => {
  expect(formatDuration(0)).toBe('0 ms')
  expect(formatDuration(0.25)).toBe('250 µs')
  expect(formatDuration(812)).toBe('812 ms')
  expect(formatDuration(999.7)).toBe('1 s')
  expect(formatDuration(4120)).toBe('4.1 s')
  expect(formatDuration(59_960)).toBe('1 min')
  expect(formatDuration(125_000)).toBe('2 min 5 s')
  expect(formatDuration(3_600_000)).toBe('1 h')
  expect(formatDuration(11_520_000)).toBe('3 h 12 min')
  expect(formatDuration(367_200_000)).toBe('4 d 6 h')
})

test('a call that took no whole millisecond took less than one, not nothing', () => {
  expect(formatLatency(0)).toBe('<1 ms')
  expect(formatLatency(1)).toBe('1 ms')
})

test('bytes are shown in steps of a thousand', () => {
  expect(formatBytes(950)).toBe('950 B')
  expect(formatBytes(1500)).toBe('1.5 kB')
  expect(formatBytes(123_400_000)).toBe('123 MB')
})
