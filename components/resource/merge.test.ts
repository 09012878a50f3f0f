import { expect, test } from 'vitest'
import { mergedDocument, mergeRows } from './merge.ts'

const base = { name: 'a', timeouts: { totalMs: 1, idleMs: 1 }, targets: [{ model: 'x' }] }

test('each member that differs says who changed it', () => {
  const theirs = { ...base, name: 'theirs', timeouts: { totalMs: 1, idleMs: 2 } }
  const yours = { ...base, name: 'yours', timeouts: { totalMs: 9, idleMs: 1 } }
  expect(mergeRows(base, theirs, yours).map(({ path, changedBy }) => [path, changedBy])).toEqual([
    ['name', 'both'],
    ['timeouts.totalMs', 'you'],
    ['timeouts.idleMs', 'them'],
  ])
})

test('what both changed alike is no conflict', () => {
  const changed = { ...base, name: 'same' }
  expect(mergeRows(base, changed, { ...changed })).toEqual([])
})

test('a merge takes theirs but for what is kept of yours, and loses nothing that only one has', () => {
  const theirs = { ...base, timeouts: { totalMs: 1, idleMs: 2 }, future: true }
  const yours = { ...base, timeouts: { totalMs: 9, idleMs: 1 }, password: 'typed' }
  expect(mergedDocument(theirs, yours, new Set(['timeouts.totalMs']))).toEqual({
    ...base,
    timeouts: { totalMs: 9, idleMs: 2 },
    future: true,
    password: 'typed',
  })
})

test('a secret that was typed here is no row: they have none to compare it with', () => {
  const yours = { ...base, credentials: { apiKey: 'sk-typed' } }
  expect(mergeRows(base, { ...base, name: 'theirs' }, yours).map(({ path }) => path)).toEqual(['name'])
})

test('a list is one member', () => {
  const theirs = { ...base, targets: [{ model: 'x' }, { model: 'y' }] }
  const yours = { ...base, targets: [{ model: 'z' }] }
  expect(mergeRows(base, theirs, yours).map(({ path, changedBy }) => [path, changedBy])).toEqual([
    ['targets', 'both'],
  ])
})
