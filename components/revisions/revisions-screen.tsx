'use client'

import { History } from 'lucide-react'
import { summaryWords } from '@/components/audit/audit-words'
import { useLiveQuery } from '@/components/data/live'
import { DataTable } from '@/components/resource/data-table'
import type { Column } from '@/components/resource/table-column'
import { PageHead } from '@/components/ui/page-head'
import { EmptyState } from '@/components/ui/states'
import { Time } from '@/components/ui/time'
import { formatCount } from '@/lib/format/tokens'
import type { Revision } from '@/lib/resources/revisions/schema'
import { Applied } from './applied'
import { countChanges, countsText } from './value-text'

const COLUMNS: readonly Column<Revision>[] = [
  { id: 'revision', header: 'Revision', cell: (revision) => formatCount(revision.revision) },
  {
    id: 'summary',
    header: 'What',
    grow: 4,
    cell: (revision) => summaryWords(revision.summary),
  },
  {
    id: 'changes',
    header: 'Changes',
    from: 'lg',
    cell: (revision) => <span className="text-muted">{countsText(countChanges(revision.changes))}</span>,
  },
  { id: 'who', header: 'Who', from: 'md', grow: 2, cell: (revision) => revision.actorName },
  { id: 'when', header: 'When', from: 'sm', cell: (revision) => <Time value={revision.createdAt} /> },
  { id: 'gateways', header: 'Gateways', cell: (revision) => <Applied gateways={revision.gateways} /> },
]

/** Every published state of the configuration, and which gateways have it. */
export function RevisionsScreen() {
  useLiveQuery('config', ['resource', '/revisions'])
  return (
    <>
      <PageHead
        title="Revisions"
        description="Each change of the configuration is a revision. Open one for its difference, or to go back to it."
      />
      <DataTable<Revision>
        noun="revisions"
        path="/revisions"
        columns={COLUMNS}
        rowLabel={(revision) => `revision ${revision.revision}`}
        rowHref={(revision) => `/revisions/${revision.id}`}
        empty={
          <EmptyState
            icon={<History aria-hidden />}
            title="Nothing has been published yet"
            command={`curl -X POST "$GATEHOUSE_ADMIN_URL/api/v1/teams" \\
  -H "Authorization: Bearer $GATEHOUSE_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"name": "Platform"}'`}
          >
            The first team, consumer, key, provider or route makes revision 1, and the gateways take it at
            once.
          </EmptyState>
        }
      />
    </>
  )
}
