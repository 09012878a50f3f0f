/** For tests of choosing: a clock that a test holds, routes out of a few targets, and calls that cost no time. */
import type { Clock } from '../clock.ts'
import { createCounters } from '../limits/counters.ts'
import type { Asked } from '../routing/asked.ts'
import type { Balancer } from '../routing/balancer.ts'
import { targetKey } from '../routing/candidate.ts'
import type { CompiledRoute, CompiledTarget } from '../snapshot/configuration.ts'
import {
  type MemoryConfigurationOptions,
  memoryConfiguration,
  testProvider,
  testRoute,
} from './memory-configuration.ts'

export interface FakeClock extends Clock {
  advance(ms: number): void
}

export function fakeClock(startAt = 0): FakeClock {
  let now = startAt
  return {
    now: () => now,
    monotonic: () => now,
    advance: (ms) => {
      now += ms
    },
  }
}

export const PROVIDER = testProvider({ id: 'p', baseUrl: 'https://example.com/v1' })

export interface TargetFields {
  readonly model: string
  readonly weight?: number
  readonly priority?: number
  readonly group?: string
}

export function routeOf(
  targets: readonly TargetFields[],
  fields: object = {},
  provider = PROVIDER,
): CompiledRoute {
  const route = testRoute({
    name: 'r',
    targets: targets.map((target) => ({ providerId: 'p', ...target })),
    ...fields,
  })
  return {
    route,
    targets: route.targets.map(({ providerId: _, ...target }) => ({ provider, ...target })),
  }
}

export interface AskedFields {
  readonly request?: Record<string, unknown>
  readonly inputTokens?: number
  readonly stream?: boolean
  readonly subjects?: Partial<Asked['subjects']>
  readonly headers?: Record<string, string>
  readonly at?: number
  readonly configuration?: Partial<MemoryConfigurationOptions>
  readonly counters?: Asked['counters']
}

export function asking(fields: AskedFields = {}): Asked {
  const request = { messages: [{ role: 'user', content: 'hi' }], ...fields.request }
  return {
    chat: {
      stream: fields.stream ?? false,
      maxOutputTokens: null,
      estimatedInputTokens: fields.inputTokens ?? 10,
      fields: request,
    },
    subjects: {
      teamId: 'team_1',
      consumerId: 'consumer_1',
      keyId: 'key_1',
      endUser: null,
      routeId: 'route_r',
      tags: {},
      providerId: null,
      model: null,
      ...fields.subjects,
    },
    at: fields.at ?? 0,
    configuration: memoryConfiguration({ providers: [PROVIDER], routes: [], ...fields.configuration }),
    headers: fields.headers ?? {},
    counters: fields.counters ?? createCounters(fakeClock()),
  }
}

/** As a vendor asks for it: no call to this target for `ms`. */
export function leaveAlone(balancer: Balancer, clock: Clock, target: CompiledTarget, ms: number): void {
  balancer.targetHealth(targetKey(target)).evict(clock.monotonic() + ms)
}

/** How a target takes one call. */
export interface Behaviour {
  readonly fails?: boolean
  readonly ms: number
}

/**
 * Calls one after the other, each with one try.
 * @returns the models that were asked, in order.
 */
export function callInTurn(
  balancer: Balancer,
  clock: FakeClock,
  route: CompiledRoute,
  count: number,
  behave: (target: CompiledTarget, call: number) => Behaviour,
  asked: (call: number) => Asked = () => asking(),
): string[] {
  const models: string[] = []
  for (let call = 0; call < count; call += 1) {
    const { stream } = asked(call).chat
    const plan = balancer.plan(route, asked(call))
    const target = plan.next()
    if (target === null || typeof target === 'number') {
      models.push('')
      clock.advance(1)
      continue
    }
    const flight = plan.begin(target)
    const { fails = false, ms } = behave(target, call)
    clock.advance(ms)
    if (!fails) flight.heard(stream, clock.monotonic())
    flight.ended(fails ? 'bad' : 'good', clock.monotonic())
    models.push(target.model)
  }
  return models
}

export function countOf(models: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const model of models) counts[model] = (counts[model] ?? 0) + 1
  return counts
}
