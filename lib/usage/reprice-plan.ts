/**
 * What a booked call becomes when it is priced again. Lines are never changed: a line that no longer holds is taken back
 * by one of the same amount below zero, and replaced by another. What is right already is left alone, so that doing it
 * twice does nothing. Pure.
 */
import { formatDecimal, parseDecimal } from '../contract/money.ts'
import type { Pricing } from '../contract/price.ts'
import { priceAttempt } from '../contract/pricing.ts'
import type { Attempt, LedgerLine, UsageEvent } from '../contract/usage-event.ts'

export interface BookedLine extends LedgerLine {
  readonly lineNo: number
  readonly correctionOf: string | null
}

export interface BookedCall
  extends Pick<
    UsageEvent,
    | 'id'
    | 'at'
    | 'kind'
    | 'teamId'
    | 'consumerId'
    | 'keyId'
    | 'routeId'
    | 'route'
    | 'providerId'
    | 'servedModel'
    | 'endUser'
    | 'tags'
    | 'simulated'
    | 'unpriced'
    | 'costPicoUsd'
  > {
  /** YYYY-MM-DD: its partition. */
  readonly day: string
  readonly attempts: readonly Attempt[]
  /** In the order of their numbers. */
  readonly lines: readonly BookedLine[]
}

export interface CorrectionLine {
  readonly lineNo: number
  readonly line: LedgerLine
  /** `call_id/line_no` of the line that it takes back or replaces; the call's id where there was none. */
  readonly correctionOf: string
}

export interface Correction {
  readonly call: BookedCall
  readonly lines: readonly CorrectionLine[]
  readonly attempts: readonly Attempt[]
  /** By attempt, pico-dollars. */
  readonly differences: readonly bigint[]
  readonly difference: bigint
  /** What is known of the cost, as the rollups have it. */
  readonly before: bigint
  /** Null: unpriced, or unknown. */
  readonly costPicoUsd: bigint | null
  readonly unpriced: boolean
}

export interface Repricer {
  readonly priceId: string
  /** The price that an attempt has as prices stand now. */
  pricingOf(call: BookedCall, attempt: Attempt): Pricing | null
}

/**
 * Prices again the attempts that have this price now, or had it: by whatever price they have now.
 * @returns null when nothing changes
 * @throws RangeError when the parts of a usage exceed its totals under the new price.
 */
export function planCorrection(call: BookedCall, repricer: Repricer): Correction | null {
  const ours = (version: string) => version.startsWith(`${repricer.priceId}@`)
  const lines: CorrectionLine[] = []
  const attempts = [...call.attempts]
  const differences = attempts.map(() => 0n)
  let lineNo = (call.lines.at(-1)?.lineNo ?? -1) + 1
  for (const [index, attempt] of attempts.entries()) {
    if (!mayBePriced(attempt)) continue
    const current = currentLines(call, index)
    const pricing = repricer.pricingOf(call, attempt)
    const concerned = (pricing && ours(pricing.version)) || current.some((line) => ours(line.priceVersion))
    if (!concerned) continue
    const next = priceAttempt(pricing, attempt, index)
    const costPicoUsd = next.costPicoUsd?.toString() ?? null
    const rows = correctionLines(call, current, next.lines)
    if (rows.length === 0 && costPicoUsd === attempt.costPicoUsd) continue
    for (const row of rows) {
      lines.push({ ...row, lineNo })
      lineNo += 1
      differences[index] = (differences[index] ?? 0n) + BigInt(row.line.costPicoUsd)
    }
    attempts[index] = { ...attempt, costPicoUsd }
  }
  const changed = attempts.some((attempt, index) => attempt !== call.attempts[index])
  if (!changed) return null
  const known = attempts.every(({ costPicoUsd }) => costPicoUsd !== null)
  return {
    call,
    lines,
    attempts,
    differences,
    difference: differences.reduce((sum, one) => sum + one, 0n),
    before: call.lines.reduce((sum, line) => sum + BigInt(line.costPicoUsd), 0n),
    costPicoUsd: known ? attempts.reduce((sum, { costPicoUsd }) => sum + BigInt(costPicoUsd ?? 0), 0n) : null,
    unpriced: attempts.some((attempt) => mayBePriced(attempt) && attempt.costPicoUsd === null),
  }
}

/** Nothing was used, or a crash left nobody to know what was. */
const mayBePriced = ({ usageSource, vendorCostUsd, outcome }: Attempt): boolean =>
  (usageSource !== 'none' || vendorCostUsd !== null) && outcome !== 'unknown'

/** Those of an attempt that were not taken back. */
function currentLines({ id, lines }: BookedCall, attempt: number): BookedLine[] {
  const takenBack = new Set(lines.flatMap((line) => (isTakingBack(line) ? [line.correctionOf] : [])))
  return lines.filter(
    (line) => line.attempt === attempt && !isTakingBack(line) && !takenBack.has(nameOf(id, line)),
  )
}

const isTakingBack = (line: BookedLine): boolean => line.quantity < 0
const nameOf = (callId: string, line: BookedLine): string => `${callId}/${line.lineNo}`

function correctionLines(
  { id }: BookedCall,
  current: readonly BookedLine[],
  next: readonly LedgerLine[],
): Omit<CorrectionLine, 'lineNo'>[] {
  const rows: Omit<CorrectionLine, 'lineNo'>[] = []
  const left = [...next]
  const replacements: Omit<CorrectionLine, 'lineNo'>[] = []
  for (const line of current) {
    const at = left.findIndex(({ meter }) => meter === line.meter)
    const [replacement] = at < 0 ? [] : left.splice(at, 1)
    if (replacement && isSameCharge(line, replacement)) continue
    const correctionOf = nameOf(id, line)
    rows.push({ line: takingBack(line), correctionOf })
    if (replacement) replacements.push({ line: replacement, correctionOf })
  }
  for (const line of left) replacements.push({ line, correctionOf: id })
  return [...rows, ...replacements]
}

function takingBack({ lineNo: _, correctionOf: __, ...line }: BookedLine): LedgerLine {
  return { ...line, quantity: -line.quantity, costPicoUsd: (-BigInt(line.costPicoUsd)).toString() }
}

/** A new version of a price that asks the same is no reason to correct anything. */
function isSameCharge(a: LedgerLine, b: LedgerLine): boolean {
  return (
    a.quantity === b.quantity &&
    a.unit === b.unit &&
    BigInt(a.costPicoUsd) === BigInt(b.costPicoUsd) &&
    isSameRate(a.usdPerMillion, b.usdPerMillion) &&
    isSameRate(a.usdPerUnit, b.usdPerUnit)
  )
}

function isSameRate(a: string | null, b: string | null): boolean {
  if (a === null || b === null) return a === b
  return a === b || formatDecimal(parseDecimal(a)) === formatDecimal(parseDecimal(b))
}
