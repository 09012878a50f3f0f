import { z } from 'zod'
import { resourceBase } from '../fields.ts'

export const revisionChange = z.object({
  type: z.string(),
  id: z.string(),
  name: z.string(),
  op: z.enum(['create', 'update', 'delete']),
})
/** Revisions are numbered: their `id` is the number in a string, and they never change. */
export const revision = resourceBase.extend({
  revision: z.int(),
  epoch: z.string(),
  hash: z.string(),
  summary: z.string(),
  actorType: z.string(),
  actorId: z.string().nullable(),
  actorName: z.string(),
  changes: z.array(revisionChange),
  gateways: z.array(
    z.object({ id: z.string(), hostname: z.string(), status: z.enum(['applied', 'pending', 'refused']) }),
  ),
})
export type Revision = z.infer<typeof revision>

/** GET /revisions/{id}/diff?against=<revision>; the default is the one before. */
export const revisionDiff = z.object({
  from: z.int(),
  to: z.int(),
  changes: z.array(
    revisionChange.extend({
      fields: z.array(z.object({ path: z.string(), before: z.unknown(), after: z.unknown() })),
    }),
  ),
})
export type RevisionDiff = z.infer<typeof revisionDiff>

/** POST /revisions/{id}/rollback: a new revision with the old content. Keys are never rolled back. */
export const rollbackInput = z.strictObject({
  credentials: z
    .record(z.string(), z.record(z.string(), z.unknown()))
    .default({})
    .describe('By provider id, for each provider whose address would change'),
})
export const rollbackResult = z.object({ revision: z.int(), changes: z.array(revisionChange) })
