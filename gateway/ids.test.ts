import { expect, test } from 'vitest'
import { newCallId, newTraceId } from './ids.ts'

// More than one page of randomness each.
const MANY = 5_000

test('ids of calls are UUIDv7s, rise, and none comes twice', () => {
  const ids = Array.from({ length: MANY }, () => newCallId(Date.now()))
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(new Set(ids).size).toBe(MANY)
  expect([...ids].sort()).toEqual(ids)
})

test.each([
  ['a second back', -1_000],
  ['ten seconds back', -10_000],
  ['an hour ahead', 3_600_000],
  ['a day ahead', 86_400_000],
])('ids rise on over a clock that jumps %s', (_, ms) => {
  const at = 2_000_000_000_000 + Math.abs(ms) * 10
  const before = Array.from({ length: 100 }, () => newCallId(at))
  const after = Array.from({ length: 100 }, () => newCallId(at + ms))
  expect([...before, ...after].sort()).toEqual([...before, ...after])
})

test.each([
  ['an hour back', -3_600_000],
  ['a day back', -86_400_000],
])('ids follow a clock that jumps %s, and none comes twice', (_, ms) => {
  const at = 3_000_000_000_000
  const before = Array.from({ length: 100 }, () => newCallId(at))
  const after = Array.from({ length: 100 }, () => newCallId(at + ms))
  expect(new Set([...before, ...after]).size).toBe(200)
  // The day of an id is the day of its call in the books: it must not stay in a future that was a mistake.
  for (const id of after) expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(at + ms)
})

test('ids of traces have 32 hex digits, and none comes twice', () => {
  const ids = Array.from({ length: MANY }, newTraceId)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
  expect(new Set(ids).size).toBe(MANY)
})
