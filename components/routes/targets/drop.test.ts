import { expect, test } from 'vitest'
import { dropKeys, dropWords, LAST_TIER, markAt, tiersAfterDrop } from './drop.ts'
import { tiersOf } from './target-order.ts'

const targets = ['a', 'b', 'c'].map((model, index) => ({
  providerId: 'prov_1',
  model,
  weight: 1,
  priority: index === 2 ? 1 : 0,
  group: null,
}))
const tiers = tiersOf(targets)
const indexes = (over: string, dragged: string) =>
  tiersAfterDrop(tiers, dragged, over).map((tier) => tier.indexes)

test('all that can lie under a drag stands from top to bottom', () => {
  expect(dropKeys(tiers)).toEqual(['tier-0', 'target-0', 'target-1', 'tier-1', 'target-2', LAST_TIER])
})

test('where a target is dropped says whom it joins, or that it stands alone', () => {
  expect(indexes('target-0', 'target-2')).toEqual([[2, 0, 1]])
  expect(indexes('tier-0', 'target-2')).toEqual([[2], [0, 1]])
  expect(indexes('tier-1', 'target-0')).toEqual([[1], [0], [2]])
  expect(indexes(LAST_TIER, 'target-0')).toEqual([[1], [2], [0]])
})

test('it is said, and a line shows on which side', () => {
  expect(dropWords(tiers, targets, 'target-1')).toBe('beside b in First')
  expect(dropWords(tiers, targets, 'tier-1')).toBe('a priority of its own before Fallback 1')
  expect(dropWords(tiers, targets, LAST_TIER)).toBe('a new last fallback')
  expect(markAt(tiers, 1, 'target-0', 'target-1')).toBe('behind')
  expect(markAt(tiers, 0, 'target-2', 'target-0')).toBe('before')
  expect(markAt(tiers, 0, 'target-0', 'target-0')).toBeNull()
  expect(markAt(tiers, 1, 'target-2', 'target-0')).toBeNull()
  expect(markAt(tiers, 1, null, null)).toBeNull()
})
