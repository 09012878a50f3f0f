import { expect, test } from 'vitest'
import { differences } from './difference-list.ts'

test('equal documents do not differ, whatever the order of their members', () => {
  expect(differences({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 })).toEqual([])
})

test('each leaf that differs is named with both values', () => {
  expect(
    differences(
      { name: 'a', targets: [{ model: 'x', weight: 1 }] },
      { name: 'b', targets: [{ model: 'y', weight: 1 }] },
    ),
  ).toEqual([
    { path: 'name', before: 'a', after: 'b' },
    { path: 'targets[0].model', before: 'x', after: 'y' },
  ])
})

test('what is only on one side is undefined on the other', () => {
  expect(differences({ targets: [1] }, { targets: [1, 2], extra: true })).toEqual([
    { path: 'targets[1]', before: undefined, after: 2 },
    { path: 'extra', before: undefined, after: true },
  ])
  expect(differences({ tags: null }, { tags: {} })).toEqual([{ path: 'tags', before: null, after: {} }])
})
