import { z } from 'zod'
import { resourceBase, resourceId, resourceName, timestamp } from '../fields.ts'
import { role } from '../roles.ts'

export const accessTokenInput = z.strictObject({
  name: resourceName,
  /** Absent: a token of the user who makes it, with the user’s own roles. */
  serviceAccount: z
    .strictObject({ role, teamId: resourceId.nullable().default(null) })
    .nullable()
    .default(null)
    .describe('A role of its own, for the deployment or one team; needs a role at least as high'),
  scopes: z
    .array(z.string().regex(/^([a-z-]+):(read|write)$|^\*$/, 'such as "keys:write" or "*"'))
    .min(1)
    .max(50)
    .default(['*']),
  expiresAt: timestamp.nullable().default(null),
})
export const accessToken = resourceBase.extend({
  name: z.string(),
  userId: z.string().nullable(),
  userName: z.string().nullable(),
  role: role.nullable(),
  teamId: z.string().nullable(),
  teamName: z.string().nullable(),
  scopes: z.array(z.string()),
  prefix: z.string(),
  last4: z.string(),
  expiresAt: timestamp.nullable(),
  revokedAt: timestamp.nullable(),
  lastUsedAt: timestamp.nullable(),
})
export type AccessToken = z.infer<typeof accessToken>
export const accessTokenWithSecret = accessToken.extend({ secret: z.string() })
