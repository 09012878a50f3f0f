import { z } from 'zod'
import { resourceBase, timestamp } from '../fields.ts'

/** An entry is never changed: its version is 1, and its times are one. */
export const auditEntry = resourceBase.extend({
  at: timestamp,
  actorType: z.enum(['user', 'token', 'system']),
  actorId: z.string().nullable(),
  actorName: z.string(),
  action: z.string().describe('`key.create`, `session.sign-in`'),
  targetType: z.string(),
  targetId: z.string().nullable(),
  targetName: z.string().nullable(),
  teamId: z.string().nullable(),
  difference: z.record(z.string(), z.tuple([z.unknown(), z.unknown()])),
  address: z.string().nullable(),
  requestId: z.string().nullable(),
  revision: z.int().nullable(),
})
export type AuditEntry = z.infer<typeof auditEntry>
