/** Who runs where: what is measured has the last core to itself, all others share the rest. */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

const count = availableParallelism()
export const canPin = count > 1 && spawnSync('taskset', ['-V']).status === 0
const MEASURED = String(count - 1)
const OTHERS = count > 2 ? `0-${count - 2}` : '0'

export type Place = 'measured' | 'others'

export function spawnAt(
  place: Place,
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  if (!canPin) return spawn(command, args, options)
  return spawn('taskset', ['-c', coreOf(place), command, ...args], options)
}

/** Moves a running process with all its threads. */
export function moveTo(place: Place, pid: number): void {
  if (canPin) spawnSync('taskset', ['-a', '-c', '-p', coreOf(place), String(pid)])
}

function coreOf(place: Place): string {
  return place === 'measured' ? MEASURED : OTHERS
}
