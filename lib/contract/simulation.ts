/** A call that is not made: what a gateway would do with it, and why. */
import { z } from 'zod'
import { decimalText } from './money.ts'

/** Asked of a gateway. */
export const simulatedCall = z.object({
  routeId: z.string().max(120),
  /** A request on OpenAI's chat wire, `model` aside; null: only its size is known. */
  request: z.record(z.string(), z.unknown()).nullable(),
  stream: z.boolean(),
  /** Where there is no request. */
  inputTokens: z.int().min(0),
  teamId: z.string().max(120).nullable(),
  consumerId: z.string().max(120).nullable(),
  keyId: z.string().max(120).nullable(),
  endUser: z.string().max(200).nullable(),
  tags: z.record(z.string().max(64), z.string().max(200)),
  /** Lower-case names. */
  headers: z.record(z.string().max(100), z.string().max(500)),
  /** Epoch milliseconds; null: now. */
  at: z.int().nullable().default(null),
})
export type SimulatedCall = z.infer<typeof simulatedCall>

export const simulatedTarget = z.object({
  providerId: z.string(),
  providerName: z.string(),
  model: z.string(),
  priority: z.int(),
  group: z.string().nullable(),
  estimatedCostUsd: decimalText
    .nullable()
    .describe('For the estimated input and as much output as the call may have; null: unpriced'),
})
export type SimulatedTarget = z.infer<typeof simulatedTarget>

const counted = {
  id: z.string(),
  name: z.string(),
  subject: z.string().describe('Whose count it is; empty for the organization'),
}
export const simulatedPolicy = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('limit'),
    ...counted,
    metric: z.string(),
    limit: z.string().describe('In the unit of the metric; USD for `costUsd`'),
    used: z.string(),
    windowSeconds: z.int().nullable(),
    ofVendor: z.boolean().describe('Set on the provider: what its vendor allows'),
  }),
  z.object({
    type: z.literal('budget'),
    ...counted,
    amountUsd: decimalText,
    spentUsd: decimalText,
    heldUsd: decimalText,
    enforcement: z.enum(['hard', 'soft']),
  }),
])
export type SimulatedPolicy = z.infer<typeof simulatedPolicy>

export const simulation = z.object({
  revision: z.int(),
  target: simulatedTarget.nullable().describe('Who would be asked first; null: nobody can be asked now'),
  wanted: simulatedTarget
    .nullable()
    .describe(
      'Whom the route would rather ask: another than `target` when that one can not take the call now',
    ),
  why: z.array(z.string()).describe('In sentences'),
  fallbacks: z.array(simulatedTarget).describe('Who would be asked next, in order, if each fails'),
  furtherTries: z.int().describe('How many of them at most'),
  waitMs: z.int().nullable().describe('Set when all targets are to be left alone: for how long'),
  inputTokens: z.int().describe('Estimated'),
  policies: z.array(simulatedPolicy).describe('The limits and budgets that the call would count in'),
})
export type Simulation = z.infer<typeof simulation>
