/** Ingest as gateways do it: each ships what waits, up to a thousand events, one batch in flight. */
import { randomBytes } from 'node:crypto'
import http from 'node:http'
import { cpuMs, descendants } from '../process-cpu.ts'
import type { AdminProcess } from './admin-process.ts'
import type { FilledDatabase } from './database.ts'
import type { Sizes } from './resources-data.ts'

export interface IngestResult {
  readonly seconds: number
  readonly wantedPerSecond: number
  readonly bookedPerSecond: number
  /** Events that were due and not booked yet. */
  readonly waitingAtMost: number
  readonly waitingAtEnd: number
  /** At the end no more waited than two seconds bring, and none more than after the first half. */
  readonly keptUp: boolean
  readonly batches: number
  readonly batchP50Ms: number
  readonly batchP99Ms: number
  readonly adminCores: number
  readonly postgresCores: number
  readonly loadCores: number
}

const GATEWAYS = 4
const MAX_BATCH = 1_000
/** From the first waiting event to its batch, as in a gateway. */
const DELAY_MS = 50

export async function measureIngest(
  admin: AdminProcess,
  database: FilledDatabase,
  plan: { seconds: number; ratePerSecond: number; say: (text: string) => void },
): Promise<IngestResult> {
  const { seconds, ratePerSecond } = plan
  const agent = new http.Agent({ keepAlive: true, maxSockets: GATEWAYS })
  const started = performance.now()
  const startedAt = Date.now()
  const postgresPids = () => [database.postgres.pid, ...descendants(database.postgres.pid, 'postgres')]
  const postgres = createCpuMeter(postgresPids)
  const cpuBefore = { admin: admin.cpuMs(), own: process.cpuUsage() }
  const batchMs: number[] = []
  let booked = 0
  let stopped = false

  const work = async (index: number) => {
    const gatewayId = `gw_${randomBytes(10).toString('hex')}`
    const make = eventMaker(database.sizes, index)
    let sent = 0
    while (!stopped) {
      const due = Math.floor((((performance.now() - started) / 1_000) * ratePerSecond) / GATEWAYS)
      const size = Math.min(MAX_BATCH, due - sent)
      if (size < 1) {
        await wait(DELAY_MS)
        continue
      }
      const at = startedAt + Math.round(performance.now() - started)
      const events = Array.from({ length: size }, (_, n) => make(sent + n + 1, at))
      const begun = performance.now()
      await post(admin, agent, `{"gatewayId":"${gatewayId}","events":[${events.join(',')}]}`)
      batchMs.push(performance.now() - begun)
      sent += size
      booked += size
      if (size < MAX_BATCH) await wait(DELAY_MS)
    }
  }
  const workers = Array.from({ length: GATEWAYS }, (_, index) => work(index))
  const waiting: number[] = []
  for (let second = 1; second <= seconds; second += 1) {
    await wait(Math.max(0, started + second * 1_000 - performance.now()))
    postgres.read()
    waiting.push(Math.max(0, Math.floor(((performance.now() - started) / 1_000) * ratePerSecond) - booked))
    if (second % 10 === 0) plan.say(`  ${second} s: ${booked} booked, ${waiting.at(-1)} wait`)
  }
  const elapsedMs = performance.now() - started
  const bookedInTime = booked
  const own = process.cpuUsage(cpuBefore.own)
  const cores = {
    adminCores: (admin.cpuMs() - cpuBefore.admin) / elapsedMs,
    postgresCores: postgres.read() / elapsedMs,
    loadCores: (own.user + own.system) / 1_000 / elapsedMs,
  }
  stopped = true
  await Promise.all(workers)
  agent.destroy()
  const sorted = batchMs.toSorted((a, b) => a - b)
  const waitingAtEnd = waiting.at(-1) ?? 0
  const half = Math.max(...waiting.slice(0, Math.ceil(seconds / 2)))
  return {
    seconds,
    wantedPerSecond: ratePerSecond,
    bookedPerSecond: bookedInTime / (elapsedMs / 1_000),
    waitingAtMost: Math.max(...waiting),
    waitingAtEnd,
    keptUp: waitingAtEnd <= Math.max(2 * ratePerSecond, half),
    batches: batchMs.length,
    batchP50Ms: sorted[sorted.length >> 1] ?? 0,
    batchP99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    ...cores,
  }
}

