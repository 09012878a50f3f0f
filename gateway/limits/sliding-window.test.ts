import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SlidingWindow } from './sliding-window.ts'

const WINDOW_MS = 1_000

test('no stretch as long as the window ever holds more than was admitted, and room comes back in time', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ waitMs: fc.nat(400), amount: fc.bigInt({ min: 1n, max: 40n }) }), {
        maxLength: 200,
      }),
      (steps) => {
        const limit = 100n
        const window = new SlidingWindow()
        const admitted: { at: number; amount: bigint }[] = []
        let now = 0
        for (const { waitMs, amount } of steps) {
          now += waitMs
          const wait = window.waitFor(amount, limit, now, WINDOW_MS)
          if (wait === null) throw new Error('every amount fits some day')
          const exact = admitted
            .filter(({ at }) => at > now - WINDOW_MS)
            .reduce((sum, one) => sum + one.amount, 0n)
          if (wait === 0) {
            expect(exact + amount <= limit).toBe(true)
            window.add(now, WINDOW_MS, amount)
            admitted.push({ at: now, amount })
          } else {
            expect(wait).toBeLessThanOrEqual(WINDOW_MS)
            // Asked of a copy: a window forgets what is over as it is asked.
            const copy = new SlidingWindow()
            for (const one of admitted) copy.add(one.at, WINDOW_MS, one.amount)
            expect(copy.waitFor(amount, limit, now + wait, WINDOW_MS)).toBe(0)
          }
        }
      },
    ),
  )
})

test('a single amount is forgotten exactly when its window has passed', () => {
  const window = new SlidingWindow()
  window.add(10, WINDOW_MS, 5n)
  expect(window.total(1_009.9, WINDOW_MS)).toBe(5n)
  expect(window.total(1_010, WINDOW_MS)).toBe(0n)
  expect(window.isEmpty).toBe(true)
})

test('what turned out to be more counts from now on when its own time is over', () => {
  const window = new SlidingWindow()
  const moment = window.add(0, WINDOW_MS, 5n)
  window.change(moment, 3n, 500, WINDOW_MS)
  expect(window.total(500, WINDOW_MS)).toBe(8n)
  expect(window.total(1_000, WINDOW_MS)).toBe(0n)
  window.change(moment, 2n, 1_500, WINDOW_MS)
  window.change(moment, -2n, 1_500, WINDOW_MS)
  expect(window.total(1_500, WINDOW_MS)).toBe(2n)
})

test('what is corrected when its own time is over takes nothing from what came after', () => {
  const window = new SlidingWindow()
  window.add(0, WINDOW_MS, 5n)
  window.add(1_000, WINDOW_MS, 7n)
  expect(window.momentAt(0)).toBeNull()
  expect(window.momentAt(1_000)?.amount).toBe(7n)
  window.passedUntil(1_200)
  expect(window.momentAt(1_200)).toBeNull()
})
