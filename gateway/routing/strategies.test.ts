import { describe, expect, it } from 'vitest'
import { TEST_PRICING } from '../testing/memory-configuration.ts'
import {
  asking,
  callInTurn,
  countOf,
  fakeClock,
  leaveAlone,
  routeOf,
  type TargetFields,
} from '../testing/routing-world.ts'
import { seeded, testSeed } from '../testing/seed.ts'
import { createBalancer } from './balancer.ts'

const CALLS = 6_000
const random = seeded(testSeed('strategies'))
const models = (...names: string[]): TargetFields[] => names.map((model) => ({ model }))
/** Five standard deviations of a share: passed by chance once in a million. */
const spread = (share: number, calls = CALLS) => 5 * Math.sqrt((share * (1 - share)) / calls)

function world(targets: TargetFields[], fields: object) {
  const clock = fakeClock()
  return { clock, balancer: createBalancer(clock, { random }), route: routeOf(targets, fields) }
}

describe('weighted', () => {
  it('gives each target its share, to the call', () => {
    const { balancer, clock, route } = world(
      [
        { model: 'a', weight: 6 },
        { model: 'b', weight: 3 },
        { model: 'c', weight: 1 },
      ],
      { strategy: 'weighted' },
    )
    const asked = callInTurn(balancer, clock, route, CALLS, () => ({ ms: random() * 20 }))
    expect(countOf(asked)).toEqual({ a: 3_600, b: 1_800, c: 600 })
  })
})

describe('least latency', () => {
  const fields = { strategy: 'leastLatency' }
  const noisy = (ms: number) => ms * (0.7 + 0.6 * random())

  it('finds the fast one of ten within 50 calls, and stays with it while the others get a look', () => {
    const names = Array.from({ length: 10 }, (_, at) => `m${at}`)
    const { balancer, clock, route } = world(models(...names), fields)
    const latency = (model: string) => noisy(model === 'm7' ? 50 : 500)
    const asked = callInTurn(balancer, clock, route, CALLS, ({ model }) => ({ ms: latency(model) }))
    expect(countOf(asked.slice(0, 50)).m7).toBeGreaterThanOrEqual(35)
    const counts = countOf(asked.slice(50))
    expect(counts.m7).toBeGreaterThan(0.9 * (CALLS - 50))
    for (const name of names) expect(counts[name] ?? 0, name).toBeGreaterThan(0)
  })

  it('leaves it within 20 calls when it slows', () => {
    const { balancer, clock, route } = world(models('a', 'b'), fields)
    const slow = { from: 400 }
    const asked = callInTurn(balancer, clock, route, 480, ({ model }, call) => ({
      ms: noisy(model === 'b' ? 200 : call < slow.from ? 50 : 2_000),
    }))
    expect(countOf(asked.slice(100, 400)).a).toBeGreaterThan(270)
    expect(countOf(asked.slice(420)).b).toBeGreaterThan(55)
  })

  it('spreads calls that wait at the same time', () => {
    const { balancer, clock, route } = world(models('a', 'b', 'c'), fields)
    callInTurn(balancer, clock, route, 60, () => ({ ms: 100 }))
    const at = Array.from({ length: 30 }, () => {
      const plan = balancer.plan(route, asking())
      const target = plan.next()
      if (target === null || typeof target === 'number') throw new Error('no target')
      plan.begin(target)
      return target.model
    })
    for (const count of Object.values(countOf(at))) expect(count).toBeGreaterThanOrEqual(8)
  })

  it('tells streams from whole answers', () => {
    const { balancer, clock, route } = world(models('a', 'b'), fields)
    const stream = (call: number) => asking({ stream: call % 2 === 0 })
    // a begins early and ends late, b the other way round.
    const asked = callInTurn(
      balancer,
      clock,
      route,
      2_000,
      ({ model }, call) => ({ ms: (model === 'a') === (call % 2 === 0) ? 50 : 400 }),
      stream,
    ).slice(200)
    const streams = asked.filter((_, call) => call % 2 === 0)
    expect(countOf(streams).a).toBeGreaterThan(0.85 * streams.length)
  })
})