/** Backends come and go: what each has used since it was seen first. */
function createCpuMeter(pids: () => number[]): { read(): number } {
  const first = new Map<number, number>()
  const last = new Map<number, number>()
  const read = () => {
    for (const pid of pids()) {
      try {
        const used = cpuMs([pid])
        if (!first.has(pid)) first.set(pid, first.size > 0 && last.size > 0 ? 0 : used)
        last.set(pid, used)
      } catch {
        // Gone meanwhile: what it had used when it was seen last counts.
      }
    }
    return [...last].reduce((sum, [pid, used]) => sum + used - (first.get(pid) ?? 0), 0)
  }
  read()
  return { read }
}

/** Events of calls by few keys mostly, two ledger lines each: text, for its making must not be what is measured. */
function eventMaker(sizes: Sizes, seed: number): (sequence: number, at: number) => string {
  let state = seed + 1
  const random = () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
  const id = (prefix: string, n: number) => `${prefix}_${String(n).padStart(8, '0')}`
  const words =
    'search billing checkout support ranking crawler mailer reports fraud pricing catalogue delivery returns payroll hiring legal research mobile gateway identity'.split(
      ' ',
    )
  return (sequence, at) => {
    const key = Math.floor(sizes.keys * random() ** 4)
    const consumer = key % sizes.consumers
    const team = Math.floor(sizes.teams * (consumer / sizes.consumers) ** 3)
    const n = Math.floor(sizes.routes * random() ** 5)
    const route = `route-${words[n % 20]}-${n}`
    const model = `model-${n % sizes.models}`
    const provider = id('prov', n % sizes.providers)
    const input = 50 + Math.floor(5_000 * random())
    const output = input >> 2
    const latency = 80 + Math.floor(9_000 * random() ** 4)
    const hex = at.toString(16).padStart(12, '0')
    const low = Math.floor(random() * 2 ** 31)
      .toString(16)
      .padStart(8, '0')
    const callId = `${hex.slice(0, 8)}-${hex.slice(8)}-7${(sequence & 0xfff).toString(16).padStart(3, '0')}-8${seed.toString(16).padStart(3, '0')}-${low}${(sequence & 0xffff).toString(16).padStart(4, '0')}`
    const usage = `{"inputTokens":${input},"cachedInputTokens":0,"cacheWrite5mTokens":0,"cacheWrite1hTokens":0,"inputAudioTokens":0,"outputTokens":${output},"reasoningTokens":0,"outputAudioTokens":0}`
    const [inputCost, outputCost] = [input * 2_500_000, output * 10_000_000]
    const cost = inputCost + outputCost
    const line = (meter: string, quantity: number, price: string, pico: number) =>
      `{"attempt":0,"meter":"${meter}","quantity":${quantity},"usdPerMillion":"${price}","unit":null,"usdPerUnit":null,"costPicoUsd":"${pico}","priceVersion":"price_1@1"}`
    return `{"id":"${callId}","sequence":${sequence},"traceId":"${callId.replaceAll('-', '')}","at":${at},"kind":"llm","status":200,"code":null,"teamId":"${id('team', team)}","consumerId":"${id('cons', consumer)}","keyId":"${id('key', key)}","routeId":"${id('route', n)}","route":"${route}","stream":true,"requestedModel":"${route}","servedModel":"${model}","providerId":"${provider}","endUser":null,"usage":${usage},"usageSource":"provider","costPicoUsd":"${cost}","unpriced":false,"reservedPicoUsd":null,"lines":[${line('input', input, '2.5', inputCost)},${line('output', output, '10', outputCost)}],"attempts":[{"providerId":"${provider}","providerKind":"openai","model":"${model}","servedModel":"${model}","status":200,"code":null,"outcome":"ok","startedAt":${at},"latencyMs":${latency},"firstTokenMs":${Math.floor(latency / 3)},"usage":${usage},"usageSource":"provider","costPicoUsd":"${cost}"}],"dropped":[],"simulated":false,"latencyMs":${latency},"firstTokenMs":${Math.floor(latency / 3)},"overheadUs":300,"tags":{},"revision":1}`
  }
}

function post(admin: AdminProcess, agent: http.Agent, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = http.request(`${admin.origin}/api/control/usage`, {
      method: 'POST',
      agent,
      headers: {
        authorization: `Bearer ${admin.gatewayToken}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      },
    })
    request.on('error', reject)
    request.on('response', (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => {
        text += chunk
      })
      response.on('end', () => {
        if (response.statusCode === 200) resolve()
        else reject(new Error(`a batch was answered with ${response.statusCode}: ${text.slice(0, 300)}`))
      })
    })
    request.end(body)
  })
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
