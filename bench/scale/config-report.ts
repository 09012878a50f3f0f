/** The figures of publishing for people. */
import { table } from '../document.ts'
import type { Machine } from '../machine.ts'
import type { PublishingResult } from './publishing.ts'

export interface SizeResult extends PublishingResult {
  readonly keys: number
  readonly routes: number
  readonly entities: number
  /** From the start of a gateway's process to ready, milliseconds. */
  readonly fromAdmin: readonly number[]
  readonly fromDisk: readonly number[]
  readonly adminPeakMb: number
}

export interface ConfigReport {
  readonly date: string
  readonly machine: Machine
  readonly loadBefore: number
  readonly seconds: number
  readonly results: readonly SizeResult[]
}

const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`

export function renderConfigTable(report: ConfigReport): string {
  const column = (own: SizeResult, value: (own: SizeResult) => number) => ms(value(own))
  const rows: [string, string, (own: SizeResult) => number, number | null][] = [
    ['commit to acknowledgement, p50', '', (own) => own.commitToAck.p50Ms, null],
    ['commit to acknowledgement, p99', 'under 10 ms', (own) => own.commitToAck.p99Ms, 10],
    ['API call, p50', '', (own) => own.apiCall.p50Ms, null],
    ['API call, p99', 'under 50 ms', (own) => own.apiCall.p99Ms, 50],
    ['event loop late, p99.9, without changes', '', (own) => own.quiet.loop.p999Ms, null],
    ['event loop late, p99.9, while changes apply', '', (own) => own.changing.loop.p999Ms, null],
    ['event loop late, at most, without changes', '', (own) => own.quiet.loop.maxMs, null],
    ['event loop late, at most, while changes apply', 'under 5 ms', (own) => own.changing.loop.maxMs, 5],
    ['live call, p99, without changes', '', (own) => own.quiet.calls.p99Ms, null],
    ['live call, p99, while changes apply', '', (own) => own.changing.calls.p99Ms, null],
    ['live call, slowest, without changes', '', (own) => own.quiet.calls.maxMs, null],
    ['live call, slowest, while changes apply', '', (own) => own.changing.calls.maxMs, null],
    ['cold gateway ready, from the admin, slowest', 'under 2 s', (own) => Math.max(...own.fromAdmin), 2_000],
    ['cold gateway ready, from disk, slowest', 'under 2 s', (own) => Math.max(...own.fromDisk), 2_000],
  ]
  const large = report.results.at(-1)
  return table([
    [
      'what',
      ...report.results.map(
        (own) => `${own.keys.toLocaleString('en-US')} keys, ${own.routes.toLocaleString('en-US')} routes`,
      ),
      'target',
      '',
    ],
    ...rows.map(([what, target, value, limit]) => [
      what,
      ...report.results.map((own) => column(own, value)),
      target,
      limit === null || !large ? '' : value(large) < limit ? 'met' : 'missed',
    ]),
  ])
}

export function renderConfigSection(report: ConfigReport): string {
  const { machine, results } = report
  const said = results.map(
    (own) =>
      `${own.keys.toLocaleString('en-US')} keys: ${own.entities.toLocaleString('en-US')} entities, ${own.apiCall.count} changes (${own.changesPerSecond.toFixed(0)} a second), ${own.unacknowledged} answered without the gateway's acknowledgement; the admin held ${own.adminPeakMb} MB at most`,
  )
  return [
    `Made on ${report.date.slice(0, 16).replace('T', ' ')} UTC by \`npm run bench:config -- --write\`.`,
    '',
    `- Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB; ${machine.system}; Node ${machine.node.slice(1)}.`,
    `- Load average over a minute before: ${report.loadBefore.toFixed(1)}. ${report.seconds} s a measurement.`,
    ...said.map((text) => `- ${text}.`),
    '',
    renderConfigTable(report),
  ].join('\n')
}
