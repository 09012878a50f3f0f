import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decimalText, divideHalfEven, formatDecimal, formatUsd, parseDecimal, parseUsd } from './money.ts'

const picos = fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n })

describe('amounts', () => {
  test('parse and format are each other’s inverse', () => {
    fc.assert(fc.property(picos, (pico) => parseUsd(formatUsd(pico)) === pico))
  })

  test('an amount’s text is the shortest: no exponent, no trailing zero, no bare dot', () => {
    fc.assert(
      fc.property(picos, (pico) => {
        expect(formatUsd(pico)).toMatch(/^-?(0|[1-9]\d*)(\.\d*[1-9])?$/)
      }),
    )
    expect(formatUsd(0n)).toBe('0')
    expect(formatUsd(2_550_000_000n)).toBe('0.00255')
    expect(formatUsd(-1n)).toBe('-0.000000000001')
  })

  test('what is finer than a pico-dollar is refused, never rounded away', () => {
    expect(() => parseUsd('0.0000000000001')).toThrow(RangeError)
    expect(parseUsd('0.0000000000010')).toBe(1n)
  })

  test('digits that a float would lose survive', () => {
    expect(parseUsd('9007199254740993.000000000001')).toBe(9_007_199_254_740_993_000_000_000_001n)
  })
})

describe('decimals', () => {
  test('exponents are exact', () => {
    expect(parseDecimal('5.46875e-07')).toEqual({ coefficient: 546_875n, scale: 12 })
    expect(parseDecimal('5.46875e-07')).toEqual(parseDecimal('0.000000546875'))
    expect(parseDecimal('2.5E+1')).toEqual({ coefficient: 25n, scale: 0 })
    expect(parseDecimal('1e3')).toEqual({ coefficient: 1000n, scale: 0 })
  })

  test('an exponent moves the point and nothing else', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 30n }),
        fc.integer({ min: -30, max: 30 }),
        (digits, exponent) => {
          const value = parseDecimal(`${digits}e${exponent}`)
          const [left, right] =
            exponent < 0
              ? [value.coefficient * 10n ** BigInt(-exponent), digits * 10n ** BigInt(value.scale)]
              : [value.coefficient, digits * 10n ** BigInt(exponent)]
          expect(left).toBe(right)
        },
      ),
    )
  })

  test('format and parse are each other’s inverse', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 35n), max: 10n ** 35n }),
        fc.integer({ min: 0, max: 30 }),
        (coefficient, scale) => {
          const text = formatDecimal({ coefficient, scale })
          const back = parseDecimal(text)
          expect(back.coefficient * 10n ** BigInt(scale)).toBe(coefficient * 10n ** BigInt(back.scale))
          expect(formatDecimal(back)).toBe(text)
        },
      ),
    )
  })

  test.each(['', ' 1', '1,5', '.5', '1.', 'NaN', 'Infinity', '0x10', '1e999', '--1', '1e', '١'])(
    'what is no decimal number is refused: %j',
    (text) => {
      expect(() => parseDecimal(text)).toThrow(RangeError)
      expect(decimalText.safeParse(text).success).toBe(false)
    },
  )
})

describe('half to even', () => {
  test.each([
    [1n, 2n, 0n],
    [3n, 2n, 2n],
    [5n, 2n, 2n],
    [7n, 2n, 4n],
    [-1n, 2n, 0n],
    [-3n, 2n, -2n],
    [51n, 100n, 1n],
    [49n, 100n, 0n],
  ])('%s / %s is %s', (numerator, denominator, expected) => {
    expect(divideHalfEven(numerator, denominator)).toBe(expected)
  })

  test('the result is never further than a half away, and even at a half', () => {
    fc.assert(
      fc.property(picos, fc.bigInt({ min: 1n, max: 10n ** 12n }), (numerator, denominator) => {
        const quotient = divideHalfEven(numerator, denominator)
        const twice = 2n * (numerator - quotient * denominator)
        expect(twice >= -denominator && twice <= denominator).toBe(true)
        if (twice === denominator || twice === -denominator) expect(quotient % 2n).toBe(0n)
      }),
    )
  })
})
