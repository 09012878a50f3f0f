import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NO_USAGE } from '../../lib/contract/usage.ts'
import { openJournal } from '../journal/journal.ts'
import type { Journal } from '../journal/journal-options.ts'
import { callId, event, intent, type MemoryFs, memoryFs } from '../journal/journal-testing.ts'
import { testBudget } from '../testing/policies.ts'
import { actualAmounts } from './actual-amounts.ts'
import { type CounterLedger, createCounterLedger, signatureOf } from './counter-ledger.ts'
import { type Counters, createCounters } from './counters.ts'
import { COUNTS, type Hold, isHold, type Want, want } from './hold.ts'

const NOW = 1_750_000_100_000
const clock = { now: () => NOW, monotonic: () => 5_000 }
const BUDGETS = ['budget_a||0', 'budget_b|team_1|0'] as const
const WINDOW = 'limit_a|key_1'
const WINDOW_MS = 3_600_000

interface Open {
  readonly number: number
  readonly hold: Hold
  readonly held: bigint
  /** Known once its attempt is over. */
  cost: bigint | null
}

/** What should be counted, and nothing else known of how. */
class Oracle {
  spent = 0n
  readonly open = new Map<number, Open>()
  /** Of calls that a crash cut: the hold as it was, or what their attempt had come to by then. */
  stuckLow = 0n
  stuckHigh = 0n

  heldRange(): [bigint, bigint] {
    let [low, high] = [this.stuckLow, this.stuckHigh]
    for (const { cost, held } of this.open.values()) {
      low += cost ?? held
      high += cost ?? held
    }
    return [low, high]
  }

  crash(): void {
    for (const { held, cost } of this.open.values()) {
      const known = cost ?? held
      const [low, high] = known < held ? [known, held] : [held, known]
      this.stuckLow += low
      this.stuckHigh += high
    }
    this.open.clear()
  }
}

class World {
  readonly fs: MemoryFs = memoryFs()
  readonly oracle = new Oracle()
  counters!: Counters
  ledger!: CounterLedger
  journal!: Journal
  #calls = 0

  constructor() {
    this.restart()
  }

  restart(): void {
    this.counters = createCounters(clock)
    this.ledger = createCounterLedger(this.counters)
    const log = () => {}
    this.journal = openJournal({
      directory: 'j',
      fs: this.fs,
      clock,
      log,
      sync: 'group',
      counters: this.ledger,
      limits: { segmentBytes: 3_000 },
    })
  }

  begin(held: bigint): void {
    const number = ++this.#calls
    const wants: Want[] = BUDGETS.map((key) =>
      want({ key, counts: COUNTS.money, amount: held, limit: null, windowMs: 0 }),
    )
    wants.push(want({ key: WINDOW, counts: COUNTS.cost, amount: held, limit: null, windowMs: WINDOW_MS }))
    const hold = this.counters.reserve(wants)
    if (!isHold(hold)) throw new Error('nothing is limited here')
    this.journal.intend({ ...intent(number), hold, reservedPicoUsd: held.toString(), startedAt: NOW })
    this.counters.written(hold)
    this.oracle.open.set(number, { number, hold, held, cost: null })
  }

  end(which: number, cost: bigint): void {
    const open = this.#pick(which, (call) => call.cost === null)
    if (!open) return
    open.cost = cost
    this.counters.correct(open.hold, actualAmounts(open.hold, this.#record(cost)))
  }

  settle(which: number): void {
    const open = this.#pick(which, (call) => call.cost !== null)
    if (!open || open.cost === null) return
    this.journal.settle({ ...event(open.number), attempts: [this.#record(open.cost)] })
    this.counters.commit(open.hold)
    this.oracle.spent += open.cost
    this.oracle.open.delete(open.number)
  }

  check(): void {
    const [low, high] = this.oracle.heldRange()
    for (const key of BUDGETS) {
      const { spent, held } = this.counters.money(key)
      expect(spent).toBe(this.oracle.spent)
      expect(held >= low && held <= high, `${held} is from ${low} to ${high}`).toBe(true)
    }
    const { used } = this.counters.used(WINDOW, WINDOW_MS)
    const spent = this.oracle.spent
    expect(
      used >= spent + low && used <= spent + high,
      `${used} is from ${spent + low} to ${spent + high}`,
    ).toBe(true)
  }

  #record(cost: bigint) {
    const [attempt] = event(1).attempts
    if (!attempt) throw new Error('an event without attempts')
    return { ...attempt, usage: NO_USAGE, costPicoUsd: cost.toString() }
  }

  #pick(which: number, fits: (open: Open) => boolean): Open | undefined {
    const open = [...this.oracle.open.values()].filter(fits)
    return open[which % Math.max(1, open.length)]
  }
}

const amount = fc.bigInt({ min: 0n, max: 10_000_000_000_000n })
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('begin' as const), amount }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(20), amount }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const) }) },
)

test('whatever is begun, ended, settled and killed, the counters are the books plus the holds', () => {
  const runs = process.env.GATEHOUSE_TEST_LONG ? 5_000 : 150
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const world = new World()
      for (const one of steps) {
        if (one.do === 'begin') world.begin(one.amount)
        else if (one.do === 'end') world.end(one.which, one.amount)
        else if (one.do === 'settle') world.settle(one.which)
        else {
          world.oracle.crash()
          world.restart()
        }
        world.check()
      }
    }),
    { numRuns: runs },
  )
})

test('what was counted anew is there after a restart, with what was held and settled since', () => {
  const world = new World()
  const [key] = BUDGETS
  const budget = testBudget({ amountUsd: '1', recount: 3 })
  for (const note of [
    { adopted: [signatureOf(budget)], money: [[key, '1000', '5'] as const], attached: [] },
    { recounted: [[signatureOf(budget), 3] as const], spent: [[key, '400'] as const] },
  ]) {
    world.begin(100n)
    world.ledger.adopt(note)
    world.journal.note(note)
  }
  expect(world.counters.money(key)).toEqual({ spent: 400n, held: 105n })
  world.end(0, 70n)
  world.settle(0)
  for (let restarts = 0; restarts < 3; restarts += 1) {
    expect(world.counters.money(key).spent).toBe(470n)
    expect(world.ledger.isCurrent(budget)).toBe(true)
    expect(world.ledger.isCurrent({ ...budget, recount: 4 })).toBe(false)
    world.restart()
  }
})

test('what was adopted, and attached to calls in flight, is there after a restart', () => {
  const world = new World()
  world.begin(100n)
  const open = world.oracle.open.get(1)
  if (!open) throw new Error('nothing is open')
  const key = 'budget_new||0'
  const note = {
    adopted: ['signature'],
    money: [[key, '1000', '5'] as const],
    attached: [[callId(1), 0, key, '0'] as const],
  }
  const live = createCounterLedger(world.counters)
  live.adopt(note)
  open.hold.attachMoney(key, 0n)
  world.journal.note(note)
  expect(world.counters.money(key)).toEqual({ spent: 1_000n, held: 5n })
  world.end(0, 70n)
  world.settle(0)
  expect(world.counters.money(key)).toEqual({ spent: 1_070n, held: 5n })
  world.restart()
  expect(world.counters.money(key)).toEqual({ spent: 1_070n, held: 5n })
})
