/** The sums of a receipt in words, so that a person can follow each: `1,000 × $1.25 / 1M = $0.00125`. */
import type { z } from 'zod'
import { formatUsd as exactUsd, parseUsd } from '@/lib/contract/money'
import type { Meter } from '@/lib/contract/price'
import { costOfUnits, VENDOR_PRICE } from '@/lib/contract/pricing'
import type { Usage } from '@/lib/contract/usage'
import { formatUsdExact } from '@/lib/format/money'
import { formatCount } from '@/lib/format/tokens'
import type { Receipt, receiptLine } from '@/lib/resources/calls/schema'

export type ReceiptLine = z.infer<typeof receiptLine>

export const METER_WORDS: Record<Meter, string> = {
  input: 'Input',
  cacheRead: 'Cached input',
  cacheWrite5m: 'Cache write, 5 min',
  cacheWrite1h: 'Cache write, 1 h',
  inputAudio: 'Audio input',
  output: 'Output',
  reasoning: 'Reasoning',
  outputAudio: 'Audio output',
  request: 'Per call',
  second: 'Time',
  vendorCost: 'As the vendor says',
}

/** Whether a vendor's own word, which may be finer than a pico-dollar, is what the books say. */
export function sameUsd(vendorUsd: string, costUsd: string | null): boolean {
  return costUsd !== null && costOfUnits(1, vendorUsd) === parseUsd(costUsd)
}

const UNIT_WORDS: Readonly<Record<string, string>> = { millisecond: 'ms', request: 'call' }

/** `priority tier`, `default tier, flex was asked for`; null where neither side named one. */
export function serviceTierWords(served: string | null, requested: string | null): string | null {
  if (served === null) return requested === null ? null : `no tier told, ${requested} was asked for`
  if (requested === null || requested === served) return `${served} tier`
  return `${served} tier, ${requested} was asked for`
}

/** `1,000 × $1.25 / 1M`; for what is not priced by the million: `1 call × $0.01`. */
export function lineSum(line: ReceiptLine): string {
  if (line.usdPerMillion !== null) {
    return `${formatCount(line.quantity)} × ${shortUsd(line.usdPerMillion)} / 1M`
  }
  const unit = line.unit ? ` ${UNIT_WORDS[line.unit] ?? line.unit}` : ''
  return `${formatCount(line.quantity)}${unit} × ${line.usdPerUnit ? shortUsd(line.usdPerUnit) : 'no price'}`
}

/** The whole sum of a line: `1,000 × $1.25 / 1M = $0.00125`. */
export function lineEquation(line: ReceiptLine): string {
  return `${lineSum(line)} = ${shortUsd(line.costUsd)}`
}

/** `$0.00125 + $0.0008 = $0.00205`; null with fewer than two lines. */
export function sumEquation(lines: readonly ReceiptLine[]): string | null {
  if (lines.length < 2) return null
  return `${lines.map((line) => shortUsd(line.costUsd)).join(' + ')} = ${shortUsd(linesTotal(lines))}`
}

type Corrected = Pick<Receipt, 'id' | 'lines' | 'costUsd'>

/** The lines that say what the call costs now: without those that were taken back, and what took them back. */
export function standingLines({ id, lines }: Corrected): ReceiptLine[] {
  const takenBack = new Set(lines.flatMap((line) => (line.quantity < 0 ? [line.correctionOf] : [])))
  // The number of a line in the books is its place.
  return lines.filter((line, lineNo) => line.quantity >= 0 && !takenBack.has(`${id}/${lineNo}`))
}

/** What a call cost when it was booked and costs now, null where it had or has no price; null when it was never corrected. */
export function correctionOf(
  call: Corrected,
): { readonly beforeUsd: string | null; readonly afterUsd: string | null } | null {
  const booked = call.lines.filter((line) => line.correctionOf === undefined)
  if (booked.length === call.lines.length) return null
  return { beforeUsd: booked.length === 0 ? null : linesTotal(booked), afterUsd: call.costUsd }
}

/** Exact, in USD. */
export function linesTotal(lines: readonly ReceiptLine[]): string {
  return exactUsd(lines.reduce((sum, line) => sum + parseUsd(line.costUsd), 0n))
}

/**
 * What was held beside what it came to: by how much that was more (null: it was not), and which share of it was used,
 * between 0 and 1.
 */
export function boundOf(
  reservedUsd: string,
  settledUsd: string,
): { overrunUsd: string | null; share: number } {
  const [reserved, settled] = [parseUsd(reservedUsd), parseUsd(settledUsd)]
  if (settled > reserved) return { overrunUsd: exactUsd(settled - reserved), share: 1 }
  return { overrunUsd: null, share: reserved === 0n ? 0 : Number((settled * 10_000n) / reserved) / 10_000 }
}

/** Whether the call's cost is what its lines say; a difference is shown, never hidden. */
export function linesAgree(lines: readonly ReceiptLine[], costUsd: string | null): boolean {
  return costUsd === null || parseUsd(costUsd) === parseUsd(linesTotal(lines))
}

/** Tokens by kind, disjoint within input and within output; kinds without tokens are left out. */
export function tokenKinds(usage: Usage): { label: string; tokens: number; part: 'input' | 'output' }[] {
  const plainInput =
    usage.inputTokens -
    usage.cachedInputTokens -
    usage.cacheWrite5mTokens -
    usage.cacheWrite1hTokens -
    usage.inputAudioTokens
  const plainOutput = usage.outputTokens - usage.reasoningTokens - usage.outputAudioTokens
  const kinds = [
    { label: 'Input', tokens: Math.max(0, plainInput), part: 'input' },
    { label: 'Cached input', tokens: usage.cachedInputTokens, part: 'input' },
    { label: 'Cache write, 5 min', tokens: usage.cacheWrite5mTokens, part: 'input' },
    { label: 'Cache write, 1 h', tokens: usage.cacheWrite1hTokens, part: 'input' },
    { label: 'Audio input', tokens: usage.inputAudioTokens, part: 'input' },
    { label: 'Output', tokens: Math.max(0, plainOutput), part: 'output' },
    { label: 'Reasoning', tokens: usage.reasoningTokens, part: 'output' },
    { label: 'Audio output', tokens: usage.outputAudioTokens, part: 'output' },
  ] as const
  return kinds.filter((kind) => kind.tokens > 0)
}

/** Where a price came from, in words: an own price with its version, or the catalogue. */
export function priceVersionWords(version: string): string {
  const own = /^(price_[^@]+)@(\d+)$/.exec(version)
  if (own) return `own price, version ${own[2]}`
  if (version === VENDOR_PRICE) return 'the vendor’s own word'
  const catalogue = /^catalogue@(.+)$/.exec(version)
  if (catalogue) return `catalogue ${catalogue[1]?.slice(0, 12)}`
  return version
}

/** The exact amount without the zeros that only fill up cents below a cent: `$1.25`, `$10`, `$0.00125`. */
export function shortUsd(text: string): string {
  const exact = formatUsdExact(exactUsdText(text))
  return exact.endsWith('.00') ? exact.slice(0, -3) : exact
}

/** Prices may carry an exponent or more digits than a pico-dollar: then they stand as they came. */
function exactUsdText(text: string): string {
  if (!/[eE]/.test(text)) return text
  const [mantissa = '0', exponent = '0'] = text.toLowerCase().split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`
  return point >= digits.length
    ? digits.padEnd(point, '0')
    : `${digits.slice(0, point)}.${digits.slice(point)}`
}
