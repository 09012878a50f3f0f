import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { SpentAnswer } from '../../lib/contract/control.ts'
import type { UsageEvent } from '../../lib/contract/usage-event.ts'
import type { Call } from '../call.ts'
import { event } from '../journal/journal-testing.ts'
import { StoredEvent } from '../journal/turn.ts'
import type { Configuration } from '../snapshot/configuration.ts'
import { PolicyIndex } from '../snapshot/policy-index.ts'
import { testProvider } from '../testing/memory-configuration.ts'
import { testBudget } from '../testing/policies.ts'
import { actualAmounts } from './actual-amounts.ts'
import { startAdoption } from './adoption.ts'
import { createCounterLedger } from './counter-ledger.ts'
import { createCounters } from './counters.ts'
import { COUNTS, Hold, isHold, want } from './hold.ts'
import { budgetKey } from './policing.ts'

const NOW = 1_750_000_100_000
const clock = { now: () => NOW, monotonic: () => performance.now() }
const BUDGET = testBudget({ amountUsd: '1', scope: { type: 'team', id: null, each: true } })
const KEY = budgetKey(BUDGET, 'team_1', Date.UTC(2025, 5, 1))

function configurationWith(...budgets: (typeof BUDGET)[]): Configuration {
  const policies = new PolicyIndex().edit()
  for (const budget of budgets) policies.add(budget)
  return { policies: policies.finish() } as unknown as Configuration
}

/** A gateway's journal and its admin's books, as far as an adoption sees them. */
class World {
  readonly counters = createCounters(clock)
  readonly ledger = createCounterLedger(this.counters)
  readonly events: UsageEvent[] = []
  readonly calls = new Set<Call>()
  readonly notes: object[] = []
  committed = 0
  /** Between the admin's reading of its books and its answer. */
  meanwhile: () => void = () => {}
  away = false

  readonly adoption = startAdoption({
    ledger: this.ledger,
    counters: this.counters,
    journal: Object.assign(written(this.events), {
      read: async (from: number, max: number) =>
        this.events
          .filter(({ sequence }) => sequence >= from)
          .slice(0, max)
          .map(stored),
      note: (note: object) => void this.notes.push(note),
    }),
    inFlight: () => this.calls,
    ask: async ({ budgets }) => {
      if (this.away) throw new Error('the admin is away')
      const spent = this.events
        .slice(0, this.committed)
        .reduce((sum, one) => sum + BigInt(one.costPicoUsd ?? 0), 0n)
      const answer: SpentAnswer = {
        committedSequence: this.committed,
        budgets: budgets.map(({ id }) => ({
          id,
          subjects: [{ subject: 'team_1', spentPicoUsd: spent.toString(), heldPicoUsd: '0' }],
        })),
      }
      this.meanwhile()
      return answer
    },
    clock,
    log: () => {},
  })

  settle(cost: bigint): void {
    this.events.push({ ...eventOf(cost), sequence: this.events.length + 1 })
  }

  /** A call that left before anybody knew of the budget. */
  begin(): Call {
    const { teamId, consumerId, keyId, routeId, endUser, tags } = event(1)
    const call = {
      id: event(1).id,
      at: NOW,
      subjects: { teamId, consumerId, keyId, routeId, endUser, tags, providerId: null, model: null },
      attempts: [],
      dispatched: [
        { target: { provider: testProvider({ id: 'provider_1' }), model: 'gpt-4o' }, hold: new Hold([]) },
      ],
    } as unknown as Call
    this.calls.add(call)
    return call
  }

  /** As the admin prices again what it has booked. */
  reprice(percent: bigint): void {
    for (const [index, one] of this.events.slice(0, this.committed).entries())
      this.events[index] = {
        ...one,
        costPicoUsd: ((BigInt(one.costPicoUsd ?? 0) * percent) / 100n).toString(),
      }
  }

  /** A call that leaves under the budget. */
  reserve(amount: bigint): Call {
    const call = this.begin()
    const hold = this.counters.reserve([
      want({ key: KEY, counts: COUNTS.money, amount, limit: null, windowMs: 0 }),
    ])
    if (!isHold(hold)) throw new Error('nothing is limited here')
    this.counters.written(hold)
    Object.assign(call.dispatched[0] ?? {}, { hold })
    return call
  }

  end(call: Call, cost: bigint): void {
    const [dispatched] = call.dispatched
    const [attempt] = eventOf(cost).attempts
    if (!dispatched || !attempt) throw new Error('nothing was sent')
    this.counters.correct(dispatched.hold, actualAmounts(dispatched.hold, attempt))
    this.settle(cost)
    this.counters.commit(dispatched.hold)
    this.calls.delete(call)
  }
}

/** All that was told is written. */
function written(events: readonly UsageEvent[]) {
  return {
    get nextSequence() {
      return events.length + 1
    },
    committedSequence: 0,
    staged: () => 0,
    written: async () => true,
  }
}

function eventOf(cost: bigint) {
  const whole = event(1)
  const costPicoUsd = cost.toString()
  return { ...whole, at: NOW, costPicoUsd, attempts: whole.attempts.map((one) => ({ ...one, costPicoUsd })) }
}

function stored(one: UsageEvent): StoredEvent {
  const bytes = Buffer.from(JSON.stringify(one))
  return new StoredEvent(one.sequence, bytes, 0, bytes.length)
}

