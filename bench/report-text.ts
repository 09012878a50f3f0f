/** The figures for people: a table for the terminal, and the generated part of docs/benchmarks.md. */
import { table } from './document.ts'
import { judge, type Report } from './report.ts'

export function renderTable(report: Report): string {
  const { contestants } = report
  const find = (name: string) => contestants.find((contestant) => contestant.name === name)
  const [nginx, portkey] = [find('nginx'), find('Portkey')]
  const times = (value: number, other: number | undefined) =>
    other === undefined ? '–' : `${(value / other).toFixed(2)}×`
  const rows = [
    [
      'gateway',
      'µs/call',
      '× nginx',
      '× Portkey',
      'calls/s',
      'µs/event',
      '× nginx',
      '× Portkey',
      'events/s',
      'added p50',
      'added p99',
      'memory',
    ],
    ...contestants.map((own) => [
      `${own.name} ${own.version}`,
      own.usPerCall.toFixed(1),
      times(own.usPerCall, nginx?.usPerCall),
      times(own.usPerCall, portkey?.usPerCall),
      `${Math.round(own.callsPerSecond)} (${percent(own.callsBusy)})`,
      own.usPerEvent.toFixed(1),
      times(own.usPerEvent, nginx?.usPerEvent),
      times(own.usPerEvent, portkey?.usPerEvent),
      `${Math.round(own.eventsPerSecond)} (${percent(own.eventsBusy)})`,
      `${own.addedP50Ms.toFixed(2)} ms`,
      `${own.addedP99Ms.toFixed(2)} ms`,
      `${own.memoryMb} MB`,
    ]),
  ]
  return table(rows)
}

export function renderDocument(report: Report): string {
  const { machine } = report
  const loads = report.loadAverages.map((load) => load.toFixed(1)).join(', ')
  const verdicts = judge(report).map(({ what, target, measured, met }) => [
    what,
    target,
    measured ?? 'not measured',
    met === null ? '–' : met ? 'met' : 'missed',
  ])
  return [
    `Made on ${report.date.slice(0, 16).replace('T', ' ')} UTC by \`npm run bench -- --write\`.`,
    '',
    `- Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB; ${machine.system}; Node ${machine.node.slice(1)}.`,
    `- Rounds: ${report.rounds} of ${report.seconds} s a measurement, interleaved; medians.`,
    `- ${report.pinned ? 'The process that is measured has one core, all others share the rest.' : 'Processes were not pinned to cores.'}`,
    `- Load average over a minute, before the first round and after each (with the benchmark's own): ${loads}.`,
    `- Busy with other things before each round, of the whole machine: ${report.othersBusy.map(percent).join(', ')}.`,
    ...report.missing.map((what) => `- Left out: ${what}.`),
    '',
    renderTable(report),
    '',
    'In brackets: the share of its core that the gateway used. Well under 100 % the load ended first, and the figure is an upper bound.',
    '',
    table([['what', 'target', 'measured', ''], ...verdicts]),
  ].join('\n')
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
