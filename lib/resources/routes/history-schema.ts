/** What the targets of a route, or the models of a provider, were asked over time; safe for the browser. */
import { z } from 'zod'
import { leftReason } from '../../contract/usage-event.ts'
import { timestamp } from '../fields.ts'
import { usageInterval, usageQuery } from '../usage/schema.ts'

export const historyQuery = usageQuery.pick({
  from: true,
  to: true,
  interval: true,
  timeZone: true,
  simulated: true,
})

/** Those that are not zero. */
const byReason = z.partialRecord(leftReason, z.int())
const upperBound = z.number().nullable()

export const historyValues = z.object({
  calls: z.int().describe('By the target that was asked last'),
  errors: z.int().describe('Of the calls'),
  refused: z.int().describe('Of the calls: 4xx of our own'),
  attempts: z.int(),
  chosenFirst: z.int().describe('Calls of which it was the first one asked'),
  failures: byReason.describe('Attempts that did not go well, by reason'),
  fallbacks: byReason.describe('Calls that it answered in the place of another, by reason'),
  /** From histograms: upper bounds of their buckets. Null without any. */
  latencyP50Ms: upperBound.describe('Of calls, as their callers had them; so are the next three'),
  latencyP95Ms: upperBound,
  firstTokenP50Ms: upperBound,
  firstTokenP95Ms: upperBound,
  attemptP50Ms: upperBound.describe('Of attempts that went well; so are the next three'),
  attemptP95Ms: upperBound,
  attemptFirstTokenP50Ms: upperBound,
  attemptFirstTokenP95Ms: upperBound,
})
export type HistoryValues = z.infer<typeof historyValues>

export const historyChange = z.object({
  revision: z.int(),
  at: timestamp,
  actorName: z.string(),
  op: z.enum(['create', 'update', 'delete']),
  members: z.array(z.string()).describe('Which of its members changed: `targets`, `strategy`'),
})
export type HistoryChange = z.infer<typeof historyChange>

const target = z.object({
  providerId: z.string(),
  providerName: z.string().nullable().describe('Null for one that was deleted'),
  model: z.string(),
  total: historyValues,
  values: z.array(historyValues),
})

/** GET /routes/{id}/history and GET /providers/{id}/history */
export const targetHistory = z.object({
  from: timestamp,
  to: timestamp,
  interval: usageInterval,
  timeZone: z.string(),
  buckets: z.array(timestamp).describe('Starts of the intervals, in order, none left out'),
  total: historyValues,
  values: z.array(historyValues).describe('By interval, of all targets together'),
  targets: z.array(target).describe('The most asked first; 50 at most are told apart'),
  changes: z
    .array(historyChange)
    .describe('Revisions in the range that changed it, in order; of more than 200 the newest'),
})
export type TargetHistory = z.infer<typeof targetHistory>
