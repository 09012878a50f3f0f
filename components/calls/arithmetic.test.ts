import { describe, expect, test } from 'vitest'
import { formatUsd } from '@/lib/contract/money'
import { costOfTokens } from '@/lib/contract/pricing'
import { NO_USAGE } from '@/lib/contract/usage'
import {
  boundOf,
  correctionOf,
  lineEquation,
  linesAgree,
  linesTotal,
  priceVersionWords,
  type ReceiptLine,
  serviceTierWords,
  shortUsd,
  standingLines,
  sumEquation,
  tokenKinds,
} from './arithmetic'

const line = (patch: Partial<ReceiptLine>): ReceiptLine => ({
  attempt: 0,
  meter: 'input',
  quantity: 1,
  usdPerMillion: '1',
  costUsd: '0.000001',
  priceVersion: 'catalogue@1',
  ...patch,
})

describe('a line shows its sum', () => {
  test('tokens by the million', () => {
    expect(
      lineEquation(line({ meter: 'cacheRead', quantity: 1000, usdPerMillion: '1.25', costUsd: '0.00125' })),
    ).toBe('1,000 × $1.25 / 1M = $0.00125')
    expect(lineEquation(line({ quantity: 80, usdPerMillion: '10', costUsd: '0.0008' }))).toBe(
      '80 × $10 / 1M = $0.0008',
    )
  })
  test('what is counted otherwise', () => {
    expect(
      lineEquation(
        line({ usdPerMillion: null, unit: 'call', usdPerUnit: '0.01', costUsd: '0.01', meter: 'request' }),
      ),
    ).toBe('1 call × $0.01 = $0.01')
    const time = { meter: 'second', quantity: 2_345, unit: 'millisecond', usdPerUnit: '0.0000007' } as const
    expect(lineEquation(line({ ...time, usdPerMillion: null, costUsd: '0.0016415' }))).toBe(
      '2,345 ms × $0.0000007 = $0.0016415',
    )
  })
  test.each([
    [null, null, null],
    ['default', null, 'default tier'],
    ['flex', 'flex', 'flex tier'],
    ['default', 'priority', 'default tier, priority was asked for'],
    [null, 'flex', 'no tier told, flex was asked for'],
  ])('the service tier %s where %s was asked for', (served, requested, words) => {
    expect(serviceTierWords(served, requested)).toBe(words)
  })
  test('what it shows is what the books say, to the pico-dollar', () => {
    for (const [quantity, price] of [
      [1200, '2.5'],
      [7, '0.075'],
      [999_999_937, '0.0000001'],
    ] as const) {
      const costUsd = formatUsd(costOfTokens(quantity, price))
      expect(lineEquation(line({ quantity, usdPerMillion: price, costUsd }))).toContain(
        `= ${shortUsd(costUsd)}`,
      )
    }
  })
})

test('the sum of the lines is exact, and a difference to the call is seen', () => {
  const lines = [line({ costUsd: '0.0005' }), line({ costUsd: '0.00125' }), line({ costUsd: '0.0008' })]
  expect(linesTotal(lines)).toBe('0.00255')
  expect(sumEquation(lines)).toBe('$0.0005 + $0.00125 + $0.0008 = $0.00255')
  expect(linesAgree(lines, '0.00255')).toBe(true)
  expect(linesAgree(lines, '0.002550000001')).toBe(false)
  expect(linesAgree([], null)).toBe(true)
  expect(sumEquation([line({})])).toBeNull()
})

test('prices with an exponent read as plain decimals', () => {
  expect(shortUsd('5.46875e-07')).toBe('$0.000000546875')
  expect(shortUsd('2.5e1')).toBe('$25')
  expect(shortUsd('1204.18')).toBe('$1,204.18')
})

test('tokens by kind are disjoint: they add up to input and output', () => {
  const usage = {
    ...NO_USAGE,
    inputTokens: 1200,
    cachedInputTokens: 1000,
    cacheWrite5mTokens: 50,
    outputTokens: 80,
    reasoningTokens: 30,
  }
  const kinds = tokenKinds(usage)
  const sum = (part: string) =>
    kinds.filter((kind) => kind.part === part).reduce((total, kind) => total + kind.tokens, 0)
  expect(sum('input')).toBe(1200)
  expect(sum('output')).toBe(80)
  expect(tokenKinds(NO_USAGE)).toEqual([])
})

test('the version of a price says where it came from', () => {
  expect(priceVersionWords('price_01@3')).toBe('own price, version 3')
  expect(priceVersionWords('catalogue@0123456789abcdef')).toBe('catalogue 0123456789ab')
  expect(priceVersionWords('else')).toBe('else')
})

test.each([
  ['0.0107', '0.00255', null, 0.2383],
  ['0.01', '0.01', null, 1],
  ['0.01', '0.010000000001', '0.000000000001', 1],
  ['0', '0', null, 0],
])('of %s held and %s settled the overrun is %s and the share %d', (reserved, settled, overrunUsd, share) => {
  expect(boundOf(reserved, settled)).toEqual({ overrunUsd, share })
})

test('a corrected receipt shows the lines that stand, and what it cost before', () => {
  const id = 'call'
  const output = (quantity: number, usdPerMillion: string, costUsd: string, corrects?: string) =>
    line({
      meter: 'output',
      quantity,
      usdPerMillion,
      costUsd,
      ...(corrects ? { correctionOf: corrects } : {}),
    })
  const booked = [output(100, '1', '0.0001')]
  expect(correctionOf({ id, lines: booked, costUsd: '0.0001' })).toBeNull()
  expect(standingLines({ id, lines: booked, costUsd: '0.0001' })).toEqual(booked)
  const lines = [
    ...booked,
    output(-100, '1', '-0.0001', 'call/0'),
    output(100, '10', '0.001', 'call/0'),
    output(-100, '10', '-0.001', 'call/2'),
    output(100, '5', '0.0005', 'call/2'),
  ]
  expect(standingLines({ id, lines, costUsd: '0.0005' })).toEqual([lines[4]])
  expect(correctionOf({ id, lines, costUsd: '0.0005' })).toEqual({ beforeUsd: '0.0001', afterUsd: '0.0005' })
  const late = [output(100, '5', '0.0005', 'call')]
  expect(correctionOf({ id, lines: late, costUsd: '0.0005' })).toEqual({
    beforeUsd: null,
    afterUsd: '0.0005',
  })
})
