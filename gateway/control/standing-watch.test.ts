import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createStandingWatch } from './standing-watch.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('each change is told within a second while somebody looks, and nothing after', async () => {
  let standing = 'a'
  let looks = 0
  const told: string[] = []
  const watch = createStandingWatch({
    standing: () => {
      looks += 1
      return standing
    },
    renew: async () => void told.push(standing),
    clock: { monotonic: () => Date.now() },
  })
  await vi.advanceTimersByTimeAsync(5_000)
  expect(looks).toBe(0)
  watch.watch(10_000)
  await vi.advanceTimersByTimeAsync(3_000)
  standing = 'b'
  await vi.advanceTimersByTimeAsync(1_000)
  expect(told).toEqual(['a', 'b'])
  watch.watch(10_000)
  await vi.advanceTimersByTimeAsync(8_000)
  standing = 'c'
  await vi.advanceTimersByTimeAsync(5_000)
  expect(told).toEqual(['a', 'b', 'c'])
  const before = looks
  standing = 'd'
  await vi.advanceTimersByTimeAsync(60_000)
  expect(looks).toBe(before)
  expect(told).not.toContain('d')
})

test('an admin that is slow is told the newest once it has taken the one before', async () => {
  let standing = 0
  const told: number[] = []
  let taken = () => {}
  const watch = createStandingWatch({
    standing: () => String(standing),
    renew: () => {
      told.push(standing)
      return new Promise((resolve) => {
        taken = resolve
      })
    },
    clock: { monotonic: () => Date.now() },
  })
  watch.watch(60_000)
  for (standing = 1; standing < 5; standing += 1) await vi.advanceTimersByTimeAsync(1_000)
  expect(told).toEqual([1])
  taken()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(told).toEqual([1, 5])
  watch.stop()
})
