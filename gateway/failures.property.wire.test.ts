import { afterAll, expect, it } from 'vitest'
import { formatUsd } from '../lib/contract/money.ts'
import { budgetKey, periodOf } from './limits/policing.ts'
import { AnswersGiven, type Seen, toldBy } from './testing/failing-vendors.ts'
import { type GatewayUnderTest, HELLO, startGatewayUnderTest, until } from './testing/gateway-under-test.ts'
import { testRoute } from './testing/memory-configuration.ts'
import { testBudget } from './testing/policies.ts'
import { seeded, testSeed } from './testing/seed.ts'

const WORLDS = process.env.GATEHOUSE_TEST_LONG === '1' ? 200 : 12
const CALLS = 40
const AT_ONCE = 8
const CAP = 20

const random = seeded(testSeed('failures'))
const chance = (share: number) => random() < share
const pick = <T>(...all: readonly [T, ...T[]]): T => all[Math.floor(random() * all.length)] ?? all[0]

let gateway: GatewayUnderTest | undefined
afterAll(() => gateway?.close())

/** Over all worlds. */
const told = new Set<string>()

const targets = [
  { providerId: 'provider_a', model: 'gpt-fake', priority: 0 },
  { providerId: 'provider_b', model: 'gpt-other', priority: 1 },
  { providerId: 'provider_a', model: 'gpt-third', priority: 1 },
]

const someRoute = () => ({
  strategy: pick('priority', 'weighted', 'leastLatency', 'leastBusy', 'cheapest', 'consistentHash'),
  targets,
  retries: { attempts: pick(0, 1, 2, 4) },
  timeouts: { firstTokenMs: 150, idleMs: 150, totalMs: 1_500 },
  onDisconnect: pick('abort', 'drain'),
  hedge: pick(null, null, { percentile: 50, minMs: 10 }),
})

/** Room for some, most or all of the calls. */
const someBudget = (index: number) =>
  testBudget({
    id: `budget_${index}`,
    amountUsd: pick('0.002', '0.008', '1'),
    reservation: 'strict',
    onExhausted: pick('reject', 'clamp', 'degrade'),
    holdWaitMs: pick(0, 100),
  })

it.each(Array.from({ length: WORLDS }, (_, index) => index))(
  'whatever vendors do, a caller has one whole answer or one honest error, and the books are right (%i)',
  async (index) => {
    await gateway?.close()
    gateway = await startGatewayUnderTest(
      {},
      {},
      { random, ...(chance(0.5) ? {} : { unlimitedRetries: true }) },
    )
    const { a, b, books, policing } = gateway
    const route = someRoute()
    const budget = someBudget(index)
    gateway.configure({ routes: [testRoute({ name: 'both', ...route })], policies: [budget] })
    const given = new AnswersGiven(random)
    given.play(a, pick(0.3, 0.6, 1))
    given.play(b, pick(0, 0.3, 1))
    const world = JSON.stringify({ route, budget: { ...budget, scope: undefined } })

    const key = budgetKey(budget, '', periodOf(budget, Date.now()).startMs)
    const overspent: string[] = []
    const watch = setInterval(() => {
      const { spent, held } = policing.counters.money(key)
      if (spent + held > BigInt(budget.amountPicoUsd)) overspent.push(formatUsd(spent + held))
    }, 1)
    let [left, stayed] = [CALLS, 0]
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (left-- > 0) {
          const seen = await callOrLeave()
          if (!seen) continue
          const what = toldBy(seen, given)
          expect(['whole', 'error'], `${what}: ${JSON.stringify(seen)} of ${world}`).toContain(what)
          told.add(what)
          stayed += 1
          if (what === 'error') expect(goodAnswersTo(seen.id), JSON.stringify(seen)).toBe(0)
        }
      }),
    )
    await until(() => gateway?.listener.inFlight() === 0)
    clearInterval(watch)

    expect(overspent, world).toEqual([])
    expect(gateway.reports).toEqual([])
    expect(books.faults, world).toEqual([])
    const spent = books.events.reduce((sum, { costPicoUsd }) => sum + BigInt(costPicoUsd ?? 0), 0n)
    expect(policing.counters.money(key), world).toEqual({ spent, held: 0n })
    // A caller may leave before its request has come.
    expect(books.events.length).toBeGreaterThanOrEqual(stayed)
    expect(new Set(books.events.map(({ id }) => id)).size).toBe(books.events.length)
    bookedAsBilled(1 + route.retries.attempts + (route.hedge ? 1 : 0))
  },
  60_000,
)

it('both were seen', () => expect([...told].sort()).toEqual(['error', 'whole']))

/** Null: the caller didn't wait for the end. */
async function callOrLeave(): Promise<Seen | null> {
  if (!gateway) throw new Error('no gateway')
  const stream = chance(0.6)
  const impatience = chance(0.1) ? AbortSignal.timeout(Math.ceil(random() * 40)) : undefined
  const body = { model: 'both', ...HELLO, stream, max_completion_tokens: CAP }
  try {
    const answer = await gateway.post(body, impatience ? { signal: impatience } : {})
    const id = answer.headers.get('x-gatehouse-request-id') ?? ''
    return { status: answer.status, body: await answer.text(), id, stream }
  } catch (error) {
    if (impatience?.aborted) return null
    throw error
  }
}

const servedTo = (id: string) =>
  [gateway?.a, gateway?.b].flatMap(
    (vendor) => vendor?.served.filter(({ requestId }) => requestId === id) ?? [],
  )

const goodAnswersTo = (id: string) =>
  servedTo(id).filter(
    ({ outcome, status, plan }) => outcome === 'complete' && status === 200 && !plan.rawBody && !plan.insert,
  ).length

/** Each call to a vendor is in the books, and each answer that its vendor counted at just what it would charge. */
function bookedAsBilled(mostTries: number): void {
  for (const { id, attempts } of gateway?.books.events ?? []) {
    const served = servedTo(id)
    expect(served.length).toBeLessThanOrEqual(attempts.length)
    expect(attempts.length).toBeLessThanOrEqual(mostTries)
    const bills = served.map(({ bill }) => {
      const usage = bill?.usage
      return usage && BigInt(usage.prompt_tokens) * 2_500_000n + BigInt(usage.completion_tokens) * 10_000_000n
    })
    const counted = attempts.filter(({ usageSource }) => usageSource === 'provider')
    for (const { costPicoUsd } of counted) expect(bills).toContain(BigInt(costPicoUsd ?? -1))
  }
}
