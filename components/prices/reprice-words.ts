import { formatUsdPrecise } from '@/lib/format/money'

/** A difference always says its direction: `+$12.50`, `-$3.00`, `no difference`. */
export function signedUsd(text: string): string {
  if (/^-?0(\.0*)?$/.test(text)) return 'no difference'
  return text.startsWith('-') ? formatUsdPrecise(text) : `+${formatUsdPrecise(text)}`
}
