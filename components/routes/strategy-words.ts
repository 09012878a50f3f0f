/** What a route does, in a sentence that changes as it is edited. */
import type { Strategy } from '@/lib/contract/entities'
import { formatPercent, formatPlural } from '@/lib/format/tokens'
import type { Target } from './route-document'
import { shareOf, tiersOf, usesWeights } from './targets/target-order'

export const STRATEGIES: Readonly<Record<Strategy, { label: string; hint: string }>> = {
  priority: {
    label: 'In order',
    hint: 'The first target answers. One that fails before its first token is left, and the next is asked.',
  },
  weighted: { label: 'By weight', hint: 'Targets of one priority share the calls by their weights.' },
  leastLatency: {
    label: 'Fastest',
    hint: 'The least wait for the first token lately. One that was slow is asked again now and then.',
  },
  leastBusy: { label: 'Least busy', hint: 'The fewest calls under way for its weight.' },
  cheapest: {
    label: 'Cheapest',
    hint: 'The least estimated cost of this very call, by its input, its cap and the prices.',
  },
  consistentHash: {
    label: 'Sticky',
    hint: 'Calls that belong together meet the same target, so that its prompt cache stays warm.',
  },
  rules: { label: 'By rules', hint: 'What is asked decides which group of targets answers.' },
}
export const STRATEGY_NAMES = Object.keys(STRATEGIES) as Strategy[]

export interface RouteWords {
  readonly strategy: string
  readonly targets: readonly Target[]
  readonly canary: { readonly group: string; readonly percent: number } | null
  readonly rules: readonly { readonly use: string; readonly only?: boolean }[]
  /** How a target is called: `gpt-4o at OpenAI`. */
  readonly nameOf: (target: Target) => string
}

const MOST_NAMES = 3

/** `Calls go to the fastest of gpt-4o at OpenAI and llama at Lab; when they fail, to mini at Azure.` */
export function routeSentence(route: RouteWords): string {
  const { strategy, targets, canary, rules } = route
  if (targets.length === 0) return 'Calls go nowhere: the route has no target.'
  const apart = groupsApart(route)
  const usual = targets.filter(({ group }) => group === null || !apart.has(group))
  const sentences = usual.length === 0 ? [] : [`${usualSentence(route, usual)}.`]
  if (strategy === 'rules') sentences.unshift(rulesSentence(rules, usual.length > 0))
  if (canary) {
    sentences.push(
      `${percentOf(canary.percent)} of callers, always the same ones, meet the group ${canary.group} first.`,
    )
  }
  return sentences.join(' ')
}

/** The groups whose targets are asked when a rule or the canary says so, and else after all others at most. */
export function groupsApart({
  strategy,
  canary,
  targets,
}: Pick<RouteWords, 'strategy' | 'canary' | 'targets'>): ReadonlySet<string> {
  return new Set([
    ...(canary ? [canary.group] : []),
    ...(strategy === 'rules' ? targets.flatMap(({ group }) => group ?? []) : []),
  ])
}

/**
 * Beside the head of a priority: `The fastest of them is asked.`
 * @param count of its targets that are in no group apart
 */
export function tierWords(strategy: string, rank: number, count: number): string {
  if (count === 0) return 'For calls that a rule or the canary sends there.'
  const when = rank === 0 ? '' : 'When all above fail or are out'
  if (count <= 1) return when ? `${when}.` : 'Asked before all others.'
  const how = usesWeights(strategy) ? 'they share the calls by weight' : AMONG[strategy]
  const words = `${when}${when && how ? ': ' : ''}${how ?? ''}.`
  return words.charAt(0).toUpperCase() + words.slice(1)
}

const AMONG: Readonly<Record<string, string>> = {
  leastLatency: 'the fastest of them is asked',
  leastBusy: 'the least busy of them is asked',
  cheapest: 'the cheapest of them is asked',
  consistentHash: 'each caller sticks to one of them',
}

function usualSentence(route: RouteWords, usual: readonly Target[]): string {
  const [first, ...later] = tiersOf(usual).map(({ indexes }) =>
    indexes.flatMap((index) => usual[index] ?? []),
  )
  const head = firstWords(route, usual, first ?? [])
  const calls = route.strategy === 'rules' ? 'All others' : 'Calls'
  const fallbacks = later.map(
    (tier) => `to ${listed(tier.map(route.nameOf), tier.length > 1 ? 'or' : 'and')}`,
  )
  if (fallbacks.length === 0) return `${calls} ${head}`
  const whenThey = (first?.length ?? 0) > 1 ? 'when they fail' : 'when it fails'
  return `${calls} ${head}; ${whenThey}, ${fallbacks.join(', then ')}`
}

function firstWords(route: RouteWords, usual: readonly Target[], first: readonly Target[]): string {
  const names = first.map(route.nameOf)
  if (names.length <= 1) return `go to ${names[0] ?? 'nobody'}`
  switch (route.strategy) {
    case 'leastLatency':
      return `go to the fastest of ${listed(names)}`
    case 'leastBusy':
      return `go to the least busy of ${listed(names)}`
    case 'cheapest':
      return `go to the cheapest of ${listed(names)} for each call`
    case 'consistentHash':
      return `that belong together stick to one of ${listed(names)}`
    default:
      return `are shared by ${listed(
        first.map((target) => {
          const share = shareOf(usual, usual.indexOf(target), route.strategy)
          return share === null || !usesWeights(route.strategy)
            ? route.nameOf(target)
            : `${route.nameOf(target)} (${formatPercent(share)})`
        }),
      )}`
  }
}

function rulesSentence(rules: RouteWords['rules'], hasOthers: boolean): string {
  if (rules.length === 0) return 'There is no rule yet.'
  const groups = listed([...new Set(rules.map(({ use }) => use || 'a group to choose'))])
  const first =
    rules.length === 1
      ? 'One rule sends'
      : `The first of ${formatPlural(rules.length, 'rule')} that holds sends`
  return `${first} calls to ${groups}.${hasOthers ? '' : ' Where none holds, every target may be asked.'}`
}

/** `a, b and c`; of many only the first ones by name. */
export function listed(names: readonly string[], last: 'and' | 'or' = 'and'): string {
  const shown = names.length > MOST_NAMES + 1 ? names.slice(0, MOST_NAMES) : names
  const more = names.length - shown.length
  return joined(more > 0 ? [...shown, `${more} others`] : shown, last)
}

export function joined(names: readonly string[], last: 'and' | 'or' = 'and'): string {
  const [end = ''] = names.slice(-1)
  return names.length <= 1 ? end : `${names.slice(0, -1).join(', ')} ${last} ${end}`
}

const percentOf = (percent: number): string => formatPercent(Number.isFinite(percent) ? percent / 100 : 0)