const costs = fc.array(fc.bigInt({ min: 0n, max: 1_000_000_000n }), { maxLength: 30 })

test('a new budget starts from exactly what its scope has spent, whatever is booked, shipped and in flight', async () => {
  await fc.assert(
    fc.asyncProperty(costs, costs, costs, fc.nat(30), async (booked, during, flying, shipped) => {
      const world = new World()
      for (const cost of booked) world.settle(cost)
      world.committed = Math.min(shipped, booked.length)
      const calls = flying.map(() => world.begin())
      world.meanwhile = () => {
        for (const cost of during) world.settle(cost)
        // Half of what was in flight ends while the admin answers.
        for (const [index, call] of calls.entries()) if (index % 2) world.end(call, flying[index] ?? 0n)
      }
      world.adoption.follow(configurationWith(BUDGET))
      expect(await world.adoption.whenReady(BUDGET, 5_000)).toBe(true)
      for (const [index, call] of calls.entries()) if (index % 2 === 0) world.end(call, flying[index] ?? 0n)
      const sum = [...booked, ...during, ...flying].reduce((total, cost) => total + cost, 0n)
      expect(world.counters.money(KEY)).toEqual({ spent: sum, held: 0n })
      expect(world.notes).toHaveLength(1)
      world.adoption.stop()
    }),
    { numRuns: 60 },
  )
})

test('after a correction the counter is the corrected books and what came since, and no call waits for it', async () => {
  await fc.assert(
    fc.asyncProperty(
      costs,
      costs,
      costs,
      fc.nat(30),
      fc.array(fc.bigInt({ min: 0n, max: 300n }), { minLength: 1, maxLength: 3 }),
      async (booked, during, flying, shipped, corrections) => {
        const world = new World()
        for (const cost of booked) world.settle(cost)
        world.committed = Math.min(shipped, booked.length)
        world.adoption.follow(configurationWith(BUDGET))
        await world.adoption.whenReady(BUDGET, 5_000)
        const calls = flying.map((cost) => world.reserve(cost + 5n))
        for (const [index, percent] of corrections.entries()) {
          world.reprice(percent)
          world.meanwhile = () => {
            expect(world.adoption.isReady(BUDGET)).toBe(true)
            for (const cost of during) world.end(world.reserve(cost + 1n), cost)
            const call = calls.pop()
            if (call) world.end(call, flying[calls.length] ?? 0n)
            world.meanwhile = () => {}
          }
          const corrected = { ...BUDGET, recount: index + 1 }
          world.adoption.follow(configurationWith(corrected))
          await vi.waitUntil(() => world.ledger.isCurrent(corrected), { interval: 1 })
          const spent = world.events.reduce((sum, one) => sum + BigInt(one.costPicoUsd ?? 0), 0n)
          const held = calls.reduce((sum, _, at) => sum + (flying[at] ?? 0n) + 5n, 0n)
          expect(world.counters.money(KEY)).toEqual({ spent, held })
        }
        world.adoption.stop()
      },
    ),
    { numRuns: 60 },
  )
})

test('a subject that the corrected books know nothing of has spent nothing; other periods stay', async () => {
  const world = new World()
  world.adoption.follow(configurationWith(BUDGET))
  await world.adoption.whenReady(BUDGET, 5_000)
  const gone = budgetKey(BUDGET, 'team_2', Date.UTC(2025, 5, 1))
  const earlier = budgetKey(BUDGET, 'team_1', Date.UTC(2025, 4, 1))
  for (const key of [gone, earlier]) world.counters.setMoney(key, { spent: 9n, held: 2n })
  const corrected = { ...BUDGET, recount: 1 }
  world.adoption.follow(configurationWith(corrected))
  await vi.waitUntil(() => world.ledger.isCurrent(corrected), { interval: 1 })
  expect(world.counters.money(gone)).toEqual({ spent: 0n, held: 2n })
  expect(world.counters.money(earlier)).toEqual({ spent: 9n, held: 2n })
  world.adoption.stop()
})

test('while the admin is away nobody claims to know, and it is asked again until it answers', async () => {
  const world = new World()
  world.settle(7n)
  world.away = true
  world.adoption.follow(configurationWith(BUDGET))
  expect(await world.adoption.whenReady(BUDGET, 30)).toBe(false)
  world.away = false
  expect(await world.adoption.whenReady(BUDGET, 5_000)).toBe(true)
  expect(world.counters.money(KEY)).toEqual({ spent: 7n, held: 0n })
  world.adoption.stop()
})

test('a budget that is switched off, or counts another scope, is asked for anew', async () => {
  const world = new World()
  world.adoption.follow(configurationWith(BUDGET))
  await world.adoption.whenReady(BUDGET, 5_000)
  world.adoption.follow(configurationWith({ ...BUDGET, amountPicoUsd: '5' }))
  expect(world.adoption.isReady(BUDGET)).toBe(true)
  world.adoption.follow(configurationWith())
  expect(world.adoption.isReady(BUDGET)).toBe(false)
  const other = { ...BUDGET, scope: { type: 'organization', id: null, each: false } as const }
  world.adoption.follow(configurationWith(other))
  expect(await world.adoption.whenReady(other, 5_000)).toBe(true)
  expect(world.adoption.isReady(BUDGET)).toBe(false)
  world.adoption.stop()
})
