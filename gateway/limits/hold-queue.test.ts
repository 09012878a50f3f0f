import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Counters, createCounters } from './counters.ts'
import { COUNTS, type Hold, isHold, type Shortage, type Want, want } from './hold.ts'
import { HoldQueue, type Patience } from './hold-queue.ts'

let counters: Counters
let queue: HoldQueue

beforeEach(() => {
  vi.useFakeTimers()
  counters = createCounters({ now: () => Date.now(), monotonic: () => Date.now() })
  queue = new HoldQueue(counters)
})
afterEach(() => {
  expect(queue.waiting).toBe(0)
  vi.useRealTimers()
})

const money = (amount: bigint, key = 'budget'): Want =>
  want({ key, counts: COUNTS.money, amount, limit: 100n, windowMs: 0 })
const place = (): Want =>
  want({ key: 'vendor', counts: COUNTS.concurrency, amount: 1n, limit: 1n, windowMs: 0, waits: true })
const patient = (waitMs: number): Patience => ({ waitMs: () => waitMs, onWaiting: () => {} })

function taken(result: Hold | Shortage): Hold {
  if (!isHold(result)) throw new Error(`short: ${result.reason}`)
  return result
}
const giveBack = (hold: Hold) =>
  counters.correct(
    hold,
    hold.entries.map(() => 0n),
  )

/** What came of a wait, and when. */
function waiting(wants: Want[], waitMs: number) {
  const since = Date.now()
  const outcome = { afterMs: -1, result: null as Hold | Shortage | null }
  void Promise.resolve(queue.reserve(wants, patient(waitMs))).then((result) => {
    Object.assign(outcome, { afterMs: Date.now() - since, result })
  })
  return outcome
}
const reasonOf = ({ result }: ReturnType<typeof waiting>) =>
  result && !isHold(result) ? result.reason : 'held it'

test('nobody waits longer than they may, to the millisecond', async () => {
  taken(queue.reserveAtOnce([money(90n)]))
  const waits = [0, 1, 250, 2_000].map((waitMs) => ({ waitMs, outcome: waiting([money(20n)], waitMs) }))
  await vi.advanceTimersByTimeAsync(1_999)
  expect(queue.waiting).toBe(1)
  await vi.advanceTimersByTimeAsync(60_000)
  for (const { waitMs, outcome } of waits)
    expect([outcome.afterMs, reasonOf(outcome)]).toEqual([waitMs, 'held'])
})

test('who came first is served first, and a newcomer passes nobody', async () => {
  const first = taken(queue.reserveAtOnce([money(100n)]))
  const large = waiting([money(80n)], 1_000)
  const small = waiting([money(10n)], 1_000)
  const release = taken(queue.reserveAtOnce([money(0n, 'other')]))
  giveBack(release)
  counters.correct(first, [50n])
  await vi.advanceTimersByTimeAsync(0)
  // There is room for ten, but it is the turn of eighty.
  expect([large.result, small.result]).toEqual([null, null])
  expect(queue.reserveAtOnce([money(10n)])).toMatchObject({ reason: 'held' })
  giveBack(first)
  await vi.advanceTimersByTimeAsync(0)
  expect([reasonOf(large), reasonOf(small)]).toEqual(['held it', 'held it'])
})

test('whoever gives up makes way for those behind', async () => {
  const hold = taken(queue.reserveAtOnce([money(50n)]))
  const large = waiting([money(80n)], 100)
  const small = waiting([money(40n)], 1_000)
  await vi.advanceTimersByTimeAsync(100)
  expect([reasonOf(large), reasonOf(small), small.afterMs]).toEqual(['held', 'held it', 100])
  giveBack(hold)
})

test('who waits in vain is told as soon as that is known', async () => {
  const hold = taken(queue.reserveAtOnce([money(60n)]))
  const waiter = waiting([money(50n)], 2_000)
  await vi.advanceTimersByTimeAsync(300)
  counters.commit(hold)
  await vi.advanceTimersByTimeAsync(0)
  expect([reasonOf(waiter), waiter.afterMs]).toEqual(['full', 300])
})

test('a place at a vendor is waited for in turn, one that may not be waited for is refused at once', async () => {
  const hold = taken(queue.reserveAtOnce([place()]))
  expect(counters.reserve([{ ...place(), waits: false }])).toMatchObject({ reason: 'full' })
  const waiters = [waiting([place()], 1_000), waiting([place()], 1_000)]
  giveBack(hold)
  await vi.advanceTimersByTimeAsync(0)
  expect(waiters.map(({ result }) => result !== null)).toEqual([true, false])
  giveBack(taken(waiters[0]?.result as Hold))
  await vi.advanceTimersByTimeAsync(0)
  expect(reasonOf(waiters[1] as (typeof waiters)[0])).toBe('held it')
})

test('who needs two things waits for the one after the other, holding neither meanwhile', async () => {
  const [vendor, budget] = [taken(queue.reserveAtOnce([place()])), taken(queue.reserveAtOnce([money(100n)]))]
  const both = waiting([money(10n), place()], 1_000)
  giveBack(budget)
  await vi.advanceTimersByTimeAsync(0)
  expect([both.result, counters.money('budget').held]).toEqual([null, 0n])
  giveBack(vendor)
  await vi.advanceTimersByTimeAsync(0)
  expect(reasonOf(both)).toBe('held it')
})
