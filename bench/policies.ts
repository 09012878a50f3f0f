/**
 * What limits and budgets add to a call: the same gateway in turns of a second, with and without them, so that both
 * turns of a pair meet the same machine. The figure is the median of the pairs' ratios; a machine whose speed wanders asks for many.
 */
import { startGatehouse } from './contestants/gatehouse.ts'
import { startWithPolicies } from './contestants/gatehouse-policies.ts'
import { table, writeSection } from './document.ts'
import { describeMachine, type Machine } from './machine.ts'
import { measureCalls, warmUpCalls } from './measure.ts'
import { type Session, writeResult } from './session.ts'

const SECONDS = 1
export const MAX_RATIO = 1.15

export interface PoliciesReport {
  readonly date: string
  readonly machine: Machine
  /** CPU of a call in each pair of turns, microseconds. */
  readonly pairs: readonly { readonly plainUs: number; readonly policedUs: number }[]
  /** Of the pairs' ratios. */
  readonly median: number
  /** Between these the true median lies in 95 of 100 runs, whatever the ratios are spread like. */
  readonly sure: readonly [from: number, to: number]
}

export async function comparePolicies(session: Session, pairs: number, write: boolean): Promise<void> {
  const upstream = await session.startUpstream(10)
  const plain = session.track(await startGatehouse(session.folder, upstream.port))
  const policed = await startWithPolicies(plain)
  for (const contestant of [plain, policed, plain, policed]) await warmUpCalls(contestant, 3)
  const measured: { plainUs: number; policedUs: number }[] = []
  for (let pair = 0; pair < pairs; pair += 1) {
    // In turns first, so that what one leaves behind for the other meets both.
    const order = pair % 2 === 0 ? [plain, policed] : [policed, plain]
    const us = new Map<object, number>()
    for (const contestant of order) us.set(contestant, (await measureCalls(contestant, SECONDS)).us)
    measured.push({ plainUs: us.get(plain) ?? 0, policedUs: us.get(policed) ?? 0 })
  }
  const report: PoliciesReport = {
    date: new Date().toISOString(),
    machine: describeMachine(),
    pairs: measured,
    ...medianOf(measured.map(({ plainUs, policedUs }) => policedUs / plainUs)),
  }
  console.log(renderPolicies(report))
  writeResult('policies', write, report)
  if (write) writeSection('npm run bench -- policies', renderPolicies(report))
}

/** With its interval by the ranks: how many of the ratios lie below the true median goes like tosses of a coin. */
export function medianOf(ratios: readonly number[]): Pick<PoliciesReport, 'median' | 'sure'> {
  const sorted = [...ratios].sort((a, b) => a - b)
  const at = (rank: number) => sorted[Math.min(sorted.length - 1, Math.max(0, rank))] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  const reach = 0.98 * Math.sqrt(sorted.length)
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    sure: [at(Math.floor(middle - reach)), at(Math.ceil(middle + reach))],
  }
}

export function renderPolicies({ date, machine, pairs, median, sure }: PoliciesReport): string {
  const when = date.slice(0, 16).replace('T', ' ')
  const [from, to] = sure.map((ratio) => ratio.toFixed(3))
  const plainUs = pairs.reduce((sum, pair) => sum + pair.plainUs, 0) / pairs.length
  return `Made on ${when} UTC by \`npm run bench -- policies --write\`; ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}.

${pairs.length} pairs of turns of a second; a call without policies took ${plainUs.toFixed(0)} µs on average.

${table([
  ['what', 'target', 'measured', 'sure to 95 %', ''],
  [
    'CPU of a plain call under 4 limits and 3 budgets, beside one without',
    `at most ${MAX_RATIO}×`,
    `${median.toFixed(3)}×`,
    `${from} to ${to}`,
    median <= MAX_RATIO ? 'met' : 'missed',
  ],
])}`
}
