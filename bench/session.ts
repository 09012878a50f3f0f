/** What every run of the benchmark needs: a folder of its own, an upstream, and an end that leaves nothing behind. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { spawnAt } from './cores.ts'

export interface UpstreamProcess {
  readonly port: number
  readonly path: string
  readonly headers: Record<string, string>
  readonly model: string
  readonly pids: readonly number[]
}

export interface Session {
  readonly folder: string
  /** Downloads are kept for the next run. */
  readonly kept: string
  /** Stopped at the end, the last one first. */
  track<T extends { stop(): Promise<void> }>(started: T): T
  startUpstream(gapMs: number): Promise<UpstreamProcess>
}

/** Runs, cleans up, and ends the process: with 1 when something went wrong or somebody said stop. */
export async function runSession(run: (session: Session) => Promise<void>): Promise<never> {
  if (process.platform !== 'linux') {
    console.error('npm run bench reads CPU times from /proc: it runs on Linux only.')
    process.exit(1)
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-bench-'))
  const kept = path.join(tmpdir(), 'gatehouse-bench-tools')
  mkdirSync(kept, { recursive: true })
  const running: { stop(): Promise<void> }[] = []
  let ended = false
  const end = async (code: number): Promise<never> => {
    if (ended) return await new Promise<never>(() => {})
    ended = true
    for (const one of running.reverse()) await one.stop().catch(() => {})
    rmSync(folder, { recursive: true, force: true })
    process.exit(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end(1))
  const track = <T extends { stop(): Promise<void> }>(started: T): T => {
    running.push(started)
    return started
  }
  try {
    await run({ folder, kept, track, startUpstream: (gapMs) => startUpstream(gapMs, track) })
  } catch (error) {
    console.error(error)
    return await end(1)
  }
  return await end(0)
}

/** As JSON beside the benchmark; the one that the document cites has a name of its own. */
export function writeResult(name: string, cited: boolean, result: { readonly date: string }): void {
  const results = path.join(import.meta.dirname, 'results')
  mkdirSync(results, { recursive: true })
  const prefix = name === '' ? '' : `${name}-`
  const file = path.join(results, `${prefix}${cited ? 'cited' : result.date.replaceAll(':', '-')}.json`)
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`)
  console.log(`written to ${path.relative(process.cwd(), file)}`)
}

async function startUpstream(
  gapMs: number,
  track: (started: { stop(): Promise<void> }) => unknown,
): Promise<UpstreamProcess> {
  const program = path.join(import.meta.dirname, 'upstream.ts')
  const child = spawnAt('others', process.execPath, [program, String(gapMs)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the upstream ended with ${code}`)))
    child.stdout?.once('data', (data) => resolve(Number(data)))
  })
  track({
    stop: async () => {
      child.kill('SIGKILL')
    },
  })
  return { port, path: '/v1/chat/completions', headers: {}, model: 'direct', pids: [] }
}
