/**
 * `npm run bench`: what a call and a streamed event cost in CPU, saturated, and what the gateway adds to a call at a
 * fixed rate; beside nginx and Portkey, in interleaved rounds. `--quick` is short, `--write` renews docs/benchmarks.md,
 * `--only=nginx,gatehouse` leaves others out. `policies`, `streams` and `soak` in front are the parts that ask for long breath.
 */
import { loadavg } from 'node:os'
import { type Contestant, Unavailable } from './contestants/contestant.ts'
import { type GatehouseContestant, startGatehouse } from './contestants/gatehouse.ts'
import { startWithPolicies } from './contestants/gatehouse-policies.ts'
import { startNginx } from './contestants/nginx.ts'
import { startPortkey } from './contestants/portkey.ts'
import { canPin } from './cores.ts'
import { writeSection } from './document.ts'
import { describeMachine, othersBusyShare } from './machine.ts'
import { measureCalls, measureLatency, measureStreams, warmUp } from './measure.ts'
import { comparePolicies } from './policies.ts'
import { residentMb } from './process-cpu.ts'
import { type Figures, isQuiet, type Report, summarize } from './report.ts'
import { renderDocument, renderTable } from './report-text.ts'
import { runSession, type Session, writeResult } from './session.ts'
import { soak } from './soak.ts'
import { openStreams } from './streams.ts'

const quick = process.argv.includes('--quick')
const write = process.argv.includes('--write')
const only = process.argv
  .find((argument) => argument.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',')
const ROUNDS = quick ? 1 : 3
const SECONDS = quick ? 3 : 4

const part = process.argv[2]
await runSession(async (session) => {
  if (part === 'streams') await openStreams(session, write)
  else if (part === 'soak') await soak(session, { calls: quick ? 50_000 : 1_000_000, write })
  else if (part === 'policies') await comparePolicies(session, quick ? 6 : 160, write)
  else await compare(session)
})

async function compare({ folder, kept, track, startUpstream }: Session): Promise<void> {
  const upstream = await startUpstream(10)
  let product: Promise<GatehouseContestant> | null = null
  const gatehouse = () => {
    product ??= startGatehouse(folder, upstream.port).then(track)
    return product
  }
  const starts = {
    nginx: async () => track(await startNginx(kept, upstream.port)),
    gatehouse,
    policies: async () => startWithPolicies(await gatehouse()),
    portkey: async () => track(await startPortkey(kept, upstream.port)),
  }
  const contestants: Contestant[] = []
  const missing: string[] = []
  for (const [name, start] of Object.entries(starts)) {
    if (only && !only.includes(name)) continue
    try {
      console.log(`starting ${name}`)
      contestants.push(await start())
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
  const othersBusy: number[] = []
  for (let round = 1; round <= ROUNDS; round += 1) {
    othersBusy.push(await othersBusyShare(2_000))
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
    othersBusy,
    rounds: ROUNDS,
    seconds: SECONDS,
    missing,
    contestants: contestants.map(({ name, version }) =>
      summarize(name, version, figures.get(name) ?? [], direct),
    ),
  }
  console.log(`\n${renderTable(report)}\n`)
  const citable = write && isQuiet(report)
  writeResult('', citable, report)
  if (write && !citable) {
    throw new Error('others used more than a tenth of the machine: the page of figures is left as it was')
  }
  if (citable) writeSection('npm run bench', renderDocument(report))
}
