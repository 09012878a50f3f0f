import { z } from 'zod'
import { timestamp, usdAmount } from '../fields.ts'

export const usageInterval = z.enum(['minute', 'hour', 'day', 'month'])
export const usageDimension = z.enum(['team', 'consumer', 'key', 'route', 'provider', 'model', 'kind'])
export type UsageDimension = z.infer<typeof usageDimension>

export const usageQuery = z.strictObject({
  from: timestamp
    .optional()
    .describe('Default: an hour ago for minutes, a day for hours, 30 days, 12 months'),
  to: timestamp.optional().describe('Default: now; exclusive'),
  interval: usageInterval.default('hour'),
  groupBy: z
    .string()
    .optional()
    .describe('Comma-separated: team, consumer, key, route, provider, model, kind; at most 4'),
  top: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(100)
    .describe('How many groups are told apart, the costliest first; the others are one series'),
  timeZone: z
    .string()
    .max(60)
    .optional()
    .describe('IANA; where days and months begin. Default: the deployment’s'),
  teamId: z.string().optional(),
  consumerId: z.string().optional(),
  keyId: z.string().optional(),
  route: z.string().optional(),
  providerId: z.string().optional(),
  model: z.string().optional(),
  kind: z.enum(['llm', 'mcp', 'http']).optional(),
  simulated: z.enum(['include', 'exclude', 'only']).default('exclude'),
})

export const usageValues = z.object({
  requests: z.int(),
  errors: z.int().describe('Status from 500, and a vendor’s refusals'),
  refused: z.int().describe('Refused by policy or for a bad request: 4xx of our own'),
  inputTokens: z.int(),
  cachedInputTokens: z.int(),
  outputTokens: z.int(),
  reasoningTokens: z.int(),
  costUsd: usdAmount,
  unpricedRequests: z.int(),
  estimatedRequests: z.int(),
  /** From histograms: upper bounds of their buckets. Null without calls. */
  latencyP50Ms: z.number().nullable(),
  latencyP95Ms: z.number().nullable(),
  firstTokenP50Ms: z.number().nullable(),
  firstTokenP95Ms: z.number().nullable(),
})
export type UsageValues = z.infer<typeof usageValues>

export const usageGroup = z.object({
  /** Ids by dimension; the value is null for calls without one. */
  key: z.record(z.string(), z.string().nullable()),
  /** Names by dimension, for people. */
  label: z.record(z.string(), z.string().nullable()),
  others: z.int().optional().describe('Set on one last series: how many groups beyond the costliest it sums'),
})
export const usageReport = z.object({
  from: timestamp,
  to: timestamp,
  interval: usageInterval,
  timeZone: z.string(),
  /** Starts of the intervals, in order, none left out. */
  buckets: z.array(timestamp),
  total: usageValues,
  series: z
    .array(usageGroup.extend({ total: usageValues, values: z.array(usageValues) }))
    .describe('One for each group, the costliest first; one with an empty key when nothing is grouped'),
})
export type UsageReport = z.infer<typeof usageReport>
