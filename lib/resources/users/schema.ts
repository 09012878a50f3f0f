import { z } from 'zod'
import { resourceBase, resourceId, resourceName, timestamp } from '../fields.ts'
import { role } from '../roles.ts'

export const password = z.string().min(12, 'at least 12 characters').max(200)

export const teamRoleInput = z.strictObject({ teamId: resourceId, role })

export const userInput = z.strictObject({
  email: z.email().max(254).toLowerCase(),
  name: resourceName,
  password: password.optional().describe('Without one the user cannot sign in with a password'),
  role: role.nullable().default(null).describe('For the deployment'),
  teams: z.array(teamRoleInput).max(200).default([]),
})
/** PATCH: absent keeps, null clears, a value replaces; `teams` as a whole. */
export const userPatch = z.strictObject({
  name: resourceName.optional(),
  password: password.optional(),
  role: role.nullable().optional(),
  teams: z.array(teamRoleInput).max(200).optional(),
  disabled: z.boolean().optional(),
})
export const user = resourceBase.extend({
  email: z.string(),
  name: z.string(),
  role: role.nullable(),
  teams: z.array(z.object({ teamId: z.string(), teamName: z.string(), role })),
  disabled: z.boolean(),
  lastSeenAt: timestamp.nullable(),
})
export type User = z.infer<typeof user>
