import { z } from 'zod'
import { resourceBase, resourceId, resourceName } from '../fields.ts'

export const consumerInput = z.strictObject({
  name: resourceName,
  teamId: resourceId,
  description: z.string().trim().max(500).nullable().default(null),
  enabled: z.boolean().default(true).describe('Off: all its keys are refused'),
})
/** The team of a consumer is fixed: its past cost stands in that team's books. */
export const consumerPatch = consumerInput.omit({ teamId: true }).partial()
export const consumer = resourceBase.extend({
  name: z.string(),
  teamId: z.string(),
  teamName: z.string(),
  description: z.string().nullable(),
  enabled: z.boolean(),
  keyCount: z.int().describe('Keys that work now'),
})
export type Consumer = z.infer<typeof consumer>
