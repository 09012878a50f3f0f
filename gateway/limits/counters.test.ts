import { expect, test } from 'vitest'
import { fakeClock } from '../testing/routing-world.ts'
import { createCounters } from './counters.ts'
import { COUNTS, type Hold, isHold, type WantFields, want } from './hold.ts'

const MONEY: WantFields = { key: 'budget|', counts: COUNTS.money, amount: 10n, limit: 100n, windowMs: 0 }
const TOKENS: WantFields = { key: 'limit|', counts: COUNTS.tokens, amount: 10n, limit: 100n, windowMs: 1_000 }

function taken(counters: ReturnType<typeof createCounters>, ...asked: WantFields[]): Hold {
  const hold = counters.reserve(asked.map(want))
  if (!isHold(hold)) throw new Error('no room')
  return hold
}

test('a hold is settled where its key counts now, also when the counter was forgotten meanwhile', () => {
  const clock = fakeClock()
  const counters = createCounters(clock)
  const hold = taken(counters, MONEY, TOKENS)
  clock.advance(2_000)
  counters.prune(() => true)
  counters.setMoney(MONEY.key, { spent: 50n, held: 10n })
  taken(counters, TOKENS)
  counters.correct(hold, [7n, 30n])
  counters.commit(hold)
  expect(counters.money(MONEY.key)).toEqual({ spent: 57n, held: 0n })
  // What it took had passed; what it took more is counted from now on.
  expect(counters.used(TOKENS.key, TOKENS.windowMs).used).toBe(30n)
})

test('a refused want leaves nothing behind that counts', () => {
  const counters = createCounters(fakeClock())
  const short = counters.reserve([want(MONEY), want({ ...TOKENS, amount: 101n })])
  expect(short).toEqual({ index: 1, reason: 'never', waitMs: 1_000 })
  expect(counters.money(MONEY.key)).toEqual({ spent: 0n, held: 0n })
  counters.prune(() => true)
  expect(counters.countedKeys().next().done).toBe(true)
  expect([...counters.moneys()]).toEqual([])
})
