/**
 * Money is an integer number of pico-dollars (1e-12 USD) as a bigint inside, a decimal string in USD outside.
 * No floating point anywhere between: prices are parsed from their text.
 */
import { z } from 'zod'

/** An exact decimal number: `coefficient × 10^-scale`, `scale >= 0`. */
export interface Decimal {
  readonly coefficient: bigint
  readonly scale: number
}

const DECIMAL_TEXT = /^([+-]?)(\d{1,40})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,2}))?$/

/**
 * Reads a decimal number from text, exponents (`5.46875e-07`) included.
 * @throws RangeError when the text is not a finite decimal number of at most 40 + 40 digits.
 */
export function parseDecimal(text: string): Decimal {
  const match = DECIMAL_TEXT.exec(text)
  if (!match) throw new RangeError(`not a decimal number: ${JSON.stringify(text.slice(0, 60))}`)
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  let coefficient = BigInt(whole + fraction)
  let scale = fraction.length - Number(exponent)
  if (scale < 0) {
    coefficient *= 10n ** BigInt(-scale)
    scale = 0
  }
  while (scale > 0 && coefficient % 10n === 0n) {
    coefficient /= 10n
    scale -= 1
  }
  return { coefficient: sign === '-' ? -coefficient : coefficient, scale }
}

/** The shortest exact text of a decimal, without an exponent: `0.000000546875`. */
export function formatDecimal({ coefficient, scale }: Decimal): string {
  const negative = coefficient < 0n
  const digits = (negative ? -coefficient : coefficient).toString().padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '')
  return `${negative ? '-' : ''}${whole}${fraction ? `.${fraction}` : ''}`
}

/** `numerator / denominator` rounded to an integer, half to even. `denominator > 0`. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n
  const absolute = negative ? -numerator : numerator
  let quotient = absolute / denominator
  const twice = (absolute % denominator) * 2n
  if (twice > denominator || (twice === denominator && quotient % 2n === 1n)) quotient += 1n
  return negative ? -quotient : quotient
}

/** Decimals that `decimalText` takes. */
const MAX_RATE_DECIMALS = 30

/** The text of a rate as the books take it: what it has beyond 30 decimals is rounded, half to even. */
export function rateText({ coefficient, scale }: Decimal): string {
  if (scale <= MAX_RATE_DECIMALS) return formatDecimal({ coefficient, scale })
  const rounded = divideHalfEven(coefficient, 10n ** BigInt(scale - MAX_RATE_DECIMALS))
  return formatDecimal({ coefficient: rounded, scale: MAX_RATE_DECIMALS })
}

let lastText = ''
let lastPico = 0n

/** Pico-dollars from the text that the books have; the last one is remembered, as what a call cost is read in a row. */
export function readPico(text: string): bigint {
  if (text !== lastText) {
    lastPico = BigInt(text)
    lastText = text
  }
  return lastPico
}

/**
 * Pico-dollars of a USD amount in text, exactly.
 * @throws RangeError when the text is no decimal number or finer than a pico-dollar.
 */
export function parseUsd(text: string): bigint {
  const { coefficient, scale } = parseDecimal(text)
  if (scale > 12) throw new RangeError(`finer than a pico-dollar: ${text}`)
  return coefficient * 10n ** BigInt(12 - scale)
}

/** The shortest exact decimal text in USD of an amount in pico-dollars: `2550000000n` → `"0.00255"`. */
export function formatUsd(picoUsd: bigint): string {
  return formatDecimal({ coefficient: picoUsd, scale: 12 })
}

/** A price or an amount as it stands on the wire: a plain or exponent decimal, not negative. */
export const decimalText = z
  .string()
  .max(60)
  .regex(/^\d{1,20}(\.\d{1,30})?([eE][+-]?\d{1,2})?$/, 'a decimal number, such as "2.50"')

/** An integer number of pico-dollars in a string, as it stands between gateway and admin. */
export const picoText = z.string().regex(/^-?\d{1,30}$/)
