import { z } from 'zod'
import { timestamp } from '../fields.ts'

export const auditEntry = z.object({
  id: z.string(),
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
