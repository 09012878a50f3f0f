'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { RotateCw } from 'lucide-react'
import Link from 'next/link'
import { parseAsString, useQueryState } from 'nuqs'
import { useMemo, useState } from 'react'
import { ApiProblem, apiGet } from '@/components/data/api'
import { useResource } from '@/components/data/collection'
import { useLiveQuery } from '@/components/data/live'
import { DataTable } from '@/components/resource/data-table'
import type { Column } from '@/components/resource/table-column'
import { Button } from '@/components/ui/button'
import { Callout } from '@/components/ui/callout'
import { CopyButton } from '@/components/ui/copy-button'
import { KeyValues } from '@/components/ui/key-values'
import { PageHead } from '@/components/ui/page-head'
import { SidePanel } from '@/components/ui/side-panel'
import { SkeletonLines } from '@/components/ui/skeleton'
import { EmptyState, ErrorState } from '@/components/ui/states'
import { ExactTime, Time } from '@/components/ui/time'
import { formatBytes, formatDuration } from '@/lib/format/duration'
import { formatCount, formatPlural } from '@/lib/format/tokens'
import type { ConfigStatus, Gateway } from '@/lib/resources/gateways/schema'
import { countersMeaning, GatewayStatus, lagText, refusesCalls, statusMeaning } from './gateway-words'

const KEY = ['resource', '/gateways']

/** The workers of the data plane, what each serves, and what it still holds. */
export function GatewaysScreen() {
  useLiveQuery('config', KEY)
  useLiveQuery('usage', KEY, { everyMs: 2_000 })
  const client = useQueryClient()
  const [reading, setReading] = useState(false)
  const [openId, setOpenId] = useQueryState('gateway', parseAsString.withOptions({ history: 'push' }))
  const head = useQuery({
    queryKey: ['resource', '/gateways', 'head'],
    queryFn: ({ signal }) => apiGet<ConfigStatus>('/config/status', undefined, signal),
  })
  const newest = head.data?.revision
  const columns = useMemo(() => gatewayColumns(newest), [newest])
  return (
    <>
      <PageHead
        title="Gateways"
        description={
          head.data
            ? `Revision ${formatCount(head.data.revision)} is in force on ${head.data.applied} of ${head.data.gateways} gateways.`
            : 'The workers that carry the traffic.'
        }
        actions={
          <Button
            loading={reading}
            onClick={() => {
              setReading(true)
              void client.invalidateQueries({ queryKey: KEY }).finally(() => setReading(false))
            }}
          >
            {reading ? null : <RotateCw aria-hidden />}
            Read again
          </Button>
        }
      />
      {head.data?.refused.map((refusal) => (
        <Callout
          key={refusal.gatewayId}
          tone="danger"
          role="alert"
          className="mb-4"
          title={`${refusal.hostname} refused revision ${formatCount(refusal.revision)}`}
        >
          <p>{refusal.reason}</p>
          <p className="mt-1 text-muted">
            The revision before stays in force there.{' '}
            <Link href={`/revisions/${refusal.revision}`} className="underline">
              See what changed
            </Link>
          </p>
        </Callout>
      ))}
      {head.data && head.data.independent > 0 ? (
        <Callout
          tone="warn"
          className="mb-4"
          title={`Independent counters on ${formatPlural(head.data.independent, 'gateway')}`}
        >
          Each of them counts limits and budgets for itself, so together they let through up to that many
          times as much. That is what GATEHOUSE_COUNTERS=independent asks for.
        </Callout>
      ) : null}
      <DataTable<Gateway>
        noun="gateways"
        path="/gateways"
        columns={columns}
        rowLabel={(gateway) => gateway.hostname}
        onRowOpen={(gateway) => void setOpenId(gateway.id)}
        openId={openId}
        rowTone={(gateway) => (gateway.status === 'gone' ? 'muted' : undefined)}
        empty={
          <EmptyState
            title="No gateway has been connected yet"
            command={`GATEHOUSE_CONTROL_URL=http://127.0.0.1:3000 \\
GATEHOUSE_GATEWAY_TOKEN=… \\
npm run start:gateway`}
          >
            A gateway carries the calls. The start script runs one beside the admin; further ones start on
            their own and appear here when they connect.
          </EmptyState>
        }
      />
      <GatewayPanel id={openId} newest={newest} onClose={() => void setOpenId(null)} />
    </>
  )
}

