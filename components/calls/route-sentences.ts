/** What a route did with a call, in sentences. */
import type { Receipt } from '@/lib/resources/calls/schema'
import { REASON_WORDS } from './left-reason'

type Degraded = NonNullable<Receipt['degraded']>

/** "Asked for gpt-4o, answered by mini because it failed." The model asked for is the one that the route wanted. */
export function fallbackSentence({
  requested,
  served,
  reason,
}: Pick<Degraded, 'requested' | 'served' | 'reason'>): string {
  const asked =
    requested === served
      ? `Asked for ${requested}, answered by it elsewhere`
      : `Asked for ${requested}, answered by ${served}`
  return `${asked} because ${REASON_WORDS[reason].because}.`
}

const WHY_NOT = {
  json: 'the answer is JSON',
  toolCall: 'the answer calls a tool',
  noText: 'the answer has no text',
} as const

export function toldSentence({ told, whyNotMessage }: Degraded): string {
  if (told === 'none') return 'The caller was not told.'
  if (told === 'message') return 'The caller was told in the answer and in a header.'
  if (!whyNotMessage) return 'The caller was told in a header.'
  return `The caller was told in a header alone, for ${WHY_NOT[whyNotMessage]}.`
}

const STRATEGIES: Record<string, string> = {
  priority: 'by priority',
  weighted: 'by weight',
  rules: 'by its rules',
  leastLatency: 'the target with the least wait',
  leastBusy: 'the target with the fewest calls under way',
  cheapest: 'the cheapest target',
  consistentHash: 'the target that such calls stick to',
}

export function routingSentence({ strategy, rule, canary }: NonNullable<Receipt['routing']>): string {
  const chose = `The route chose ${STRATEGIES[strategy] ?? `by ${strategy}`}`
  const ruled =
    rule !== null ? `; the rule “${rule}” held` : strategy === 'rules' && !canary ? '; no rule held' : ''
  const met =
    canary === null ? '' : canary ? '; the caller met the canary' : '; the caller was outside the canary'
  return `${chose}${ruled}${met}.`
}
