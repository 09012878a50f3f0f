/** From rounds to the figures that are told: medians, and ratios of medians. */
import type { Machine } from './machine.ts'
import type { CpuFigure, Latency, StreamFigure } from './measure.ts'

/** Of one contestant in one round. */
export interface Figures {
  readonly calls: CpuFigure
  readonly streams: StreamFigure
  readonly latency: Latency
  readonly memoryMb: number
}

export interface Summary {
  readonly name: string
  readonly version: string
  readonly usPerCall: number
  readonly callsPerSecond: number
  readonly callsBusy: number
  readonly usPerEvent: number
  readonly eventsPerSecond: number
  readonly eventsBusy: number
  readonly eventsPerRead: number
  /** Beyond the same call straight to the upstream, at the fixed rate. */
  readonly addedP50Ms: number
  readonly addedP99Ms: number
  readonly memoryMb: number
  readonly rounds: readonly Figures[]
}

export interface Report {
  readonly date: string
  readonly machine: Machine
  readonly pinned: boolean
  readonly loadAverages: readonly number[]
  /** Share of the whole machine that was busy before each round, while the benchmark itself had nothing to do. */
  readonly othersBusy: readonly number[]
  readonly rounds: number
  readonly seconds: number
  readonly missing: readonly string[]
  readonly contestants: readonly Summary[]
}

export function summarize(
  name: string,
  version: string,
  rounds: readonly Figures[],
  direct: readonly { p50Ms: number; p99Ms: number }[],
): Summary {
  const of = (pick: (figures: Figures) => number) => median(rounds.map(pick))
  return {
    name,
    version,
    usPerCall: of(({ calls }) => calls.us),
    callsPerSecond: of(({ calls }) => calls.perSecond),
    callsBusy: of(({ calls }) => calls.busy),
    usPerEvent: of(({ streams }) => streams.us),
    eventsPerSecond: of(({ streams }) => streams.perSecond),
    eventsBusy: of(({ streams }) => streams.busy),
    eventsPerRead: of(({ streams }) => streams.eventsPerRead),
    addedP50Ms: of(({ latency }) => latency.p50Ms) - median(direct.map(({ p50Ms }) => p50Ms)),
    addedP99Ms: of(({ latency }) => latency.p99Ms) - median(direct.map(({ p99Ms }) => p99Ms)),
    memoryMb: of(({ memoryMb }) => memoryMb),
    rounds,
  }
}

export interface Verdict {
  readonly what: string
  readonly target: string
  /** Null: there was nothing to compare with. */
  readonly measured: string | null
  readonly met: boolean | null
}

/** Beyond it a crowded gateway has joined events, and what one of them costs is not comparable. */
const MAX_EVENTS_PER_READ = 1.3
/** Of the whole machine, by others: beyond it a run says nothing about the targets. */
const MAX_OTHERS_BUSY = 0.1

export function isQuiet(report: Pick<Report, 'othersBusy'>): boolean {
  return report.othersBusy.every((share) => share <= MAX_OTHERS_BUSY)
}

/** The targets that the product sets itself. */
export function judge(report: Report): Verdict[] {
  const find = (name: string) => report.contestants.find((contestant) => contestant.name === name)
  const [own, nginx, portkey] = [find('Gatehouse'), find('nginx'), find('Portkey')]
  const ratio = (
    what: string,
    most: number,
    [one, other]: readonly [Summary | undefined, Summary | undefined],
    pick: (summary: Summary) => number,
    perEvent = false,
  ): Verdict => {
    const target = `at most ${most}×`
    const joined = [one, other].some((summary) => summary && summary.eventsPerRead > MAX_EVENTS_PER_READ)
    if (!one || !other || (perEvent && joined)) return { what, target, measured: null, met: null }
    const value = pick(one) / pick(other)
    return { what, target, measured: `${value.toFixed(2)}×`, met: value <= most }
  }
  const perCall = ({ usPerCall }: Summary) => usPerCall
  const perEvent = ({ usPerEvent }: Summary) => usPerEvent
  const below = (what: string, most: number, pick: (summary: Summary) => number): Verdict => {
    const target = `under ${most} ms`
    if (!own) return { what, target, measured: null, met: null }
    return { what, target, measured: `${pick(own).toFixed(2)} ms`, met: pick(own) < most }
  }
  return [
    ratio('CPU of a plain call, beside nginx', 4.5, [own, nginx], perCall),
    ratio('CPU of a plain call, beside Portkey', 0.125, [own, portkey], perCall),
    ratio('CPU of a streamed event, beside nginx', 2.5, [own, nginx], perEvent, true),
    ratio('CPU of a streamed event, beside Portkey', 0.6, [own, portkey], perEvent, true),
    below('Added to a call at 200 calls/s, p50', 1, ({ addedP50Ms }) => addedP50Ms),
    below('Added to a call at 200 calls/s, p99', 4, ({ addedP99Ms }) => addedP99Ms),
  ]
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}
