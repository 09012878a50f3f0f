import { z } from 'zod'
import { timestamp, usdAmount } from '../fields.ts'

export const repriceInput = z.strictObject({
  from: timestamp.nullish().describe('Calls that arrived from then on. Absent: all that the price reaches'),
  to: timestamp.nullish().describe('Calls that arrived before. Absent: up to now'),
  dryRun: z.boolean().optional().describe('Absent is `true`: only `false` changes anything'),
})

const sums = {
  calls: z.int(),
  beforeUsd: usdAmount,
  afterUsd: usdAmount,
  differenceUsd: usdAmount,
}
const contribution = z.object({ id: z.string().nullable(), name: z.string().nullable(), ...sums })
export type RepriceContribution = z.infer<typeof contribution>

export const repricePreview = z.object({
  dryRun: z.literal(true),
  priceId: z.string(),
  priceVersion: z.int(),
  from: timestamp.nullable(),
  to: timestamp,
  ...sums,
  firstCallAt: timestamp.nullable(),
  lastCallAt: timestamp.nullable(),
  newlyPricedCalls: z.int().describe('Had no price until now'),
  newlyUnpricedCalls: z.int().describe('Had this price, and no price applies to them any more'),
  skippedCalls: z.int().describe('Their usage cannot be split by this price: they stay as they are'),
  simulatedCalls: z.int().describe('Answered by the sandbox: priced again too, and no part of these sums'),
  byTeam: z.array(contribution),
  byRoute: z.array(contribution),
  byModel: z.array(contribution),
  budgets: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      from: timestamp.nullable(),
      to: timestamp.nullable(),
      closed: z
        .boolean()
        .describe('The period is over: its history changes, and nobody is refused or let in by it'),
      differenceUsd: usdAmount.describe('Over all that it counts'),
    }),
  ),
  complete: z
    .boolean()
    .describe('False: counting took too long, and the sums are those of the calls before `countedTo`'),
  countedTo: timestamp.nullable(),
})
export type RepricePreview = z.infer<typeof repricePreview>

export const repricing = z.object({
  id: z.string(),
  createdAt: timestamp,
  updatedAt: timestamp,
  finishedAt: timestamp.nullable(),
  status: z.enum(['running', 'done', 'stopped']),
  stopReason: z.string().nullable(),
  priceId: z.string(),
  priceVersion: z.int(),
  model: z.string(),
  from: timestamp.nullable(),
  to: timestamp,
  ...sums,
  skippedCalls: z.int(),
  actorName: z.string(),
})
export type Repricing = z.infer<typeof repricing>

export const repriceAnswer = z.discriminatedUnion('dryRun', [
  repricePreview,
  repricing.extend({ dryRun: z.literal(false) }),
])
