import { describe, expect, it } from 'vitest'
import type { CompiledTarget } from '../snapshot/configuration.ts'
import { TEST_PRICING } from '../testing/memory-configuration.ts'
import { asking, fakeClock, leaveAlone, routeOf } from '../testing/routing-world.ts'
import { createBalancer } from './balancer.ts'
import type { TargetPlan } from './target-plan.ts'

const name = (next: CompiledTarget | number | null) =>
  typeof next === 'object' ? (next?.model ?? null) : next
const order = (plan: TargetPlan, count: number) => Array.from({ length: count }, () => name(plan.next()))
const next = (plan: TargetPlan): CompiledTarget => {
  const target = plan.next()
  if (target === null || typeof target === 'number') throw new Error('no target')
  return target
}

describe('choosing a target', () => {
  it('shares by weight, smoothly interleaved, over a new configuration too', () => {
    const balancer = createBalancer(fakeClock())
    const route = () =>
      routeOf([{ model: 'a', weight: 5 }, { model: 'b' }, { model: 'c' }], { strategy: 'weighted' })
    const firsts = Array.from({ length: 14 }, () => name(balancer.plan(route(), asking()).next()))
    expect(firsts.join('')).toBe('aabacaaaabacaa')
  })

  it('takes no turn in a rehearsal', () => {
    const balancer = createBalancer(fakeClock())
    const route = routeOf([{ model: 'a' }, { model: 'b' }])
    const rehearsed = Array.from({ length: 3 }, () => name(balancer.rehearse(route, asking()).next()))
    expect(rehearsed).toEqual(['a', 'a', 'a'])
    expect(name(balancer.plan(route, asking()).next())).toBe('a')
    expect(name(balancer.rehearse(route, asking()).next())).toBe('b')
  })

  it('gives a target of weight 0 no share, and still falls back to it', () => {
    const balancer = createBalancer(fakeClock())
    const route = routeOf([{ model: 'a', weight: 0 }, { model: 'b' }])
    for (let call = 0; call < 5; call += 1)
      expect(order(balancer.plan(route, asking()), 2)).toEqual(['b', 'a'])
  })

  it('tries all of a priority before the next, then begins again', () => {
    const balancer = createBalancer(fakeClock())
    const route = routeOf([{ model: 'fallback', priority: 7 }, { model: 'a', weight: 2 }, { model: 'b' }])
    const [first, second, third, fourth] = order(balancer.plan(route, asking()), 4)
    expect([first, second, third]).toEqual(['a', 'b', 'fallback'])
    expect(['a', 'b']).toContain(fourth)
  })

  it('leaves a target alone for as long as it asked, in every route', () => {
    const clock = fakeClock()
    const balancer = createBalancer(clock)
    const route = routeOf([{ model: 'a' }, { model: 'b', priority: 1 }])
    const plan = balancer.plan(route, asking())
    leaveAlone(balancer, clock, next(plan), 500)
    expect(order(plan, 2)).toEqual(['b', 'b'])
    const alone = routeOf([{ model: 'a' }], { id: 'route_other' })
    expect(order(balancer.plan(alone, asking()), 1)).toEqual([500])
    clock.advance(499)
    expect(name(balancer.plan(route, asking()).next())).toBe('b')
    clock.advance(1)
    expect(name(balancer.plan(route, asking()).next())).toBe('a')
  })

  it('passes over a target without room for this call alone, and knows whether another is there', () => {
    const clock = fakeClock()
    const balancer = createBalancer(clock)
    const route = routeOf([{ model: 'a' }, { model: 'b', priority: 1 }])
    const plan = balancer.plan(route, asking())
    const a = next(plan)
    expect(plan.hasAnother(a)).toBe(true)
    plan.passOver(a, 100)
    const b = next(plan)
    expect([b.model, plan.hasAnother(b)]).toEqual(['b', false])
    plan.passOver(b, 50)
    expect(plan.next()).toBe(50)
    expect(name(balancer.plan(route, asking()).next())).toBe('a')
    clock.advance(100)
    expect(name(plan.next())).toBe('a')
  })

  it('never asks a target again that was given up on, and says when nothing is left', () => {
    const plan = createBalancer(fakeClock()).plan(routeOf([{ model: 'a' }, { model: 'b' }]), asking())
    for (const expected of ['a', 'b']) {
      const target = next(plan)
      expect(target.model).toBe(expected)
      plan.giveUpOn(target)
    }
    expect(plan.next()).toBeNull()
  })

  it('asks no target without a price where the route allows none', () => {
    const route = routeOf([{ model: 'a' }, { model: 'b' }], { allowUnpriced: false })
    const asked = asking({ configuration: { prices: { b: TEST_PRICING } } })
    const plan = createBalancer(fakeClock()).plan(route, asked)
    expect(plan.size).toBe(1)
    expect(order(plan, 2)).toEqual(['b', 'b'])
  })

  it('asks a model whose known window is too short only where no other is', () => {
    const route = routeOf([{ model: 'short' }, { model: 'long', priority: 1 }])
    const prices = {
      short: { ...TEST_PRICING, contextTokens: 8_192 },
      long: { ...TEST_PRICING, contextTokens: 128_000 },
    }
    const balancer = createBalancer(fakeClock())
    const plan = (inputTokens: number, over = route) =>
      balancer.plan(over, asking({ inputTokens, configuration: { prices } }))
    expect(name(plan(8_192).next())).toBe('short')
    const long = plan(8_193)
    const first = next(long)
    expect([first.model, long.wantedFor(first).model, long.whyNotWanted]).toEqual([
      'long',
      'short',
      'contextTooLong',
    ])
    expect(name(plan(200_000).next())).toBe('short')
    const off = routeOf([{ model: 'short' }, { model: 'long', priority: 1 }], {
      id: 'route_off',
      fallback: { contextTooLong: false },
    })
    expect(name(plan(8_193, off).next())).toBe('short')
  })

  it('after a call was too long for one, asks only a model with a longer or an unknown window', () => {
    const route = routeOf([
      { model: 'a' },
      { model: 'same', priority: 1 },
      { model: 'unknown', priority: 2 },
      { model: 'long', priority: 3 },
    ])
    const window = (contextTokens: number | null) => ({ ...TEST_PRICING, contextTokens })
    const prices = { a: window(8_192), same: window(8_192), unknown: window(null), long: window(128_000) }
    const plan = createBalancer(fakeClock()).plan(route, asking({ configuration: { prices } }))
    plan.needLonger(next(plan))
    expect(order(plan, 3)).toEqual(['unknown', 'long', 'unknown'])
  })
})
