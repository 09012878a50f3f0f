/** A listener on a free port over fake vendors and books in memory: what wire tests start with. */
import { type Clock, systemClock } from '../clock.ts'
import { freshPolicing, type Policing } from '../limits/policing.ts'
import { type Listener, startListener } from '../listener.ts'
import type { ListenerLimits } from '../listener-limits.ts'
import { type Balancer, type BalancerOptions, createBalancer } from '../routing/balancer.ts'
import type { Configuration } from '../snapshot/configuration.ts'
import { createHttpUpstream, type HttpUpstreamOptions } from '../upstream/http-upstream.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { type FakeOpenAi, startFakeOpenAi } from './fake-openai.ts'
import { type MemoryBooks, memoryBooks, type SettledEvent } from './memory-books.ts'
import {
  type MemoryConfigurationOptions,
  memoryConfiguration,
  TEST_SECRET,
  testProvider,
  testRoute,
} from './memory-configuration.ts'

export interface GatewayUnderTest {
  readonly url: string
  readonly port: number
  readonly listener: Listener
  readonly books: MemoryBooks
  readonly upstream: Upstream
  readonly policing: Policing
  readonly balancer: Balancer
  /** The vendors `provider_a` and `provider_b`. */
  readonly a: FakeOpenAi
  readonly b: FakeOpenAi
  /** What went wrong inside. */
  readonly reports: unknown[]
  configure(options: Partial<MemoryConfigurationOptions>): void
  setConfiguration(configuration: Configuration | null): void
  post(body: unknown, options?: { headers?: Record<string, string>; signal?: AbortSignal }): Promise<Response>
  /** The event of the newest call, once it is settled. */
  event(): Promise<SettledEvent>
  close(): Promise<void>
}

/** Tests of one fault after the other: no target is taken for ill, and no try is one too many. */
const PATIENT: BalancerOptions = {
  breaker: { failuresInARow: Number.POSITIVE_INFINITY, minCalls: Number.POSITIVE_INFINITY },
  unlimitedRetries: true,
}

export async function startGatewayUnderTest(
  limits: Partial<ListenerLimits> = {},
  network: Partial<HttpUpstreamOptions> = {},
  routing: BalancerOptions = PATIENT,
  clock: Clock = systemClock,
  consoleUrl: string | null = null,
): Promise<GatewayUnderTest> {
  const [a, b] = [await startFakeOpenAi(), await startFakeOpenAi()]
  const books = memoryBooks()
  const reports: unknown[] = []
  const providers = [
    testProvider({ id: 'provider_a', baseUrl: a.baseUrl }),
    testProvider({ id: 'provider_b', baseUrl: b.baseUrl }),
    testProvider({
      id: 'provider_s',
      kind: 'sandbox',
      credentials: {},
      options: { latencyMs: 1, tokensPerSecond: 5_000 },
    }),
  ]
  const defaults: MemoryConfigurationOptions = {
    providers,
    routes: [
      testRoute({ name: 'chat', targets: [{ providerId: 'provider_a', model: 'gpt-fake' }] }),
      testRoute({
        name: 'both',
        targets: [
          { providerId: 'provider_a', model: 'gpt-fake', priority: 0 },
          { providerId: 'provider_b', model: 'gpt-other', priority: 1 },
        ],
      }),
    ],
  }
  let configuration: Configuration | null = memoryConfiguration(defaults)
  const policing = freshPolicing(clock)
  const balancer = createBalancer(clock, routing)
  const upstream = createHttpUpstream({ ownPorts: new Set(), ...network })
  const listener = await startListener({
    host: '127.0.0.1',
    port: 0,
    configuration: () => configuration,
    books,
    clock,
    upstream,
    policing,
    balancer,
    report: (problem, error) => reports.push(problem, error),
    limits,
    consoleUrl,
  })
  const url = `http://127.0.0.1:${listener.port}`
  return {
    url,
    port: listener.port,
    listener,
    books,
    upstream,
    policing,
    balancer,
    a,
    b,
    reports,
    configure: (options) => {
      configuration = memoryConfiguration({ ...defaults, ...options })
    },
    setConfiguration: (next) => {
      configuration = next
    },
    post: (body, options = {}) =>
      fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${TEST_SECRET}`,
          'content-type': 'application/json',
          ...options.headers,
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...(options.signal ? { signal: options.signal } : {}),
      }),
    async event() {
      await until(() => listener.inFlight() === 0)
      const event = books.events.at(-1)
      if (!event) throw new Error('nothing was settled')
      return event
    },
    async close() {
      await listener.close()
      await upstream.close()
      await Promise.all([a.close(), b.close()])
    },
  }
}

/** Polls until a condition holds. */
export async function until(condition: () => boolean, withinMs = 5_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the condition did not come true in time')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const HELLO = { messages: [{ role: 'user' as const, content: 'Say hello' }] }
