/** What limits and budgets share, safe for the browser. */
import { z } from 'zod'
import { scopeType } from '../../contract/policy.ts'
import { released } from '../fields.ts'

const availableScope = released(scopeType, [
  'organization',
  'team',
  'consumer',
  'key',
  'user',
  'route',
  'model',
  'provider',
  'tag',
])

/** One of `id` and `each`, save for the organization, which has neither. */
export const scopeInput = z
  .strictObject({
    type: availableScope,
    id: z.string().trim().min(1).max(300).nullish().describe('Of a model its name, of a tag `name=value`'),
    each: z.boolean().optional().describe('Each one separately'),
  })
  .superRefine(({ type, id, each }, issues) => {
    const named = id !== undefined && id !== null
    const complain = (path: string, message: string) =>
      issues.addIssue({ code: 'custom', path: [path], message })
    if (type === 'organization') {
      if (named) complain('id', 'the organization has no id')
      if (each) complain('each', 'there is one organization')
    } else if (named && each) complain('each', 'name one by its id, or say each, not both')
    else if (!named && !each) complain('id', `name one ${type} by its id, or say "each": true`)
    if (type === 'tag' && named && !/^[^=]+=.*$/.test(id)) complain('id', 'a tag is name=value')
  })
export type ScopeInput = z.infer<typeof scopeInput>

export const scopeOutput = z.object({
  type: scopeType,
  id: z.string().nullable(),
  each: z.boolean(),
})

/** Why a policy may do nothing, or something else than is meant. */
export const policyWarning = z.object({
  code: z.enum([
    'scope_unreachable',
    'scope_gone',
    'model_not_routed',
    'models_unpriced',
    'only_simulated',
    'disabled',
  ]),
  message: z.string(),
})
export type PolicyWarning = z.infer<typeof policyWarning>
