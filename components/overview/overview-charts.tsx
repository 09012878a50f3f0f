'use client'

import type { ReactNode } from 'react'
import { bucketText } from '@/components/charts/bucket-text'
import { ChartFrame } from '@/components/charts/chart-frame'
import { type ChartSeries, formatValue, sumUsd, topAndRest } from '@/components/charts/series'
import { sessionColours } from '@/components/charts/series-colour'
import { bucketEnd } from '@/components/charts/time-range'
import { Segmented } from '@/components/ui/tabs'
import { parseUsd } from '@/lib/contract/money'
import { formatUsd } from '@/lib/format/money'
import { formatCount, formatPercent, formatTokens } from '@/lib/format/tokens'
import type { CallsLink } from './links'
import { callsHref } from './links'
import { callsSentence, moveSentence, type Sentence, spendMoves } from './sentences'
import type { GroupDimension, OverviewData } from './usage-data'

const TOP = 5

/** Four charts with one crosshair. Colours: calls teal, errors red by meaning, entities their own. */
export function OverviewCharts({
  data,
  timeZone,
  simulated,
  dimension,
  onDimension,
}: {
  data: OverviewData
  timeZone: string
  simulated: string
  dimension: GroupDimension
  onDimension: (dimension: GroupDimension) => void
}) {
  const { total, grouped, before, range } = data
  const buckets = total.buckets
  const over = total.series[0]?.values ?? []
  const text = bucketText(range.interval, timeZone, Date.parse(range.to) - Date.parse(range.from))
  const link = (extra: CallsLink['filters'] = {}) =>
    callsHref({ from: range.from, to: range.to, timeZone, simulated, filters: extra })
  const bucketLink =
    (extra: CallsLink['filters'] = {}) =>
    (index: number) => {
      const from = buckets[index] ?? range.from
      return callsHref({ from, to: bucketEnd(from, buckets, range.to), timeZone, simulated, filters: extra })
    }
  const common = { buckets, text, empty: 'No calls in this range.' }

  const earlier = before.series.map((one) => ({ id: one.key[dimension] ?? null, costUsd: one.total.costUsd }))
  const spend = moveSentence({
    subject: 'Spend',
    now: parseUsd(total.total.costUsd),
    before: parseUsd(before.total.costUsd),
    beforeWords: range.beforeWords,
    nowText: formatUsd(total.total.costUsd),
    dimension,
    groups: spendMoves(
      grouped.series.map((one) => ({
        id: one.key[dimension] ?? null,
        label: one.label[dimension] ?? null,
        costUsd: one.total.costUsd,
      })),
      earlier,
    ),
  })
  const calls = callsSentence({
    requests: total.total.requests,
    errors: total.total.errors,
    before: before.total.requests,
    beforeWords: range.beforeWords,
  })
  const answered: ChartSeries[] = [
    {
      id: 'ok',
      label: 'Answered',
      colour: 'var(--chart-1)',
      values: over.map((v) => v.requests - v.errors - v.refused),
    },
    { id: 'refused', label: 'Refused', colour: 'var(--warn)', values: over.map((v) => v.refused) },
    { id: 'errors', label: 'Errors', colour: 'var(--danger)', values: over.map((v) => v.errors) },
  ]
  const cost = topAndRest(
    // What cost nothing is no share of the cost.
    grouped.series
      .filter((one) => parseUsd(one.total.costUsd) !== 0n)
      .map((one) => {
        const id = one.key[dimension] ?? null
        return {
          id: id ?? 'none',
          label: one.label[dimension] ?? id ?? `no ${dimension}`,
          colour: sessionColours.of(dimension, id),
          values: one.values.map((value) => Number(value.costUsd)),
          exact: one.values.map((value) => value.costUsd),
        }
      }),
    TOP,
  )
  const tokenSeries: ChartSeries[] = [
    {
      id: 'input',
      label: 'Input',
      colour: 'var(--chart-2)',
      values: over.map((v) => v.inputTokens - v.cachedInputTokens),
    },
    {
      id: 'cached',
      label: 'Cached input',
      colour: 'var(--chart-6)',
      values: over.map((v) => v.cachedInputTokens),
    },
    { id: 'output', label: 'Output', colour: 'var(--chart-3)', values: over.map((v) => v.outputTokens) },
  ]
  const first: ChartSeries[] = [
    { id: 'p95', label: 'p95', colour: 'var(--chart-2)', values: over.map((v) => v.firstTokenP95Ms) },
    { id: 'p50', label: 'p50', colour: 'var(--chart-1)', values: over.map((v) => v.firstTokenP50Ms) },
  ]
  const sums = total.total
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <ChartFrame
        {...common}
        name="Calls and errors"
        title={<SentenceTitle sentence={calls} />}
        kind="bars"
        unit="count"
        series={answered}
        hrefOf={bucketLink()}
        keys={[
          {
            id: 'ok',
            colour: 'var(--chart-1)',
            label: 'Answered',
            total: formatCount(sums.requests - sums.errors - sums.refused),
            href: link({ outcome: 'ok' }),
          },
          {
            id: 'refused',
            colour: 'var(--warn)',
            label: 'Refused',
            total: formatCount(sums.refused),
            href: link({ outcome: 'refused' }),
          },
          {
            id: 'errors',
            colour: 'var(--danger)',
            label: 'Errors',
            total: formatCount(sums.errors),
            href: link({ outcome: 'error' }),
          },
        ]}
      />
      <ChartFrame
        {...common}
        name={`Cost by ${dimension}`}
        title={<SentenceTitle sentence={spend} />}
        kind="bars"
        unit="usd"
        series={cost}
        empty={
          sums.unpricedRequests > 0
            ? `${formatCount(sums.unpricedRequests)} calls have no price.`
            : 'No cost in this range.'
        }
        hrefOf={bucketLink()}
        actions={
          <Segmented<GroupDimension>
            label="Cost by"
            className="h-7"
            value={dimension}
            onChange={onDimension}
            options={[
              { value: 'route', label: 'Route' },
              { value: 'team', label: 'Team' },
            ]}
          />
        }
        keys={cost.map((one) => ({
          id: one.id,
          label: one.label,
          colour: one.colour,
          total: formatUsd(totalOf(grouped, dimension, one.id, one.exact ?? [])),
          href:
            one.id === 'rest' || one.id === 'none'
              ? undefined
              : link(dimension === 'team' ? { teamId: one.id } : { route: one.label }),
        }))}
      />
      <ChartFrame
        {...common}
        name="Tokens"
        title={tokensTitle(sums.inputTokens, sums.cachedInputTokens, sums.outputTokens)}
        kind="bars"
        unit="tokens"
        series={tokenSeries}
        empty="No tokens in this range."
        hrefOf={bucketLink()}
        keys={[
          {
            id: 'input',
            label: 'Input',
            colour: 'var(--chart-2)',
            total: formatTokens(sums.inputTokens - sums.cachedInputTokens),
          },
          {
            id: 'cached',
            label: 'Cached input',
            colour: 'var(--chart-6)',
            total: formatTokens(sums.cachedInputTokens),
          },
          { id: 'output', label: 'Output', colour: 'var(--chart-3)', total: formatTokens(sums.outputTokens) },
        ]}
      />
      <ChartFrame
        {...common}
        name="Time to first token"
        title={
          sums.firstTokenP95Ms === null
            ? 'Time to first token'
            : `19 of 20 streams begin within ${formatValue('ms', sums.firstTokenP95Ms)}`
        }
        kind="line"
        unit="ms"
        series={first}
        empty="No streamed calls in this range."
        hrefOf={bucketLink({ stream: 'true' })}
        keys={[
          {
            id: 'p50',
            label: 'p50',
            colour: 'var(--chart-1)',
            total: formatValue('ms', sums.firstTokenP50Ms),
          },
          {
            id: 'p95',
            label: 'p95',
            colour: 'var(--chart-2)',
            total: formatValue('ms', sums.firstTokenP95Ms),
          },
        ]}
      />
    </div>
  )
}

function SentenceTitle({ sentence }: { sentence: Sentence }): ReactNode {
  if (!sentence.mostly) return sentence.text
  return (
    <>
      {sentence.text}, mostly {sentence.mostly.dimension}{' '}
      <code className="font-mono text-sm font-medium">{sentence.mostly.label}</code>
    </>
  )
}

function tokensTitle(input: number, cached: number, output: number): string {
  if (input + output === 0) return 'Tokens: none in this range'
  const all = `${formatTokens(input + output)} tokens`
  return cached > 0 && input > 0 ? `${all}, ${formatPercent(cached / input)} of the input from caches` : all
}

/** The exact sum of a series over its range: the report's own for one entity, of its buckets for the rest. */
function totalOf(
  report: OverviewData['grouped'],
  dimension: GroupDimension,
  id: string,
  exact: readonly string[],
): string {
  const one = report.series.find((series) => (series.key[dimension] ?? 'none') === id)
  return one ? one.total.costUsd : sumUsd(exact)
}
