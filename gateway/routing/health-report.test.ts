import { expect, it } from 'vitest'
import { leaseRenewal, MAX_SHARES, MAX_TARGETS } from '../../lib/contract/control.ts'
import { testProvider } from '../testing/memory-configuration.ts'
import { asking, callInTurn, fakeClock, routeOf } from '../testing/routing-world.ts'
import { createBalancer } from './balancer.ts'
import { healthReport } from './health-report.ts'

const told = leaseRenewal.pick({ targets: true, shares: true, credentials: true })

it('tells state, calls, wait and share of each target, and when it is back', () => {
  const clock = fakeClock(1_000_000)
  const balancer = createBalancer(clock, { random: () => 1 })
  const route = routeOf([{ model: 'a' }, { model: 'b', priority: 1 }, { model: 'idle', priority: 2 }])
  callInTurn(balancer, clock, route, 12, ({ model }) => ({ fails: model === 'a', ms: 40 }))
  balancer.plan(route, asking())
  const report = healthReport(balancer, clock)
  expect(told.parse(report)).toEqual(report)
  const shared = { providerId: 'p', inFlight: 0 }
  expect(report).toEqual({
    targets: [
      {
        ...shared,
        model: 'a',
        state: 'open',
        calls: 5,
        failed: 5,
        firstTokenMs: null,
        outUntilMs: 1_000_000 + 5 * 40 + 1_000,
      },
      { ...shared, model: 'b', state: 'closed', calls: 7, failed: 0, firstTokenMs: 40, outUntilMs: null },
    ],
    shares: [
      { routeId: 'route_r', providerId: 'p', model: 'a', calls: 5 },
      { routeId: 'route_r', providerId: 'p', model: 'b', calls: 7 },
    ],
    credentials: [],
  })
})

it('tells the credentials that are out, and those with calls, by their place', () => {
  const clock = fakeClock(1_000_000)
  const balancer = createBalancer(clock)
  const several = testProvider({
    id: 'p',
    credentials: { apiKey: ['a-key-one', 'a-key-two', 'a-key-three'] },
  })
  const route = routeOf([{ model: 'm' }], {}, several)
  balancer.plan(route, asking())
  const credentials = balancer.credentials(several)
  const [one, two, three] = credentials.list
  if (!one || !two || !three) throw new Error('no credentials')
  one.window.add(clock.monotonic(), false)
  credentials.refuse(two, clock.monotonic(), '401')
  const report = healthReport(balancer, clock)
  const shared = { providerId: 'p', version: '1' }
  expect(told.parse(report).credentials).toEqual([
    { ...shared, position: 1, state: 'refused', untilMs: 1_060_000, code: '401', calls: 0, failed: 0 },
    { ...shared, position: 0, state: 'ready', untilMs: null, code: null, calls: 1, failed: 0 },
  ])
  // When none is ready, the target itself is out, for the shortest of them.
  credentials.rest(one, 'm', clock.monotonic() + 20_000, '429')
  credentials.rest(three, 'm', clock.monotonic() + 30_000, '429')
  expect(healthReport(balancer, clock).targets).toMatchObject([{ model: 'm', outUntilMs: 1_020_000 }])
  expect(JSON.stringify(healthReport(balancer, clock))).not.toContain('a-key')
})

it('says of a single credential that it is refused, and of no time without it', () => {
  const clock = fakeClock(1_000_000)
  const balancer = createBalancer(clock)
  const credentials = balancer.credentials(testProvider({ id: 'p' }))
  const [only] = credentials.list
  if (only) credentials.refuse(only, clock.monotonic(), '403')
  expect(healthReport(balancer, clock).credentials).toMatchObject([
    { position: 0, state: 'refused', untilMs: null, code: '403' },
  ])
})

it('tells the busiest where there are more than a lease holds', () => {
  const clock = fakeClock(1_000_000)
  const balancer = createBalancer(clock)
  for (let at = 0; at < MAX_SHARES + 50; at += 1) {
    const route = routeOf([{ model: `m${at}` }], { id: `route_${at}` })
    callInTurn(balancer, clock, route, at < 10 ? 2 : 1, () => ({ ms: 1 }))
  }
  const report = healthReport(balancer, clock)
  expect([report.targets.length, report.shares.length]).toEqual([MAX_TARGETS, MAX_SHARES])
  expect(report.targets.slice(0, 10).every(({ calls }) => calls === 2)).toBe(true)
  expect(JSON.stringify(report).length).toBeLessThan(150_000)
})