describe('least busy', () => {
  it('keeps calls under way in proportion to the weights', () => {
    const { balancer, route } = world(
      [
        { model: 'a', weight: 2 },
        { model: 'b', weight: 1 },
        { model: 'c', weight: 1 },
      ],
      { strategy: 'leastBusy' },
    )
    const under = Array.from({ length: 400 }, () => {
      const plan = balancer.plan(route, asking())
      const target = plan.next()
      if (target === null || typeof target === 'number') throw new Error('no target')
      plan.begin(target)
      return target.model
    })
    expect(countOf(under)).toEqual({ a: 200, b: 100, c: 100 })
  })

  it('with nothing under way it takes turns', () => {
    const { balancer, clock, route } = world(models('a', 'b'), { strategy: 'leastBusy' })
    expect(countOf(callInTurn(balancer, clock, route, 100, () => ({ ms: 1 })))).toEqual({ a: 50, b: 50 })
  })
})

describe('cheapest', () => {
  const rates = (input: string, output: string) => ({ ...TEST_PRICING, rates: { input, output } })
  const prices = { chat: rates('1', '10'), reader: rates('0.2', '50'), free: rates('0', '0') }

  it('goes by what this very call is estimated to cost', () => {
    const { balancer, route } = world(models('chat', 'reader', 'unpriced'), { strategy: 'cheapest' })
    const chosen = (inputTokens: number, cap: number) => {
      const asked = asking({ inputTokens, configuration: { prices } })
      const plan = balancer.plan(route, { ...asked, chat: { ...asked.chat, maxOutputTokens: cap } })
      const target = plan.next()
      return typeof target === 'object' ? target?.model : target
    }
    expect(chosen(100, 1_000)).toBe('chat')
    expect(chosen(100_000, 100)).toBe('reader')
  })

  it('takes what costs nothing, and what has no price last', () => {
    const { balancer, route } = world(models('unpriced', 'chat', 'free'), { strategy: 'cheapest' })
    const plan = balancer.plan(route, asking({ configuration: { prices } }))
    const names = [plan.next(), plan.next(), plan.next()].map((target) =>
      typeof target === 'object' ? target?.model : target,
    )
    expect(names).toEqual(['free', 'chat', 'unpriced'])
  })
})

