import { describe, expect, it } from 'vitest'
import { asking, callInTurn, countOf, fakeClock, leaveAlone, routeOf } from '../testing/routing-world.ts'
import { seeded, testSeed } from '../testing/seed.ts'
import { createBalancer } from './balancer.ts'
import { BREAKER, TargetHealth } from './target-health.ts'

const random = seeded(testSeed('health'))
const route = routeOf([{ model: 'a' }, { model: 'b', priority: 1 }])
const healthOf = () => new TargetHealth('p a', BREAKER, random)

/** One call that takes `ms`. */
function call(health: TargetHealth, at: number, verdict: 'good' | 'bad' | 'none', ms = 10): void {
  const flight = health.begin(at)
  if (verdict === 'good') flight.heard(false, at + ms)
  flight.ended(verdict, at + ms)
}

describe('the breaker', () => {
  it('opens at five failures in a row, and not before', () => {
    const health = healthOf()
    for (let at = 0; at < 4; at += 1) call(health, at, 'bad')
    expect(health.isOut(100)).toBe(false)
    call(health, 100, 'good')
    for (let at = 200; at < 204; at += 1) call(health, at, 'bad')
    expect(health.isOut(300)).toBe(false)
    call(health, 300, 'bad')
    expect([health.isOut(311), health.state(311)]).toEqual([true, 'open'])
  })

  it('opens when half of many calls fail, though never five in a row', () => {
    const health = healthOf()
    for (let at = 0; at < 40 && !health.isOut(at * 20); at += 1)
      call(health, at * 20, at % 2 === 0 ? 'bad' : 'good')
    expect(health.state(800)).toBe('open')
  })

  it('is never opened by what says nothing of the target', () => {
    const health = healthOf()
    for (let at = 0; at < 200; at += 1) call(health, at, 'none')
    expect([health.state(500), health.window.calls(500), health.inFlight]).toEqual(['closed', 0, 0])
  })

  it('lets one call through as a probe, more as they go well, and closes at the third', () => {
    const health = healthOf()
    for (let at = 0; at < 5; at += 1) call(health, at, 'bad')
    const now = Math.ceil(health.openUntil)
    expect(health.state(now)).toBe('halfOpen')
    const probe = health.begin(now)
    expect(health.isOut(now)).toBe(true)
    probe.heard(false, now + 10)
    probe.ended('good', now + 10)
    const [second, third] = [health.begin(now + 20), health.begin(now + 20)]
    expect(health.isOut(now + 20)).toBe(true)
    second.heard(false, now + 30)
    third.heard(false, now + 30)
    expect([health.state(now + 30), health.isOut(now + 30)]).toEqual(['closed', false])
  })

  it('backs off longer each time a probe fails, and never for more than eight seconds', () => {
    const health = healthOf()
    for (let at = 0; at < 5; at += 1) call(health, at, 'bad', 0)
    let now = 4
    const waits: number[] = []
    for (let probe = 0; probe < 8; probe += 1) {
      waits.push(health.openUntil - now)
      now = health.openUntil
      call(health, now, 'bad', 0)
    }
    const longest = [1, 2, 4, 8, 8, 8, 8, 8].map((seconds) => seconds * 1_000)
    for (const [at, wait] of waits.entries()) {
      expect(wait).toBeLessThanOrEqual(longest[at] ?? 0)
      expect(wait).toBeGreaterThanOrEqual((longest[at] ?? 0) / 2)
    }
  })

  it('is not closed or moved by what left before it opened', () => {
    const health = healthOf()
    const early = [health.begin(0), health.begin(0), health.begin(0), health.begin(0)]
    for (let at = 1; at < 6; at += 1) call(health, at, 'bad', 0)
    const { openUntil } = health
    for (const flight of early.slice(0, 3)) flight.heard(false, openUntil + 1)
    early[3]?.ended('bad', openUntil + 1)
    expect([health.state(openUntil + 1), health.openUntil]).toEqual(['halfOpen', openUntil])
  })

  it('a call that is told to be over twice is counted once', () => {
    const health = healthOf()
    const flight = health.begin(0)
    flight.ended('bad', 1)
    flight.ended('bad', 2)
    expect([health.inFlight, health.window.calls(2)]).toEqual([0, 1])
  })
})

describe('a target among others', () => {
  it('that fails carries only probes, which come back to it when it is well', () => {
    const clock = fakeClock()
    const balancer = createBalancer(clock, { random })
    const ill = { until: 60_000 }
    const behave = ({ model }: { model: string }) => ({
      fails: model === 'a' && clock.monotonic() < ill.until,
      ms: 10,
    })
    const asked = callInTurn(balancer, clock, route, 6_000, behave)
    expect(asked.slice(0, 5)).toEqual(Array(5).fill('a'))
    const probes = countOf(asked.slice(5)).a ?? 0
    expect(probes).toBeGreaterThan(5)
    expect(probes).toBeLessThan(25)
    const recovered = callInTurn(balancer, clock, route, 1_000, behave)
    expect(countOf(recovered.slice(-190))).toEqual({ a: 190 })
  })

  it('is asked by nobody before its time, also when all others are gone', () => {
    const clock = fakeClock()
    const balancer = createBalancer(clock, { random })
    const [a, b] = route.targets
    if (!a || !b) throw new Error('no target')
    for (let turn = 0; turn < 300; turn += 1) {
      const ms = Math.ceil(random() * 5_000)
      const until = clock.monotonic() + ms
      leaveAlone(balancer, clock, a, ms)
      leaveAlone(balancer, clock, b, ms + 1)
      while (clock.monotonic() < until) {
        const next = balancer.plan(route, asking()).next()
        expect(next).toBe(until - clock.monotonic())
        clock.advance(Math.ceil(random() * 900))
      }
    }
  })

  it('is asked for want of any other although its breaker is open, once for each call', () => {
    const clock = fakeClock()
    const balancer = createBalancer(clock, { random })
    callInTurn(balancer, clock, route, 10, () => ({ fails: true, ms: 1 }))
    const plan = balancer.plan(route, asking())
    expect(plan.next()).toBe(route.targets[0])
    expect(plan.isLastResort).toBe(true)
  })
})

describe('a restart', () => {
  it('keeps who is out and for how long, and nothing of those who are well', () => {
    const well = healthOf()
    call(well, 0, 'good')
    expect(well.save(10, 1_000_010)).toBeNull()
    const ill = healthOf()
    for (let at = 0; at < 5; at += 1) call(ill, at, 'bad', 0)
    ill.evict(20_000)
    const saved = ill.save(10, 1_000_010)
    if (!saved) throw new Error('nothing was saved')
    const after = healthOf()
    after.restore(saved, 500, 1_000_110)
    expect(Math.round(after.openUntil - 500)).toBe(Math.round(ill.openUntil - 110))
    expect(after.restMs(500)).toBe(19_890)
  })

  it('on a clock that was set back keeps nobody out for longer than it could have asked', () => {
    const health = healthOf()
    health.restore({ openUntil: 9_000_000, openings: 3, evictedUntil: 9_000_000 }, 0, 1_000)
    expect([health.restMs(0), health.openUntil]).toEqual([60_000, 8_000])
  })
})
