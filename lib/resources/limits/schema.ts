import { z } from 'zod'
import { decimalText } from '../../contract/money.ts'
import { limitMetric } from '../../contract/policy.ts'
import { resourceBase, resourceName } from '../fields.ts'
import { policyWarning, scopeInput, scopeOutput } from '../policies/schema.ts'

const MAX_WINDOW_SECONDS = 31_622_400
const quantity = z
  .union([z.int().min(1).max(1_000_000_000_000), decimalText], {
    error: 'a whole number from 1 on, or USD as a decimal in a string, such as "10.00"',
  })
  .describe('Requests, tokens or calls at once: a whole number. Of `costUsd` USD: a decimal in a string')
const windowSeconds = z.int().min(1).max(MAX_WINDOW_SECONDS)

const fields = {
  name: resourceName,
  scope: scopeInput,
  metric: limitMetric,
  limit: quantity,
  windowSeconds: windowSeconds.nullish().describe('Of the sliding window; none for `concurrency`'),
  countCachedInput: z.boolean().describe('Whether input that the vendor had cached counts as tokens'),
  enabled: z.boolean(),
}

/** A sliding window that admits its whole amount as a burst. */
export const limitInput = z.strictObject({
  ...fields,
  countCachedInput: fields.countCachedInput.default(true),
  enabled: fields.enabled.default(true),
})
export const limitPatch = z.strictObject({
  name: fields.name.optional(),
  scope: fields.scope.optional(),
  metric: fields.metric.optional(),
  limit: fields.limit.optional(),
  windowSeconds: fields.windowSeconds,
  countCachedInput: fields.countCachedInput.optional(),
  enabled: fields.enabled.optional(),
})

export const limitUsed = z.union([z.int(), z.string()]).describe('In the unit of the limit')

/** One whom a limit counts. */
export const limitSubject = z.object({
  subject: z.string().describe('The id that is counted; empty for the organization'),
  name: z.string().nullable(),
  used: limitUsed,
})
export type LimitSubject = z.infer<typeof limitSubject>

export const limit = resourceBase.extend({
  name: z.string(),
  scope: scopeOutput,
  metric: limitMetric,
  limit: z.union([z.int(), z.string()]),
  windowSeconds: z.int().nullable(),
  countCachedInput: z.boolean(),
  enabled: z.boolean(),
  current: limitSubject
    .nullable()
    .describe('Whoever is nearest to the end, as the gateways told last; null: nothing counts just now'),
  warnings: z.array(policyWarning).optional().describe('Not in lists'),
})
export type Limit = z.infer<typeof limit>
