import { z } from 'zod'
import { providerKind, providerLimit, providerLimitId } from '../../contract/entities.ts'
import { healthCheck } from '../../contract/health-check.ts'
import { released, resourceBase, resourceName, timestamp } from '../fields.ts'

/** The kinds that this release carries traffic to; the others of the contract are refused when they are created. */
export const availableProviderKind = released(providerKind, ['openai', 'openai-compatible', 'sandbox'])

export const DEFAULT_BASE_URLS: Partial<Record<z.infer<typeof providerKind>, string>> = {
  openai: 'https://api.openai.com/v1',
}

/** As it goes into a header: what a paste brings along is cut off, and nothing else gets in. */
const headerSecret = z
  .string()
  .trim()
  .min(1, 'is empty')
  .max(4_000)
  .regex(/^[\x21-\x7e]*$/, 'takes letters, digits and signs of ASCII, without spaces')

export const MAX_API_KEYS = 20
export const providerCredentials = z.strictObject({
  apiKey: z
    .union([headerSecret, z.array(headerSecret).min(1).max(MAX_API_KEYS)])
    .optional()
    .describe(
      'Several share the calls: one that is refused or limited is left for a time, and the next is asked',
    ),
})
const keptSecret = z.strictObject({
  keep: z
    .int()
    .min(0)
    .max(MAX_API_KEYS - 1)
    .describe('The stored one at this position of the list stays, from 0'),
})
/** The list is replaced whole; what it names as kept is taken over from the stored one, which nobody can read. */
export const providerCredentialsPatch = z.strictObject({
  apiKey: z
    .union([
      headerSecret,
      z
        .array(z.union([headerSecret, keptSecret]))
        .min(1)
        .max(MAX_API_KEYS),
    ])
    .optional(),
})
export type ProviderCredentialsPatch = z.infer<typeof providerCredentialsPatch>
export const providerOptions = z.strictObject({
  organization: z.string().max(200).optional().describe('OpenAI organization'),
  project: z.string().max(200).optional().describe('OpenAI project'),
  outputCap: z
    .enum(['both', 'max_completion_tokens', 'max_tokens'])
    .optional()
    .describe(
      'OpenAI-compatible: the names under which a cap on the output is sent. Both unless it says otherwise; the newer alone to a server in front of OpenAI, which refuses both together; the older alone, whichever the caller used, to a vendor that refuses the newer, as Mistral',
    ),
  askForUsage: z
    .boolean()
    .optional()
    .describe(
      'OpenAI-compatible: whether streams are asked for their usage. They are unless it says false: `stream_options` is left out then, for a vendor that refuses it and tells its usage unasked, as Mistral',
    ),
  healthCheck: healthCheck
    .strict()
    .optional()
    .describe(
      'OpenAI-compatible: every gateway looks after the server, also while no call is under way. Three failed checks in a row take its models out, as an open circuit does; a good one brings them back. Absent: off',
    ),
  /** Sandbox: what it simulates. */
  latencyMs: z.int().min(0).max(60_000).optional(),
  tokensPerSecond: z.int().min(1).max(100_000).optional(),
  failureRate: z.number().min(0).max(1).optional(),
})
export const MAX_PROVIDER_LIMITS = 100
const limitOfVendor = providerLimit
  .extend({
    model: z.string().trim().min(1).max(200).nullable().default(null).describe('Null: all models together'),
    windowSeconds: providerLimit.shape.windowSeconds.default(null).describe('None for `concurrency`'),
  })
  .strict()
  .superRefine(({ metric, windowSeconds }, context) => {
    const message =
      metric === 'concurrency' && windowSeconds !== null
        ? 'calls at once have no window'
        : metric !== 'concurrency' && windowSeconds === null
          ? 'is required for this metric'
          : null
    if (message) context.addIssue({ code: 'custom', path: ['windowSeconds'], message })
  })

/** What the vendor allows this account: each is kept before the vendor has to refuse. */
const providerLimits = z
  .array(limitOfVendor)
  .max(MAX_PROVIDER_LIMITS)
  .superRefine((limits, context) => {
    const seen = new Set<string>()
    for (const [index, limit] of limits.entries()) {
      const name = `${providerLimitId('', limit)} ${limit.model ?? ''}`
      if (seen.has(name))
        context.addIssue({ code: 'custom', path: [index, 'metric'], message: 'is limited twice' })
      seen.add(name)
    }
  })
  .describe('What the vendor allows: kept before it has to refuse. A target without room is passed over')

export const providerInput = z.strictObject({
  name: resourceName,
  kind: availableProviderKind,
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .max(500)
    .nullable()
    .default(null)
    .describe('What the vendor’s SDK takes'),
  credentials: providerCredentials.default({}),
  options: providerOptions.default({}),
  limits: providerLimits.default([]),
  allowPrivateNetwork: z
    .boolean()
    .default(false)
    .describe('For admins: addresses of private networks are allowed'),
})
/** A change of `baseUrl`, `kind` or `allowPrivateNetwork` needs `credentials` in the same call. */
export const providerPatch = z.strictObject({
  name: resourceName.optional(),
  kind: availableProviderKind.optional(),
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .max(500)
    .nullable()
    .optional(),
  credentials: providerCredentialsPatch
    .nullable()
    .optional()
    .describe('Replaced whole: a list keeps of the stored one what it names by `{keep: position}`'),
  options: providerOptions.optional(),
  limits: providerLimits.optional(),
  allowPrivateNetwork: z.boolean().optional(),
})
export const provider = resourceBase.extend({
  name: z.string(),
  kind: providerKind,
  baseUrl: z.string().nullable().describe('Null: the vendor’s own'),
  options: providerOptions,
  limits: z.array(providerLimit),
  allowPrivateNetwork: z.boolean(),
  credentials: z
    .record(z.string(), z.array(z.object({ last4: z.string(), setAt: timestamp.nullable() })))
    .describe('What is set and since when, never the secrets: `{apiKey:[{last4, setAt}]}`'),
  credentialsSetAt: timestamp.nullable(),
  routeCount: z.int(),
})
export type Provider = z.infer<typeof provider>

/** Whether a change would take a stored secret along. */
export function keepsStored(credentials: ProviderCredentialsPatch | null | undefined): boolean {
  if (credentials === undefined) return true
  const list = credentials?.apiKey
  return Array.isArray(list) && list.some((one) => typeof one !== 'string')
}

export interface ProviderAddress {
  readonly kind: string
  readonly baseUrl: string | null
  readonly allowPrivateNetwork: boolean
}

/** Whether calls would go elsewhere: then a stored secret must not go with them. */
export function movesAddress(from: ProviderAddress, to: ProviderAddress): boolean {
  return (
    from.kind !== to.kind ||
    from.baseUrl !== to.baseUrl ||
    from.allowPrivateNetwork !== to.allowPrivateNetwork
  )
}

/** GET /providers/{id}/limits */
export const providerLimitUse = providerLimit.extend({
  used: z.int().describe('What counts now, as the gateways told it last'),
})
export type ProviderLimitUse = z.infer<typeof providerLimitUse>

/** POST /providers/{id}/test and POST /providers/test (unsaved input). Runs through a gateway, as production does. */
export const providerTestInput = z.strictObject({ model: z.string().min(1).max(200).optional() })
export const providerTest = z.object({
  ok: z.boolean(),
  /** For people: what happened and what to do. */
  message: z.string(),
  status: z.int().nullable().describe('The vendor’s status'),
  code: z.string().nullable(),
  latencyMs: z.int(),
  models: z.array(z.string()).describe('What the vendor lists, up to 200'),
})
export type ProviderTest = z.infer<typeof providerTest>
