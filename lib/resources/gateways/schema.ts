import { z } from 'zod'
import { resourceBase, timestamp } from '../fields.ts'

export const gatewayStatus = z.enum(['live', 'behind', 'refused', 'silent', 'gone'])
export const gateway = resourceBase.extend({
  hostname: z.string(),
  url: z.string().nullable(),
  build: z.string(),
  state: z.enum(['starting', 'ready', 'draining']),
  status: gatewayStatus.describe(
    '`live`: lease held, newest revision applied; `silent`: lease ran out under 60 s ago; `gone`: longer ago',
  ),
  revision: z.int().nullable(),
  refusedRevision: z.int().nullable(),
  refusedReason: z.string().nullable(),
  ackedAt: timestamp.nullable(),
  startedAt: timestamp,
  leaseUntil: timestamp,
  lastSeenAt: timestamp,
  lastSequence: z.int(),
  inFlight: z.int(),
  unshippedEvents: z.int(),
  unshippedBytes: z.int(),
  openIntents: z.int(),
  rssBytes: z.int(),
  loopDelayP99Ms: z.number(),
  takesCalls: z
    .boolean()
    .describe('False while its journal is full or can not be written: new calls get 503 `books_full`'),
  counters: z
    .enum(['held', 'waiting', 'independent', 'unknown'])
    .describe(
      'Of limits and budgets. `held`: it counts for all; `waiting`: another one does, and this one is not ready; `independent`: it counts for itself',
    ),
})
export type Gateway = z.infer<typeof gateway>

/** GET /config/status: the configuration pill. */
export const configStatus = z.object({
  epoch: z.string(),
  revision: z.int(),
  publishedAt: timestamp.nullable(),
  /** Gateways that count: a lease, or silent for under 60 s. */
  gateways: z.int(),
  /** Of them, those that count limits and budgets for themselves (GATEHOUSE_COUNTERS=independent). */
  independent: z.int(),
  applied: z.int(),
  refused: z.array(
    z.object({ gatewayId: z.string(), hostname: z.string(), revision: z.int(), reason: z.string() }),
  ),
})
export type ConfigStatus = z.infer<typeof configStatus>
