/** Counts by reason as a chart draws them. */
import { REASON_WORDS } from '@/components/calls/left-reason'
import type { ChartSeries } from '@/components/charts/series'
import { sessionColours } from '@/components/charts/series-colour'
import { formatCount } from '@/lib/format/tokens'
import type { HistoryValues } from '@/lib/resources/routes/history-schema'
import { type ByReason, reasonsOf } from './history-words'

/** One for each reason that there was, the most frequent first, in the colour that it has everywhere. */
export function seriesByReason(
  values: readonly HistoryValues[],
  total: HistoryValues,
  of: (value: HistoryValues) => ByReason,
): ChartSeries[] {
  return reasonsOf(of(total)).map((reason) => ({
    id: reason,
    label: REASON_WORDS[reason].name,
    colour: sessionColours.of('reason', reason),
    values: values.map((value) => of(value)[reason] ?? 0),
  }))
}

/** Each with what it comes to over the whole range. */
export function keysOf(series: readonly ChartSeries[], counts: ByReason) {
  return series.map(({ id, label, colour }) => ({
    id,
    label,
    colour,
    total: formatCount(counts[id as keyof ByReason] ?? 0),
  }))
}
