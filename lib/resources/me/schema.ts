import { z } from 'zod'
import { role } from '../roles.ts'

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
