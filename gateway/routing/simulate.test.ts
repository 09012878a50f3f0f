import { describe, expect, it } from 'vitest'
import type { SimulatedCall } from '../../lib/contract/simulation.ts'
import { createCounters } from '../limits/counters.ts'
import { memoryConfiguration, testProvider, testRoute } from '../testing/memory-configuration.ts'
import { testBudget, testLimit } from '../testing/policies.ts'
import { fakeClock, leaveAlone } from '../testing/routing-world.ts'
import { simulatedCall } from '../testing/simulation.ts'
import { createBalancer } from './balancer.ts'
import { simulate } from './simulate.ts'

const providers = ['a', 'b', 'c'].map((id) =>
  testProvider({ id, name: id.toUpperCase(), credentials: { apiKey: [`${id}-key-1`, `${id}-key-2`] } }),
)
const targets = [
  { providerId: 'a', model: 'm', priority: 0 },
  { providerId: 'b', model: 'm', priority: 0 },
  { providerId: 'c', model: 'spare', priority: 1 },
]

function world(fields: object = {}, policies: Parameters<typeof memoryConfiguration>[0]['policies'] = []) {
  const clock = fakeClock(1_000_000)
  const balancer = createBalancer(clock)
  const counters = createCounters(clock)
  const configuration = memoryConfiguration({
    providers,
    routes: [testRoute({ id: 'route_1', name: 'r', targets, ...fields })],
    policies,
  })
  const ask = (call: Partial<SimulatedCall> = {}) =>
    simulate({ configuration, balancer, counters, clock }, simulatedCall({ routeId: 'route_1', ...call }))
  const compiled = configuration.routeById('route_1')
  if (!compiled) throw new Error('no route')
  return { clock, balancer, counters, configuration, ask, compiled }
}

