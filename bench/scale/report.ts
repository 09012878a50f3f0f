/** The figures for people: tables for the terminal, and the generated part of docs/benchmarks.md. */
import { table } from '../document.ts'
import type { Machine } from '../machine.ts'
import type { IngestResult } from './ingest.ts'
import type { Timing } from './read.ts'
import type { Sizes } from './resources-data.ts'

export interface ScaleReport {
  readonly date: string
  readonly machine: Machine
  readonly factor: number
  readonly sizes: Sizes
  readonly calls: number
  readonly days: number
  readonly loadBefore: number
  readonly timings: readonly Timing[]
  readonly ingest: IngestResult | null
  readonly readPeakMb: number
  readonly peakMb: number
}

const LIST_MS = 300
const OVERVIEW_MS = 500
const MEMORY_MB = 600

const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
const count = (value: number) => value.toLocaleString('en-US')

export function renderTables(report: ScaleReport): string {
  const rows = report.timings.map((one) => [
    one.caller,
    one.endpoint,
    one.query || '–',
    String(one.count),
    ms(one.firstMs),
    ms(one.p50Ms),
    ms(one.maxMs),
    String(one.rows),
  ])
  return [
    table([['caller', 'endpoint', 'query', 'n', 'first', 'p50', 'max', 'rows'], ...rows]),
    '',
    table(verdicts(report)),
  ].join('\n')
}

export function renderSection(report: ScaleReport): string {
  const { machine, sizes, timings } = report
  const slowest = (group: Timing['group'][], from: number) =>
    timings
      .filter((one) => group.includes(one.group))
      .toSorted((a, b) => b.maxMs - a.maxMs)
      .slice(0, from)
      .map((one) => [
        one.caller,
        `${one.endpoint} ${one.query}`,
        ms(one.firstMs),
        ms(one.p50Ms),
        ms(one.maxMs),
      ])
  const byEndpoint = Map.groupBy(
    timings.filter((one) => one.group !== 'overview'),
    (one) => one.endpoint,
  )
  const endpoints = [...byEndpoint].map(([endpoint, own]) => [
    endpoint,
    String(own.length),
    String(own.reduce((sum, one) => sum + one.count, 0)),
    ms(own.map((one) => one.p50Ms).toSorted((a, b) => a - b)[own.length >> 1] ?? 0),
    ms(Math.max(...own.map((one) => one.maxMs))),
    ms(Math.max(...own.map((one) => one.firstMs))),
  ])
  const overview = timings
    .filter((one) => one.group === 'overview')
    .map((one) => [one.caller, one.query, ms(one.firstMs), ms(one.p50Ms), ms(one.maxMs)])
  return [
    `Made on ${report.date.slice(0, 16).replace('T', ' ')} UTC by \`npm run bench:admin -- --write\`.`,
    '',
    `- Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB; ${machine.system}; Node ${machine.node.slice(1)}; the embedded Postgres with its defaults.`,
    `- Data: ${count(sizes.keys)} keys of ${count(sizes.consumers)} consumers in ${count(sizes.teams)} teams (the largest has a sixth), ${count(sizes.routes)} routes, ${count(report.calls)} calls over ${report.days} days, ${count(sizes.auditEntries)} audit entries, ${count(sizes.revisions)} revisions.`,
    `- Load average over a minute before the first reading: ${report.loadBefore.toFixed(1)}.`,
    '',
    table(verdicts(report)),
    '',
    'Lists and searches: how many different queries, how often asked, the median of their medians, the slowest answer, and the slowest of the first answers, which may come from disk: the data is larger than memory, and the figures above are of the answers after the first.',
    '',
    table([['list', 'queries', 'answers', 'p50', 'max', 'slowest first'], ...endpoints]),
    '',
    'The ten slowest:',
    '',
    table([['caller', 'query', 'first', 'p50', 'max'], ...slowest(['list', 'walk'], 10)]),
    '',
    'The five reads of the overview, asked for at once:',
    '',
    table([['caller', 'range and time zone', 'first', 'p50', 'max'], ...overview]),
  ].join('\n')
}

function verdicts(report: ScaleReport): string[][] {
  const lists = report.timings.filter((one) => one.group !== 'overview')
  const overview = report.timings.filter((one) => one.group === 'overview')
  const verdict = (met: boolean) => (met ? 'met' : 'missed')
  const rows = [['what', 'target', 'measured', '']]
  const slowest = (own: readonly Timing[]) => own.toSorted((a, b) => b.maxMs - a.maxMs)[0]
  const list = slowest(lists)
  if (list) {
    const over = lists.filter((one) => one.maxMs > LIST_MS).length
    rows.push([
      'any list or search',
      `${LIST_MS} ms`,
      `${ms(list.maxMs)} at most; ${over} of ${lists.length} queries above (${lists.filter((one) => one.firstMs > LIST_MS).length} at their first time)`,
      verdict(over === 0),
    ])
  }
  const view = slowest(overview)
  if (view) {
    const over = overview.filter((one) => one.maxMs > OVERVIEW_MS).length
    rows.push([
      'overview, all its reads',
      `${OVERVIEW_MS} ms`,
      `${ms(view.maxMs)} at most; ${over} of ${overview.length} above (${overview.filter((one) => one.firstMs > OVERVIEW_MS).length} at their first time)`,
      verdict(over === 0),
    ])
  }
  const { ingest } = report
  if (ingest) {
    rows.push([
      `ingest for ${ingest.seconds} s`,
      `${count(ingest.wantedPerSecond)}/s, not falling behind`,
      `${count(Math.round(ingest.bookedPerSecond))}/s; at the end ${count(ingest.waitingAtEnd)} waited (${count(ingest.waitingAtMost)} at most); batch p50 ${ms(ingest.batchP50Ms)}, p99 ${ms(ingest.batchP99Ms)}; CPU: admin ${ingest.adminCores.toFixed(2)}, Postgres ${ingest.postgresCores.toFixed(2)}, load ${ingest.loadCores.toFixed(2)} cores`,
      verdict(ingest.keptUp),
    ])
  }
  rows.push([
    'memory of the admin',
    `${MEMORY_MB} MB`,
    `${report.peakMb} MB at most (${report.readPeakMb} MB before the ingest)`,
    verdict(report.peakMb <= MEMORY_MB),
  ])
  return rows
}
