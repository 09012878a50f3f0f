/**
 * `npm run bench`: what a call and a streamed event cost in CPU, saturated, and what the gateway adds to a call at a
 * fixed rate; beside nginx and Portkey, in interleaved rounds. `--quick` is short, `--write` renews docs/benchmarks.md,
 * `--only=nginx,gatehouse` leaves others out.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { type Contestant, Unavailable } from './contestants/contestant.ts'
import { startGatehouse } from './contestants/gatehouse.ts'
import { startNginx } from './contestants/nginx.ts'
import { startPortkey } from './contestants/portkey.ts'
import { canPin, spawnAt } from './cores.ts'
import { writeSection } from './document.ts'
import { describeMachine } from './machine.ts'
import { measureCalls, measureLatency, measureStreams, warmUp } from './measure.ts'
import { residentMb } from './process-cpu.ts'
import { type Figures, type Report, summarize } from './report.ts'
import { renderDocument, renderTable } from './report-text.ts'

const quick = process.argv.includes('--quick')
const write = process.argv.includes('--write')
const only = process.argv
  .find((argument) => argument.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',')
const ROUNDS = quick ? 1 : 3
const SECONDS = quick ? 3 : 6

if (process.platform !== 'linux') {
  console.error('npm run bench reads CPU times from /proc: it runs on Linux only.')
  process.exit(1)
}

const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-bench-'))
/** Downloads are kept for the next run. */
const kept = path.join(tmpdir(), 'gatehouse-bench-tools')
mkdirSync(kept, { recursive: true })
const running: { stop(): Promise<void> }[] = []
let ended = false
async function end(code: number): Promise<never> {
  if (ended) return await new Promise<never>(() => {})
  ended = true
  for (const one of running.reverse()) await one.stop().catch(() => {})
  rmSync(folder, { recursive: true, force: true })
  process.exit(code)
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end(1))

try {
  const upstream = await startUpstream()
  const starts = {
    nginx: () => startNginx(kept, upstream.port),
    gatehouse: () => startGatehouse(folder, upstream.port),
    portkey: () => startPortkey(kept, upstream.port),
  }
  const contestants: Contestant[] = []
  const missing: string[] = []
  for (const [name, start] of Object.entries(starts)) {
    if (only && !only.includes(name)) continue
    try {
      console.log(`starting ${name}`)
      const contestant = await start()
      running.push(contestant)
      contestants.push(contestant)
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error
      missing.push(error.message)
      console.log(`  left out: ${error.message}`)
    }
  }
  console.log('warming up')
  const streamsOf = new Map<Contestant, number>()
  for (const contestant of contestants) streamsOf.set(contestant, await warmUp(contestant, quick ? 1 : 3))

  const figures = new Map<string, Figures[]>()
  const direct: { p50Ms: number; p99Ms: number }[] = []
  const loads: number[] = [loadavg()[0] ?? 0]
  for (let round = 1; round <= ROUNDS; round += 1) {
    direct.push(await measureLatency(upstream, SECONDS))
    for (const contestant of contestants) {
      console.log(`round ${round} of ${ROUNDS}: ${contestant.name}`)
      const latency = await measureLatency(contestant, SECONDS)
      const calls = await measureCalls(contestant, SECONDS)
      const streams = await measureStreams(contestant, SECONDS, streamsOf.get(contestant) ?? 1)
      const { pids, name } = contestant
      const memoryMb = pids.reduce((sum, pid) => sum + residentMb(pid), 0)
      figures.set(name, [...(figures.get(name) ?? []), { latency, calls, streams, memoryMb }])
    }
    loads.push(loadavg()[0] ?? 0)
  }

  const report: Report = {
    date: new Date().toISOString(),
    machine: describeMachine(),
    pinned: canPin,
    /** Load average over a minute before the first round and after each: the benchmark's own load is in the later ones. */
    loadAverages: loads,
    rounds: ROUNDS,
    seconds: SECONDS,
    missing,
    contestants: contestants.map(({ name, version }) =>
      summarize(name, version, figures.get(name) ?? [], direct),
    ),
  }
  console.log(`\n${renderTable(report)}\n`)
  const results = path.join(import.meta.dirname, 'results')
  mkdirSync(results, { recursive: true })
  const file = path.join(results, write ? 'cited.json' : `${report.date.replaceAll(':', '-')}.json`)
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  console.log(`written to ${path.relative(process.cwd(), file)}`)
  if (write) writeSection('npm run bench', renderDocument(report))
  await end(0)
} catch (error) {
  console.error(error)
  await end(1)
}

async function startUpstream() {
  const child = spawnAt('others', process.execPath, [path.join(import.meta.dirname, 'upstream.ts'), '10'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the upstream ended with ${code}`)))
    child.stdout?.once('data', (data) => resolve(Number(data)))
  })
  const stop = async () => {
    child.kill('SIGKILL')
  }
  running.push({ stop })
  return { port, path: '/v1/chat/completions', headers: {}, model: 'direct', pids: [] as number[] }
}
