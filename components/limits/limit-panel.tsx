'use client'

import { Pencil, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useResource } from '@/components/data/collection'
import { useCan } from '@/components/data/me'
import { PolicyWarnings } from '@/components/policies/policy-warnings'
import { ScopeLink } from '@/components/policies/scope-text'
import { DeleteDialog } from '@/components/resource/delete-dialog'
import { resourceState } from '@/components/resource/resource-states'
import { Status } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { CopyButton } from '@/components/ui/copy-button'
import { KeyValues } from '@/components/ui/key-values'
import { SidePanel } from '@/components/ui/side-panel'
import { ExactTime } from '@/components/ui/time'
import type { Limit } from '@/lib/resources/limits/schema'
import { LimitForm } from './limit-form'
import { LimitSubjects } from './limit-subjects'
import { countsInput, limitExact } from './limit-words'

export function LimitPanel({ id, onClose }: { id: string | null; onClose: () => void }) {
  const query = useResource<Limit>('/limits', id)
  return (
    <SidePanel
      open={id !== null}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      width="lg"
      title={query.data?.data.name ?? 'Limit'}
      description={query.data ? limitExact(query.data.data) : undefined}
    >
      {resourceState(query, 'limit', '/limits')}
      {query.data ? <Body key={id} limit={query.data.data} etag={query.data.etag} onClose={onClose} /> : null}
    </SidePanel>
  )
}

function Body({ limit, etag, onClose }: { limit: Limit; etag: string | null; onClose: () => void }) {
  const can = useCan()
  const [mode, setMode] = useState<'view' | 'edit' | 'delete'>('view')
  if (mode === 'edit') return <LimitForm limit={{ value: limit, etag }} onDone={() => setMode('view')} />
  return (
    <div className="flex flex-col gap-6">
      <PolicyWarnings warnings={limit.warnings} />
      <KeyValues
        items={[
          {
            label: 'Status',
            value: limit.enabled ? <Status tone="ok">On</Status> : <Status tone="neutral">Off</Status>,
          },
          { label: 'Counts', value: <ScopeLink scope={limit.scope} /> },
          { label: 'Amount', value: limitExact(limit) },
          {
            label: 'Cached input',
            value: limit.countCachedInput ? 'counts' : 'is left out',
            hidden: !countsInput(limit.metric),
          },
          {
            label: 'When reached',
            value:
              limit.scope.type === 'model' || limit.scope.type === 'provider' ? (
                "The route's next target is tried; 429 where there is none."
              ) : (
                <>
                  The call is refused: 429 <span className="font-mono text-xs">rate_limit_exceeded</span> with{' '}
                  <span className="font-mono text-xs">Retry-After</span>.
                </>
              ),
          },
          {
            label: 'Id',
            value: (
              <span className="flex items-center gap-1">
                <span className="font-mono text-xs break-all">{limit.id}</span>
                <CopyButton text={limit.id} what="limit id" />
              </span>
            ),
          },
          { label: 'Created', value: <ExactTime value={limit.createdAt} /> },
          { label: 'Changed', value: <ExactTime value={limit.updatedAt} /> },
        ]}
      />
      <section>
        <h3 className="mb-1 text-sm font-semibold">What counts now</h3>
        <LimitSubjects limit={limit} />
      </section>
      <div className="flex flex-wrap gap-2">
        {can('limits.update') ? (
          <Button onClick={() => setMode('edit')}>
            <Pencil aria-hidden />
            Edit
          </Button>
        ) : null}
        {can('limits.delete') ? (
          <Button variant="dangerGhost" onClick={() => setMode('delete')}>
            <Trash2 aria-hidden />
            Delete limit
          </Button>
        ) : null}
      </div>
      <DeleteDialog
        open={mode === 'delete'}
        onOpenChange={(open) => setMode(open ? 'delete' : 'view')}
        noun="limit"
        name={limit.name}
        path={`/limits/${limit.id}`}
        onDeleted={onClose}
      >
        <p>
          Calls that it would have refused pass from then on. To pause it instead, turn it off under Edit.
        </p>
      </DeleteDialog>
    </div>
  )
}
