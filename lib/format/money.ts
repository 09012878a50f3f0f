/** USD amounts for people. The wire carries exact decimals in strings; nothing here passes through floating point. */

interface Parts {
  readonly negative: boolean
  readonly whole: string
  readonly fraction: string
}

/** `$1,204.18`; under a cent six significant digits (`$0.000412`); zero is `$0.00`. @throws RangeError when not a decimal. */
export function formatUsd(text: string): string {
  return format(text, -2)
}

/** As `formatUsd`, with six significant digits already below a dollar: for the cost of one call. */
export function formatUsdPrecise(text: string): string {
  return format(text, 0)
}

/** The exact amount with its sign and grouping, nothing rounded: `$1,204.180000000001`. */
export function formatUsdExact(text: string): string {
  const { negative, whole, fraction } = split(text)
  return `${negative ? '-' : ''}$${group(whole)}${fraction ? `.${fraction.padEnd(2, '0')}` : '.00'}`
}

/** Amounts whose leading digit is below `10^smallBelow` keep six significant digits. */
function format(text: string, smallBelow: number): string {
  const { negative, whole, fraction } = split(text)
  const leading = fraction.search(/[1-9]/)
  const small = whole === '0' && leading >= 0 && leading >= -smallBelow
  const rounded = round(whole, fraction, small ? leading + 6 : 2)
  const decimals = small ? rounded.fraction.replace(/0+$/, '').padEnd(2, '0') : rounded.fraction
  return `${negative ? '-' : ''}$${group(rounded.whole)}.${decimals}`
}

/** Half away from zero: what people expect of a displayed amount; the books keep the exact one. */
function round(whole: string, fraction: string, digits: number): { whole: string; fraction: string } {
  const kept = BigInt(whole + fraction.slice(0, digits).padEnd(digits, '0'))
  const up = (fraction[digits] ?? '0') >= '5' ? 1n : 0n
  const text = (kept + up).toString().padStart(digits + 1, '0')
  return { whole: text.slice(0, text.length - digits), fraction: text.slice(text.length - digits) }
}

function split(text: string): Parts {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text)
  if (!match) throw new RangeError(`not a decimal amount: ${JSON.stringify(text.slice(0, 60))}`)
  return {
    negative: match[1] === '-',
    whole: (match[2] ?? '0').replace(/^0+(?=\d)/, ''),
    fraction: (match[3] ?? '').replace(/0+$/, ''),
  }
}

function group(whole: string): string {
  return whole.replace(/\B(?=(\d{3})+$)/g, ',')
}
