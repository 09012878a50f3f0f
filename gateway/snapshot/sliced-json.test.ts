import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLongSnapshot, parseLongSnapshot } from './sliced-json.ts'

const line = (entities: readonly unknown[]) =>
  JSON.stringify({ kind: 'snapshot', epoch: 'e', revision: 1, hash: '0', entities })

test('in slices of any length it is what JSON.parse reads, whatever stands in the texts', async () => {
  const text = fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', '{', '}', ',', ':', 'a', 'é', '\n') })
  const entity = fc.dictionary(text, fc.oneof(text, fc.jsonValue()), { maxKeys: 4 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(entity, { maxLength: 12 }),
      fc.integer({ min: 1, max: 80 }),
      async (all, slice) => {
        const whole = line(all)
        expect(await parseLongSnapshot(whole, slice)).toEqual(JSON.parse(whole))
      },
    ),
  )
})

test('a line that is no JSON is refused', async () => {
  const whole = line([
    { type: 'team', id: 'team_1' },
    { type: 'team', id: 'team_2' },
  ])
  for (const broken of [whole.replace('"team_2"', 'team_2'), whole.replace('"team_2"', '"team_2')])
    await expect(parseLongSnapshot(broken, 1)).rejects.toThrow(SyntaxError)
})

test('others have their turn between the slices', async () => {
  const entities = Array.from({ length: 50 }, (_, n) => ({ type: 'team', id: `team_${n}` }))
  let turns = 0
  let done = false
  const others = (): void => {
    turns += 1
    if (!done) setImmediate(others)
  }
  setImmediate(others)
  await parseLongSnapshot(line(entities), 1)
  done = true
  expect(turns).toBeGreaterThan(40)
})

test('short lines, and lines in another order, are not for it', () => {
  const entities = Array.from({ length: 10_000 }, (_, n) => ({
    type: 'team',
    id: `team_${n}`,
    name: 'A team',
  }))
  expect(isLongSnapshot(line(entities))).toBe(true)
  expect(isLongSnapshot(line([]))).toBe(false)
  expect(isLongSnapshot(JSON.stringify({ entities, kind: 'snapshot' }))).toBe(false)
  expect(isLongSnapshot(JSON.stringify({ kind: 'snapshot', entities, hash: '0' }))).toBe(false)
})
