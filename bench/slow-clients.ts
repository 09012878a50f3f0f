/**
 * `npm run bench:slow`: what live calls at a fixed rate wait while thousands of clients send their headers by the byte,
 * while as many connections idle, and while all of the slow ones are told 408 at once. `--write` renews docs/benchmarks.md.
 * With a port as its argument it is those clients, a process of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { startGatehouse } from './contestants/gatehouse.ts'
import { spawnAt } from './cores.ts'
import { table, writeSection } from './document.ts'
import { describeMachine } from './machine.ts'
import { measureLatency, RATE_PER_SECOND, warmUp } from './measure.ts'
import { residentMb } from './process-cpu.ts'

const COUNT = 10_000
/** Shorter than the 10 s after which a connection of the load that was not needed yet would be told 408 itself. */
const SECONDS = 8
/** The slow ones were all opened within some seconds: from here the run covers the moment when they are ended. */
const UNTIL_NEAR_THE_END_MS = 4_000
const SLOW = 'POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nA: '
const IDLE = 'GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n'

const [port, kind] = process.argv.slice(2)
if (port && /^\d+$/.test(port)) await beSlowClients(Number(port), kind === 'slow')
else await measure()

async function beSlowClients(target: number, slow: boolean): Promise<void> {
  const open = new Set<Socket>()
  const begin = () =>
    new Promise<void>((resolve) => {
      const socket = connect(target, '127.0.0.1', () => {
        open.add(socket)
        socket.write(slow ? SLOW : IDLE)
        resolve()
      })
      socket.on('error', () => resolve()).on('close', () => open.delete(socket))
      socket.resume()
    })
  for (let from = 0; from < COUNT; from += 100) await Promise.all(Array.from({ length: 100 }, begin))
  process.stdout.write('open\n')
  process.stdin.resume().on('end', () => process.exit(0))
  if (slow) {
    setInterval(() => {
      for (const socket of open) if (socket.writable) socket.write('a')
    }, 1_000)
  }
}

async function measure(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-slow-'))
  const upstream = spawnAt(
    'others',
    process.execPath,
    [path.join(import.meta.dirname, 'upstream.ts'), '10'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  const upstreamPort = await new Promise<number>((resolve) =>
    upstream.stdout?.once('data', (data) => resolve(Number(data))),
  )
  const gatehouse = await startGatehouse(folder, upstreamPort)
  const [pid = 0] = gatehouse.pids
  const rows: string[][] = [['beside', 'p50', 'p99', 'memory of the gateway']]
  const loads = [loadavg()[0] ?? 0]
  const row = async (beside: string) => {
    const { p50Ms, p99Ms } = await measureLatency(gatehouse, SECONDS)
    rows.push([beside, `${p50Ms.toFixed(2)} ms`, `${p99Ms.toFixed(2)} ms`, `${residentMb(pid)} MB`])
    console.log(rows.at(-1)?.join(' · '))
  }
  try {
    await warmUp(gatehouse, 1)
    await row('nothing')
    const idle = await clients(gatehouse.port, 'idle')
    await row(`${COUNT} idle connections`)
    idle.stdin?.end()
    const slow = await clients(gatehouse.port, 'slow')
    await new Promise((resolve) => setTimeout(resolve, UNTIL_NEAR_THE_END_MS))
    await row(`${COUNT} clients that send a byte of their headers a second, until all are told 408`)
    slow.stdin?.end()
    await row('nothing, afterwards')
    loads.push(loadavg()[0] ?? 0)
  } finally {
    await gatehouse.stop()
    upstream.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  const { cpu, cores, memoryGb, system, node } = describeMachine()
  const made = [
    `Made on ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC by \`npm run bench:slow -- --write\`: ${RATE_PER_SECOND} live calls a second.`,
    '',
    `- Machine: ${cpu}, ${cores} cores, ${memoryGb} GB; ${system}; Node ${node.slice(1)}.`,
    `- Load average over a minute, before and after: ${loads.map((load) => load.toFixed(1)).join(', ')}.`,
    '',
    table(rows),
  ].join('\n')
  console.log(made)
  if (process.argv.includes('--write')) writeSection('npm run bench:slow', made)
  process.exit(0)
}

async function clients(target: number, which: 'idle' | 'slow') {
  const child = spawnAt('others', process.execPath, [import.meta.filename, String(target), which], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  return child
}
