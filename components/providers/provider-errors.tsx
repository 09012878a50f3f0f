'use client'

import { parseAsStringLiteral, useQueryState } from 'nuqs'
import { bucketText } from '@/components/charts/bucket-text'
import { ChartFrame, ChartSkeleton } from '@/components/charts/chart-frame'
import { bucketEnd, PRESET_WORDS, type RangePreset, widerPreset } from '@/components/charts/time-range'
import { useCan } from '@/components/data/me'
import { callsHref } from '@/components/overview/links'
import { type ReadHistory, useTargetHistory } from '@/components/routes/history/history-data'
import { errorsOf, errorsTitle, marksOf } from '@/components/routes/history/history-words'
import { keysOf, seriesByReason } from '@/components/routes/history/reason-series'
import { Button } from '@/components/ui/button'
import { Card } from '@/components/ui/card'
import { Segmented } from '@/components/ui/tabs'
import { useTimeZone } from '@/components/ui/time-zone'
import type { LeftReason } from '@/lib/contract/usage-event'

const RANGES = ['1h', '24h', '7d'] as const satisfies readonly RangePreset[]
type Range = (typeof RANGES)[number]

/** The code of calls that ended so; several kinds of failure share one. */
const CODES: Partial<Record<LeftReason, string>> = {
  rateLimit: 'provider_rate_limited',
  timeout: 'provider_timeout',
  serverError: 'provider_error',
  connection: 'provider_error',
}

/** Attempts at a provider that failed, by kind, over a range. */
export function ProviderErrors({ providerId }: { providerId: string }) {
  const { timeZone } = useTimeZone()
  const [range, setRange] = useQueryState(
    'range',
    parseAsStringLiteral(RANGES).withDefault('1h').withOptions({ history: 'push' }),
  )
  const choice = { range, from: null, to: null }
  // What the sandbox answers is as good as any here: it is no question of money.
  const { data, isError } = useTargetHistory(`/providers/${providerId}`, choice, timeZone, 'include')
  return (
    <section className="flex flex-col gap-2" aria-label="Failures by kind">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <h2 className="text-base font-semibold">Failures by kind</h2>
        <Segmented<Range>
          label="Range"
          value={range}
          onChange={(next) => void setRange(next)}
          options={RANGES.map((value) => ({ value, label: PRESET_WORDS[value].short }))}
        />
      </div>
      {data ? (
        data.history.total.attempts === 0 ? (
          <NoAttempts range={range} onWiden={(wider) => void setRange(wider)} />
        ) : (
          <Errors providerId={providerId} data={data} range={range} timeZone={timeZone} />
        )
      ) : isError ? (
        <p role="alert" className="text-sm text-danger">
          What failed could not be read.
        </p>
      ) : (
        <ChartSkeleton height={160} />
      )}
    </section>
  )
}

function NoAttempts({ range, onWiden }: { range: Range; onWiden: (wider: Range) => void }) {
  const wider = RANGES.find((one) => one === widerPreset(range))
  return (
    <Card>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="text-sm text-muted">No call was sent to it in {PRESET_WORDS[range].long}.</p>
        {wider ? (
          <Button size="sm" onClick={() => onWiden(wider)}>
            Look at {PRESET_WORDS[wider].long}
          </Button>
        ) : null}
      </div>
    </Card>
  )
}

function Errors({
  providerId,
  data: { range, history },
  range: preset,
  timeZone,
}: {
  providerId: string
  data: ReadHistory
  range: Range
  timeZone: string
}) {
  const can = useCan()
  const { buckets, total, values } = history
  const failures = errorsOf(total.failures)
  const series = seriesByReason(values, total, (value) => errorsOf(value.failures))
  const mayList = can('calls.list')
  const ofKind = (kind: LeftReason) => {
    const code = CODES[kind]
    if (!code || !mayList) return undefined
    return callsHref({
      timeZone,
      choice: { range: preset, from: null, to: null },
      filters: { providerId, code },
    })
  }
  const ofBucket = (index: number) => {
    const from = buckets[index] ?? range.from
    const to = bucketEnd(from, buckets, range.to)
    return callsHref({ timeZone, from, to, filters: { providerId, outcome: 'error' } })
  }
  return (
    <>
      <ChartFrame
        buckets={buckets}
        text={bucketText(range.interval, timeZone, Date.parse(range.to) - Date.parse(range.from))}
        marks={marksOf(history)}
        name="Failed attempts by kind"
        title={errorsTitle(total)}
        kind="bars"
        unit="count"
        height={160}
        series={series}
        hrefOf={mayList ? ofBucket : undefined}
        empty={`Nothing failed in ${PRESET_WORDS[preset].long}.`}
        keys={keysOf(series, failures).map((key) => ({ ...key, href: ofKind(key.id as LeftReason) }))}
      />
      <p className="text-xs text-muted">
        Over all routes, by the attempt: a call that another target answered counts here too. A kind leads to
        the calls that ended with its code at this provider.
      </p>
    </>
  )
}
