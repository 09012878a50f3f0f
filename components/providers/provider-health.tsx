'use client'

import Link from 'next/link'
import { useCan } from '@/components/data/me'
import { Status } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { Callout } from '@/components/ui/callout'
import { Card } from '@/components/ui/card'
import { SkeletonLines } from '@/components/ui/skeleton'
import { formatDuration } from '@/lib/format/duration'
import { formatCount, formatPercent, formatPlural } from '@/lib/format/tokens'
import type { ProviderHealth, TargetHealth } from '@/lib/resources/routes/health-schema'
import { Figure, Head, TriedAgain } from './health-table'
import { healthSentence, standingOf } from './target-standing'

/** The circuit of each of its models, and from the last half minute how they do. */
export function ProviderHealthCard({
  providerId,
  health,
  isError,
  routeCount,
}: {
  providerId: string
  health: ProviderHealth | undefined
  /** Whether the last reading failed. */
  isError: boolean
  routeCount: number
}) {
  return (
    <Card
      title="Health"
      description={
        health ? <span role="status">{healthSentence(health)}</span> : 'From the last half minute.'
      }
    >
      {health || isError ? null : <SkeletonLines lines={2} label="Loading health" />}
      {isError ? (
        <p role="alert" className="text-sm text-danger">
          {health ? 'It could not be read again; this is what was told last.' : 'It could not be read.'}
        </p>
      ) : null}
      {health && health.gateways > 0 && health.targets.length > 0 ? (
        <>
          <HealthTable providerId={providerId} targets={health.targets} />
          <WhatItSays />
        </>
      ) : null}
      {health?.gateways === 0 ? <NoGateway /> : null}
      {health && health.gateways > 0 && routeCount === 0 ? <FirstSteps providerId={providerId} /> : null}
    </Card>
  )
}

function WhatItSays() {
  return (
    <details className="mt-2 text-xs text-muted">
      <summary>What these say</summary>
      <ul className="mt-1 flex max-w-prose list-disc flex-col gap-1 pl-4">
        <li>
          Healthy is a closed circuit. Five failures in a row, or half of at least twenty calls, open it: Out.
          After some seconds real calls try it again, and three good answers close it.
        </li>
        <li>Resting: its vendor asked for a pause. No call goes to it before then.</li>
        <li>
          Failed is the share of its calls for which the vendor is to blame. A caller that leaves, or asks
          what can't be answered, says nothing against it.
        </li>
        <li>Median wait is to the first token of streams, and to the whole of other answers.</li>
        <li>Under way are calls that wait for it or still stream.</li>
      </ul>
    </details>
  )
}

function NoGateway() {
  const can = useCan()
  return (
    <Callout tone="warn" title="No gateway is connected" className="mt-2">
      One that lost its way to this console goes on serving on what it knows; how things do is seen here when
      it is back.{' '}
      {can('gateways.list') ? (
        <Link href="/gateways" className="font-medium underline">
          Gateways
        </Link>
      ) : null}
    </Callout>
  )
}

/** What is missing before anything can show. */
function FirstSteps({ providerId }: { providerId: string }) {
  const can = useCan()
  return (
    <div className="mt-2 flex flex-col items-start gap-3 border-t pt-3 text-sm">
      <p className="max-w-prose text-muted">
        A route gives one of its models a name that callers ask for. From the first call on, the circuit of
        each model stands here, with its failures and its waits.
      </p>
      {can('routes.create') ? (
        <Button asChild size="sm">
          <Link href={`/routes/new?providerId=${providerId}`}>Create its first route</Link>
        </Button>
      ) : null}
    </div>
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
                <span className="block text-xs text-muted tabular-nums sm:hidden">
                  {formatPlural(target.calls, 'call')}, {formatCount(target.inFlight)} under way
                </span>
                {standing.tone === 'ok' || standing.tone === 'neutral' ? null : (
                  <span className="block text-xs text-muted">
                    {standing.meaning}
                    {target.outUntil === null ? null : (
                      <>
                        {' '}
                        <TriedAgain until={target.outUntil} />
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
