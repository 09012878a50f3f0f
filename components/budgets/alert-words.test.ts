import { expect, test } from 'vitest'
import { readShares, sharesText, shareText } from './alert-words'

test.each([
  ['50, 80, 100', [0.5, 0.8, 1]],
  ['33.3%;150', [0.333, 1.5]],
  [' 0.000001 ', [1e-8]],
  ['', []],
  ['half', null],
  ['-5', null],
  ['50,,80', [0.5, 0.8]],
])('"%s" is %j', (text, shares) => {
  expect(readShares(text)).toEqual(shares)
})

test('what was typed is shown again', () => {
  for (const text of ['50, 80, 100', '33.3, 0.000001, 7'])
    expect(sharesText(readShares(text) ?? [])).toBe(text)
  expect(shareText(0.07)).toBe('7 %')
})
