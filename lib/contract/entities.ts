/**
 * The entities of the gateway's configuration, as they travel from admin to gateway. Each has a `type` and an `id`;
 * unknown fields are dropped, so that an older gateway understands a newer admin.
 */
import { z } from 'zod'
import { picoText } from './money.ts'
import { budgetPeriod, limitMetric, policyScope } from './policy.ts'
import { priceTier, rates, serviceTiers } from './price.ts'
import { affinity, canary, fallbackPolicy, hedge, outputSpeed, routeRule, targetGroup } from './routing.ts'

const id = z.string().min(1).max(120)
const name = z.string().min(1).max(200)

export const providerKind = z.enum([
  'openai',
  'azure-openai',
  'anthropic',
  'google',
  'vertex',
  'bedrock',
  'openai-compatible',
  'sandbox',
])
export type ProviderKind = z.infer<typeof providerKind>

export const routeKind = z.enum(['chat', 'embeddings', 'images', 'audio', 'moderation', 'rerank'])
export const strategy = z.enum([
  'priority',
  'weighted',
  'leastLatency',
  'leastBusy',
  'cheapest',
  'consistentHash',
  'rules',
])
export type Strategy = z.infer<typeof strategy>
export const retryReason = z.enum(['rateLimit', 'serverError', 'timeout', 'connection'])
export type RetryReason = z.infer<typeof retryReason>

export const teamEntity = z.object({ type: z.literal('team'), id, name })

export const consumerEntity = z.object({
  type: z.literal('consumer'),
  id,
  teamId: id,
  name,
  enabled: z.boolean(),
})

export const keyEntity = z.object({
  type: z.literal('key'),
  id,
  consumerId: id,
  userId: id.nullable(),
  /** Lower-case hex SHA-256 of the secret. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** The secret before the last rotation, good until `previousUntil` (epoch milliseconds). */
  previousHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  previousUntil: z.int().nullable(),
  /** Epoch milliseconds; null: never. */
  expiresAt: z.int().nullable(),
  /** Route ids; null: all that its team may use. */
  allowedRoutes: z.array(id).nullable(),
  allowedToolsets: z.array(id).nullable(),
})

/** What a vendor allows an account: for one of its models, or for all together (null). */
export const providerLimit = z.object({
  model: z.string().min(1).max(200).nullable(),
  metric: z.enum(['requests', 'tokens', 'inputTokens', 'outputTokens', 'concurrency']),
  limit: z.int().min(1).max(1_000_000_000_000),
  /** Null for `concurrency` alone. */
  windowSeconds: z.int().min(1).max(31_622_400).nullable(),
})
export type ProviderLimit = z.infer<typeof providerLimit>

/** Names its counter, with the model (or `''`) as the subject. Another amount is the same count, another window is not. */
export function providerLimitId(
  providerId: string,
  { metric, windowSeconds }: Pick<ProviderLimit, 'metric' | 'windowSeconds'>,
): string {
  return `${providerId}/${metric}/${windowSeconds ?? ''}`
}

export const providerEntity = z.object({
  type: z.literal('provider'),
  id,
  name,
  kind: providerKind,
  baseUrl: z.url().nullable(),
  allowPrivateNetwork: z.boolean(),
  options: z.record(z.string(), z.unknown()),
  /** Absent from an admin older than them. */
  limits: z.array(providerLimit).max(200).readonly().default([]),
  /** Changes whenever the credentials do; stands for them in the entity's hash. */
  credentialsVersion: z.string(),
  /** Plain values, present only on the control channel and in the gateway's memory. Never in a hash or a revision. */
  credentials: z.record(z.string(), z.unknown()),
})

export const routeTarget = z.object({
  providerId: id,
  model: z.string().min(1).max(200),
  weight: z.number().min(0).max(10_000).default(1),
  priority: z.int().min(0).max(100).default(0),
  group: targetGroup.nullable().default(null),
})
export type RouteTarget = z.infer<typeof routeTarget>

