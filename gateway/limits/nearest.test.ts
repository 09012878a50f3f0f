import { expect, test } from 'vitest'
import { MAX_NEAR } from '../../lib/contract/control.ts'
import { PolicyIndex } from '../snapshot/policy-index.ts'
import { testProvider } from '../testing/memory-configuration.ts'
import { testLimit } from '../testing/policies.ts'
import { vendorLimit, vendorLimitsOf } from './applicable.ts'
import { createCounters } from './counters.ts'
import { COUNTS, want } from './hold.ts'
import { createNearest } from './nearest.ts'
import { limitKey } from './policing.ts'

const requests = testLimit({ metric: 'requests', limit: '100', windowSeconds: 10 })
const tokens = testLimit({ metric: 'tokens', limit: '1000000', windowSeconds: 10 })
const atOnce = testLimit({ metric: 'concurrency', limit: '4' })

function rig() {
  let now = 5_000
  const clock = { now: () => 1_750_000_000_000 + now, monotonic: () => now }
  const counters = createCounters(clock)
  const draft = new PolicyIndex().edit()
  for (const limit of [requests, tokens, atOnce]) draft.add(limit)
  const policies = draft.finish()
  const near = createNearest(counters, (id) => policies.limit(id))
  const take = (limit: typeof requests, subject: string, amount: bigint) =>
    counters.reserve([
      want({
        key: limitKey(limit, subject),
        counts: limit === atOnce ? COUNTS.concurrency : COUNTS.requests,
        amount,
        limit: null,
        windowMs: (limit.windowSeconds ?? 0) * 1_000,
      }),
    ])
  return { counters, near, take, pass: (ms: number) => (now += ms) }
}

test('the nearest to their end come first, whatever they count; what is out of its window is gone', () => {
  const { near, take, pass } = rig()
  take(requests, 'key_1', 50n)
  take(tokens, 'key_1', 900_000n)
  take(atOnce, 'key_2', 1n)
  expect(near()).toEqual([
    { limitId: tokens.id, subject: 'key_1', used: '900000' },
    { limitId: requests.id, subject: 'key_1', used: '50' },
    { limitId: atOnce.id, subject: 'key_2', used: '1' },
  ])
  pass(10_001)
  expect(near()).toEqual([{ limitId: atOnce.id, subject: 'key_2', used: '1' }])
})

test('a limit that is gone is not told', () => {
  const { near, take } = rig()
  take(testLimit({ id: 'limit_gone', metric: 'requests', limit: '1' }), 'key_1', 1n)
  expect(near()).toEqual([])
})

test('of very many counters the nearest are found by and by, and no more than fit are told', () => {
  const { near, take } = rig()
  const count = 10_000
  for (let n = 0; n < count; n += 1) take(requests, `key_${n}`, 1n + BigInt((n * 7_919) % 90))
  take(requests, 'the nearest', 99n)
  const looks = Array.from({ length: 6 }, near)
  expect(looks.every((look) => look.length <= MAX_NEAR)).toBe(true)
  const last = looks.at(-1) ?? []
  expect(last[0]).toEqual({ limitId: requests.id, subject: 'the nearest', used: '99' })
  expect(last.slice(1, 100).every(({ used }) => used === '90')).toBe(true)
})

test('what a vendor allows is among them, by what its provider has now', () => {
  const { counters } = rig()
  const allowed = { model: 'gpt-4o', metric: 'requests' as const, limit: 10, windowSeconds: 60 }
  const provider = testProvider({ id: 'prov_1', limits: [allowed] })
  const [limit] = vendorLimitsOf({ provider, model: 'gpt-4o' })
  if (!limit) throw new Error('no limit')
  counters.reserve([want({ ...limit, amount: 4n })])
  const near = createNearest(counters, (id, subject) => vendorLimit(provider, id, subject))
  expect(near()).toEqual([{ limitId: 'prov_1/requests/60', subject: 'gpt-4o', used: '4' }])
  const changed = testProvider({ id: 'prov_1', limits: [{ ...allowed, windowSeconds: 10 }] })
  expect(createNearest(counters, (id, subject) => vendorLimit(changed, id, subject))()).toEqual([])
})
