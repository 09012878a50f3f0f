/**
 * The durable record of one call, as a gateway ships it and the admin books it. Money is an integer number of
 * pico-dollars in a string. Events of a gateway carry `sequence` from 1 without gaps; `id` makes a repeat harmless.
 */
import { z } from 'zod'
import { providerKind } from './entities.ts'
import { decimalText, picoText } from './money.ts'
import { meter } from './price.ts'
import { usage, usageSource } from './usage.ts'

export const ledgerLine = z.object({
  /** Index into `attempts`. */
  attempt: z.int().min(0),
  meter,
  quantity: z.int().min(0),
  /** Set for meters priced by the million tokens; else `unit` and `usdPerUnit` are. */
  usdPerMillion: decimalText.nullable(),
  unit: z.string().max(40).nullable(),
  usdPerUnit: decimalText.nullable(),
  costPicoUsd: picoText,
  priceVersion: z.string().max(120),
})
export type LedgerLine = z.infer<typeof ledgerLine>

export const attemptOutcome = z.enum(['ok', 'error', 'cut', 'unknown'])
export type AttemptOutcome = z.infer<typeof attemptOutcome>

const serviceTier = z.string().max(40)

export const attempt = z.object({
  providerId: z.string().max(120),
  providerKind,
  /** The target's model; what the vendor said it served is the call's `servedModel`. */
  model: z.string().max(200),
  servedModel: z.string().max(200).nullable(),
  /** The vendor's status; null when there was no answer. */
  status: z.int().nullable(),
  /** Of the gateway's catalogue; null when it went well. */
  code: z.string().max(60).nullable(),
  outcome: attemptOutcome,
  /** Why it was left, or did not help: see `leftReason`. Absent when it went well, and from older gateways. */
  reason: z.string().max(40).nullish(),
  /** Epoch milliseconds. */
  startedAt: z.int(),
  latencyMs: z.int().min(0),
  firstTokenMs: z.int().min(0).nullable(),
  usage,
  usageSource,
  /** The vendor's service tier that was served, in its own word; null when it said none. It sets the price. */
  serviceTier: serviceTier.nullable().default(null),
  /** The one that the caller asked for; null when it asked for none. */
  requestedServiceTier: serviceTier.nullable().default(null),
  /** What the vendor itself says that it charges; null when it does not say. */
  vendorCostUsd: decimalText.nullable().default(null),
  /** Null when unpriced or unknown. */
  costPicoUsd: picoText.nullable(),
})
export type Attempt = z.infer<typeof attempt>

/**
 * Whose answer the caller has: the last attempt that went well, which need not be the last one, for a refusal stands
 * where the targets that were asked after it fail. Where none went well, the last that was not outrun by another;
 * undefined where nobody was asked.
 */
export function answeringAttempt<T extends Pick<Attempt, 'outcome' | 'reason'>>(
  attempts: readonly T[],
): T | undefined {
  return (
    attempts.findLast(({ outcome }) => outcome === 'ok') ??
    attempts.findLast(({ reason }) => reason !== 'hedge')
  )
}

/**
 * Why a target was left, or not asked at all. Gateways of a later release may say more: what is not known here is read
 * as `other`. Sums are stored by place: new ones stand at the end.
 */
export const LEFT_REASONS = [
  'rateLimit',
  'serverError',
  'timeout',
  'connection',
  'contextTooLong',
  'contentRefused',
  'slow',
  /** The vendor took the request for wrong: nobody else was asked. */
  'badRequest',
  'callerGone',
  /** It was out, or was to be left alone. */
  'unavailable',
  /** It had no room in a budget, or in a limit. */
  'budget',
  'limit',
  /** The gateway died meanwhile. */
  'unknown',
  'other',
  /** Another target, asked at the same time, had answered first. */
  'hedge',
] as const
export const leftReason = z.enum(LEFT_REASONS)
export type LeftReason = z.infer<typeof leftReason>

export function leftReasonOf(told: string): LeftReason {
  return leftReason.safeParse(told).data ?? 'other'
}

/** An answer by a fallback, and how its caller was told. */
export const callDegraded = z.object({
  /** Models. */
  requested: z.string().max(200),
  served: z.string().max(200),
  reason: z.string().max(40),
  told: z.enum(['message', 'header', 'none']),
  /** Why no line stands in the answer where the route wants one: it is to be JSON, calls a tool, or has no text. */
  whyNotMessage: z.enum(['json', 'toolCall', 'noText']).optional(),
})
export type CallDegraded = z.infer<typeof callDegraded>

/** What the route decided before anybody was asked. */
export const callRouting = z.object({
  strategy: z.string().max(40),
  /** The name of the rule that chose; absent: none did. */
  rule: z.string().max(200).nullish(),
  /** Whether the caller met the canary; absent: the route has none. */
  canary: z.boolean().nullish(),
  /** Whom the route would have had answer; absent: whoever answered, see `answeringAttempt`. */
  wantedProviderId: z.string().max(120).nullish(),
  wantedModel: z.string().max(200).nullish(),
})
export type CallRouting = z.infer<typeof callRouting>

export const usageEvent = z.object({
  /** The request id, a UUIDv7: its time is the call's day in the books. */
  id: z.uuid(),
  sequence: z.int().min(1),
  traceId: z.string().max(64),
  /** Epoch milliseconds at which the call arrived. */
  at: z.int(),
  kind: z.enum(['llm', 'mcp', 'http']),
  /** What the caller saw; 499 when it had gone. */
  status: z.int(),
  code: z.string().max(60).nullable(),
  /** Null when the call was refused before its key was known. */
  teamId: z.string().max(120).nullable(),
  consumerId: z.string().max(120).nullable(),
  keyId: z.string().max(120).nullable(),
  routeId: z.string().max(120).nullable(),
  route: z.string().max(200).nullable(),
  stream: z.boolean(),
  requestedModel: z.string().max(200).nullable(),
  servedModel: z.string().max(200).nullable(),
  providerId: z.string().max(120).nullable(),
  /** `x-gatehouse-user`. */
  endUser: z.string().max(200).nullable(),
  /** Sum over attempts. */
  usage,
  usageSource,
  /** Sum over lines; null when a part of it is unpriced or unknown. */
  costPicoUsd: picoText.nullable(),
  /** True when tokens were used that no price is known for. */
  unpriced: z.boolean(),
  reservedPicoUsd: picoText.nullable(),
  lines: z.array(ledgerLine).max(200),
  attempts: z.array(attempt).max(50),
  /** What a translation could not carry; see `x-gatehouse-dropped`. */
  dropped: z.array(z.string().max(120)).max(50),
  /** Answered by the sandbox: outside money totals unless asked for. */
  simulated: z.boolean(),
  latencyMs: z.int().min(0),
  firstTokenMs: z.int().min(0).nullable(),
  /** Time spent in the gateway itself before dispatch and after the answer, microseconds. */
  overheadUs: z.int().min(0).nullable(),
  tags: z.record(z.string().max(64), z.string().max(200)),
  /** The configuration that the call ran under. */
  revision: z.int().min(0),
  /** Absent when the route's first choice answered, or nobody did. */
  degraded: callDegraded.nullish(),
  /** Absent where there was nothing to choose. */
  routing: callRouting.nullish(),
})
export type UsageEvent = z.infer<typeof usageEvent>
