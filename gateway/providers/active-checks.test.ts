import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ProviderEntity } from '../../lib/contract/entities.ts'
import { collectingLog } from '../journal/journal-testing.ts'
import { createBalancer } from '../routing/balancer.ts'
import { testProvider } from '../testing/memory-configuration.ts'
import { asking, fakeClock, routeOf } from '../testing/routing-world.ts'
import { type Upstream, UpstreamError, type UpstreamRequest } from '../upstream/upstream.ts'
import { startActiveChecks } from './active-checks.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

type Answer = number | 'unreachable' | 'silent'

function server(fields: { id?: string; healthCheck?: object; kind?: 'openai' | 'openai-compatible' } = {}) {
  const { id = 'p', healthCheck = { path: '/health', intervalSeconds: 10 }, kind } = fields
  return testProvider({
    id,
    baseUrl: `https://${id}.example/v1`,
    credentials: { apiKey: `sk-of-${id}` },
    options: { healthCheck },
    ...(kind ? { kind } : {}),
  })
}

function world() {
  const clock = fakeClock(1_000_000)
  const balancer = createBalancer(clock)
  const asked: UpstreamRequest[] = []
  let answer: Answer = 200
  const upstream: Upstream = {
    dispatch(request, handler) {
      asked.push(request)
      if (answer === 'unreachable') queueMicrotask(() => handler.onError(new UpstreamError('connect', 'no')))
      else if (answer !== 'silent') {
        const status = answer
        queueMicrotask(() => {
          handler.onHeaders(status, {})
          handler.onEnd()
        })
      }
      return { sent: true, pause: () => {}, resume: () => {}, abort: () => {} }
    },
    close: async () => {},
  }
  const log = collectingLog()
  const checks = startActiveChecks({ upstream, balancer, clock, log: log.log, random: () => 0.5 })
  const route = routeOf([{ model: 'm' }])
  const plan = () => balancer.plan(route, asking())
  return {
    balancer,
    checks,
    asked,
    plan,
    follow: (...providers: ProviderEntity[]) => checks.follow({ checkedProviders: () => providers }),
    answerWith: (next: Answer) => {
      answer = next
    },
    async pass(seconds: number) {
      for (let step = 0; step < seconds * 10; step += 1) {
        clock.advance(100)
        await vi.advanceTimersByTimeAsync(100)
      }
    },
    state: () => balancer.targetHealth('p m').state(clock.monotonic()),
    isOut: () => balancer.targetHealth('p m').isOut(clock.monotonic()),
  }
}

describe('a server that is looked after', () => {
  it('is asked for its path by the account’s address and credential, soon and then in its interval', async () => {
    const { checks, asked, follow, pass } = world()
    follow(server())
    await pass(1)
    expect(asked).toMatchObject([
      {
        method: 'GET',
        origin: 'https://p.example',
        path: '/v1/health',
        headers: { authorization: 'Bearer sk-of-p' },
        body: null,
      },
    ])
    await pass(30)
    expect(asked).toHaveLength(4)
    expect(checks.report()).toMatchObject([
      { providerId: 'p', ok: true, message: 'It answered with HTTP 200.' },
    ])
    checks.stop()
  })

  it.each<[Answer, boolean]>([
    [200, true],
    [302, true],
    [401, true],
    [404, true],
    [429, false],
    [500, false],
    [503, false],
    ['unreachable', false],
    ['silent', false],
  ])('with the answer %s counts as alive: %s', async (answer, isAlive) => {
    const { checks, follow, pass, answerWith, state } = world()
    answerWith(answer)
    follow(server())
    await pass(1 + 2 * 15 + 6)
    expect(checks.report()).toMatchObject([{ ok: isAlive }])
    expect(state()).toBe(isAlive ? 'closed' : 'open')
    checks.stop()
  })

  it('is out after three failures in a row, and not after two', async () => {
    const { checks, follow, pass, answerWith, isOut, plan } = world()
    follow(server())
    await pass(1)
    answerWith(503)
    await pass(20)
    expect(isOut()).toBe(false)
    answerWith(200)
    await pass(10)
    answerWith(503)
    await pass(20)
    expect(isOut()).toBe(false)
    expect(checks.report()).toMatchObject([{ ok: false, isDown: false }])
    await pass(10)
    expect(isOut()).toBe(true)
    expect(checks.report()).toMatchObject([{ ok: false, isDown: true }])
    // There is no other: it is asked all the same, once.
    const last = plan()
    expect(last.next()).toMatchObject({ model: 'm' })
    expect(last.isLastResort).toBe(true)
    checks.stop()
  })

  it('that is back is tried by real calls before it has its share', async () => {
    const { checks, follow, pass, answerWith, state } = world()
    answerWith('unreachable')
    follow(server())
    await pass(40)
    expect(state()).toBe('open')
    answerWith(200)
    await pass(10)
    expect(state()).toBe('halfOpen')
    checks.stop()
  })

  it('takes out models that nobody had asked for before, too', async () => {
    const { balancer, checks, follow, pass, answerWith } = world()
    answerWith(500)
    follow(server())
    await pass(40)
    expect(balancer.targetHealth('p never-asked').isOut(2_000_000)).toBe(true)
    expect(balancer.targetHealth('other m').isOut(2_000_000)).toBe(false)
    checks.stop()
  })
})

describe('with the configuration', () => {
  it('checks begin, change and end', async () => {
    const { checks, asked, follow, pass, answerWith, state } = world()
    answerWith(500)
    follow(server(), server({ id: 'q' }))
    await pass(40)
    expect(checks.report()).toHaveLength(2)
    // Another path and pace: known at once, with what was known of the server.
    follow(server({ healthCheck: { path: '/alive', intervalSeconds: 2 } }))
    asked.length = 0
    await pass(9)
    expect(new Set(asked.map(({ origin, path }) => origin + path))).toEqual(
      new Set(['https://p.example/v1/alive']),
    )
    expect(asked.length).toBeGreaterThanOrEqual(4)
    expect(state()).toBe('open')
    expect(checks.report()).toHaveLength(1)
    // Without a check nobody says that it is down.
    follow()
    expect([state(), checks.report()]).toEqual(['halfOpen', []])
    asked.length = 0
    await pass(30)
    expect(asked).toEqual([])
  })

  it('an answer to a check that was asked for before says nothing', async () => {
    const { checks, follow, pass, answerWith } = world()
    answerWith('silent')
    follow(server())
    await pass(1)
    follow()
    await pass(10)
    expect(checks.report()).toEqual([])
  })
})
