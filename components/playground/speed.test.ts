import { expect, test } from 'vitest'
import { formatRate, speedOf } from './speed'

test('a stream is timed to its first token, and its rate from there', () => {
  const timing = { startedAt: 1_000, firstTokenAt: 1_300, endedAt: 3_300 }
  expect(speedOf(timing, 101, true)).toEqual({ firstTokenMs: 300, totalMs: 2_300, tokensPerSecond: 50 })
})

test('a whole answer has no first token, and its rate is over all of it', () => {
  const timing = { startedAt: 0, firstTokenAt: 2_000, endedAt: 2_000 }
  expect(speedOf(timing, 100, false)).toEqual({ firstTokenMs: null, totalMs: 2_000, tokensPerSecond: 50 })
})

test('nothing is claimed that was not measured', () => {
  const running = { startedAt: 0, firstTokenAt: 10, endedAt: null }
  expect(speedOf(running, 9, true)).toEqual({ firstTokenMs: 10, totalMs: null, tokensPerSecond: null })
  const ended = { startedAt: 0, firstTokenAt: 10, endedAt: 510 }
  for (const tokens of [null, 0, 1]) expect(speedOf(ended, tokens, true).tokensPerSecond).toBeNull()
  // All of it came at once.
  expect(speedOf({ ...ended, endedAt: 12 }, 500, true).tokensPerSecond).toBeNull()
  expect(speedOf({ startedAt: 0, firstTokenAt: null, endedAt: 500 }, 0, true).firstTokenMs).toBeNull()
})

test('rates read as people say them', () => {
  expect([83.6, 10, 4.16, 0.5].map(formatRate)).toEqual([
    '84 tokens/s',
    '10 tokens/s',
    '4.2 tokens/s',
    '0.5 tokens/s',
  ])
})
