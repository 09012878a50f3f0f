/** What the health of a target means, in words. */
import type { Tone } from '@/components/ui/badge'
import { formatPlural } from '@/lib/format/tokens'
import type { ProviderHealth, TargetHealth } from '@/lib/resources/routes/health-schema'

export interface Standing {
  readonly tone: Tone
  readonly word: string
  /** A sentence: what becomes of calls to it now. */
  readonly meaning: string
}

const HEALTHY: Standing = { tone: 'ok', word: 'Healthy', meaning: 'Its circuit is closed: it takes calls.' }
const STRAINED: Standing = {
  tone: 'warn',
  word: 'Some failures',
  meaning: 'Its circuit is closed and it takes calls, but some of them fail.',
}
const RESTING: Standing = {
  tone: 'warn',
  word: 'Resting',
  meaning: 'Its vendor asked for a pause: it gets no call before then.',
}
const HALF_OPEN: Standing = {
  tone: 'warn',
  word: 'Tried again',
  meaning: 'Its circuit is half open: a few real calls try whether it answers, and good ones close it.',
}
const OPEN: Standing = {
  tone: 'danger',
  word: 'Out',
  meaning:
    'Its circuit is open: it failed, or its server fails the checks. It is asked only for want of any other.',
}
const UNKNOWN: Standing = {
  tone: 'neutral',
  word: 'Not called',
  meaning: 'No call was made lately, so nothing is known. The next one goes there.',
}

const STRAINED_FROM = 0.05

type Told = Pick<TargetHealth, 'state' | 'outUntil' | 'errorRate'>

/** How one target stands; `outUntil` of a closed circuit is a pause that the vendor asked for. */
export function standingOf({ state, outUntil, errorRate }: Told): Standing {
  if (state === 'open') return OPEN
  if (state === 'halfOpen') return HALF_OPEN
  if (outUntil !== null) return RESTING
  if (state === 'unknown') return UNKNOWN
  return errorRate !== null && errorRate >= STRAINED_FROM ? STRAINED : HEALTHY
}

/** The worst comes first. */
const ORDER = [OPEN, HALF_OPEN, RESTING, STRAINED, HEALTHY, UNKNOWN]

/** How a provider stands: as the worst of its models, and as unknown without any. */
export function worstStanding(targets: readonly Told[]): Standing {
  const all = new Set(targets.map(standingOf))
  return ORDER.find((standing) => all.has(standing)) ?? UNKNOWN
}

/** `1 out, 2 healthy, as 2 gateways tell it from the last half minute.` */
export function healthSentence({ gateways, targets }: Pick<ProviderHealth, 'gateways' | 'targets'>): string {
  if (gateways === 0) return 'No gateway is connected, so nothing is known.'
  if (targets.length === 0) return 'No route sends calls to it, and none went there lately.'
  const all = targets.map(standingOf)
  const counts = ORDER.flatMap((standing) => {
    const count = all.filter((one) => one === standing).length
    return count === 0 ? [] : [`${count} ${standing.word.toLowerCase()}`]
  })
  const tell = gateways === 1 ? 'tells' : 'tell'
  return `${formatPlural(targets.length, 'model')}: ${counts.join(', ')}, as ${formatPlural(gateways, 'gateway')} ${tell} it from the last half minute.`
}
