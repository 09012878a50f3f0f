/** What applies to a key or a consumer, and why. Safe for the browser. */
import { z } from 'zod'
import { budgetPeriod, limitMetric } from '../../contract/policy.ts'
import { timestamp, usdAmount } from '../fields.ts'
import { limitUsed } from '../limits/schema.ts'
import { scopeOutput } from './schema.ts'

export const appliedPolicy = z.object({
  kind: z.enum(['limit', 'budget']),
  id: z.string(),
  name: z.string(),
  scope: scopeOutput,
  subject: z
    .string()
    .nullable()
    .describe(
      'The id that such a call counts under; empty for the organization; null: it depends on the call',
    ),
  reason: z.string().describe('Why it applies, in words'),
  routes: z
    .array(z.object({ id: z.string(), name: z.string() }))
    .nullable()
    .describe('Calls of these routes alone; null: of every route'),
  share: z.number().nullable().describe('How near to its end: 1 is used up; null: it depends on the call'),
  limit: z
    .object({
      metric: limitMetric,
      limit: z.union([z.int(), z.string()]),
      windowSeconds: z.int().nullable(),
      used: limitUsed.describe(
        'As the gateways told last; 0 where it is not among those nearest to their end',
      ),
    })
    .nullable(),
  budget: z
    .object({
      period: budgetPeriod,
      enforcement: z.enum(['hard', 'soft']),
      from: timestamp.nullable(),
      to: timestamp.nullable(),
      amountUsd: usdAmount,
      spentUsd: usdAmount,
      heldUsd: usdAmount,
      leftUsd: usdAmount,
    })
    .nullable(),
})
export type AppliedPolicy = z.infer<typeof appliedPolicy>

export const appliedPolicies = z.object({
  data: z.array(appliedPolicy).describe('The nearest to their end first'),
  total: z.int().describe('At most 200 are listed'),
})
export type AppliedPolicies = z.infer<typeof appliedPolicies>