export const routePolicy = z.object({
  retries: z
    .object({
      attempts: z.int().min(0).max(10).default(2),
      on: z.array(retryReason).default(['rateLimit', 'serverError', 'timeout', 'connection']),
    })
    .prefault({}),
  timeouts: z
    .object({
      totalMs: z.int().min(100).max(3_600_000).default(600_000),
      firstTokenMs: z.int().min(100).max(3_600_000).default(60_000),
      idleMs: z.int().min(100).max(3_600_000).default(60_000),
      minOutputSpeed: outputSpeed.nullable().default(null),
    })
    .prefault({}),
  degradation: z
    .object({
      notify: z.enum(['header', 'message', 'none']).default('header'),
      message: z.string().max(500).nullable().default(null),
    })
    .prefault({}),
  cache: z
    .object({
      mode: z.enum(['off', 'exact', 'semantic']).default('off'),
      ttlSeconds: z.int().min(1).max(2_592_000).default(3600),
      partition: z.enum(['consumer', 'team', 'key', 'user', 'route']).default('consumer'),
      threshold: z.number().min(0).max(1).default(0.95),
    })
    .prefault({}),
  maxOutputTokens: z.int().min(1).max(10_000_000).nullable().default(null),
  capture: z.enum(['none', 'metadata', 'full']).default('metadata'),
  onDisconnect: z.enum(['abort', 'drain']).default('abort'),
  onLoss: z.enum(['allow', 'reject']).default('allow'),
  allowUnpriced: z.boolean().default(true),
  affinity: affinity.prefault({}),
  canary: canary.nullable().default(null),
  /** In their order: the first whose conditions hold decides. */
  rules: z.array(routeRule).max(50).default([]),
  fallback: fallbackPolicy.prefault({}),
  hedge: hedge.nullable().default(null),
})
export type RoutePolicy = z.infer<typeof routePolicy>

export const routeEntity = routePolicy.extend({
  type: z.literal('route'),
  id,
  name,
  kind: routeKind,
  strategy,
  targets: z.array(routeTarget).min(1).max(100),
  enabled: z.boolean(),
})

export const priceEntity = z.object({
  type: z.literal('price'),
  id,
  /** Rises with each change; with the id it is the price's version in the books. */
  version: z.int().min(1),
  providerId: id.nullable(),
  providerKind: providerKind.nullable(),
  model: z.string().min(1).max(200),
  /** Epoch milliseconds from which the price applies; 0: always. */
  effectiveFrom: z.int().min(0),
  rates,
  tiers: z.array(priceTier).max(10),
  serviceTiers: serviceTiers.default({}),
  contextTokens: z.int().min(1).nullable(),
  maxOutputTokens: z.int().min(1).nullable(),
})

export const limitEntity = z.object({
  type: z.literal('limit'),
  id,
  name,
  scope: policyScope,
  metric: limitMetric,
  /** In the metric's own unit: requests, tokens, calls at once; pico-dollars for `costUsd`. */
  limit: picoText,
  /** Null for `concurrency` alone. */
  windowSeconds: z.int().min(1).max(31_622_400).nullable(),
  /** Whether input that the vendor had cached counts as tokens. */
  countCachedInput: z.boolean(),
  enabled: z.boolean(),
})

export const budgetEntity = z.object({
  type: z.literal('budget'),
  id,
  name,
  scope: policyScope,
  amountPicoUsd: picoText,
  period: budgetPeriod,
  /** Where its periods begin: the deployment's own zone. */
  timeZone: z.string().min(1).max(60),
  enforcement: z.enum(['hard', 'soft']),
  onExhausted: z.enum(['reject', 'clamp', 'degrade']),
  /** What becomes of a call whose cost has no bound, under a hard budget. */
  onUnbounded: z.enum(['reject', 'allow']),
  /** `strict`: input is held by its bytes, which no tokenizer exceeds. */
  reservation: z.enum(['estimate', 'strict']),
  /** How long a call may wait for holds of others to be settled. */
  holdWaitMs: z.int().min(0).max(60_000),
  /** Instead of `amountPicoUsd` until then (epoch milliseconds). */
  override: z.object({ amountPicoUsd: picoText, untilMs: z.int().min(0) }).nullable(),
  enabled: z.boolean(),
  /** Another number than the one that a gateway counted at: the books of its period were corrected, so it asks again. */
  recount: z.int().min(0).default(0),
})

export const entity = z.discriminatedUnion('type', [
  teamEntity,
  consumerEntity,
  keyEntity,
  providerEntity,
  routeEntity,
  priceEntity,
  limitEntity,
  budgetEntity,
])
export type Entity = z.infer<typeof entity>
export type EntityType = Entity['type']
export type EntityOf<T extends EntityType> = Extract<Entity, { type: T }>

export type TeamEntity = z.infer<typeof teamEntity>
export type ConsumerEntity = z.infer<typeof consumerEntity>
export type KeyEntity = z.infer<typeof keyEntity>
export type ProviderEntity = z.infer<typeof providerEntity>
export type RouteEntity = z.infer<typeof routeEntity>
export type PriceEntity = z.infer<typeof priceEntity>
export type LimitEntity = z.infer<typeof limitEntity>
export type BudgetEntity = z.infer<typeof budgetEntity>

/** In this order every reference points backwards: the order in which a whole snapshot is applied. */
export const ENTITY_ORDER = [
  'team',
  'consumer',
  'key',
  'provider',
  'route',
  'price',
  'limit',
  'budget',
] as const satisfies readonly EntityType[]
