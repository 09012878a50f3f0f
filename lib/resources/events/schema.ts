/**
 * GET /api/v1/events: server-sent events of what the caller may see. `id` is `<instance>-<n>`; after a reconnect with a
 * `Last-Event-ID` that this admin no longer holds, `reset` comes first: read again what you show.
 */
import { z } from 'zod'
import { budgetAlert } from '../budgets/schema.ts'
import { call } from '../calls/schema.ts'
import { configStatus } from '../gateways/schema.ts'
import { limitUsed } from '../limits/schema.ts'

export const liveEvent = z.discriminatedUnion('event', [
  /** A call was booked. At most 50 a second; when more come, `usage` counts the rest. */
  z.object({ event: z.literal('call'), data: call }),
  /** Calls were booked: totals moved. At most four a second. `calls` is how many. */
  z.object({ event: z.literal('usage'), data: z.object({ calls: z.int(), at: z.string() }) }),
  /** A budget reached one of its shares. */
  z.object({ event: z.literal('budgetAlert'), data: budgetAlert }),
  /**
   * With `watch=standings`: what calls in flight hold, and what counts under the limits that are nearest to their end.
   * What changed since it was told last, as the gateways tell it, about every second.
   */
  z.object({
    event: z.literal('standings'),
    data: z.object({
      budgets: z.array(
        z.object({
          budgetId: z.string(),
          subject: z.string(),
          from: z.string().nullable(),
          heldUsd: z.string(),
        }),
      ),
      limits: z.array(z.object({ limitId: z.string(), subject: z.string(), used: limitUsed })),
    }),
  }),
  z.object({ event: z.literal('config'), data: configStatus }),
  z.object({ event: z.literal('reset'), data: z.object({}) }),
])
export type LiveEvent = z.infer<typeof liveEvent>
