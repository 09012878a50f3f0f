/** Sums of rollup rows, and what people see of them. */
import { formatUsd } from '../contract/money.ts'
import type { UsageValues } from '../resources/usage/schema.ts'
import { emptyHistogram, histogramQuantile } from './histogram.ts'
import { SUM_COLUMNS } from './rollup.ts'

export interface Totals {
  readonly sums: Record<(typeof SUM_COLUMNS)[number], number>
  costPico: bigint
  readonly latency: number[]
  readonly firstToken: number[]
}

export function emptyTotals(): Totals {
  const sums = Object.fromEntries(SUM_COLUMNS.map((column) => [column, 0])) as Totals['sums']
  return { sums, costPico: 0n, latency: emptyHistogram(), firstToken: emptyHistogram() }
}

/** Adds a row as pg gives it: numbers in text. */
export function addTo(totals: Totals, row: Record<string, unknown>): void {
  for (const column of SUM_COLUMNS) totals.sums[column] += Number(row[column])
  totals.costPico += BigInt(row.cost_pico as string)
  // Where nothing was counted there is no text between the commas.
  const addEach = (into: number[], counts: string) => {
    for (const [index, count] of counts.split(',').entries())
      if (count !== '') into[index] = (into[index] ?? 0) + Number(count)
  }
  addEach(totals.latency, row.latency as string)
  addEach(totals.firstToken, row.first_token as string)
}

export function sumInto(totals: Totals, other: Totals): void {
  combine(totals, other, 1)
}

/** Of counts that hold the others. */
export function subtract(totals: Totals, other: Totals): void {
  combine(totals, other, -1)
}

function combine(totals: Totals, other: Totals, sign: 1 | -1): void {
  for (const column of SUM_COLUMNS) totals.sums[column] += sign * other.sums[column]
  totals.costPico += BigInt(sign) * other.costPico
  for (const name of ['latency', 'firstToken'] as const) {
    for (const [index, count] of other[name].entries())
      totals[name][index] = (totals[name][index] ?? 0) + sign * count
  }
}

export function toUsageValues({ sums, costPico, latency, firstToken }: Totals): UsageValues {
  return {
    requests: sums.requests,
    errors: sums.errors,
    refused: sums.refused,
    inputTokens: sums.input_tokens,
    cachedInputTokens: sums.cached_input_tokens,
    outputTokens: sums.output_tokens,
    reasoningTokens: sums.reasoning_tokens,
    costUsd: formatUsd(costPico),
    unpricedRequests: sums.unpriced,
    estimatedRequests: sums.estimated,
    latencyP50Ms: histogramQuantile(latency, 0.5),
    latencyP95Ms: histogramQuantile(latency, 0.95),
    firstTokenP50Ms: histogramQuantile(firstToken, 0.5),
    firstTokenP95Ms: histogramQuantile(firstToken, 0.95),
  }
}
