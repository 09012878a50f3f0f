/** A million calls: memory stays flat and the event loop turns, while segments rotate, changes load and batches ship. */
import { type GatehouseContestant, startGatehouse } from './contestants/gatehouse.ts'
import { table, writeSection } from './document.ts'
import { describeMachine, type Machine } from './machine.ts'
import { measureCalls } from './measure.ts'
import { residentMb } from './process-cpu.ts'
import type { LoopDelay } from './scale/gateway-process.ts'
import { type Session, writeResult } from './session.ts'

const RUN_SECONDS = 10
const CHANGE_EVERY_MS = 1_000
const MAX_GROWTH = 0.1

export interface SoakReport {
  readonly date: string
  readonly machine: Machine
  readonly calls: number
  readonly changes: number
  /** Resident memory after each stretch of the run, when its work is done. */
  readonly memoryMb: readonly number[]
  /** The worst of all stretches. */
  readonly loop: LoopDelay
}

export async function soak(session: Session, options: { calls: number; write: boolean }): Promise<void> {
  const upstream = await session.startUpstream(10)
  const gateway = session.track(await startGatehouse(session.folder, upstream.port))
  const pid = gateway.pids[0] ?? 0
  await measureCalls(gateway, RUN_SECONDS / 2)
  await gateway.loopDelay()
  const memoryMb: number[] = []
  let [calls, changes] = [0, 0]
  let loop: LoopDelay = { p99Ms: 0, p999Ms: 0, maxMs: 0 }
  while (calls < options.calls) {
    const changing = changeOften(gateway)
    const { perSecond } = await measureCalls(gateway, RUN_SECONDS)
    changes += await changing.stop()
    calls += Math.round(perSecond * RUN_SECONDS)
    memoryMb.push(residentMb(pid))
    loop = worse(loop, await gateway.loopDelay())
    console.log(`${calls} calls: ${memoryMb.at(-1)} MB, longest pause ${loop.maxMs.toFixed(1)} ms`)
  }
  const date = new Date().toISOString()
  const report: SoakReport = { date, machine: describeMachine(), calls, changes, memoryMb, loop }
  console.log(renderSoak(report))
  writeResult('soak', options.write, report)
  if (options.write) writeSection('npm run bench -- soak', renderSoak(report))
}

/** Configuration changes all the while, as in a busy hour of the console. */
function changeOften(gateway: GatehouseContestant): { stop(): Promise<number> } {
  let [made, over] = [0, false]
  const run = async () => {
    while (!over) {
      await gateway.call('POST', '/teams', { name: `Soak ${performance.now()}` })
      made += 1
      await new Promise((resolve) => setTimeout(resolve, CHANGE_EVERY_MS))
    }
  }
  const running = run()
  return {
    async stop() {
      over = true
      await running
      return made
    },
  }
}

export function worse(one: LoopDelay, other: LoopDelay): LoopDelay {
  return {
    p99Ms: Math.max(one.p99Ms, other.p99Ms),
    p999Ms: Math.max(one.p999Ms, other.p999Ms),
    maxMs: Math.max(one.maxMs, other.maxMs),
  }
}

/** Growth from the first third of the samples to the last, by their highest. */
export function growth(samples: readonly number[]): number {
  const third = Math.max(1, Math.floor(samples.length / 3))
  return Math.max(...samples.slice(-third)) / Math.max(...samples.slice(0, third)) - 1
}

export function renderSoak(report: SoakReport): string {
  const grown = growth(report.memoryMb)
  const met = (value: boolean) => (value ? 'met' : 'missed')
  return [
    `Made on ${report.date.slice(0, 16).replace('T', ' ')} UTC by \`npm run bench -- soak --write\`; ${report.machine.cpu}, ${report.machine.cores} cores, Node ${report.machine.node.slice(1)}. ${report.calls} calls of 64 busy connections, ${report.changes} changes of the configuration meanwhile.`,
    '',
    table([
      ['what', 'target', 'measured', ''],
      [
        'Resident memory, last third beside the first',
        'flat: at most 10 % more',
        `${(grown * 100).toFixed(0)} % more (${report.memoryMb.join(', ')} MB)`,
        met(grown <= MAX_GROWTH),
      ],
      [
        'Longest pause of the event loop',
        'under 50 ms',
        `${report.loop.maxMs.toFixed(1)} ms (p99 ${report.loop.p99Ms.toFixed(1)} ms)`,
        met(report.loop.maxMs < 50),
      ],
    ]),
  ].join('\n')
}
