import { z } from 'zod'
import { resourceBase, resourceName } from '../fields.ts'

export const teamInput = z.strictObject({ name: resourceName })
export const team = resourceBase.extend({
  name: z.string(),
  consumerCount: z.int(),
  keyCount: z.int().describe('Keys that work now'),
  memberCount: z.int(),
})
export type Team = z.infer<typeof team>
