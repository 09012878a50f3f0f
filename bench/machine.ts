/** What the figures were made on. */
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { ownCpuMs } from './process-cpu.ts'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly system: string
  readonly node: string
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${distribution()}, Linux ${release()}`,
    node: process.version,
  }
}

/**
 * Share of all cores that others than this process and its children kept busy over the next `ms`, by proc(5): a product
 * that stands ready renews its leases and looks after its database, and that is no neighbour's doing.
 */
export async function othersBusyShare(ms: number): Promise<number> {
  const [before, ownBefore] = [readTicks(), ownCpuMs()]
  await new Promise((resolve) => setTimeout(resolve, ms))
  const [after, ownAfter] = [readTicks(), ownCpuMs()]
  const own = Math.max(0, ownAfter - ownBefore) / (ms * availableParallelism())
  return Math.max(0, 1 - (after.idle - before.idle) / Math.max(1, after.all - before.all) - own)
}

function readTicks(): { all: number; idle: number } {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1)
  // user nice system idle iowait irq softirq steal; guests are counted in user already.
  const ticks = line.trim().split(/ +/).slice(1, 9).map(Number)
  return { all: ticks.reduce((sum, value) => sum + value, 0), idle: (ticks[3] ?? 0) + (ticks[4] ?? 0) }
}

function distribution(): string {
  try {
    return /PRETTY_NAME="(.*)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux'
  } catch {
    return 'Linux'
  }
}
