import { describe, expect, it } from 'vitest'
import type { Clock } from '../clock.ts'
import type { CompiledRoute, CompiledTarget } from '../snapshot/configuration.ts'
import { testProvider, testRoute } from '../testing/memory-configuration.ts'
import { createBalancer, type TargetPlan } from './choose.ts'

function fakeClock(): Clock & { advance(ms: number): void } {
  let now = 0
  return {
    now: () => now,
    monotonic: () => now,
    advance: (ms) => {
      now += ms
    },
  }
}

function compiled(...targets: [model: string, weight: number, priority: number][]): CompiledRoute {
  const provider = testProvider({ id: 'p', baseUrl: 'https://example.com/v1' })
  const list = targets.map(([model, weight, priority]) => ({ providerId: 'p', model, weight, priority }))
  return {
    route: testRoute({ name: 'r', targets: list }),
    targets: list.map(({ model, weight, priority }) => ({ provider, model, weight, priority, group: null })),
  }
}

const all = () => true
const name = (next: CompiledTarget | number | null) =>
  typeof next === 'object' ? (next?.model ?? null) : next
const order = (plan: TargetPlan, count: number) => Array.from({ length: count }, () => name(plan.next()))

describe('choosing a target', () => {
  it('shares by weight, smoothly interleaved', () => {
    const balancer = createBalancer(fakeClock())
    const route = compiled(['a', 5, 0], ['b', 1, 0], ['c', 1, 0])
    const firsts = Array.from({ length: 14 }, () => name(balancer.plan(route, all).next()))
    expect(firsts.join('')).toBe('aabacaaaabacaa')
  })

  it('gives a target of weight 0 no share, and still falls back to it', () => {
    const balancer = createBalancer(fakeClock())
    const route = compiled(['a', 0, 0], ['b', 1, 0])
    for (let call = 0; call < 5; call += 1) expect(order(balancer.plan(route, all), 2)).toEqual(['b', 'a'])
  })

  it('tries all of a priority before the next, then begins again', () => {
    const balancer = createBalancer(fakeClock())
    const route = compiled(['fallback', 1, 7], ['a', 2, 0], ['b', 1, 0])
    expect(order(balancer.plan(route, all), 4)).toEqual(['a', 'b', 'fallback', 'a'])
  })

  it('leaves a target alone for as long as it asked, in every route', () => {
    const clock = fakeClock()
    const balancer = createBalancer(clock)
    const route = compiled(['a', 1, 0], ['b', 1, 1])
    const plan = balancer.plan(route, all)
    const first = plan.next()
    if (first === null || typeof first === 'number') throw new Error('no target')
    balancer.leaveAlone(first, 500)
    expect(order(plan, 2)).toEqual(['b', 'b'])
    expect(order(balancer.plan(compiled(['a', 1, 0]), all), 1)).toEqual([500])
    clock.advance(499)
    expect(name(balancer.plan(route, all).next())).toBe('b')
    clock.advance(1)
    expect(name(balancer.plan(route, all).next())).toBe('a')
  })

  it('never asks a target again that was given up on, and says when nothing is left', () => {
    const plan = createBalancer(fakeClock()).plan(compiled(['a', 1, 0], ['b', 1, 0]), all)
    for (const expected of ['a', 'b']) {
      const target = plan.next()
      expect(name(target)).toBe(expected)
      if (target !== null && typeof target !== 'number') plan.giveUpOn(target)
    }
    expect(plan.next()).toBeNull()
  })

  it('asks only targets that may be used', () => {
    const plan = createBalancer(fakeClock()).plan(
      compiled(['a', 1, 0], ['b', 1, 0]),
      ({ model }) => model === 'b',
    )
    expect(plan.size).toBe(1)
    expect(order(plan, 2)).toEqual(['b', 'b'])
  })
})
