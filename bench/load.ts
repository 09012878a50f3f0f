/**
 * One run of load, a process of its own on bare sockets: `calls` and `streams` keep so many connections busy, `paced`
 * sends at a fixed rate whatever comes back. Bounded in time and number, loopback only. Prints one line of JSON.
 */
import { connect, type Socket } from 'node:net'
import { cpuMs } from './process-cpu.ts'
import type { LoadPlan, LoadResult } from './run-load.ts'

const MAX_SECONDS = 60
const MAX_CONNECTIONS = 2_000
const HEADERS_END = Buffer.from('\r\n\r\n')
const LAST_CHUNK = Buffer.from('0\r\n\r\n')
const DATA = Buffer.from('data: ')

const plan = JSON.parse(process.argv[2] ?? '{}') as LoadPlan
if (plan.seconds > MAX_SECONDS || plan.connections > MAX_CONNECTIONS)
  throw new Error('more than this may send')

const REQUEST = Buffer.from(
  `POST ${plan.path} HTTP/1.1\r\nhost: 127.0.0.1:${plan.port}\r\ncontent-type: application/json\r\n` +
    `${Object.entries(plan.headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}content-length: ${Buffer.byteLength(plan.body)}\r\n\r\n${plan.body}`,
)

const tally = { answers: 0, events: 0, reads: 0, failures: 0, firstFailure: null as string | null }
const latenciesMs: number[] = []
const lateMs: number[] = []
let over = false

interface Caller {
  readonly socket: Socket
  send(dueAt: number): void
  busy: boolean
}

/** One keep-alive connection with at most one request in flight. */
function openCaller(onAnswer: (caller: Caller) => void): Promise<Caller> {
  return new Promise((resolve, reject) => {
    let dueAt = 0
    let left = -1
    let chunked = false
    let head: Buffer | null = null
    const socket = connect({ host: '127.0.0.1', port: plan.port, noDelay: true })
    const caller: Caller = {
      socket,
      busy: false,
      send(at) {
        dueAt = at
        left = -1
        head = null
        caller.busy = true
        socket.write(REQUEST)
      },
    }
    const done = () => {
      caller.busy = false
      tally.answers += 1
      latenciesMs.push(performance.now() - dueAt)
      onAnswer(caller)
    }
    socket.once('connect', () => resolve(caller))
    socket.once('error', (error) => {
      reject(error)
      if (!over) fail(String(error))
    })
    socket.once('close', () => {
      if (!over) fail('a connection was closed')
    })
    socket.on('data', (data: Buffer) => {
      tally.reads += 1
      let chunk = data
      if (left === -1) {
        if (head) chunk = Buffer.concat([head, chunk])
        const end = chunk.indexOf(HEADERS_END)
        if (end === -1) {
          head = chunk
          return
        }
        const text = chunk.toString('latin1', 0, end)
        if (!text.startsWith('HTTP/1.1 200')) fail(text.split('\r\n', 1)[0] ?? '')
        const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1]
        chunked = length === undefined
        left = chunked ? 1 : Number(length)
        chunk = chunk.subarray(end + 4)
      }
      if (plan.kind === 'streams') {
        for (let at = chunk.indexOf(DATA); at !== -1; at = chunk.indexOf(DATA, at + 6)) tally.events += 1
      }
      if (chunked) {
        if (chunk.length >= 5 && chunk.subarray(-5).equals(LAST_CHUNK)) done()
      } else {
        left -= chunk.length
        if (left <= 0) done()
      }
    })
  })
}

function fail(what: string): void {
  tally.failures += 1
  tally.firstFailure ??= what
}

async function openAll(onAnswer: (caller: Caller) => void): Promise<Caller[]> {
  const callers: Caller[] = []
  for (let index = 0; index < plan.connections; index += 1) callers.push(await openCaller(onAnswer))
  return callers
}

/** As fast as it goes: a connection that has its answer asks again. */
async function saturate(): Promise<void> {
  const callers = await openAll((caller) => {
    if (!over) caller.send(performance.now())
  })
  for (const caller of callers) {
    caller.send(performance.now())
    // Streams begin spread over their own length, not in step.
    if (plan.kind === 'streams') await pause(1_000 / plan.connections)
  }
}

/** A latency counts from the moment at which the call was due: a queue in the sender is not hidden. */
async function pace(): Promise<void> {
  const idle: Caller[] = []
  const waiting: number[] = []
  const callers = await openAll((caller) => {
    const due = waiting.shift()
    if (due === undefined) idle.push(caller)
    else caller.send(due)
  })
  idle.push(...callers)
  const gapMs = 1_000 / plan.ratePerSecond
  const from = performance.now() + 50
  let sent = 0
  const step = () => {
    if (over) return
    const now = performance.now()
    for (; from + sent * gapMs <= now; sent += 1) {
      const caller = idle.pop()
      lateMs.push(now - (from + sent * gapMs))
      // The timer's own lateness is the sender's, not the answer's.
      if (caller) caller.send(now)
      else waiting.push(now)
    }
    setTimeout(step, Math.max(0, from + sent * gapMs - performance.now()))
  }
  step()
}

await (plan.kind === 'paced' ? pace() : saturate())
const startedAt = performance.now()
const before = { ...tally }
const cpuBefore = cpuMs(plan.pids)
const ownBefore = process.cpuUsage()
await pause(plan.seconds * 1_000)
const cpu = cpuMs(plan.pids) - cpuBefore
const elapsedMs = performance.now() - startedAt
const own = process.cpuUsage(ownBefore)
const result: LoadResult = {
  answers: tally.answers - before.answers,
  events: tally.events - before.events,
  reads: tally.reads - before.reads,
  allAnswers: tally.answers,
  failures: tally.failures,
  firstFailure: tally.firstFailure,
  elapsedMs,
  cpuMs: cpu,
  ownCpuMs: (own.user + own.system) / 1_000,
  p50Ms: quantile(latenciesMs, 0.5),
  p99Ms: quantile(latenciesMs, 0.99),
  sentLateP99Ms: quantile(lateMs, 0.99),
}
over = true
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))

function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
