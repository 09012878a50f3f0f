/** For tests of the books: usage events as a gateway would ship them. */
import { uuidv7obj, V7Generator } from 'uuidv7'
import type { Pricing } from '../contract/price.ts'
import { priceUsage } from '../contract/pricing.ts'
import { NO_USAGE, type Usage } from '../contract/usage.ts'
import type { Attempt, UsageEvent } from '../contract/usage-event.ts'

const generator = new V7Generator()

/** A UUIDv7 of that time; rising within the process for rising times. */
export function idAt(at: number): string {
  return generator.generateOrResetCore(at, 10_000).toString()
}

/** Whatever is not given is a plain call that went well, without usage. */
export function usageEventOf(more: Partial<UsageEvent> & { at?: number } = {}): UsageEvent {
  const at = more.at ?? Date.now()
  return {
    id: more.at === undefined ? uuidv7obj().toString() : idAt(at),
    sequence: 1,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    at,
    kind: 'llm',
    status: 200,
    code: null,
    teamId: 'team_a',
    consumerId: 'cons_a',
    keyId: 'key_a',
    routeId: 'route_a',
    route: 'gpt-4o',
    stream: true,
    requestedModel: 'gpt-4o',
    servedModel: 'gpt-4o-2024-11-20',
    providerId: 'prov_a',
    endUser: null,
    usage: NO_USAGE,
    usageSource: 'provider',
    costPicoUsd: '0',
    unpriced: false,
    reservedPicoUsd: null,
    lines: [],
    attempts: [],
    dropped: [],
    simulated: false,
    latencyMs: 812,
    firstTokenMs: 240,
    overheadUs: 300,
    tags: {},
    revision: 1,
    ...more,
  }
}

export const GPT_4O: Pricing = {
  version: 'catalogue@test',
  rates: { input: '2.5', output: '10', cacheRead: '1.25' },
  tiers: [],
  serviceTiers: {},
  contextTokens: 128_000,
  maxOutputTokens: 16_384,
}

/** A call with one attempt that was priced as the gateway prices it. */
export function pricedEvent(
  usage: Partial<Usage>,
  more: Partial<UsageEvent> = {},
  pricing: Pricing = GPT_4O,
): UsageEvent {
  const whole = { ...NO_USAGE, ...usage }
  const { lines, costPicoUsd } = priceUsage(pricing, whole, 0, { serviceTier: null, latencyMs: 812 })
  const attempt: Attempt = {
    providerId: 'prov_a',
    providerKind: 'openai',
    model: 'gpt-4o-2024-11-20',
    servedModel: 'gpt-4o-2024-11-20',
    status: 200,
    code: null,
    outcome: 'ok',
    startedAt: more.at ?? Date.now(),
    latencyMs: 812,
    firstTokenMs: 240,
    usage: whole,
    usageSource: 'provider',
    serviceTier: null,
    requestedServiceTier: null,
    vendorCostUsd: null,
    costPicoUsd: costPicoUsd.toString(),
  }
  return usageEventOf({
    usage: whole,
    lines,
    costPicoUsd: costPicoUsd.toString(),
    attempts: [attempt],
    ...more,
  })
}

/** Numbers the events from `first`, as a gateway's journal does. */
export function inSequence(events: readonly UsageEvent[], first = 1): UsageEvent[] {
  return events.map((event, index) => ({ ...event, sequence: first + index }))
}
