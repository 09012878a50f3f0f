import { expect, test } from 'vitest'
import { IdTable } from './id-table.ts'
import { seeded, testSeed } from './testing/seed.ts'

test('holds what a Map holds, whatever comes and goes', () => {
  const random = seeded(testSeed('a table of ids'))
  const table = new IdTable<number>()
  const map = new Map<string, number>()
  // Filled, churned, emptied, and over again: it grows and shrinks under way.
  for (const [steps, ids] of [
    [3_000, 1_000],
    [3_000, 20],
    [5_000, 3_000],
    [10_000, 8],
  ] as const) {
    for (let step = 0; step < steps; step += 1) {
      const id = `call-${Math.floor(random() * ids)}`
      if (random() < 0.45) {
        table.delete(id)
        map.delete(id)
      } else {
        table.set(id, step)
        map.set(id, step)
      }
      expect(table.size).toBe(map.size)
      expect([table.has(id), table.get(id)]).toEqual([map.has(id), map.get(id)])
    }
    expect(table.values().sort()).toEqual([...map.values()].sort())
    for (const id of map.keys()) expect(table.get(id)).toBe(map.get(id))
    for (const id of [...map.keys()]) {
      table.delete(id)
      map.delete(id)
      for (const [other, value] of map) if (table.get(other) !== value) expect.unreachable(other)
      if (map.size < ids / 2) break
    }
  }
})
