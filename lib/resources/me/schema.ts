import { z } from 'zod'
import { timestamp } from '../fields.ts'
import { role } from '../roles.ts'
import { password } from '../users/schema.ts'

export const me = z.object({
  id: z.string(),
  type: z.enum(['user', 'token']),
  name: z.string(),
  email: z.string().nullable(),
  role: role.nullable(),
  teams: z.array(z.object({ teamId: z.string(), teamName: z.string(), role })),
  /** Operation ids that this caller may use somewhere: what the console shows. */
  operations: z.array(z.string()),
  deployment: z.object({
    version: z.string(),
    timeZone: z.string(),
    adminUrl: z.string(),
    gatewayUrl: z.string().describe('What SDKs take as their base URL, without `/v1`'),
  }),
})
export type Me = z.infer<typeof me>

/** GET /setup: the first-run checklist. */
export const setup = z.object({
  provider: z.boolean(),
  route: z.boolean(),
  key: z.boolean(),
  call: z.boolean(),
  /** For snippets: the newest route's name. */
  routeName: z.string().nullable(),
})
export type Setup = z.infer<typeof setup>

/** GET /me/sessions: where one is signed in. DELETE /me/sessions/{id} ends one, POST /me/sign-out this one. */
export const session = z.object({
  id: z.string(),
  createdAt: timestamp,
  lastSeenAt: timestamp,
  expiresAt: timestamp,
  userAgent: z.string().nullable(),
  address: z.string().nullable(),
  current: z.boolean(),
})
export type Session = z.infer<typeof session>

/** POST /me/password: ends all other sessions. */
export const passwordChange = z.strictObject({
  currentPassword: z.string().max(1_000),
  newPassword: password,
})
