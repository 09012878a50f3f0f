import { expect, test } from 'vitest'
import { barShares, isUsedUp, leftText } from './budget-words'

test('the bar is of the amount, and of what is spent where that is more', () => {
  expect(barShares({ amountUsd: '500', spentUsd: '125', heldUsd: '50' })).toEqual({ spent: 0.25, held: 0.1 })
  expect(barShares({ amountUsd: '10', spentUsd: '30', heldUsd: '10' })).toEqual({ spent: 0.75, held: 0.25 })
  expect(barShares({ amountUsd: '0', spentUsd: '0', heldUsd: '0' })).toEqual({ spent: 0, held: 0 })
})

test('what is left is an amount, or the word for none', () => {
  expect(leftText({ leftUsd: '487.6' })).toBe('$487.60')
  expect(leftText({ leftUsd: '0' })).toBe('used up')
  expect(leftText({ leftUsd: '-1.2' })).toBe('over by $1.20')
  expect([isUsedUp({ leftUsd: '0.000001' }), isUsedUp({ leftUsd: '0' })]).toEqual([false, true])
})
