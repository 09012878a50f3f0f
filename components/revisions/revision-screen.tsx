'use client'

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { RotateCcw } from 'lucide-react'
import { parseAsInteger, useQueryState } from 'nuqs'
import { useState } from 'react'
import { summaryWords } from '@/components/audit/audit-words'
import { ApiProblem, apiGet } from '@/components/data/api'
import { useResource } from '@/components/data/collection'
import { useLiveQuery } from '@/components/data/live'
import { useCan } from '@/components/data/me'
import { Badge } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { Card } from '@/components/ui/card'
import { CopyButton } from '@/components/ui/copy-button'
import { KeyValues } from '@/components/ui/key-values'
import { PageHead } from '@/components/ui/page-head'
import { Select } from '@/components/ui/select'
import { SkeletonLines } from '@/components/ui/skeleton'
import { ErrorState, NoPermissionState } from '@/components/ui/states'
import { ExactTime } from '@/components/ui/time'
import { formatCount } from '@/lib/format/tokens'
import type { ConfigStatus } from '@/lib/resources/gateways/schema'
import type { Revision, RevisionDiff } from '@/lib/resources/revisions/schema'
import { GatewayStates } from './applied'
import { ChangeList } from './change-list'
import { RollbackDialog } from './rollback-dialog'

/** One revision: its difference, who has it, and the way back to it. */
export function RevisionScreen({ id }: { id: string }) {
  useLiveQuery('config', ['resource', '/revisions'])
  const result = useResource<Revision>('/revisions', id)
  const head = useQuery({
    queryKey: ['resource', '/revisions', 'head'],
    queryFn: ({ signal }) => apiGet<ConfigStatus>('/config/status', undefined, signal),
  })
  const can = useCan()
  const [rolling, setRolling] = useState(false)
  const problem = result.error instanceof ApiProblem ? result.error : null
  if (problem?.status === 403) return <NoPermissionState what="revisions" />
  if (result.isError && !result.data) {
    return (
      <ErrorState
        {...(problem?.status === 404 ? { title: 'No such revision' } : {})}
        detail={problem?.detail ?? 'Something went wrong in the browser.'}
        requestId={problem?.requestId}
        onRetry={() => void result.refetch()}
      />
    )
  }
  if (!result.data) return <SkeletonLines lines={6} label="Loading the revision" />
  const revision = result.data.data
  const newest = head.data?.revision
  const isNewest = newest === revision.revision
  return (
    <>
      <PageHead
        title={
          <span className="flex flex-wrap items-center gap-2">
            Revision {formatCount(revision.revision)} {isNewest ? <Badge tone="ok">newest</Badge> : null}
          </span>
        }
        description={summaryWords(revision.summary)}
        trail={[{ href: '/revisions', label: 'Revisions' }]}
        actions={
          can('revisions.rollback') && newest !== undefined && !isNewest ? (
            <Button onClick={() => setRolling(true)}>
              <RotateCcw aria-hidden />
              Roll back to this
            </Button>
          ) : null
        }
      />
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <Difference revision={revision.revision} newest={newest} />
        <div className="flex min-w-0 flex-col gap-4">
          <Card title="Published">
            <KeyValues
              items={[
                { label: 'By', value: revision.actorName },
                { label: 'At', value: <ExactTime value={revision.createdAt} /> },
                {
                  label: 'Epoch',
                  value: <span className="font-mono text-xs break-all">{revision.epoch}</span>,
                },
                {
                  label: 'Hash',
                  value: (
                    <span className="flex items-center gap-1">
                      <span className="truncate font-mono text-xs">{revision.hash}</span>
                      <CopyButton text={revision.hash} what="hash" className="-my-1" />
                    </span>
                  ),
                },
              ]}
            />
          </Card>
          <Card title="Gateways">
            <GatewayStates gateways={revision.gateways} />
          </Card>
        </div>
      </div>
      {newest === undefined ? null : (
        <RollbackDialog
          open={rolling}
          onOpenChange={setRolling}
          revision={revision.revision}
          newest={newest}
        />
      )}
    </>
  )
}

function Difference({ revision, newest }: { revision: number; newest: number | undefined }) {
  const [against, setAgainst] = useQueryState('against', parseAsInteger)
  const base = against ?? revision - 1
  const diff = useQuery({
    queryKey: ['resource', '/revisions', 'diff', revision, base],
    queryFn: ({ signal }) => apiGet<RevisionDiff>(`/revisions/${revision}/diff`, { against: base }, signal),
    placeholderData: keepPreviousData,
  })
  const problem = diff.error instanceof ApiProblem ? diff.error : null
  const choices = [revision - 1, newest, against].filter(
    (choice): choice is number => choice != null && choice !== revision && choice >= 0,
  )
  return (
    <Card
      title="Difference"
      actions={
        <Select
          aria-label="Compared with"
          className="w-48"
          value={base}
          onChange={(event) => {
            const chosen = Number(event.target.value)
            void setAgainst(chosen === revision - 1 ? null : chosen)
          }}
        >
          {[...new Set(choices)].map((choice) => (
            <option key={choice} value={choice}>
              {choice === revision - 1
                ? `to the one before (${choice})`
                : choice === newest
                  ? `to the newest (${choice})`
                  : `to revision ${choice}`}
            </option>
          ))}
        </Select>
      }
    >
      {diff.data ? (
        <ChangeList changes={diff.data.changes} />
      ) : diff.isError ? (
        <ErrorState
          detail={problem?.detail ?? 'Something went wrong in the browser.'}
          requestId={problem?.requestId}
          onRetry={() => void diff.refetch()}
        />
      ) : (
        <SkeletonLines lines={4} label="Loading the difference" />
      )}
    </Card>
  )
}
