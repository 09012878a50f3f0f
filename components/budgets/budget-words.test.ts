import { expect, test } from 'vitest'
import { barShares, isUsedUp, leftText, sharesOf, sharesText } from './budget-words'

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

test('alerts are typed as percentages and kept as shares', () => {
  expect(sharesOf('50, 80 100%')).toEqual([0.5, 0.8, 1])
  expect(sharesOf('7,14,28.5')).toEqual([0.07, 0.14, 0.285])
  expect(sharesOf('')).toEqual([])
  expect(sharesOf('half')).toBeNull()
  expect(sharesText([0.07, 0.285, 0.8, 1])).toBe('7, 28.5, 80, 100')
})
