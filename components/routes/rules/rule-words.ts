/** The conditions of a rule: what each is called, where it begins, and how it reads. */
import type { RouteRule, RuleConditions } from '@/lib/contract/routing'
import { formatPercent, formatTokens } from '@/lib/format/tokens'
import { joined, listed } from '../strategy-words'

export type ConditionKind = keyof RuleConditions

interface Kind {
  /** In the list to choose from. */
  readonly label: string
  /** What a person meets when they add it. */
  readonly start: RuleConditions
}

export const CONDITIONS: Readonly<Record<ConditionKind, Kind>> = {
  inputTokens: { label: 'Size of the input', start: { inputTokens: { min: 8_000 } } },
  tools: { label: 'Tools', start: { tools: true } },
  images: { label: 'Images', start: { images: true } },
  json: { label: 'JSON answer', start: { json: true } },
  stream: { label: 'Streaming', start: { stream: true } },
  complexity: { label: 'Complexity of the task', start: { complexity: { min: 50 } } },
  tags: { label: 'Tags', start: { tags: { '': '' } } },
  teamIds: { label: 'Team', start: { teamIds: [] } },
  consumerIds: { label: 'Consumer', start: { consumerIds: [] } },
  timeOfDay: {
    label: 'Time of day',
    start: { timeOfDay: { from: '22:00', to: '06:00', timeZone: 'UTC' } },
  },
  budgetLeft: { label: 'Budget left', start: { budgetLeft: { budgetId: '', below: 0.2 } } },
}
export const CONDITION_KINDS = Object.keys(CONDITIONS) as ConditionKind[]

/** From Monday, which is 1. */
export const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** How ids are called; an id without a name is told as it is. */
export type NameOf = (kind: 'team' | 'consumer' | 'budget', id: string) => string

/** `When the input has at least 8k tokens and tools are offered: group long.` */
export function ruleSentence(
  rule: Pick<RouteRule, 'when' | 'use'> & { only?: boolean },
  nameOf: NameOf,
): string {
  const parts = conditionWords(rule.when, nameOf)
  const when = parts.length === 0 ? 'Always' : `When ${joined(parts)}`
  const use = rule.use === '' ? 'a group to choose' : `group ${rule.use}`
  return `${when}: ${use}${rule.only ? ', and nobody else' : ''}.`
}

export function conditionWords(when: RuleConditions, nameOf: NameOf): string[] {
  return CONDITION_KINDS.flatMap((kind) => (when[kind] === undefined ? [] : words(kind, when, nameOf)))
}

function words(kind: ConditionKind, when: RuleConditions, nameOf: NameOf): string {
  switch (kind) {
    case 'inputTokens':
      return `the input has ${range(when.inputTokens, formatTokens, 'any number of')} tokens`
    case 'tools':
      return when.tools ? 'tools are offered' : 'no tools are offered'
    case 'images':
      return when.images ? 'there are images' : 'there are no images'
    case 'json':
      return when.json ? 'the answer is to be JSON' : 'the answer is not to be JSON'
    case 'stream':
      return when.stream ? 'it is streamed' : 'it is not streamed'
    case 'complexity':
      return `its complexity is ${range(when.complexity, String, 'anything')}`
    case 'tags':
      return Object.entries(when.tags ?? {})
        .map(([name, value]) => `tag ${name || '…'} is ${value || '…'}`)
        .join(' and ')
    case 'teamIds':
      return `the team is ${chosen(when.teamIds, (id) => nameOf('team', id))}`
    case 'consumerIds':
      return `the consumer is ${chosen(when.consumerIds, (id) => nameOf('consumer', id))}`
    case 'timeOfDay':
      return timeWords(when.timeOfDay)
    case 'budgetLeft': {
      const { budgetId = '', below = 0 } = when.budgetLeft ?? {}
      const name = budgetId === '' ? 'a budget to choose' : nameOf('budget', budgetId)
      return `less than ${formatPercent(below)} of ${name} is left`
    }
  }
}

function range(
  { min, max }: { min?: number | undefined; max?: number | undefined } = {},
  format: (value: number) => string,
  any: string,
): string {
  if (min !== undefined && max !== undefined) return `${format(min)} to ${format(max)}`
  if (min !== undefined) return `at least ${format(min)}`
  return max === undefined ? any : `at most ${format(max)}`
}

function chosen(ids: readonly string[] = [], name: (id: string) => string): string {
  return ids.length === 0 ? 'one to choose' : listed(ids.map(name), 'or')
}

function timeWords(time: RuleConditions['timeOfDay']): string {
  if (!time) return ''
  const days = time.days ? ` on ${joined(time.days.map((day) => DAYS[day - 1] ?? String(day)))}` : ''
  return `it is ${time.from} to ${time.to}${days} (${time.timeZone})`
}
