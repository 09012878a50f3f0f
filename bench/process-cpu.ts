/** CPU time of processes with all their threads, as Linux counts it. */
import { readdirSync, readFileSync } from 'node:fs'

/** `sysconf(_SC_CLK_TCK)`: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** User and system time of these processes so far, milliseconds. @throws when one of them is gone. */
export function cpuMs(pids: readonly number[]): number {
  let ticks = 0
  for (const pid of pids) {
    const fields = statOf(pid)
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return (ticks * 1_000) / TICKS_PER_SECOND
}

/** Of this process and all below it that live, milliseconds; what has ended meanwhile is left out. */
export function ownCpuMs(): number {
  let ms = 0
  for (const pid of [process.pid, ...descendants(process.pid, '')]) {
    try {
      ms += cpuMs([pid])
    } catch {
      // Gone meanwhile.
    }
  }
  return ms
}

/** Children of a process and theirs, whose command line holds `text`. */
export function descendants(root: number, text: string): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid)) continue
    try {
      parents.set(pid, Number(statOf(pid)[1]))
    } catch {
      // Gone meanwhile.
    }
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid)
    return parent !== undefined && parent > 1 && (parent === root || isBelow(parent))
  }
  return [...parents.keys()].filter((pid) => isBelow(pid) && commandLine(pid).includes(text))
}

export function residentMb(pid: number): number {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kb) / 1_024)
}

/** Fields from the state on; proc(5): the name stands in brackets and may hold anything. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
