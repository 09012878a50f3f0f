import { expect, it } from 'vitest'
import { WaitSamples } from './wait-samples.ts'

it('nothing is usual before something was heard', () => {
  expect(new WaitSamples().at(95)).toBeNull()
})

it.each([
  [50, 5],
  [90, 9],
  [95, 10],
  [99, 10],
  [0, 1],
  [100, 10],
])('of 1 to 10 ms, in any order, %s of a hundred took at most %s ms', (percentile, ms) => {
  const waits = new WaitSamples()
  for (const wait of [10, 1, 9, 2, 8, 3, 7, 4, 6, 5]) waits.add(wait)
  expect(waits.at(percentile)).toBe(ms)
})

it('knows the last ones alone', () => {
  const waits = new WaitSamples()
  for (let wait = 0; wait < 1_000; wait += 1) waits.add(wait)
  expect([waits.count, waits.at(0), waits.at(100)]).toEqual([64, 936, 999])
})
