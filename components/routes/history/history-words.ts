/** What is to be seen in a route's history: titles that are sentences, and the series that they are of. */
import { REASON_WORDS } from '@/components/calls/left-reason'
import type { ChartMark } from '@/components/charts/chart-marks'
import { bucketAt } from '@/components/charts/marks'
import { LEFT_REASONS, type LeftReason } from '@/lib/contract/usage-event'
import { formatDuration } from '@/lib/format/duration'
import { formatCount, formatPercent, formatPlural } from '@/lib/format/tokens'
import type { HistoryChange, HistoryValues, TargetHistory } from '@/lib/resources/routes/history-schema'

export type ByReason = HistoryValues['failures']

/** A caller that left, or another target that was faster, is no failure of a target. */
export function errorsOf({ callerGone: _none, hedge: _outrun, ...failures }: ByReason): ByReason {
  return failures
}

export const sumOf = (counts: ByReason): number => Object.values(counts).reduce((sum, n) => sum + n, 0)

/** The most frequent first. */
export function reasonsOf(counts: ByReason): LeftReason[] {
  const of = (reason: LeftReason) => counts[reason] ?? 0
  return LEFT_REASONS.filter((reason) => of(reason) > 0).sort((a, b) => of(b) - of(a))
}

export function latencyTitle({ latencyP50Ms, latencyP95Ms }: HistoryValues): string {
  if (latencyP50Ms === null || latencyP95Ms === null) return 'Time to answer'
  return `Half of the calls took at most ${formatDuration(latencyP50Ms)}, 19 of 20 at most ${formatDuration(latencyP95Ms)}`
}

export function errorsTitle({ attempts, failures }: HistoryValues): string {
  const errors = errorsOf(failures)
  const failed = sumOf(errors)
  if (attempts === 0) return 'No target was asked'
  if (failed === 0) return `No attempt of ${formatCount(attempts)} failed`
  const [first] = reasonsOf(errors)
  const mostly =
    first && (errors[first] ?? 0) > failed / 2 ? `, mostly: ${lower(REASON_WORDS[first].name)}` : ''
  return `${formatPercent(failed / attempts)} of ${formatPlural(attempts, 'attempt')} failed${mostly}`
}

export function sharesTitle({ total, targets }: TargetHistory): string {
  const [first] = targets
  if (!first || total.attempts === 0) return 'No target was asked'
  if (targets.length === 1) return `${targetName(first)} was asked each time`
  return `${targetName(first)} had ${formatPercent(first.total.attempts / total.attempts)} of ${formatPlural(total.attempts, 'attempt')}`
}

export function fallbacksTitle({ calls, fallbacks }: HistoryValues): string {
  const count = sumOf(fallbacks)
  if (count === 0) return 'No call was answered by a fallback'
  const [first] = reasonsOf(fallbacks)
  const because =
    first && (fallbacks[first] ?? 0) > count / 2 ? `, mostly: ${lower(REASON_WORDS[first].name)}` : ''
  return `A fallback answered ${formatCount(count)} of ${formatPlural(calls, 'call')}${because}`
}

const lower = (words: string) => words.charAt(0).toLowerCase() + words.slice(1)

export function targetName({
  model,
  providerName,
}: Pick<TargetHistory['targets'][number], 'model' | 'providerName'>): string {
  return `${model} at ${providerName ?? 'a deleted provider'}`
}

/** "Revision 12 by Ada: targets, strategy". */
export function changeWords({ revision, actorName, op, members }: HistoryChange): string {
  const what = { create: 'created', delete: 'deleted', update: members.join(', ') }[op]
  return `Revision ${revision} by ${actorName}: ${what}`
}

/** One for each bucket with a change; it leads to the newest of them. */
export function marksOf({ buckets, changes }: Pick<TargetHistory, 'buckets' | 'changes'>): ChartMark[] {
  const marks = new Map<number, ChartMark>()
  for (const change of changes) {
    const index = bucketAt(change.at, buckets)
    if (index === null) continue
    const before = marks.get(index)
    const words = changeWords(change)
    marks.set(index, {
      index,
      title: before ? `${before.title}. ${words}` : words,
      href: `/revisions/${change.revision}`,
    })
  }
  return [...marks.values()]
}
