import { expect, test } from 'vitest'
import { newCallId, newTraceId } from './ids.ts'

// More than one page of randomness each.
const MANY = 5_000

test('ids of calls are UUIDv7s, rise, and none comes twice', () => {
  const ids = Array.from({ length: MANY }, newCallId)
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(new Set(ids).size).toBe(MANY)
  expect([...ids].sort()).toEqual(ids)
})

test('ids of traces have 32 hex digits, and none comes twice', () => {
  const ids = Array.from({ length: MANY }, newTraceId)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
  expect(new Set(ids).size).toBe(MANY)
})
