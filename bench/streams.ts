/** Many streams that are open and say little: what they hold in memory, and whether the gateway still turns. */
import { connect, type Socket } from 'node:net'
import { startGatehouse } from './contestants/gatehouse.ts'
import { table, writeSection } from './document.ts'
import { describeMachine, type Machine } from './machine.ts'
import { residentMb } from './process-cpu.ts'
import type { LoopDelay } from './scale/gateway-process.ts'
import { type Session, writeResult } from './session.ts'
import { requestBody } from './wire.ts'

export const OPEN_STREAMS = 5_000
export const MAX_MB = 300
/** An event each: under the time after which silence ends a stream. */
const GAP_MS = 20_000
const SETTLE_MS = 10_000
const OPENED_AT_ONCE = 50

export interface StreamsReport {
  readonly date: string
  readonly machine: Machine
  readonly streams: number
  readonly beforeMb: number
  /** The highest of the samples while all were open. */
  readonly openMb: number
  readonly loop: LoopDelay
}

export async function openStreams(session: Session, write: boolean): Promise<void> {
  const upstream = await session.startUpstream(GAP_MS)
  const gateway = session.track(await startGatehouse(session.folder, upstream.port))
  const pid = gateway.pids[0] ?? 0
  const body = requestBody(gateway.model, true)
  const head = Object.entries({ ...gateway.headers, 'content-type': 'application/json' })
  const request = `POST ${gateway.path} HTTP/1.1\r\nhost: bench\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  const beforeMb = residentMb(pid)
  await gateway.loopDelay()
  const sockets: Socket[] = []
  let closed = 0
  while (sockets.length < OPEN_STREAMS) {
    const opening = Array.from({ length: OPENED_AT_ONCE }, () => openStream(gateway.port, request))
    for (const socket of await Promise.all(opening)) {
      socket.on('close', () => {
        closed += 1
      })
      sockets.push(socket)
    }
  }
  let openMb = residentMb(pid)
  const until = performance.now() + SETTLE_MS
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    openMb = Math.max(openMb, residentMb(pid))
  }
  if (closed > 0) throw new Error(`${closed} of ${OPEN_STREAMS} streams did not stay open`)
  const loop = await gateway.loopDelay()
  for (const socket of sockets) socket.destroy()
  const report: StreamsReport = {
    date: new Date().toISOString(),
    machine: describeMachine(),
    streams: OPEN_STREAMS,
    beforeMb,
    openMb,
    loop,
  }
  console.log(renderStreams(report))
  writeResult('streams', write, report)
  if (write) writeSection('npm run bench -- streams', renderStreams(report))
}

/** Resolves with its first event. */
function openStream(port: number, request: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(request))
    socket.on('error', reject)
    let text = ''
    socket.on('data', (data: Buffer) => {
      if (text.includes('data: ')) return
      text += data.toString('latin1')
      if (!text.startsWith('HTTP/1.1 200')) reject(new Error(text.slice(0, 300)))
      else if (text.includes('data: ')) resolve(socket)
    })
  })
}

export function renderStreams(report: StreamsReport): string {
  const met = (value: boolean) => (value ? 'met' : 'missed')
  return [
    `Made on ${report.date.slice(0, 16).replace('T', ' ')} UTC by \`npm run bench -- streams --write\`; ${report.machine.cpu}, ${report.machine.cores} cores, Node ${report.machine.node.slice(1)}.`,
    '',
    table([
      ['what', 'target', 'measured', ''],
      [
        `Resident memory with ${report.streams} open, idle streams (before: ${report.beforeMb} MB)`,
        `under ${MAX_MB} MB`,
        `${report.openMb} MB`,
        met(report.openMb < MAX_MB),
      ],
      [
        'Longest pause of the event loop while they open and stay',
        'under 50 ms',
        `${report.loop.maxMs.toFixed(1)} ms (p99 ${report.loop.p99Ms.toFixed(1)} ms)`,
        met(report.loop.maxMs < 50),
      ],
    ]),
  ].join('\n')
}
