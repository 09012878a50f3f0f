import { z } from 'zod'
import { routeKind, routePolicy, routeTarget, strategy } from '../../contract/entities.ts'
import { resourceBase } from '../fields.ts'

/** What this release balances by; the others of the contract are refused with a reason. */
export const availableStrategy = strategy.extract(['priority', 'weighted'])

export const routeName = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:@/-]*$/,
    'letters, digits and . _ : @ / -, starting with a letter or digit',
  )

export const routeInput = z.strictObject({
  name: routeName.describe('The model name that callers ask for'),
  kind: routeKind.extract(['chat']).default('chat'),
  strategy: availableStrategy.default('priority'),
  enabled: z.boolean().default(true),
  targets: z.array(z.strictObject(routeTarget.shape)).min(1, 'a route needs a target').max(100),
  ...z.strictObject(routePolicy.shape).shape,
})
export const routePatch = z.strictObject({
  name: routeInput.shape.name.optional(),
  strategy: availableStrategy.optional(),
  enabled: z.boolean().optional(),
  targets: routeInput.shape.targets.optional(),
  retries: routePolicy.shape.retries.unwrap().partial().optional(),
  timeouts: routePolicy.shape.timeouts.unwrap().partial().optional(),
  degradation: routePolicy.shape.degradation.unwrap().partial().optional(),
  cache: routePolicy.shape.cache.unwrap().partial().optional(),
  maxOutputTokens: z.int().min(1).max(10_000_000).nullable().optional(),
  capture: z.enum(['none', 'metadata', 'full']).optional(),
  onDisconnect: z.enum(['abort', 'drain']).optional(),
  onLoss: z.enum(['allow', 'reject']).optional(),
  allowUnpriced: z.boolean().optional(),
})
export const route = resourceBase.extend({
  name: z.string(),
  kind: routeKind,
  strategy,
  enabled: z.boolean(),
  targets: z.array(routeTarget.extend({ providerName: z.string() })),
  ...routePolicy.shape,
})
export type Route = z.infer<typeof route>
