import { z } from 'zod'
import { meter } from '../../contract/price.ts'
import { usage, usageSource } from '../../contract/usage.ts'
import { attemptOutcome, callDegraded, leftReason } from '../../contract/usage-event.ts'
import { timestamp, usdAmount } from '../fields.ts'

export const receiptLine = z.object({
  attempt: z.int(),
  meter,
  quantity: z.int(),
  usdPerMillion: z.string().nullable(),
  unit: z.string().optional(),
  usdPerUnit: z.string().optional(),
  costUsd: usdAmount,
  priceVersion: z.string(),
  correctionOf: z.string().optional(),
})
export const receiptAttempt = z.object({
  providerId: z.string(),
  providerName: z.string().nullable(),
  model: z.string(),
  servedModel: z.string().nullable(),
  status: z.int().nullable(),
  code: z.string().nullable(),
  outcome: attemptOutcome,
  reason: leftReason.nullable().describe('Why it was left; null when it went well, or is not known'),
  latencyMs: z.int(),
  firstTokenMs: z.int().nullable(),
  usage,
  usageSource,
  serviceTier: z.string().nullable().describe('Served, by the vendor’s own word: it sets the price'),
  requestedServiceTier: z.string().nullable(),
  vendorCostUsd: z.string().nullable().describe('What the vendor itself says that it charges'),
  costUsd: usdAmount.nullable(),
})
/** A row of the log: a receipt without its lines and attempts. */
export const call = z.object({
  id: z.string(),
  traceId: z.string(),
  at: timestamp,
  kind: z.enum(['llm', 'mcp', 'http']),
  status: z.int(),
  code: z.string().nullable(),
  teamId: z.string().nullable(),
  teamName: z.string().nullable(),
  consumerId: z.string().nullable(),
  consumerName: z.string().nullable(),
  keyId: z.string().nullable(),
  keyName: z.string().nullable(),
  routeId: z.string().nullable(),
  route: z.string().nullable(),
  stream: z.boolean(),
  requestedModel: z.string().nullable(),
  servedModel: z.string().nullable(),
  providerId: z.string().nullable(),
  providerName: z.string().nullable(),
  endUser: z.string().nullable(),
  usage,
  usageSource,
  costUsd: usdAmount.nullable(),
  unpriced: z.boolean(),
  attemptCount: z.int(),
  simulated: z.boolean(),
  latencyMs: z.int(),
  firstTokenMs: z.int().nullable(),
  tags: z.record(z.string(), z.string()),
  revision: z.int(),
  degraded: callDegraded
    .extend({ reason: leftReason })
    .nullable()
    .describe('A fallback answered: models asked for and served, why, and how the caller was told'),
})
export type Call = z.infer<typeof call>

export const receiptRouting = z.object({
  strategy: z.string(),
  rule: z.string().nullable().describe('The rule that chose'),
  canary: z.boolean().nullable().describe('Whether the caller met the canary; null: the route had none'),
  wantedProviderId: z.string().nullable().describe('Whom the route would have had answer'),
  wantedModel: z.string().nullable(),
})
export type ReceiptRouting = z.infer<typeof receiptRouting>

export const receipt = call.extend({
  lines: z.array(receiptLine),
  attempts: z.array(receiptAttempt),
  routing: receiptRouting
    .nullable()
    .describe('What the route decided; null where there was nothing to choose, or an older gateway did'),
  reservedUsd: usdAmount.nullable(),
  dropped: z.array(z.string()),
  overheadUs: z.int().nullable(),
  gatewayId: z.string(),
  sequence: z.int(),
})
export type Receipt = z.infer<typeof receipt>

export const callFilters = z.strictObject({
  from: timestamp.optional(),
  to: timestamp.optional(),
  teamId: z.string().optional(),
  consumerId: z.string().optional(),
  keyId: z.string().optional(),
  route: z.string().optional(),
  providerId: z.string().optional(),
  model: z.string().optional().describe('Served or requested'),
  kind: z.enum(['llm', 'mcp', 'http']).optional(),
  outcome: z
    .enum(['ok', 'error', 'refused'])
    .optional()
    .describe('refused: 4xx of our own; error: the rest from 400'),
  code: z.string().optional(),
  stream: z.enum(['true', 'false']).optional(),
  degraded: z.literal('true').optional().describe('Those that a fallback answered'),
  repricedBy: z.string().optional().describe('The id of the repricing that corrected it last'),
  simulated: z.enum(['include', 'exclude', 'only']).default('include'),
})
