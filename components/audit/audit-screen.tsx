'use client'

import { useQueryClient } from '@tanstack/react-query'
import Link from 'next/link'
import { parseAsString, useQueryState } from 'nuqs'
import { useMemo } from 'react'
import { RangePicker } from '@/components/charts/range-picker'
import { resolveRange } from '@/components/charts/time-range'
import { useRange } from '@/components/charts/use-range'
import type { Page } from '@/components/data/collection'
import { useLiveQuery } from '@/components/data/live'
import { DataTable } from '@/components/resource/data-table'
import type { Column, TableFilter } from '@/components/resource/table-column'
import { FieldChanges } from '@/components/revisions/field-changes'
import { fromAudit } from '@/components/revisions/value-text'
import { Badge } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { CopyButton } from '@/components/ui/copy-button'
import { KeyValues } from '@/components/ui/key-values'
import { PageHead } from '@/components/ui/page-head'
import { SidePanel } from '@/components/ui/side-panel'
import { EmptyState } from '@/components/ui/states'
import { ExactTime, Time } from '@/components/ui/time'
import type { AuditEntry } from '@/lib/resources/audit-log/schema'
import { actionWords, nounWords, targetHref } from './audit-words'

const TARGETS = [
  'team',
  'user',
  'consumer',
  'key',
  'provider',
  'route',
  'price',
  'budget',
  'limit',
  'accessToken',
  'session',
  'revision',
]
const FILTERS: readonly TableFilter[] = [
  {
    id: 'targetType',
    label: 'What',
    options: TARGETS.map((type) => ({ value: type, label: nounWords(type) })),
  },
]

const COLUMNS: readonly Column<AuditEntry>[] = [
  { id: 'at', header: 'When', cell: (entry) => <Time value={entry.at} /> },
  {
    id: 'who',
    header: 'Who',
    grow: 3,
    cell: (entry) => (
      <span className="flex items-center gap-1.5">
        <span className="truncate">{entry.actorName}</span>
        {entry.actorType === 'user' ? null : <Badge>{entry.actorType}</Badge>}
      </span>
    ),
  },
  { id: 'action', header: 'Did', from: 'sm', cell: (entry) => actionWords(entry.action) },
  {
    id: 'target',
    header: 'To',
    grow: 4,
    cell: (entry) => entry.targetName ?? entry.targetId ?? '–',
  },
  {
    id: 'fields',
    header: 'Fields',
    from: 'lg',
    grow: 4,
    cell: (entry) => (
      <span className="font-mono text-xs text-muted">{Object.keys(entry.difference).join(', ')}</span>
    ),
  },
  { id: 'address', header: 'From', from: 'xl', cell: (entry) => entry.address ?? '–' },
  {
    id: 'revision',
    header: 'Revision',
    align: 'right',
    from: 'md',
    cell: (entry) =>
      entry.revision === null ? (
        <span className="text-muted">–</span>
      ) : (
        <Link href={`/revisions/${entry.revision}`} className="hover:underline">
          {entry.revision}
        </Link>
      ),
  },
]

/** Who did what, when and from where, with what it was before. */
export function AuditScreen() {
  useLiveQuery('config', ['resource', '/audit-log'])
  const range = useRange('30d')
  const { choice, timeZone } = range
  const [openId, setOpenId] = useQueryState('entry', parseAsString.withOptions({ history: 'push' }))
  const query = useMemo(() => {
    const resolved = resolveRange(choice, timeZone, Date.now())
    return { from: resolved.from, to: resolved.live ? null : resolved.to }
  }, [choice, timeZone])
  const client = useQueryClient()
  const entry = client
    .getQueriesData<{ pages: Page<AuditEntry>[] }>({ queryKey: ['resource', '/audit-log', 'list'] })
    .flatMap(([, data]) => data?.pages.flatMap((page) => page.data) ?? [])
    .find((row) => row.id === openId)
  return (
    <>
      <PageHead
        title="Audit log"
        description="Every change and sign-in of this deployment. It is only ever added to."
      />
      <div className="mb-3">
        <RangePicker range={range} />
      </div>
      <DataTable<AuditEntry>
        noun="audit entries"
        path="/audit-log"
        columns={COLUMNS}
        filters={FILTERS}
        query={query}
        search="Search audit log"
        rowLabel={(row) => `${row.actorName} ${row.action}`}
        onRowOpen={(row) => void setOpenId(row.id)}
        openId={openId}
        empty={
          <EmptyState
            title="Nothing happened in this range"
            action={
              <Button
                onClick={() => range.set({ range: 'custom', from: '2020-01-01T00:00:00.000Z', to: null })}
              >
                Look at all of it
              </Button>
            }
            command={`curl "$GATEHOUSE_ADMIN_URL/api/v1/audit-log?limit=100" \\
  -H "Authorization: Bearer $GATEHOUSE_TOKEN"`}
          >
            Each change through the console or the API is noted here, with what it was before.
          </EmptyState>
        }
      />
      <EntryPanel entry={entry} onClose={() => void setOpenId(null)} />
    </>
  )
}

function EntryPanel({ entry, onClose }: { entry: AuditEntry | undefined; onClose: () => void }) {
  const href = entry ? targetHref(entry) : null
  const fields = entry ? fromAudit(entry.difference) : []
  return (
    <SidePanel
      open={entry !== undefined}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      title={
        entry ? `${actionWords(entry.action)}: ${entry.targetName ?? entry.targetId ?? entry.targetType}` : ''
      }
      width="lg"
    >
      {entry ? (
        <div className="flex flex-col gap-6">
          <KeyValues
            items={[
              { label: 'When', value: <ExactTime value={entry.at} /> },
              {
                label: 'Who',
                value: (
                  <>
                    {entry.actorName} <Badge>{entry.actorType}</Badge>
                  </>
                ),
              },
              { label: 'Action', value: <span className="font-mono text-xs">{entry.action}</span> },
              {
                label: 'To',
                value: href ? (
                  <Link href={href} className="hover:underline">
                    {entry.targetName ?? entry.targetId}
                  </Link>
                ) : (
                  (entry.targetName ?? entry.targetId ?? '–')
                ),
              },
              { label: 'From', value: entry.address ?? '–', hidden: entry.address === null },
              {
                label: 'Revision',
                value: (
                  <Link href={`/revisions/${entry.revision}`} className="hover:underline">
                    {entry.revision}
                  </Link>
                ),
                hidden: entry.revision === null,
              },
              {
                label: 'Request',
                value: (
                  <span className="flex items-center gap-1">
                    <span className="font-mono text-xs break-all">{entry.requestId}</span>
                    <CopyButton text={entry.requestId ?? ''} what="request id" className="-my-1" />
                  </span>
                ),
                hidden: entry.requestId === null,
              },
            ]}
          />
          <section>
            <h3 className="mb-2 text-base font-semibold">Difference</h3>
            <FieldChanges fields={fields} />
          </section>
        </div>
      ) : null}
    </SidePanel>
  )
}
