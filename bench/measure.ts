/** The three measurements, each a run of load against one contestant. */
import type { Contestant } from './contestants/contestant.ts'
import { cpuMs } from './process-cpu.ts'
import { type LoadPlan, type LoadResult, runLoad } from './run-load.ts'
import { EVENTS_PER_STREAM, requestBody } from './wire.ts'

const CALL_CONNECTIONS = 64
const PACED_CONNECTIONS = 32
export const RATE_PER_SECOND = 200
/** Where a core counts as full. */
const FULL = 0.9
const MAX_STREAMS = 1_200

type Target = Pick<Contestant, 'port' | 'path' | 'headers' | 'model' | 'pids'>

export interface CpuFigure {
  /** CPU for one call or one event, microseconds. */
  readonly us: number
  readonly perSecond: number
  /** Share of one core that was used: below 0.9 it was the load that ended first. */
  readonly busy: number
  /** Of the load's own process. */
  readonly loadBusy: number
}

export interface StreamFigure extends CpuFigure {
  readonly streams: number
  /** Events in one piece of bytes, as they arrived. */
  readonly eventsPerRead: number
}

export interface Latency {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly sentLateP99Ms: number
}

function plan(target: Target, kind: LoadPlan['kind'], connections: number, seconds: number): LoadPlan {
  return {
    kind,
    port: target.port,
    path: target.path,
    headers: target.headers,
    body: requestBody(target.model, kind === 'streams'),
    connections,
    seconds,
    ratePerSecond: RATE_PER_SECOND,
    pids: target.pids,
  }
}

/** All CPU from the first call until the work that they left behind is done, by all calls: nothing is put off unpaid. */
export async function measureCalls(contestant: Contestant, seconds: number): Promise<CpuFigure> {
  const before = cpuMs(contestant.pids)
  const result = await runLoad(plan(contestant, 'calls', CALL_CONNECTIONS, seconds))
  await contestant.drained()
  const spent = cpuMs(contestant.pids) - before
  return {
    us: (spent * 1_000) / result.allAnswers,
    perSecond: perSecond(result.answers, result),
    ...busy(result),
  }
}

/** Within the measured time alone, as a stream lasts for a second: its beginning and end are part of its events' cost. */
export async function measureStreams(
  contestant: Contestant,
  seconds: number,
  streams: number,
): Promise<StreamFigure> {
  const result = await runLoad(plan(contestant, 'streams', streams, seconds))
  const afterwards = cpuMs(contestant.pids)
  await contestant.drained()
  const putOff = cpuMs(contestant.pids) - afterwards
  return {
    us: ((result.cpuMs + putOff) * 1_000) / result.events,
    perSecond: perSecond(result.events, result),
    ...busy(result),
    streams,
    eventsPerRead: result.events / result.reads,
  }
}

export async function measureLatency(target: Target, seconds: number): Promise<Latency> {
  const { p50Ms, p99Ms, sentLateP99Ms } = await runLoad(plan(target, 'paced', PACED_CONNECTIONS, seconds))
  return { p50Ms, p99Ms, sentLateP99Ms }
}

/** Compiles and fills what plain calls will. */
export async function warmUpCalls(contestant: Contestant, seconds: number): Promise<void> {
  await runLoad(plan(contestant, 'calls', CALL_CONNECTIONS, seconds))
  await contestant.drained()
}

/** Compiles and fills what it will; returns how many streams at once fill the core. */
export async function warmUp(contestant: Contestant, seconds: number): Promise<number> {
  await runLoad(plan(contestant, 'paced', PACED_CONNECTIONS, 1))
  await runLoad(plan(contestant, 'calls', CALL_CONNECTIONS, seconds * 2))
  let streams = 60
  for (let step = 0; step < 4; step += 1) {
    const result = await runLoad(plan(contestant, 'streams', streams, Math.max(1.5, seconds)))
    const share = busy(result).busy
    // Joined by a crowded gateway, events get cheaper: the aim is a full core, not an overrun one.
    if (share >= FULL) break
    const next = Math.min(MAX_STREAMS, Math.ceil(streams * Math.min(4, (FULL + 0.05) / share)))
    // The load's side is full, or what it gives no longer grows.
    if (result.events < (streams * EVENTS_PER_STREAM * result.elapsedMs * 0.7) / 1_000 || next <= streams)
      break
    streams = next
  }
  await contestant.drained()
  return streams
}

function perSecond(count: number, { elapsedMs }: LoadResult): number {
  return (count * 1_000) / elapsedMs
}

function busy({ cpuMs: used, ownCpuMs, elapsedMs }: LoadResult): { busy: number; loadBusy: number } {
  return { busy: used / elapsedMs, loadBusy: ownCpuMs / elapsedMs }
}
