/**
 * For tests of faults: traffic, and the three tallies that must agree about it: what the callers saw, what the vendor
 * served, what the books say.
 */
import { expect } from 'vitest'
import type { Way } from '../../e2e/support/management-api.ts'
import { picoCost } from '../../e2e/support/management-api.ts'
import { until } from '../processes.ts'
import type { Fleet } from './fleet.ts'

export interface Traffic {
  /** Ids of calls that ended well for the caller. */
  readonly completed: Set<string>
  /** What went otherwise. */
  readonly failed: { readonly status: number; readonly text: string }[]
  /** Waits until so many more have completed. */
  flows(calls?: number): Promise<void>
  stop(): Promise<void>
}

const FLOWING = 20
/** Without one more call in this time, traffic stands; how fast it flows is the machine's affair. */
const STANDS_AFTER_MS = 30_000

/** Calls without a break over the gateways in turn, every other one streamed. */
export function startTraffic(gateways: readonly { url: string }[], way: Way, callers = 4): Traffic {
  const completed = new Set<string>()
  const failed: Traffic['failed'] = []
  let stopped = false
  const loop = async (index: number) => {
    for (let turn = index; !stopped; turn += 1) {
      const { url } = gateways[turn % gateways.length] ?? { url: '' }
      const answer = await oneCall(url, way, turn % 2 === 0)
      if (answer.whole) completed.add(answer.id)
      else failed.push({ status: answer.status, text: answer.text })
      // One that is refused at once must not be asked in a tight loop.
      if (!answer.whole) await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const loops = Array.from({ length: callers }, (_, index) => loop(index))
  return {
    completed,
    failed,
    async flows(calls = FLOWING) {
      const enough = completed.size + calls
      while (completed.size < enough) {
        const next = Math.min(enough, completed.size + FLOWING)
        if (await until(() => completed.size >= next, STANDS_AFTER_MS, 10)) continue
        throw new Error(`traffic stands: ${completed.size} of ${enough}; ${JSON.stringify(failed.slice(-3))}`)
      }
    },
    async stop() {
      stopped = true
      await Promise.all(loops)
    },
  }
}

export interface Answered {
  readonly status: number
  readonly id: string
  readonly text: string
  /** The caller has its whole answer. */
  readonly whole: boolean
}

export async function oneCall(
  url: string,
  way: Pick<Way, 'route' | 'secret'>,
  stream = false,
): Promise<Answered> {
  try {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${way.secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: way.route, stream, messages: [{ role: 'user', content: 'Hello' }] }),
      signal: AbortSignal.timeout(20_000),
    })
    const text = await response.text()
    const whole = response.status === 200 && (!stream || text.trimEnd().endsWith('[DONE]'))
    return { status: response.status, id: response.headers.get('x-gatehouse-request-id') ?? '', text, whole }
  } catch (error) {
    return { status: 0, id: '', text: String(error), whole: false }
  }
}

interface Booked {
  readonly id: string
  readonly attempts: { outcome: string }[]
  readonly input_tokens: string
  readonly output_tokens: string
  readonly cost: string | null
  readonly gateway: string
}

/** Waits until each gateway that lives has said, from now on, that it holds nothing back. */
export async function allIsShipped(fleet: Fleet, withinMs = 30_000): Promise<void> {
  const [{ now } = { now: '' }] = await fleet.query<{ now: string }>('SELECT now()::text AS now')
  let reports: { renewed: boolean; waits: boolean }[] = []
  const shipped = async () => {
    reports = await fleet.query(
      `SELECT lease_until > $1::timestamptz + interval '10 seconds' AS renewed,
         (report->>'unshippedEvents')::int + (report->>'openIntents')::int + (report->>'inFlight')::int > 0 AS waits
       FROM gateways WHERE lease_until > now()`,
      [now],
    )
    return reports.length > 0 && reports.every(({ renewed, waits }) => renewed && !waits)
  }
  expect(await until(shipped, withinMs, 100), JSON.stringify(reports)).toBe(true)
}

