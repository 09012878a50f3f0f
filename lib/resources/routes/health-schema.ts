/** How targets do, as the API tells it; safe for the browser. */
import { z } from 'zod'
import { breakerState } from '../../contract/control.ts'

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

/** GET /providers/{id}/health */
export const providerHealth = z.object({
  gateways,
  targets: z.array(targetHealth).describe('Each model that a route or a recent call names, by its name'),
})
export type ProviderHealth = z.infer<typeof providerHealth>

/** GET /provider-health */
export const allHealth = z.object({
  gateways,
  targets: z.array(targetHealth).describe('Of a target that is not here nothing is known'),
})
export type AllHealth = z.infer<typeof allHealth>