describe('a simulated call', () => {
  it('says when a second target would be asked beside the first', () => {
    const { ask, balancer, clock } = world({ hedge: { percentile: 90, minMs: 50 } })
    expect(ask().why.at(-1)).toContain('too few of its answers are known')
    const health = balancer.targetHealth(`a m`)
    for (let call = 1; call <= 10; call += 1) health.heard(0, call * 100, false, clock.monotonic())
    const [, beside] = [ask(), ask()].map(({ why }) => why.at(-1))
    expect(beside).toBe('If it has not answered within 900 ms, a second target is asked beside it.')
    expect(ask({ stream: true }).why.at(-1)).toContain('too few')
  })

  it('names the target that the call after it gets, however often it is asked, and the fallbacks in order', () => {
    const { ask, balancer, compiled, configuration, counters } = world()
    for (let turn = 0; turn < 4; turn += 1) {
      const said = [ask(), ask()].map(({ target }) => target?.providerId)
      const asked = {
        chat: { stream: false, maxOutputTokens: null, estimatedInputTokens: 8, fields: {} },
        subjects: {
          teamId: null,
          consumerId: null,
          keyId: null,
          endUser: null,
          routeId: null,
          tags: {},
          providerId: null,
          model: null,
        },
        at: 0,
        configuration,
        headers: {},
        counters,
      }
      const real = balancer.plan(compiled, asked).next()
      const id = real !== null && typeof real === 'object' ? real.provider.id : null
      expect(said).toEqual([id, id])
      expect(ask().fallbacks.map(({ providerId }) => providerId)).toHaveLength(2)
    }
    expect(ask().fallbacks.at(-1)).toMatchObject({ providerId: 'c', providerName: 'C', model: 'spare' })
  })

  it('says in sentences why, and what keeps others away', () => {
    const { ask, balancer, clock, compiled } = world()
    const [a, b, c] = compiled.targets
    if (!a || !b || !c) throw new Error('no targets')
    leaveAlone(balancer, clock, a, 4_000)
    expect(ask().why).toEqual([
      'A/m is passed over: its vendor asked to be left alone for 4 s more.',
      'B/m is asked: it is the only one of its priority that can take the call.',
    ])
    leaveAlone(balancer, clock, b, 4_000)
    expect(ask()).toMatchObject({
      target: { providerId: 'c' },
      wanted: { providerId: 'a' },
    })
    leaveAlone(balancer, clock, c, 9_000)
    expect(ask()).toMatchObject({ target: null, waitMs: 4_000, fallbacks: [], policies: [] })
  })

  it('speaks of credentials that are out, and of a server that fails its checks', () => {
    const { ask, balancer, clock, configuration } = world()
    const [a] = configuration.routeById('route_1')?.targets ?? []
    if (!a) throw new Error('no target')
    const credentials = balancer.credentials(a.provider)
    const [one, two] = credentials.list
    if (!one || !two) throw new Error('no credentials')
    credentials.refuse(one, clock.monotonic(), '401')
    balancer.setDown('b', 'it could not be reached')
    expect(ask().why).toEqual([
      'B/m is passed over: its server fails the checks that its provider asks for (it could not be reached).',
      'A/m is asked: it is the only one of its priority that can take the call.',
      'Not all of its credentials are ready: 1 was refused.',
    ])
    credentials.rest(two, 'm', clock.monotonic() + 20_000, '429')
    expect(ask().why[0]).toBe(
      'A/m is passed over: none of its 2 credentials is ready (1 rests, 1 was refused), the first of them in 20 s.',
    )
    expect(ask()).toMatchObject({ target: { providerId: 'c' }, wanted: { providerId: 'a' } })
  })

  it('tells its cost and the limits and budgets that would count it, and counts nothing', () => {
    const { ask, counters } = world({ maxOutputTokens: 100 }, [
      testBudget({ amountUsd: '10', scope: { type: 'team', id: null, each: true }, period: 'total' }),
      testLimit({ metric: 'requests', limit: '5' }),
      testLimit({ metric: 'tokens', limit: '900', scope: { type: 'team', id: 'team_9', each: false } }),
    ])
    counters.setMoney('budget_test|team_1|0', { spent: 2_500_000_000_000n, held: 1_000_000_000_000n })
    const told = ask({ teamId: 'team_1' })
    expect(ask({ teamId: 'team_1' })).toEqual(told)
    expect(told.policies).toEqual([
      expect.objectContaining({ type: 'limit', metric: 'requests', limit: '5', used: '0', ofVendor: false }),
      expect.objectContaining({
        type: 'budget',
        subject: 'team_1',
        amountUsd: '10',
        spentUsd: '2.5',
        heldUsd: '1',
      }),
    ])
    // 2.5 and 10 dollars a million: what is estimated going in, and the hundred that may come out.
    const picoUsd = BigInt(told.inputTokens) * 2_500_000n + 1_000_000_000n
    expect(told.target?.estimatedCostUsd).toBe(`0.00${String(picoUsd).padStart(10, '0').replace(/0+$/, '')}`)
  })

  it('takes a request as the door does, and says what is wrong with it', () => {
    const { ask } = world()
    expect(() => ask({ request: { messages: 'hi' } })).toThrow('"messages" must be an array.')
    expect(() => ask({ routeId: 'route_9' })).toThrow('does not have this route')
  })

  it('is asked at another time where one is said, and now where none is', () => {
    const night = { from: '22:00', to: '06:00', timeZone: 'Europe/Berlin' }
    const { ask } = world({
      strategy: 'rules',
      targets: [targets[0], { ...targets[2], group: 'night' }],
      rules: [{ name: 'At night', when: { timeOfDay: night }, use: 'night', only: false }],
    })
    const asked = (at: number | null) => ask({ at }).target?.providerId
    expect(asked(Date.UTC(2026, 0, 5, 20, 59))).toBe('a')
    expect(asked(Date.UTC(2026, 0, 5, 21, 0))).toBe('c')
    // The clock of this world stands a quarter of an hour after midnight UTC, which is night in Berlin.
    expect(asked(null)).toBe('c')
  })

  it('of a past call knows the size alone', () => {
    const { ask } = world()
    expect(ask({ request: null, inputTokens: 1_234 }).inputTokens).toBe(1_234)
  })
})