/**
 * The three tallies agree: every call that the vendor saw is in the books once, at its price; every call that a caller
 * saw end is among them, complete; and the rollups have the same sums. `killed`: gateways were killed, so that an
 * attempt may be cut, or unknown.
 */
export async function expectTalliesAgree(
  fleet: Fleet,
  traffic: Traffic,
  { killed = false } = {},
): Promise<void> {
  const isIdle = async () => (await fleet.vendor.served()).every(({ outcome }) => outcome !== 'serving')
  expect(await until(isIdle, 15_000)).toBe(true)
  let missing: string[] = []
  const served = await fleet.vendor.served()
  const invoice = new Map<string, number>()
  for (const { requestId } of served) invoice.set(requestId ?? '', (invoice.get(requestId ?? '') ?? 0) + 1)
  let booked = new Map<string, Booked>()
  // A lease that is three seconds old does not know of the last calls.
  const complete = async () => {
    booked = new Map((await readBooks(fleet)).map((call) => [call.id, call]))
    missing = [...invoice.keys(), ...traffic.completed].filter((id) => !booked.has(id))
    return missing.length === 0
  }
  expect(await until(complete, 20_000), `not in the books: ${missing.slice(0, 5)} of ${missing.length}`).toBe(
    true,
  )

  for (const call of booked.values()) {
    const atVendor = invoice.get(call.id) ?? 0
    const unknown = call.attempts.filter(({ outcome }) => outcome === 'unknown').length
    if (!killed) expect(unknown, JSON.stringify(call)).toBe(0)
    expect(atVendor, JSON.stringify(call)).toBeLessThanOrEqual(call.attempts.length)
    expect(atVendor, JSON.stringify(call)).toBeGreaterThanOrEqual(call.attempts.length - unknown)
  }
  const byId = new Map(served.map((entry) => [entry.requestId, entry]))
  for (const id of traffic.completed) {
    const [call, entry] = [booked.get(id), byId.get(id)]
    expect(call?.attempts.map(({ outcome }) => outcome)).toEqual(['ok'])
    expect([Number(call?.input_tokens), Number(call?.output_tokens)]).toEqual([
      entry?.promptTokens,
      entry?.completionTokens,
    ])
    expect(BigInt(call?.cost ?? -1)).toBe(picoCost(entry?.promptTokens ?? 0, entry?.completionTokens ?? 0))
  }
  const [sums] = await fleet.query<{
    calls: number
    requests: number
    cost: string
    rolled: string
    doubles: number
  }>(
    `SELECT (SELECT count(*)::int FROM calls) AS calls, (SELECT sum(requests)::int FROM rollup_quarters) AS requests,
       (SELECT coalesce(sum(cost_pico), 0)::text FROM ledger_lines) AS cost,
       (SELECT sum(cost_pico)::text FROM rollup_quarters) AS rolled,
       (SELECT count(*)::int FROM (SELECT 1 FROM calls GROUP BY gateway_id, sequence HAVING count(*) > 1) d) AS doubles`,
  )
  expect(sums).toMatchObject({ requests: sums?.calls, rolled: sums?.cost, doubles: 0 })
}

function readBooks(fleet: Fleet): Promise<Booked[]> {
  return fleet.query<Booked>(
    `SELECT id::text, attempts, input_tokens::text, output_tokens::text, cost_pico::text AS cost, gateway_id AS gateway FROM calls`,
  )
}

/** The seed of this run, printed so that it can be run again: `GATEHOUSE_TEST_SEED=…`. Mulberry32. */
export function seededRandom(name: string): () => number {
  const seed = Number(process.env.GATEHOUSE_TEST_SEED ?? Date.now() % 1_000_000)
  console.log(`${name}: GATEHOUSE_TEST_SEED=${seed}`)
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