function gatewayColumns(newest: number | undefined): readonly Column<Gateway>[] {
  return [
    { id: 'hostname', header: 'Gateway', grow: 1, cell: (gateway) => gateway.hostname },
    { id: 'status', header: 'Status', cell: (gateway) => <GatewayStatus gateway={gateway} /> },
    {
      id: 'revision',
      header: 'Revision',
      align: 'right',
      cell: (gateway) => (
        <span title={lagText(gateway, newest) ?? undefined}>
          {gateway.revision === null ? '–' : formatCount(gateway.revision)}
          {lagText(gateway, newest) ? (
            <span className="block text-xs text-warn">{lagText(gateway, newest)}</span>
          ) : null}
        </span>
      ),
    },
    {
      id: 'inFlight',
      header: 'In flight',
      align: 'right',
      from: 'sm',
      cell: (gateway) => formatCount(gateway.inFlight),
    },
    {
      id: 'journal',
      header: 'Not yet booked',
      align: 'right',
      from: 'md',
      cell: (gateway) => formatCount(gateway.unshippedEvents),
    },
    {
      id: 'memory',
      header: 'Memory, MB',
      align: 'right',
      from: 'md',
      cell: (gateway) => formatCount(Math.round(gateway.rssBytes / 1e6)),
    },
    {
      id: 'loop',
      header: 'Loop delay p99, ms',
      align: 'right',
      from: 'lg',
      cell: (gateway) => formatCount(Math.round(gateway.loopDelayP99Ms)),
    },
    {
      id: 'build',
      header: 'Build',
      from: 'xl',
      cell: (gateway) => <span className="font-mono text-xs">{gateway.build}</span>,
    },
    {
      id: 'seen',
      header: 'Last seen',
      align: 'right',
      from: 'md',
      cell: (gateway) =>
        // A lease that holds says more than the second of its last sign.
        gateway.status === 'silent' || gateway.status === 'gone' ? (
          <Time value={gateway.lastSeenAt} />
        ) : (
          'In touch'
        ),
    },
  ]
}

function GatewayPanel({
  id,
  newest,
  onClose,
}: {
  id: string | null
  newest: number | undefined
  onClose: () => void
}) {
  const result = useResource<Gateway>('/gateways', id)
  const gateway = result.data?.data
  const problem = result.error instanceof ApiProblem ? result.error : null
  return (
    <SidePanel
      open={id !== null}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      title={gateway?.hostname ?? 'Gateway'}
      description={gateway ? statusMeaning(gateway.status) : undefined}
    >
      {gateway ? (
        <div className="flex flex-col gap-6">
          {gateway.refusedReason ? (
            <Callout
              tone="danger"
              title={
                gateway.refusedRevision === null
                  ? 'Refused by the admin'
                  : `Refused revision ${formatCount(gateway.refusedRevision)}`
              }
            >
              {gateway.refusedReason}
            </Callout>
          ) : null}
          {refusesCalls(gateway) ? (
            <Callout tone="danger" title="New calls are refused with books_full">
              Its journal is full or can not be written: see its disk and its log. It takes calls again by
              itself once there is room.
            </Callout>
          ) : null}
          <KeyValues
            items={[
              { label: 'Status', value: <GatewayStatus gateway={gateway} /> },
              {
                label: 'Revision',
                value:
                  gateway.revision === null ? (
                    'none yet'
                  ) : (
                    <>
                      <Link href={`/revisions/${gateway.revision}`} className="hover:underline">
                        {formatCount(gateway.revision)}
                      </Link>{' '}
                      <span className="text-warn">{lagText(gateway, newest)}</span>
                    </>
                  ),
              },
              { label: 'Acknowledged', value: <ExactTime value={gateway.ackedAt} empty="never" /> },
              { label: 'Counters', value: countersMeaning(gateway.counters) },
              { label: 'Address', value: gateway.url ?? '–' },
              {
                label: 'Id',
                value: (
                  <span className="flex items-center gap-1">
                    <span className="font-mono text-xs break-all">{gateway.id}</span>
                    <CopyButton text={gateway.id} what="gateway id" className="-my-1" />
                  </span>
                ),
              },
              { label: 'Build', value: <span className="font-mono text-xs">{gateway.build}</span> },
              { label: 'Started', value: <ExactTime value={gateway.startedAt} /> },
              { label: 'Last seen', value: <ExactTime value={gateway.lastSeenAt} /> },
            ]}
          />
          <section>
            <h3 className="mb-2 text-base font-semibold">Load</h3>
            <KeyValues
              items={[
                { label: 'In flight', value: formatCount(gateway.inFlight) },
                { label: 'Memory', value: formatBytes(gateway.rssBytes) },
                { label: 'Loop delay p99', value: formatDuration(gateway.loopDelayP99Ms) },
              ]}
            />
          </section>
          <section>
            <h3 className="mb-2 text-base font-semibold">Journal</h3>
            <KeyValues
              items={[
                {
                  label: 'Not yet booked',
                  value: `${formatCount(gateway.unshippedEvents)} events, ${formatBytes(gateway.unshippedBytes)}`,
                },
                { label: 'Open intents', value: formatCount(gateway.openIntents) },
                { label: 'Booked up to', value: `event ${formatCount(gateway.lastSequence)}` },
              ]}
            />
            <p className="mt-2 text-xs text-muted">
              What is not yet booked stands in the gateway’s journal on disk, and is booked once even when it
              comes twice.
            </p>
          </section>
        </div>
      ) : result.isError ? (
        <ErrorState
          {...(problem?.status === 404 ? { title: 'No such gateway' } : {})}
          detail={problem?.detail ?? 'Something went wrong in the browser.'}
          requestId={problem?.requestId}
          onRetry={() => void result.refetch()}
        />
      ) : (
        <SkeletonLines lines={6} label="Loading the gateway" />
      )}
    </SidePanel>
  )
}
