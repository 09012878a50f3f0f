/** How targets do, as the API tells it; safe for the browser. */
import { z } from 'zod'
import { breakerState, credentialState } from '../../contract/control.ts'

export const targetHealth = z.object({
  providerId: z.string(),
  model: z.string(),
  state: z
    .enum([...breakerState.options, 'unknown'])
    .describe(
      'The worst of all gateways. `open`: it fails and gets no calls; `halfOpen`: it is tried again; `unknown`: no call was made lately',
    ),
  calls: z.int().describe('In the last half minute, over all routes'),
  failed: z.int(),
  errorRate: z.number().nullable().describe('0 to 1; null without calls'),
  firstTokenMs: z
    .int()
    .nullable()
    .describe('Median of the last answers: to the first token of streams, of the whole of others'),
  inFlight: z.int(),
  outUntil: z.iso.datetime().nullable().describe('Until then it gets no call, or only for want of any other'),
  gateways: z.array(z.object({ gatewayId: z.string(), state: breakerState })),
})
export type TargetHealth = z.infer<typeof targetHealth>

const gateways = z.int().describe('How many live gateways this is from')

/** GET /routes/{id}/health */
export const routeHealth = z.object({
  gateways,
  targets: z
    .array(
      targetHealth.extend({
        providerName: z.string(),
        share: z
          .number()
          .nullable()
          .describe('Of the tries that the route made in the last half minute, 0 to 1; null without any'),
      }),
    )
    .describe('In the order of the route'),
})
export type RouteHealth = z.infer<typeof routeHealth>

export const credentialHealth = z.object({
  last4: z.string().describe('Empty for a short one'),
  position: z.int().describe('In the list, from 0'),
  state: credentialState.describe(
    'The worst of all gateways. `resting`: its vendor limits it, for one model at least; `refused`: its vendor does not take it, and a real call tries it again from time to time',
  ),
  untilAt: z.iso
    .datetime()
    .nullable()
    .describe('Until then no call goes with it; null for a single one, which goes with every call'),
  code: z.string().nullable().describe('The vendor’s status or code when it refused or limited it'),
  calls: z.int().describe('In the last half minute'),
  failed: z.int(),
})
export type CredentialHealth = z.infer<typeof credentialHealth>

export const serverCheck = z.object({
  ok: z.boolean(),
  at: z.iso.datetime(),
  latencyMs: z.int(),
  message: z.string(),
})
export type ServerCheck = z.infer<typeof serverCheck>

/** GET /providers/{id}/health */
export const providerHealth = z.object({
  gateways,
  targets: z.array(targetHealth).describe('Each model that a route or a recent call names, by its name'),
  credentials: z.array(credentialHealth).describe('In the order of `credentials.apiKey`'),
  check: serverCheck
    .nullable()
    .describe(
      'The last one of `options.healthCheck`, a failed one before any other; null without, or before the first',
    ),
})
export type ProviderHealth = z.infer<typeof providerHealth>

/** GET /provider-health */
export const allHealth = z.object({
  gateways,
  targets: z.array(targetHealth).describe('Of a target that is not here nothing is known'),
})
export type AllHealth = z.infer<typeof allHealth>
