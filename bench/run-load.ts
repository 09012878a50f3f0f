/** Starts a run of load and reads what came of it. */
import { spawnAt } from './cores.ts'

export interface LoadPlan {
  readonly kind: 'calls' | 'streams' | 'paced'
  readonly port: number
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string
  readonly connections: number
  readonly seconds: number
  /** Of `paced`. */
  readonly ratePerSecond: number
  /** Whose CPU is read at the beginning and at the end. */
  readonly pids: readonly number[]
}

export interface LoadResult {
  /** Within the measured time. */
  readonly answers: number
  readonly events: number
  /** Pieces in which the bytes arrived: far fewer than events means that a crowded gateway has joined them. */
  readonly reads: number
  /** With those before and after it. */
  readonly allAnswers: number
  readonly failures: number
  readonly firstFailure: string | null
  readonly elapsedMs: number
  readonly cpuMs: number
  readonly ownCpuMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly sentLateP99Ms: number
}

const LOAD = new URL('./load.ts', import.meta.url).pathname

/** @throws when it printed no result, or when any answer was not what it should be. */
export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const child = spawnAt('others', process.execPath, [LOAD, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let problem = ''
  child.stdout?.on('data', (data) => {
    output += data
  })
  child.stderr?.on('data', (data) => {
    problem += data
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0 || output === '') throw new Error(`the load ended with ${code}: ${problem.slice(-2_000)}`)
  const result = JSON.parse(output) as LoadResult
  if (result.failures > 0)
    throw new Error(`${result.failures} calls failed; the first: ${result.firstFailure}`)
  if (result.answers === 0) throw new Error('not one call was answered')
  return result
}
