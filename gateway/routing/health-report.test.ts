import { expect, it } from 'vitest'
import { leaseRenewal, MAX_SHARES, MAX_TARGETS } from '../../lib/contract/control.ts'
import { asking, callInTurn, fakeClock, routeOf } from '../testing/routing-world.ts'
import { createBalancer } from './balancer.ts'
import { healthReport } from './health-report.ts'

const told = leaseRenewal.pick({ targets: true, shares: true })

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
  })
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
