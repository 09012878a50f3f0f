import { expect, it } from 'vitest'
import { readQuietMs } from './vendor-room.ts'

const said = (remaining: string, reset?: string) => ({
  'x-ratelimit-remaining-requests': remaining,
  ...(reset === undefined ? {} : { 'x-ratelimit-reset-requests': reset }),
})

it.each([
  ['20ms', 20],
  ['1.5s', 1_500],
  ['7.66s', 7_660],
  ['0m12s', 12_000],
  ['1m0s', 60_000],
  ['1m', 60_000],
  ['3', 3_000],
  ['2h3m4.5s', 60_000],
  ['99999h', 60_000],
  ['0s', 0],
])('reads a reset of %s', (reset, ms) => {
  expect(readQuietMs(said('0', reset))).toBe(ms)
})

it.each(['', 'soon', '-5s', '1e3s', '5 s', '12:30'])('does not guess at a reset of "%s"', (reset) => {
  expect(readQuietMs(said('0', reset))).toBeNull()
})

it('acts on what is used up alone, and on the later of two', () => {
  expect(readQuietMs({})).toBeNull()
  expect(readQuietMs(said('0'))).toBeNull()
  expect(readQuietMs(said('1', '9s'))).toBeNull()
  expect(
    readQuietMs({
      ...said('0', '2s'),
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '5s',
    }),
  ).toBe(5_000)
})
