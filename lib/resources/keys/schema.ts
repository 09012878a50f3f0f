import { z } from 'zod'
import { resourceBase, resourceId, resourceName, timestamp } from '../fields.ts'

export const keyInput = z.strictObject({
  name: resourceName,
  consumerId: resourceId,
  userId: resourceId.nullable().default(null).describe('The user who owns it'),
  expiresAt: timestamp.nullable().default(null),
  allowedRoutes: z
    .array(resourceId)
    .max(500)
    .nullable()
    .default(null)
    .describe('Route ids or names; null: all that its team may use'),
  allowedToolsets: z.array(resourceId).max(500).nullable().default(null),
})
export const keyPatch = keyInput.omit({ consumerId: true }).partial()
export const keyRotation = z.strictObject({
  graceSeconds: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(0)
    .describe('How long the old secret still works'),
})
export const keyStatus = z.enum(['active', 'expiring', 'expired', 'revoked', 'disabled'])
export const key = resourceBase.extend({
  name: z.string(),
  consumerId: z.string(),
  consumerName: z.string(),
  teamId: z.string(),
  teamName: z.string(),
  userId: z.string().nullable(),
  userName: z.string().nullable(),
  prefix: z.string(),
  last4: z.string(),
  status: keyStatus.describe('`expiring`: within 7 days; `disabled`: its consumer is off'),
  allowedRoutes: z.array(z.string()).nullable(),
  allowedToolsets: z.array(z.string()).nullable(),
  expiresAt: timestamp.nullable(),
  revokedAt: timestamp.nullable(),
  rotatedAt: timestamp.nullable(),
  previousUntil: timestamp.nullable().describe('The secret before the last rotation works until then'),
  previousLast4: z.string().nullable(),
  lastUsedAt: timestamp.nullable(),
})
export type Key = z.infer<typeof key>
/** Answer of create and rotate: the only time that the secret is shown. POST /keys/{id}/revoke and DELETE end a key. */
export const keyWithSecret = key.extend({ secret: z.string() })
export type KeyWithSecret = z.infer<typeof keyWithSecret>
