import { z } from 'zod'
import { routeKind, routePolicy, routeTarget, strategy } from '../../contract/entities.ts'
import { outputSpeed, routeRule } from '../../contract/routing.ts'
import { released, resourceBase } from '../fields.ts'

const chatKind = released(routeKind, ['chat'])

export const routeName = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:@/-]*$/,
    'letters, digits and . _ : @ / -, starting with a letter or digit',
  )

/** The policies of the contract, strictly: a misspelt one would be ignored, and its owner would think it in force. */
const { retries, timeouts, degradation, cache, affinity, canary, fallback, hedge } = routePolicy.shape
const { when } = routeRule.shape
const { inputTokens, timeOfDay, budgetLeft, complexity } = when.shape
const rule = z.strictObject({
  ...routeRule.shape,
  when: z.strictObject({
    ...when.shape,
    inputTokens: inputTokens.unwrap().strict().optional(),
    timeOfDay: timeOfDay.unwrap().strict().optional(),
    budgetLeft: budgetLeft.unwrap().strict().optional(),
    complexity: complexity.unwrap().strict().optional(),
  }),
})
const policies = {
  retries: z.strictObject(retries.unwrap().shape),
  timeouts: z.strictObject({
    ...timeouts.unwrap().shape,
    minOutputSpeed: outputSpeed.strict().nullable().default(null),
  }),
  degradation: z.strictObject(degradation.unwrap().shape),
  cache: z.strictObject({
    ...cache.unwrap().shape,
    mode: released(cache.unwrap().shape.mode.unwrap(), ['off']).default('off'),
  }),
  affinity: z.strictObject(affinity.unwrap().shape),
  canary: canary.unwrap().unwrap().strict().nullable(),
  rules: z.array(rule).max(50),
  fallback: z.strictObject(fallback.unwrap().shape),
  hedge: hedge.unwrap().unwrap().strict().nullable(),
}
const capture = released(routePolicy.shape.capture.unwrap(), ['none', 'metadata'])

const onLoss = routePolicy.shape.onLoss.describe(
  'What becomes of calls while counters that several gateways share can not be reached. No effect yet: each gateway keeps its counters itself, and refuses nothing for their loss',
)

export const routeInput = z.strictObject({
  name: routeName.describe('The model name that callers ask for'),
  kind: chatKind.default('chat'),
  strategy: strategy
    .default('priority')
    .describe('How targets of one priority share the calls; the next priority is the fallback'),
  enabled: z.boolean().default(true),
  targets: z.array(z.strictObject(routeTarget.shape)).min(1, 'a route needs a target').max(100),
  ...routePolicy.shape,
  retries: policies.retries.prefault({}),
  timeouts: policies.timeouts.prefault({}),
  degradation: policies.degradation.prefault({}),
  cache: policies.cache.prefault({}),
  capture: capture.default('metadata'),
  onLoss,
  affinity: policies.affinity
    .prefault({})
    .describe('What calls that belong together share, for `consistentHash` and for who is in a canary'),
  canary: policies.canary
    .default(null)
    .describe('A share of the callers, always the same ones, is sent to the targets of a group'),
  rules: policies.rules
    .default([])
    .describe('For the strategy `rules`: the first whose conditions all hold decides which group is asked'),
  fallback: policies.fallback
    .prefault({})
    .describe('Refusals of a vendor after which another target is tried too'),
  hedge: policies.hedge
    .default(null)
    .describe('When the first target is late, a second one is asked beside it, and the first answer counts'),
})
export const routePatch = z.strictObject({
  name: routeInput.shape.name.optional(),
  kind: chatKind.optional(),
  strategy: strategy.optional(),
  enabled: z.boolean().optional(),
  targets: routeInput.shape.targets.optional(),
  retries: policies.retries.partial().optional(),
  timeouts: policies.timeouts.partial().optional(),
  degradation: policies.degradation.partial().optional(),
  cache: policies.cache.partial().optional(),
  maxOutputTokens: z.int().min(1).max(10_000_000).nullable().optional(),
  capture: capture.optional(),
  onDisconnect: z.enum(['abort', 'drain']).optional(),
  onLoss: onLoss
    .unwrap()
    .optional()
    .describe(onLoss.description ?? ''),
  allowUnpriced: z.boolean().optional(),
  affinity: policies.affinity.partial().optional(),
  canary: policies.canary.optional(),
  rules: policies.rules.optional(),
  fallback: policies.fallback.partial().optional(),
  hedge: policies.hedge.optional(),
})
/** What of it may do nothing, or something else than is meant. */
const routeWarning = z.object({ code: z.enum(['on_loss_without_effect']), message: z.string() })
export type RouteWarning = z.infer<typeof routeWarning>

export const route = resourceBase.extend({
  name: z.string(),
  kind: routeKind,
  strategy,
  enabled: z.boolean(),
  targets: z.array(routeTarget.extend({ providerName: z.string() })),
  ...routePolicy.shape,
  onLoss,
  warnings: z.array(routeWarning).optional().describe('Not in lists'),
})
export type Route = z.infer<typeof route>
