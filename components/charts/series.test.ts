import { describe, expect, test } from 'vitest'
import {
  type ChartSeries,
  formatTicks,
  pointText,
  REST_COLOUR,
  REST_ID,
  summarize,
  sumUsd,
  topAndRest,
  totalText,
} from './series'

const series = (id: string, values: (number | null)[], exact?: string[]): ChartSeries => ({
  id,
  label: id.toUpperCase(),
  colour: 'var(--chart-1)',
  values,
  ...(exact ? { exact } : {}),
})

describe('top and rest', () => {
  test('the largest stay, the others become one grey series with their exact sum', () => {
    const merged = topAndRest(
      [
        series('a', [0.1, 0.1], ['0.1', '0.1']),
        series('b', [5, 5], ['5', '5']),
        series('c', [0.2, 0.000000000001], ['0.2', '0.000000000001']),
        series('d', [3, 0], ['3', '0']),
      ],
      2,
    )
    expect(merged.map((one) => one.id)).toEqual(['b', 'd', REST_ID])
    expect(merged[2]).toMatchObject({
      label: '2 others',
      colour: REST_COLOUR,
      exact: ['0.3', '0.100000000001'],
    })
  })
  test('nothing is lost: the sum over the merged is the sum over all', () => {
    const all = Array.from({ length: 12 }, (_, i) => series(`s${i}`, [i, i * 2]))
    const total = (list: ChartSeries[]) =>
      list.flatMap((one) => one.values).reduce<number>((s, v) => s + (v ?? 0), 0)
    expect(total(topAndRest(all, 5))).toBe(total(all))
  })
  test('a rest of one is shown by its name', () => {
    expect(
      topAndRest([series('a', [1]), series('b', [2]), series('c', [3])], 2).map((one) => one.id),
    ).toEqual(['c', 'b', 'a'])
  })
})

test('money is added exactly, never as floating point', () => {
  expect(sumUsd(['0.1', '0.2'])).toBe('0.3')
  expect(totalText('usd', [series('a', [0.1], ['0.1']), series('b', [0.2], ['0.2'])], 0)).toBe('$0.30')
  expect(pointText('usd', series('a', [0.000412], ['0.000412']), 0)).toBe('$0.000412')
})

test('a sum of latencies is not shown, for it means nothing', () => {
  expect(totalText('ms', [series('a', [100]), series('b', [200])], 0)).toBeNull()
})

test('axis labels are short and plain', () => {
  expect(formatTicks('usd', [0, 0.0000005])).toEqual(['$0', '$0.0000005'])
  expect(formatTicks('usd', [0, 0.025, 0.05, 0.075, 0.1])).toEqual([
    '$0',
    '$0.025',
    '$0.050',
    '$0.075',
    '$0.100',
  ])
  expect(formatTicks('usd', [0, 0.5, 1])).toEqual(['$0', '$0.50', '$1.00'])
  expect(formatTicks('usd', [0, 500, 1000])).toEqual(['$0', '$500', '$1k'])
  expect(formatTicks('usd', [2500])).toEqual(['$2.5k'])
  expect(formatTicks('count', [12_000])).toEqual(['12k'])
  expect(formatTicks('ms', [0])).toEqual(['0'])
})

test('the summary names the highest and the last, and says when there is none', () => {
  expect(summarize('count', [series('calls', [1, 7, 2, null])], (index) => `t${index}`)).toBe(
    'CALLS: highest 7 at t1, last 2.',
  )
  expect(summarize('count', [series('errors', [0, 0])], String)).toBe('ERRORS: none.')
})
