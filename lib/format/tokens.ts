/** Counts for people: `950`, `12.3k`, `4.56M`. Three significant digits; exact counts have `formatCount`. */
export function formatTokens(count: number): string {
  if (!Number.isFinite(count)) return '–'
  const absolute = Math.abs(count)
  if (absolute < 1000) return String(count)
  let index = -1
  let value = count
  do {
    value /= 1000
    index += 1
    // 999,950 would otherwise read 1000k.
  } while (Math.abs(Number(value.toPrecision(3))) >= 1000 && index < UNITS.length - 1)
  return `${Number(value.toPrecision(Math.abs(value) >= 1000 ? 4 : 3))}${UNITS[index]}`
}

/** `1,234,567`. */
export function formatCount(count: number): string {
  return COUNT.format(count)
}

/** `12 calls`, `1 call`. */
export function formatPlural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/** A share between 0 and 1: `3.2 %`; what is above zero is never shown as none. */
export function formatPercent(share: number): string {
  if (!Number.isFinite(share)) return '–'
  const percent = share * 100
  if (percent > 0 && percent < 0.1) return '<0.1 %'
  return `${Number(percent.toFixed(percent < 10 ? 1 : 0))} %`
}

const UNITS = ['k', 'M', 'B', 'T']
const COUNT = new Intl.NumberFormat('en-US')
