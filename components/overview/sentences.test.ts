import { describe, expect, test } from 'vitest'
import { callsSentence, change, changeText, moveSentence, spendMoves } from './sentences'

const base = { subject: 'Spend', beforeWords: 'the hour before', nowText: '$1.18', dimension: 'route' }

describe('a title says what is to be seen', () => {
  test('how much it moved and who moved it', () => {
    expect(
      moveSentence({
        ...base,
        now: 1_180n,
        before: 1_000n,
        groups: [
          { label: 'support-chat', now: 700n, before: 560n },
          { label: 'summarize', now: 480n, before: 440n },
        ],
      }),
    ).toEqual({
      text: 'Spend is 18 % over the hour before',
      mostly: { dimension: 'route', label: 'support-chat' },
    })
  })
  test('nobody is named who made less than half of it, or who went the other way', () => {
    const groups = [
      { label: 'a', now: 40n, before: 0n },
      { label: 'b', now: 35n, before: 0n },
      { label: 'c', now: 25n, before: 0n },
    ]
    expect(moveSentence({ ...base, now: 200n, before: 100n, groups }).mostly).toBeUndefined()
    const down = [
      { label: 'grew', now: 900n, before: 100n },
      { label: 'fell', now: 0n, before: 1_000n },
    ]
    expect(moveSentence({ ...base, now: 900n, before: 1_100n, groups: down })).toEqual({
      text: 'Spend is 18 % under the hour before',
      mostly: { dimension: 'route', label: 'fell' },
    })
  })
  test('the only one there is, is not named', () => {
    const groups = [{ label: 'a', now: 200n, before: 100n }]
    expect(moveSentence({ ...base, now: 200n, before: 100n, groups }).mostly).toBeUndefined()
  })
  test('level, none, from none, and many times are words', () => {
    expect(moveSentence({ ...base, now: 1_010n, before: 1_000n }).text).toBe(
      'Spend is level with the hour before',
    )
    expect(moveSentence({ ...base, now: 0n, before: 0n }).text).toBe('Spend: none in this range')
    expect(moveSentence({ ...base, now: 5n, before: 0n }).text).toBe(
      'Spend is $1.18, after none in the hour before',
    )
    expect(moveSentence({ ...base, now: 12_000n, before: 1_000n }).text).toBe(
      'Spend is 12 times the hour before',
    )
    expect(moveSentence({ ...base, now: 5n, before: null }).text).toBe('Spend: $1.18')
  })
})

test('errors go before the move of the traffic', () => {
  const common = { beforeWords: 'the day before', before: 100 }
  expect(callsSentence({ ...common, requests: 200, errors: 30 }).text).toBe('15 % of 200 calls failed')
  expect(callsSentence({ ...common, requests: 200, errors: 1 }).text).toBe(
    'Traffic is 100 % over the day before',
  )
})

test('an entity that is new, or that is gone, moves from and to zero', () => {
  expect(
    spendMoves([{ id: 'r1', label: 'one', costUsd: '0.000000000001' }], [{ id: 'r2', costUsd: '1' }]),
  ).toEqual([{ label: 'one', now: 1n, before: 0n }])
})

test('a tile never divides by nothing', () => {
  expect(changeText(change(5, 0))).toBe('nothing before')
  expect(changeText(change(null, 5))).toBe('nothing before')
  expect(changeText(change(118, 100))).toBe('+18 %')
  expect(changeText(change(96, 100))).toBe('−4 %')
  expect(changeText(change(1000, 1000))).toBe('level')
  expect(changeText(change(1200, 100))).toBe('12 ×')
})