describe('consistent hash', () => {
  const fields = { strategy: 'consistentHash', affinity: { by: 'user' } }
  const names = ['a', 'b', 'c', 'd', 'e']
  const byUser = (call: number) => asking({ subjects: { endUser: `user-${call}` } })
  const spreadOver = (targets: TargetFields[]) => {
    const { balancer, clock, route } = world(targets, fields)
    return callInTurn(balancer, clock, route, CALLS, () => ({ ms: 1 }), byUser)
  }

  it('spreads users evenly, and by weight', () => {
    const even = countOf(spreadOver(models(...names)))
    for (const name of names)
      expect(Math.abs((even[name] ?? 0) / CALLS - 0.2), name).toBeLessThan(spread(0.2))
    const weighted = countOf(spreadOver([{ model: 'a', weight: 3 }, { model: 'b' }]))
    expect(Math.abs((weighted.a ?? 0) / CALLS - 0.75)).toBeLessThan(spread(0.75))
  })

  it('when a target leaves, only its share moves, and evenly; when it comes back, all is as before', () => {
    const before = spreadOver(models(...names))
    const after = spreadOver(models('a', 'b', 'd', 'e'))
    const moved = before.flatMap((name, call) => (name === after[call] ? [] : [[name, after[call] ?? '']]))
    expect(new Set(moved.map(([from]) => from))).toEqual(new Set(['c']))
    expect(moved).toHaveLength(countOf(before).c ?? 0)
    for (const count of Object.values(countOf(moved.map(([, to]) => to ?? ''))))
      expect(Math.abs(count / moved.length - 0.25)).toBeLessThan(spread(0.25, moved.length))
    expect(spreadOver(models('e', 'c', 'a', 'd', 'b'))).toEqual(before)
  })

  it('falls back to the same other target each time while one is ill', () => {
    const { balancer, clock, route } = world(models(...names), fields)
    const ill = callInTurn(balancer, clock, route, 1, () => ({ ms: 1 }), byUser)[0]
    const target = route.targets.find(({ model }) => model === ill)
    if (target) leaveAlone(balancer, clock, target, 60_000)
    const others = callInTurn(
      balancer,
      clock,
      route,
      20,
      () => ({ ms: 1 }),
      () => byUser(0),
    )
    expect(new Set(others).size).toBe(1)
    expect(others[0]).not.toBe(ill)
  })

  it.each([
    [
      'auto, by the cache key',
      { by: 'auto' },
      { request: { prompt_cache_key: 'k1', user: 'u1' } },
      { request: { prompt_cache_key: 'k1', user: 'u2' } },
    ],
    [
      'auto, by the end user',
      { by: 'auto' },
      { request: { user: 'u1' } },
      { request: { user: 'u1' }, subjects: { keyId: 'other' } },
    ],
    ['key', { by: 'key' }, { request: { user: 'u1' } }, { request: { user: 'u2' } }],
    ['consumer', { by: 'consumer' }, {}, { subjects: { keyId: 'other' } }],
    [
      'header',
      { by: 'header', name: 'X-Session' },
      { headers: { 'x-session': 's1' } },
      { headers: { 'x-session': 's1' }, subjects: { keyId: 'other' } },
    ],
    [
      'field',
      { by: 'field', name: 'metadata.session' },
      { request: { metadata: { session: 's1' } } },
      { request: { metadata: { session: 's1' } }, subjects: { keyId: 'other' } },
    ],
    [
      'an absent header falls back to the key',
      { by: 'header', name: 'x-session' },
      {},
      { subjects: { endUser: 'u' } },
    ],
  ])('sticks by %s', (_, affinity, one, other) => {
    const { balancer, route } = world(models(...Array.from({ length: 40 }, (_, at) => `m${at}`)), {
      strategy: 'consistentHash',
      affinity,
    })
    expect(balancer.plan(route, asking(one)).next()).toBe(balancer.plan(route, asking(other)).next())
  })
})

describe('a canary', () => {
  const targets: TargetFields[] = [{ model: 'old' }, { model: 'new', group: 'canary' }]
  const inCanary = (percent: number) => {
    const { balancer, clock, route } = world(targets, {
      affinity: { by: 'user' },
      canary: { group: 'canary', percent },
    })
    const byUser = (call: number) => asking({ subjects: { endUser: `user-${call}` } })
    return callInTurn(balancer, clock, route, CALLS, () => ({ ms: 1 }), byUser).map(
      (model) => model === 'new',
    )
  }

  it('takes its share of the callers, and as it grows keeps all that were in', () => {
    const few = inCanary(5)
    const more = inCanary(20)
    expect(Math.abs(few.filter(Boolean).length / CALLS - 0.05)).toBeLessThan(spread(0.05))
    expect(Math.abs(more.filter(Boolean).length / CALLS - 0.2)).toBeLessThan(spread(0.2))
    expect(few.every((is, user) => !is || more[user])).toBe(true)
    expect(inCanary(0).some(Boolean)).toBe(false)
    expect(inCanary(100).every(Boolean)).toBe(true)
  })

  it('falls back to the others when it fails, and nobody falls back to it', () => {
    const { balancer, route } = world(targets, { canary: { group: 'canary', percent: 100 } })
    const plan = balancer.plan(route, asking())
    const names = [plan.next(), plan.next()].map((target) =>
      typeof target === 'object' ? target?.model : target,
    )
    expect(names).toEqual(['new', 'old'])
    const out = world(targets, { canary: { group: 'canary', percent: 0 } })
    expect(out.balancer.plan(out.route, asking()).size).toBe(1)
  })
})
