'use client'

import Link from 'next/link'
import { ApiProblem } from '@/components/data/api'
import { Button } from '@/components/ui/button'
import { SkeletonLines } from '@/components/ui/skeleton'
import { EmptyState, ErrorState, NoPermissionState } from '@/components/ui/states'

/** What stands where one object would: it is on its way, gone, not for you, or could not be read. Null: it is there. */
export function resourceState(
  query: { isPending: boolean; error: unknown; refetch: () => unknown },
  noun: string,
  backHref: string,
) {
  if (query.isPending) return <SkeletonLines lines={5} label={`Loading the ${noun}`} />
  if (!query.error) return null
  const problem = query.error instanceof ApiProblem ? query.error : null
  if (problem?.status === 403) return <NoPermissionState what={`this ${noun}`} />
  if (problem?.status === 404) {
    return (
      <EmptyState
        title={`There is no such ${noun}`}
        action={
          <Button asChild>
            <Link href={backHref}>Back to the list</Link>
          </Button>
        }
      >
        It may have been deleted, or it belongs to a team that you are not in.
      </EmptyState>
    )
  }
  return (
    <ErrorState
      title={`This ${noun} could not be loaded`}
      detail={problem?.detail ?? 'Something went wrong in the browser.'}
      requestId={problem?.requestId}
      onRetry={() => void query.refetch()}
    />
  )
}
