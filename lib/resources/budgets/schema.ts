import { z } from 'zod'
import { decimalText } from '../../contract/money.ts'
import { budgetPeriod } from '../../contract/policy.ts'
import { resourceBase, resourceName, timestamp, usdAmount } from '../fields.ts'
import { policyWarning, scopeInput, scopeOutput } from '../policies/schema.ts'

const alertAt = z
  .array(z.number().gt(0).max(10))
  .max(10)
  .refine((shares) => new Set(shares).size === shares.length, 'names a share twice')
  .describe('Shares of the amount at which an alert is raised; 1 is all of it')

const fields = {
  name: resourceName,
  scope: scopeInput,
  amountUsd: decimalText,
  period: budgetPeriod,
  enforcement: z.enum(['hard', 'soft']).describe('A hard one is never exceeded, a soft one only watches'),
  alertAt,
  onExhausted: z
    .enum(['reject', 'clamp', 'degrade'])
    .describe('402, a lower cap on the output that fits, or a cheaper target that does'),
  onUnbounded: z.enum(['reject', 'allow']).describe('Calls whose cost has no bound, or no price'),
  reservation: z.enum(['estimate', 'strict']).describe('`strict` holds input by its bytes'),
  holdWaitMs: z.int().min(0).max(60_000).describe('How long a call waits for what calls in flight hold'),
  enabled: z.boolean(),
}

export const budgetInput = z.strictObject({
  ...fields,
  enforcement: fields.enforcement.default('hard'),
  alertAt: fields.alertAt.default([0.5, 0.8, 1]),
  onExhausted: fields.onExhausted.default('reject'),
  onUnbounded: fields.onUnbounded.default('reject'),
  reservation: fields.reservation.default('estimate'),
  holdWaitMs: fields.holdWaitMs.default(2_000),
  enabled: fields.enabled.default(true),
})
export const budgetPatch = z.strictObject(fields).partial()

export const budgetOverride = z.strictObject({
  amountUsd: decimalText.describe('In place of the budget’s own'),
  until: timestamp,
  reason: z.string().trim().min(1, 'say why').max(500),
})

/** Of one subject in the present period. */
const standing = z.object({
  subject: z.string().describe('The id that is counted; empty for the organization'),
  spentUsd: usdAmount,
  heldUsd: usdAmount.describe('By calls in flight, as the gateways told last'),
  leftUsd: usdAmount.describe('Negative: overrun'),
})

export const budget = resourceBase.extend({
  name: z.string(),
  scope: scopeOutput,
  amountUsd: usdAmount,
  period: budgetPeriod,
  enforcement: z.enum(['hard', 'soft']),
  alertAt: z.array(z.number()),
  onExhausted: z.enum(['reject', 'clamp', 'degrade']),
  onUnbounded: z.enum(['reject', 'allow']),
  reservation: z.enum(['estimate', 'strict']),
  holdWaitMs: z.int(),
  enabled: z.boolean(),
  override: z.object({ amountUsd: usdAmount, until: timestamp, reason: z.string() }).nullable(),
  current: z
    .object({
      from: timestamp.nullable(),
      to: timestamp.nullable().describe('When it resets; null: never'),
      amountUsd: usdAmount.describe('What applies now, an override included'),
      /** The one that is counted; with `each`, whoever has spent most. */
      ...standing.shape,
      subjects: z.int().describe('How many have spent something'),
    })
    .describe('Where it stands in this period'),
  warnings: z.array(policyWarning).optional().describe('Not in lists'),
})
export type Budget = z.infer<typeof budget>

/** GET /budgets/{id}/subjects: with `each`, every one that has spent something, the largest first. */
export const budgetSubject = standing.extend({ name: z.string().nullable() })
export type BudgetSubject = z.infer<typeof budgetSubject>

/** A share of a budget that the books have reached. */
export const budgetAlert = z.object({
  id: z.string(),
  createdAt: timestamp.describe('When it was raised'),
  budgetId: z.string(),
  budgetName: z.string(),
  scope: scopeOutput.omit({ id: true }),
  subject: z.string().describe('The id that was counted; empty for the organization'),
  subjectName: z.string().nullable(),
  period: budgetPeriod,
  from: timestamp.nullable(),
  to: timestamp.nullable(),
  threshold: z.number().describe('The share of the amount; 1 is all of it'),
  spentUsd: usdAmount.describe('As the books had it then'),
  amountUsd: usdAmount.describe('What applied then, an override included'),
})
export type BudgetAlert = z.infer<typeof budgetAlert>
