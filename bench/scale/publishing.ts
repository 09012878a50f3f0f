/** A stream of changes, and what it does to live calls. */
import http from 'node:http'
import pg from 'pg'
import { requestBody, VENDOR_KEY, VENDOR_MODEL } from '../wire.ts'
import type { GatewayProcess, LoopDelay } from './gateway-process.ts'
import { keySecret } from './resources-data.ts'

interface Times {
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export interface PublishingResult {
  /** As one who listens to both notifications hears them. */
  readonly commitToAck: Times
  readonly apiCall: Times
  /** Answers that said that the gateway had not acknowledged in time. */
  readonly unacknowledged: number
  readonly changesPerSecond: number
  readonly quiet: { readonly calls: Times; readonly loop: LoopDelay }
  readonly changing: { readonly calls: Times; readonly loop: LoopDelay }
}

interface Plan {
  readonly origin: string
  readonly token: string
  readonly databaseUrl: string
  readonly upstreamPort: number
  readonly gateway: GatewayProcess
  readonly keys: number
  readonly seconds: number
  readonly say: (text: string) => void
}

const CALLS_PER_SECOND = 200
const ROUTE = 'bench-live'

export async function measurePublishing(plan: Plan): Promise<PublishingResult> {
  const api = createApi(plan)
  const provider = await api('POST', '/providers', {
    name: 'Live vendor',
    kind: 'openai-compatible',
    baseUrl: `http://127.0.0.1:${plan.upstreamPort}/v1`,
    credentials: { apiKey: VENDOR_KEY },
    allowPrivateNetwork: true,
  })
  const route = await api('POST', '/routes', {
    name: ROUTE,
    strategy: 'priority',
    targets: [{ providerId: provider.id, model: VENDOR_MODEL }],
  })
  const calls = createCalls(plan.gateway.port)
  // Code is compiled before it is timed, on both sides.
  await Promise.all([calls.run(3), changeFor(api, route.id, 3)])
  await plan.gateway.loopDelay()

  const quiet = { calls: await calls.run(plan.seconds), loop: await plan.gateway.loopDelay() }
  const heard = await listen(plan.databaseUrl)
  const [live, changes] = await Promise.all([calls.run(plan.seconds), changeFor(api, route.id, plan.seconds)])
  const changing = { calls: live, loop: await plan.gateway.loopDelay() }
  await new Promise((resolve) => setTimeout(resolve, 500))
  const commitToAck = timesOf(await heard.stop())
  calls.close()
  plan.say(
    `  ${changes.times.length} changes; commit to acknowledgement p99 ${commitToAck.p99Ms.toFixed(1)} ms, API call p99 ${timesOf(changes.times).p99Ms.toFixed(1)} ms`,
  )
  return {
    commitToAck,
    apiCall: timesOf(changes.times),
    unacknowledged: changes.unacknowledged,
    changesPerSecond: changes.times.length / plan.seconds,
    quiet,
    changing,
  }
}

type Api = (
  method: string,
  path: string,
  body?: object,
) => Promise<Record<string, string> & { applied: string }>

function createApi({ origin, token }: Plan): Api {
  return async (method, path, body) => {
    const response = await fetch(`${origin}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`)
    const value = text ? (JSON.parse(text) as Record<string, string>) : {}
    return { ...value, applied: response.headers.get('x-gatehouse-applied') ?? '' }
  }
}

/** One change after the other, of every kind that is made often: keys come, change, and are revoked; routes change. */
async function changeFor(
  api: Api,
  routeId: string | undefined,
  seconds: number,
): Promise<{ times: number[]; unacknowledged: number }> {
  const times: number[] = []
  let unacknowledged = 0
  const timed = async (method: string, path: string, body?: object) => {
    const begun = performance.now()
    const answer = await api(method, path, body)
    times.push(performance.now() - begun)
    if (answer.applied !== '1/1') unacknowledged += 1
    return answer
  }
  const until = performance.now() + seconds * 1_000
  for (let n = 0; performance.now() < until; n += 1) {
    const made = await timed('POST', '/keys', {
      name: `bench ${process.hrtime.bigint()}`,
      consumerId: 'cons_00000001',
    })
    const soon = new Date(Date.now() + 86_400_000 + n).toISOString()
    await timed('PATCH', `/keys/${made.id}`, { expiresAt: soon })
    await timed('PATCH', `/routes/${routeId}`, { maxOutputTokens: 1_000 + (n % 1_000) })
    await timed('POST', `/keys/${made.id}/revoke`)
  }
  return { times, unacknowledged }
}

/** Live calls at an even rate, each by another of many keys. */
function createCalls(port: number): { run(seconds: number): Promise<Times>; close(): void } {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 32 })
  const body = requestBody(ROUTE, false)
  let n = 5
  const call = () =>
    new Promise<number>((resolve, reject) => {
      const begun = performance.now()
      n = (n + 7) % 1_000
      const request = http.request(
        {
          host: '127.0.0.1',
          port,
          method: 'POST',
          path: '/v1/chat/completions',
          agent,
          headers: {
            // Consumers are off in the filled data where their number ends in 07 or 57.
            authorization: `Bearer ${keySecret(n % 50 === 7 ? n + 1 : n)}`,
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
          },
        },
        (response) => {
          response.resume()
          response.on('end', () =>
            response.statusCode === 200
              ? resolve(performance.now() - begun)
              : reject(new Error(`a live call was answered with ${response.statusCode}`)),
          )
        },
      )
      request.on('error', reject)
      request.end(body)
    })
  return {
    async run(seconds) {
      const pending: Promise<number>[] = []
      const begun = performance.now()
      for (let sent = 0; sent < seconds * CALLS_PER_SECOND; sent += 1) {
        const dueMs = begun + (sent * 1_000) / CALLS_PER_SECOND - performance.now()
        if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs))
        pending.push(call())
      }
      return timesOf(await Promise.all(pending))
    },
    close: () => agent.destroy(),
  }
}

/** Milliseconds between the notification of a revision and that of its acknowledgement. */
async function listen(url: string): Promise<{ stop(): Promise<number[]> }> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const committed = new Map<number, number>()
  const times: number[] = []
  client.on('notification', ({ channel, payload }) => {
    const now = performance.now()
    if (channel === 'gatehouse_config') committed.set(Number(payload), now)
    if (channel !== 'gatehouse_ack') return
    const { revision, status } = JSON.parse(payload ?? '{}') as { revision: number; status: string }
    if (status !== 'applied') return
    // One acknowledgement may stand for several revisions.
    for (const [known, at] of committed) {
      if (known > revision) continue
      times.push(now - at)
      committed.delete(known)
    }
  })
  await client.query('LISTEN gatehouse_config; LISTEN gatehouse_ack')
  return {
    async stop() {
      await client.end()
      return times
    },
  }
}

function timesOf(times: readonly number[]): Times {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: sorted.at(-1) ?? 0 }
}
