'use client'

import { useQuery } from '@tanstack/react-query'
import { ChevronDown, ChevronUp, Maximize2 } from 'lucide-react'
import Link from 'next/link'
import { ApiProblem, apiGet } from '@/components/data/api'
import { Button, IconButton } from '@/components/ui/button'
import { PageHead } from '@/components/ui/page-head'
import { SidePanel } from '@/components/ui/side-panel'
import { SkeletonLines } from '@/components/ui/skeleton'
import { ErrorState, NoPermissionState } from '@/components/ui/states'
import type { Receipt } from '@/lib/resources/calls/schema'
import { isYoung } from './call-age'
import { CallReceipt } from './call-receipt'

function ReceiptOf({ id }: { id: string }) {
  const result = useQuery({
    queryKey: ['resource', '/calls', 'one', id],
    queryFn: ({ signal }) => apiGet<Receipt>(`/calls/${encodeURIComponent(id)}`, undefined, signal),
    // A receipt changes only by a correction.
    staleTime: 60_000,
    // A call that has just ended is booked within two seconds.
    retry: (failures, error) =>
      error instanceof ApiProblem && error.status === 404 && isYoung(id, Date.now()) && failures < 20,
    retryDelay: 250,
  })
  if (result.data) return <CallReceipt receipt={result.data} />
  if (!result.isError) return <SkeletonLines lines={6} label="Loading the receipt" />
  const problem = result.error instanceof ApiProblem ? result.error : null
  if (problem?.status === 403) return <NoPermissionState what="this call" />
  if (problem?.status === 404) {
    return (
      <ErrorState
        title="No such call"
        detail="There is no call with this id in what you may see. It may be younger than a second, or of another team."
        requestId={problem.requestId}
        onRetry={() => void result.refetch()}
      />
    )
  }
  return (
    <ErrorState
      detail={problem?.detail ?? 'Something went wrong in the browser.'}
      requestId={problem?.requestId}
      onRetry={() => void result.refetch()}
    />
  )
}

/** The receipt beside what led to it; beside the list of calls J and K go through the rows. */
export function CallPanel({
  id,
  onClose,
  onStep,
}: {
  id: string | null
  onClose: () => void
  onStep?: (step: 1 | -1) => void
}) {
  return (
    <SidePanel
      open={id !== null}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      title="Receipt"
      width="lg"
      actions={
        id === null ? null : (
          <>
            {onStep ? (
              <>
                <IconButton label="Newer call (K)" size="sm" onClick={() => onStep(-1)}>
                  <ChevronUp aria-hidden />
                </IconButton>
                <IconButton label="Older call (J)" size="sm" onClick={() => onStep(1)}>
                  <ChevronDown aria-hidden />
                </IconButton>
              </>
            ) : null}
            <Button asChild size="sm" variant="ghost">
              <Link href={`/calls/${encodeURIComponent(id)}`} aria-label="Open as a page">
                <Maximize2 aria-hidden />
              </Link>
            </Button>
          </>
        )
      }
    >
      {id === null ? null : <ReceiptOf key={id} id={id} />}
    </SidePanel>
  )
}

/** A receipt on a page of its own, for a link. */
export function CallPage({ id }: { id: string }) {
  return (
    <div className="mx-auto max-w-3xl">
      <PageHead
        title="Receipt"
        description={<span className="font-mono text-xs break-all">{id}</span>}
        trail={[{ href: '/calls', label: 'Calls' }]}
      />
      <div className="rounded-card border bg-surface p-5">
        <ReceiptOf id={id} />
      </div>
    </div>
  )
}
