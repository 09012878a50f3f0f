/** Which rule of a route a call falls under, and in words why. */
import { localTime } from '../../lib/contract/calendar.ts'
import type { RouteRule, RuleConditions } from '../../lib/contract/routing.ts'
import { asksForJson } from '../dialects/openai-chat-request.ts'
import { type Asked, budgetLeft } from './asked.ts'
import { complexityOf, hasImages } from './complexity.ts'

type Check = (conditions: RuleConditions, asked: Asked) => Checked | null
interface Checked {
  readonly holds: boolean
  /** How it is, for people: `it has tools`. */
  readonly fact: string
}

/** The first rule whose conditions all hold. */
export function ruleFor(rules: readonly RouteRule[], asked: Asked): RouteRule | null {
  for (const rule of rules) if (CHECKS.every((check) => check(rule.when, asked)?.holds ?? true)) return rule
  return null
}

/** One sentence for each rule up to the one that applies. */
export function explainRules(rules: readonly RouteRule[], asked: Asked): string[] {
  const sentences: string[] = []
  for (const { name, when, use, only } of rules) {
    const checked = CHECKS.flatMap((check) => check(when, asked) ?? [])
    const against = checked.find(({ holds }) => !holds)
    if (against) {
      sentences.push(`The rule "${name}" does not apply: ${against.fact}.`)
      continue
    }
    const because = checked.length === 0 ? 'it has no conditions' : checked.map(({ fact }) => fact).join(', ')
    sentences.push(
      `The rule "${name}" applies (${because}): the targets of "${use}" are asked${only ? ', and no others' : ''}.`,
    )
    return sentences
  }
  sentences.push('No rule applies: the targets outside every group are asked, or all where there are none.')
  return sentences
}

const has = (what: string, wanted: boolean | undefined, is: boolean): Checked | null =>
  wanted === undefined ? null : { holds: wanted === is, fact: is ? `it has ${what}` : `it has no ${what}` }

const within = (
  range: { min?: number | undefined; max?: number | undefined } | undefined,
  value: () => number,
  fact: (value: number) => string,
): Checked | null => {
  if (!range) return null
  const is = value()
  return { holds: is >= (range.min ?? 0) && is <= (range.max ?? Number.POSITIVE_INFINITY), fact: fact(is) }
}

/** The cheap ones first. */
const CHECKS: readonly Check[] = [
  ({ stream }, { chat }) =>
    stream === undefined
      ? null
      : { holds: stream === chat.stream, fact: chat.stream ? 'it is streamed' : 'it is not streamed' },
  ({ inputTokens }, { chat }) =>
    within(
      inputTokens,
      () => chat.estimatedInputTokens,
      (is) => `about ${is} input tokens`,
    ),
  ({ tools }, { chat: { fields } }) =>
    has('tools', tools, Array.isArray(fields.tools) && fields.tools.length > 0),
  ({ images }, { chat: { fields } }) =>
    images === undefined ? null : has('images', images, hasImages(fields.messages)),
  ({ json }, { chat: { fields } }) =>
    json === undefined
      ? null
      : {
          holds: json === asksForJson(fields),
          fact: asksForJson(fields) ? 'it asks for JSON' : 'it asks for no JSON',
        },
  ({ teamIds }, { subjects }) =>
    teamIds === undefined
      ? null
      : { holds: teamIds.includes(subjects.teamId ?? ''), fact: `its team is ${subjects.teamId ?? 'none'}` },
  ({ consumerIds }, { subjects }) =>
    consumerIds === undefined
      ? null
      : {
          holds: consumerIds.includes(subjects.consumerId ?? ''),
          fact: `its consumer is ${subjects.consumerId ?? 'none'}`,
        },
  ({ tags }, { subjects }) => {
    if (tags === undefined) return null
    const missing = Object.entries(tags).find(([name, value]) => subjects.tags[name] !== value)
    const pairs = Object.entries(tags).map(([name, value]) => `${name}=${value}`)
    return {
      holds: missing === undefined,
      fact: missing ? `it has no tag ${missing[0]}=${missing[1]}` : `its tags ${pairs.join(', ')}`,
    }
  },
  ({ timeOfDay }, { at }) => {
    if (!timeOfDay) return null
    return {
      holds: isWithin(timeOfDay, at),
      fact: `it is ${clockOf(at, timeOfDay.timeZone)} in ${timeOfDay.timeZone}`,
    }
  },
  ({ budgetLeft: wanted }, asked) => {
    if (!wanted) return null
    const left = budgetLeft(asked, wanted.budgetId)
    const name = asked.configuration.policies.budget(wanted.budgetId)?.name ?? wanted.budgetId
    return left === null
      ? { holds: false, fact: `the budget "${name}" does not count it` }
      : { holds: left < wanted.below, fact: `${Math.round(left * 100)} % of the budget "${name}" is left` }
  },
  ({ complexity }, asked) => {
    if (!complexity) return null
    const { score, parts } = complexityOf(asked)
    const fact = `its task looks like ${score} of 100${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`
    return within(
      complexity,
      () => score,
      () => fact,
    )
  },
]

const MINUTE_MS = 60_000
const DAY_MINUTES = 1_440

function isWithin(
  { from, to, days, timeZone }: NonNullable<RuleConditions['timeOfDay']>,
  at: number,
): boolean {
  const local = localTime(at, timeZone)
  const minute = Math.floor(local / MINUTE_MS) % DAY_MINUTES
  const [first, last] = [minutesOf(from), minutesOf(to)]
  const overMidnight = last <= first
  const isIn = overMidnight ? minute >= first || minute < last : minute >= first && minute < last
  if (!isIn || days === undefined) return isIn
  // After midnight it is still the evening before.
  const begun = overMidnight && minute < last ? local - DAY_MINUTES * MINUTE_MS : local
  return days.includes(new Date(begun).getUTCDay() || 7)
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return hours * 60 + minutes
}

const clockOf = (at: number, timeZone: string): string =>
  new Date(localTime(at, timeZone)).toISOString().slice(11, 16)
