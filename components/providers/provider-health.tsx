'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import type { ReactNode } from 'react'
import { apiGet } from '@/components/data/api'
import { Status } from '@/components/ui/badge'
import { Card } from '@/components/ui/card'
import { cn } from '@/components/ui/cn'
import { SkeletonLines } from '@/components/ui/skeleton'
import { Countdown, useNow } from '@/components/ui/time'
import { formatDuration } from '@/lib/format/duration'
import { formatCount, formatPercent, formatPlural } from '@/lib/format/tokens'
import type { ProviderHealth, TargetHealth } from '@/lib/resources/routes/health-schema'
import { healthSentence, standingOf } from './target-standing'

const EVERY_MS = 2_000

/** How the models of a provider do, read again every two seconds while the page is in sight. */
export function useProviderHealth(providerId: string) {
  return useQuery({
    queryKey: ['provider-health', providerId],
    queryFn: ({ signal }) => apiGet<ProviderHealth>(`/providers/${providerId}/health`, undefined, signal),
    refetchInterval: EVERY_MS,
  })
}

export function ProviderHealthCard({ providerId }: { providerId: string }) {
  const { data, isPending, isError } = useProviderHealth(providerId)
  return (
    <Card
      title="Health"
      description={data ? <span role="status">{healthSentence(data)}</span> : 'From the last half minute.'}
    >
      {isPending ? <SkeletonLines lines={2} label="Loading health" /> : null}
      {isError ? (
        <p role="alert" className="text-sm text-danger">
          {data ? 'It could not be read again; this is what was told last.' : 'It could not be read.'}
        </p>
      ) : null}
      {data && data.targets.length > 0 ? (
        <HealthTable providerId={providerId} targets={data.targets} />
      ) : null}
    </Card>
  )
}

function HealthTable({ providerId, targets }: { providerId: string; targets: readonly TargetHealth[] }) {
  return (
    <table className="w-full text-sm">
      <caption className="sr-only">Health of each model, from the last half minute</caption>
      <thead className="text-xs text-muted">
        <tr>
          <Head>Model</Head>
          <Head className="max-sm:hidden">State</Head>
          <Head right className="max-md:hidden">
            Calls
          </Head>
          <Head right>Failed</Head>
          <Head right>Median wait</Head>
          <Head right className="max-sm:hidden">
            Under way
          </Head>
        </tr>
      </thead>
      <tbody>
        {targets.map((target) => {
          const standing = standingOf(target)
          const state = <Status tone={standing.tone}>{standing.word}</Status>
          const calls = new URLSearchParams({ providerId, model: target.model })
          return (
            <tr key={target.model} className="border-t align-top">
              <th scope="row" className="py-2 pr-3 text-left font-normal">
                <Link href={`/calls?${calls}`} className="font-mono break-all hover:underline">
                  {target.model}
                </Link>
                <span className="block sm:hidden">{state}</span>
                {standing.tone === 'ok' || standing.tone === 'neutral' ? null : (
                  <span className="block text-xs text-muted">
                    {standing.meaning}
                    {target.outUntil === null ? null : (
                      <>
                        {' '}
                        <Back until={target.outUntil} />
                      </>
                    )}
                  </span>
                )}
              </th>
              <td className="py-2 pr-3 max-sm:hidden" title={standing.meaning}>
                {state}
              </td>
              <Figure className="max-md:hidden">{formatCount(target.calls)}</Figure>
              <Figure title={`${formatCount(target.failed)} of ${formatPlural(target.calls, 'call')}`}>
                {target.errorRate === null ? '–' : formatPercent(target.errorRate)}
              </Figure>
              <Figure>{target.firstTokenMs === null ? '–' : formatDuration(target.firstTokenMs)}</Figure>
              <Figure className="max-sm:hidden">{formatCount(target.inFlight)}</Figure>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

/** What a gateway told is up to three seconds old: a pause may be over by now. */
function Back({ until }: { until: string }) {
  const over = Date.parse(until) <= useNow(1000)
  return over ? (
    'The next call tries it again.'
  ) : (
    <span className="whitespace-nowrap">
      Tried again in <Countdown until={until} />.
    </span>
  )
}

function Head({
  right = false,
  className,
  children,
}: {
  right?: boolean
  className?: string
  children: ReactNode
}) {
  return (
    <th
      scope="col"
      className={cn(
        'py-1.5 font-medium whitespace-nowrap',
        right ? 'pl-3 text-right' : 'pr-3 text-left',
        className,
      )}
    >
      {children}
    </th>
  )
}

function Figure({ title, className, children }: { title?: string; className?: string; children: ReactNode }) {
  return (
    <td title={title} className={cn('py-2 pl-3 text-right whitespace-nowrap tabular-nums', className)}>
      {children}
    </td>
  )
}
