import { expect, test } from 'vitest'
import { growth, worse } from './soak.ts'

test('growth compares the highest of the last third with the highest of the first', () => {
  expect(growth([100, 120, 90, 80, 132, 110])).toBeCloseTo(0.1)
  expect(growth([200, 150, 100])).toBeCloseTo(-0.5)
  expect(growth([100])).toBe(0)
})

test('the worst pause of any stretch is the one that is told', () => {
  const calm = { p99Ms: 1, p999Ms: 2, maxMs: 30 }
  expect(worse(calm, { p99Ms: 3, p999Ms: 1, maxMs: 4 })).toEqual({ p99Ms: 3, p999Ms: 2, maxMs: 30 })
})
