import { expect, test } from 'vitest'
import type { Target } from '../route-document.ts'
import {
  arranged,
  moveApart,
  moveByOne,
  moveIntoTier,
  moveTo,
  placeOf,
  shareOf,
  type Tier,
  tiersOf,
} from './target-order.ts'

const target = (model: string, priority: number, weight = 1): Target => ({
  providerId: 'prov_1',
  model,
  weight,
  priority,
  group: null,
})
/** Two share the first priority; the next number leaves room. */
const THREE = [target('a', 0), target('b', 0), target('c', 5)]
const moved = (move: (tiers: Tier[]) => Tier[], targets: readonly Target[] = THREE) =>
  arranged(targets, move(tiersOf(targets))).map(({ model, priority }) => `${model}${priority}`)

test('targets stand by their priority, whatever their order in the document', () => {
  const tiers = tiersOf([target('c', 2), target('a', 0), target('b', 2), target('x', Number.NaN)])
  expect(tiers).toEqual([
    { priority: 0, indexes: [1] },
    { priority: 2, indexes: [0, 2] },
    { priority: Number.MAX_SAFE_INTEGER, indexes: [3] },
  ])
  expect([0, 1, 2, 3].map((index) => placeOf(tiers, index))).toEqual([1, 0, 2, 3])
})

test('whom a move does not concern is the same object as before', () => {
  const after = arranged(THREE, moveByOne(tiersOf(THREE), 0, 1))
  expect(after[0]).toBe(THREE[1])
  expect(after[2]).toBe(THREE[2])
})

test('a move by one swaps two places, and the tiers stay', () => {
  expect(moved((tiers) => moveByOne(tiers, 2, -1))).toEqual(['a0', 'c0', 'b5'])
  expect(moved((tiers) => moveByOne(tiers, 0, 1))).toEqual(['b0', 'a0', 'c5'])
  expect(moved((tiers) => moveByOne(tiers, 0, -1))).toEqual(['a0', 'b0', 'c5'])
  expect(moved((tiers) => moveByOne(tiers, 2, 1))).toEqual(['a0', 'b0', 'c5'])
  const reverse = [target('late', 3), target('soon', 0)]
  expect(moved((tiers) => moveByOne(tiers, 0, -1), reverse)).toEqual(['late0', 'soon3'])
})

test('one that is dropped on another joins its priority', () => {
  expect(moved((tiers) => moveTo(tiers, 0, 1))).toEqual(['b0', 'a0', 'c5'])
  expect(moved((tiers) => moveTo(tiers, 1, 0))).toEqual(['b0', 'a0', 'c5'])
  expect(moved((tiers) => moveTo(tiers, 2, 0))).toEqual(['c0', 'a0', 'b0'])
  expect(moved((tiers) => moveTo(tiers, 0, 2))).toEqual(['b0', 'a5', 'c5'])
  expect(moved((tiers) => moveTo(tiers, 1, 1))).toEqual(['a0', 'b0', 'c5'])
})

test('one that is dropped on the head of a tier has a priority of its own before it', () => {
  expect(moved((tiers) => moveApart(tiers, 2, 0))).toEqual(['c0', 'a1', 'b1'])
  expect(moved((tiers) => moveApart(tiers, 0, 1))).toEqual(['b0', 'a1', 'c5'])
  expect(moved((tiers) => moveApart(tiers, 1, 2))).toEqual(['a0', 'c5', 'b6'])
  expect(moved((tiers) => moveApart(tiers, 2, 2))).toEqual(['a0', 'b0', 'c6'])
  const inOrder = [target('a', 0), target('b', 1), target('c', 2)]
  expect(moved((tiers) => moveApart(tiers, 2, 0), inOrder)).toEqual(['c0', 'a1', 'b2'])
  expect(moved((tiers) => moveApart(tiers, 0, 0), inOrder)).toEqual(['a0', 'b1', 'c2'])
})

test('one that is put into a tier stands behind the others of it; behind the last is a new one', () => {
  expect(moved((tiers) => moveIntoTier(tiers, 2, 0))).toEqual(['a0', 'b0', 'c0'])
  expect(moved((tiers) => moveIntoTier(tiers, 0, 1))).toEqual(['b0', 'c5', 'a5'])
  expect(moved((tiers) => moveIntoTier(tiers, 0, 2))).toEqual(['b0', 'c5', 'a6'])
})

test('the share of a target is of its priority alone, and only where weights decide', () => {
  const targets = [target('a', 0, 4), target('b', 0, 1), target('c', 1, 0), target('d', 1, 0)]
  expect(shareOf(targets, 0, 'weighted')).toBe(0.8)
  expect(shareOf(targets, 1, 'priority')).toBe(0.2)
  expect(shareOf(targets, 2, 'weighted')).toBe(0.5)
  expect(shareOf(targets, 0, 'cheapest')).toBeNull()
  const grouped = [...targets, { ...target('e', 0, 5), group: 'long' }]
  expect(shareOf(grouped, 0, 'rules', new Set(['long']))).toBe(0.8)
  expect(shareOf(grouped, 4, 'rules', new Set(['long']))).toBe(1)
  expect(shareOf(grouped, 4, 'weighted')).toBe(0.5)
})
