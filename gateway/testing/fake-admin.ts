/**
 * For tests: an admin that speaks the control channel over real sockets, misbehaves as told, and keeps books of its
 * own, by event id, as an oracle.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Acknowledgement,
  acknowledgement,
  type ControlMessage,
  type LeaseRenewal,
  leaseRenewal,
  type ProbeResult,
  probeResult,
  type SimulationResult,
  type SpentAnswer,
  type SpentQuery,
  type StreamQuery,
  simulationResult,
  spentQuery,
  streamQuery,
  usageBatch,
} from '../../lib/contract/control.ts'
import { subjectsOf } from '../../lib/contract/policy.ts'
import type { UsageEvent } from '../../lib/contract/usage-event.ts'
import type { AdminConfiguration } from './configuration-builder.ts'

export const FAKE_TOKEN = 'fake-gateway-token'

export interface FakeAdmin {
  readonly url: string
  readonly port: number
  readonly acknowledgements: Acknowledgement[]
  readonly leases: LeaseRenewal[]
  readonly probes: ProbeResult[]
  readonly simulations: SimulationResult[]
  /** Every stream that was opened, by its query. */
  readonly streams: StreamQuery[]
  /** The books: each event once, by id, and how often it was shipped. */
  readonly booked: Map<string, UsageEvent>
  readonly deliveries: Map<string, number>
  /** What a usage batch gets: `ok`, `drop` (booked, the answer lost), `reset` (not booked), or a status. */
  usageBehaviour: (batch: number) => 'ok' | 'drop' | 'reset' | number
  /** The answer to a lease renewal; null: 204, as an admin that lends no counters. */
  leaseAnswer: object | null
  /** Answers every post with this status; the stream lives on. */
  failing: number | null
  /** Whether a new stream begins with what the gateway lacks. */
  greet: boolean
  /** Sends to every open stream. */
  send(message: ControlMessage | object): void
  sendRaw(bytes: string | Buffer): void
  /** Cuts every stream. */
  cut(): void
  openStreams(): number
  close(): Promise<void>
}

export async function startFakeAdmin(
  configuration: AdminConfiguration,
  options: { port?: number } = {},
): Promise<FakeAdmin> {
  const open = new Set<ServerResponse>()
  let batches = 0

  const server = createServer((request, response) => {
    if (request.headers.authorization !== `Bearer ${FAKE_TOKEN}`) {
      response.writeHead(401).end()
      return
    }
    const url = new URL(request.url ?? '/', 'http://admin')
    if (url.pathname === '/api/control/stream') openStream(url, response)
    else {
      void readJson(request).then(
        (body) => answer(url.pathname, body, response),
        () => response.destroy(),
      )
    }
  })

  function openStream(url: URL, response: ServerResponse): void {
    const query = streamQuery.parse(Object.fromEntries(url.searchParams))
    self.streams.push(query)
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.flushHeaders()
    open.add(response)
    response.on('close', () => open.delete(response))
    if (!self.greet) return
    const known = query.epoch === configuration.epoch && query.revision === configuration.revision
    write(response, known ? ping() : configuration.snapshot())
  }

  function answer(path: string, body: unknown, response: ServerResponse): void {
    if (self.failing !== null) return void response.writeHead(self.failing).end()
    if (path === '/api/control/lease' && self.leaseAnswer) {
      self.leases.push(leaseRenewal.parse(body))
      response.writeHead(200, { 'content-type': 'application/json' })
      return void response.end(JSON.stringify(self.leaseAnswer))
    }
    if (path === '/api/control/ack') self.acknowledgements.push(acknowledgement.parse(body))
    else if (path === '/api/control/lease') self.leases.push(leaseRenewal.parse(body))
    else if (path === '/api/control/probe') self.probes.push(probeResult.parse(body))
    else if (path === '/api/control/simulation') self.simulations.push(simulationResult.parse(body))
    else if (path === '/api/control/usage') {
      answerUsage(body, response)
      return
    } else if (path === '/api/control/spent') {
      response.writeHead(200, { 'content-type': 'application/json' })
      return void response.end(JSON.stringify(spent(spentQuery.parse(body), self.booked.values())))
    }
    response.writeHead(204).end()
  }

  function answerUsage(body: unknown, response: ServerResponse): void {
    const { events } = usageBatch.parse(body)
    const behaviour = self.usageBehaviour(batches)
    batches += 1
    if (typeof behaviour === 'number') return void response.writeHead(behaviour).end()
    if (behaviour === 'reset') return void response.destroy()
    for (const event of events) {
      self.deliveries.set(event.id, (self.deliveries.get(event.id) ?? 0) + 1)
      if (!self.booked.has(event.id)) self.booked.set(event.id, event)
    }
    if (behaviour === 'drop') return void response.destroy()
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ committedSequence: events.at(-1)?.sequence ?? 0 }))
  }

  const ping = () => ({
    kind: 'ping',
    epoch: configuration.epoch,
    currentRevision: configuration.revision,
    hash: configuration.hash(),
  })
  const write = (response: ServerResponse, message: object): void => {
    response.write(`${JSON.stringify(message)}\n`)
  }
  const pings = setInterval(() => {
    if (self.greet) for (const response of open) write(response, ping())
  }, 1_000)

  const self: FakeAdmin = {
    url: '',
    port: 0,
    acknowledgements: [],
    leases: [],
    probes: [],
    simulations: [],
    streams: [],
    booked: new Map(),
    deliveries: new Map(),
    usageBehaviour: () => 'ok',
    leaseAnswer: null,
    failing: null,
    greet: true,
    send: (message) => {
      for (const response of open) write(response, message)
    },
    sendRaw: (bytes) => {
      for (const response of open) response.write(bytes)
    },
    cut: () => {
      for (const response of open) response.destroy()
    },
    openStreams: () => open.size,
    close: async () => {
      clearInterval(pings)
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return Object.assign(self, { port, url: `http://127.0.0.1:${port}` })
}

/** By its own books, attempt by attempt; what nobody knows the cost of stays held. */
function spent({ budgets }: SpentQuery, booked: Iterable<UsageEvent>): SpentAnswer {
  const events = [...booked]
  return {
    committedSequence: Math.max(0, ...events.map(({ sequence }) => sequence)),
    budgets: budgets.map(({ id, scope, startMs, endMs }) => {
      const sums = new Map<string, { spent: bigint; held: bigint }>()
      for (const event of events) {
        if (event.at < startMs || (endMs !== null && event.at >= endMs)) continue
        for (const { providerId, model, costPicoUsd, outcome } of event.attempts) {
          for (const subject of subjectsOf(scope, { ...event, providerId, model })) {
            const { spent, held } = sums.get(subject) ?? { spent: 0n, held: 0n }
            const stays = outcome === 'unknown' ? BigInt(event.reservedPicoUsd ?? 0) : 0n
            sums.set(subject, { spent: spent + BigInt(costPicoUsd ?? 0), held: held + stays })
          }
        }
      }
      const subjects = [...sums].map(([subject, { spent, held }]) => ({
        subject,
        spentPicoUsd: spent.toString(),
        heldPicoUsd: held.toString(),
      }))
      return { id, subjects }
    }),
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}
