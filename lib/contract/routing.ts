/**
 * How a route picks among its targets beyond their priorities: what a call sticks by, canaries, rules, and what else
 * than a failure makes it fall back (design, section 4.2).
 */
import { z } from 'zod'

const id = z.string().min(1).max(120)

/** Targets of one name can be chosen together, by a rule or a canary. */
export const targetGroup = z.string().min(1).max(60)

/** What calls that belong together share: they meet the same target, so that its prompt cache stays warm. */
export const affinity = z.object({
  /**
   * `auto`: the request's `prompt_cache_key`, else its end user, else its key. Where a header or a field is absent, the
   * key stands in.
   */
  by: z.enum(['auto', 'key', 'consumer', 'user', 'header', 'field']).default('auto'),
  /** Of the header; of the field, with dots between the members of objects: `metadata.session`. */
  name: z.string().min(1).max(100).nullable().default(null),
})
export type Affinity = z.infer<typeof affinity>

export const canary = z.object({
  group: targetGroup,
  /** Of what calls stick by: who is in stays in as this rises. */
  percent: z.number().min(0).max(100),
})

export const tokenRange = z.object({
  /** At least. */
  min: z.int().min(0).max(100_000_000).optional(),
  /** At most. */
  max: z.int().min(0).max(100_000_000).optional(),
})

const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day such as 08:30')
export const timeOfDay = z.object({
  from: clockTime,
  /** Not included; before `from`, it is on the next day. */
  to: clockTime,
  /** Of the day on which it begins, 1 is Monday; absent: each day. */
  days: z.array(z.int().min(1).max(7)).min(1).max(7).optional(),
  timeZone: z.string().min(1).max(60).default('UTC'),
})

export const budgetLeft = z.object({
  budgetId: id,
  /** Of its amount, what is neither spent nor held is less than this share. */
  below: z.number().min(0).max(1),
})

/** All that are there must hold; none: it always does. */
export const ruleConditions = z.object({
  /** As estimated before the call. */
  inputTokens: tokenRange.optional(),
  tools: z.boolean().optional(),
  images: z.boolean().optional(),
  /** Whether JSON is asked for: `response_format` of an object or by a schema. */
  json: z.boolean().optional(),
  stream: z.boolean().optional(),
  tags: z.record(z.string().min(1).max(64), z.string().max(200)).optional(),
  consumerIds: z.array(id).min(1).max(100).optional(),
  teamIds: z.array(id).min(1).max(100).optional(),
  timeOfDay: timeOfDay.optional(),
  budgetLeft: budgetLeft.optional(),
  /** The estimate of how hard the task is, 0 to 100. */
  complexity: z
    .object({ min: z.int().min(0).max(100).optional(), max: z.int().min(0).max(100).optional() })
    .optional(),
})
export type RuleConditions = z.infer<typeof ruleConditions>

export const routeRule = z.object({
  name: z.string().trim().min(1).max(80),
  when: ruleConditions,
  /** The group whose targets are asked, by priority and weight. */
  use: targetGroup,
  /** True: no target outside the group, not even when all of it fail. */
  only: z.boolean().default(false),
})
export type RouteRule = z.infer<typeof routeRule>

/** Refusals that another target may not share. Like any further try they count in `retries.attempts`. */
export const fallbackPolicy = z.object({
  /** To a target with a longer window: when a vendor says so, and before, where windows are known. */
  contextTooLong: z.boolean().default(true),
  /** When a vendor's own filter refuses the content, or its answer says nothing but that it refuses. */
  contentRefused: z.boolean().default(false),
})

/** Of a stream: another target takes over when its first tokens come more slowly. The caller waits so long at most. */
export const outputSpeed = z.object({
  tokensPerSecond: z.number().min(0.1).max(100_000),
  /** Since the first token. */
  withinMs: z.int().min(100).max(10_000),
})
export type OutputSpeed = z.infer<typeof outputSpeed>

/**
 * A second target is asked while the first has not begun to answer; the first answer is the caller's, and the other call
 * is cancelled. Both are paid for, and budgets hold both.
 */
export const hedge = z.object({
  /** Of the waits for the first target's last answers (for a stream: for its first token): beyond it, it is late. */
  percentile: z.int().min(50).max(99).default(95),
  /** Not before so long, however fast it usually is. */
  minMs: z.int().min(10).max(60_000).default(100),
})
export type Hedge = z.infer<typeof hedge>
