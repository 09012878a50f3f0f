'use client'

import { useQuery } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import type { z } from 'zod'
import { ApiProblem, apiGet, apiSend } from '@/components/data/api'
import { useSaved } from '@/components/data/save'
import { Callout } from '@/components/ui/callout'
import { ConfirmDialog } from '@/components/ui/confirm-dialog'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { SkeletonLines } from '@/components/ui/skeleton'
import { RequestId } from '@/components/ui/states'
import type { RevisionDiff, rollbackResult } from '@/lib/resources/revisions/schema'
import { ChangeBadge } from './change-list'
import { countChanges, countsText, wantedCredentials } from './value-text'

/**
 * Shows what going back would do before it is done. Keys stay as they are: a revoked one must not work again. A stored
 * secret never goes to another address, so the API may ask for a provider's credentials.
 */
export function RollbackDialog({
  open,
  onOpenChange,
  revision,
  newest,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  revision: number
  newest: number
}) {
  const router = useRouter()
  const saved = useSaved()
  const [secrets, setSecrets] = useState<Record<string, string>>({})
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const preview = useQuery({
    queryKey: ['resource', '/revisions', 'diff', revision, newest],
    queryFn: ({ signal }) => apiGet<RevisionDiff>(`/revisions/${revision}/diff`, { against: newest }, signal),
    enabled: open,
  })
  const changes = preview.data?.changes.filter((change) => change.type !== 'key') ?? []
  const keys = (preview.data?.changes.length ?? 0) - changes.length
  const wanted = problem?.code === 'credentials_required' ? wantedCredentials(problem.errors) : []
  const nameOf = (id: string) => changes.find((change) => change.id === id)?.name ?? id

  const rollBack = async () => {
    setProblem(null)
    try {
      const credentials = Object.fromEntries(
        Object.entries(secrets)
          .filter(([, apiKey]) => apiKey !== '')
          .map(([id, apiKey]) => [id, { apiKey }]),
      )
      const answer = await apiSend<z.infer<typeof rollbackResult>>(
        'POST',
        `/revisions/${revision}/rollback`,
        {
          credentials,
        },
      )
      setSecrets({})
      saved(answer, `Rolled back to revision ${revision}`)
      router.push(`/revisions/${answer.data.revision}`)
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, {}, null))
      throw error
    }
  }
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={(next) => {
        if (!next) {
          setProblem(null)
          setSecrets({})
        }
        onOpenChange(next)
      }}
      title={`Roll back to revision ${revision}`}
      confirmLabel="Roll back"
      typeToConfirm={`revision ${revision}`}
      onConfirm={rollBack}
    >
      <p>
        A new revision {newest + 1} gets the content of revision {revision}. Calls in flight finish as they
        began.
      </p>
      {preview.data ? (
        <>
          <p className="text-fg">
            {changes.length === 0 ? 'Nothing would change.' : `${countsText(countChanges(changes))}:`}
          </p>
          <ul className="flex max-h-48 flex-col gap-1 overflow-auto">
            {changes.map((change) => (
              <li key={`${change.type} ${change.id}`} className="flex items-center gap-2 text-sm">
                <ChangeBadge op={change.op} />
                <span>{change.type}</span>
                <span className="truncate font-medium text-fg">{change.name}</span>
              </li>
            ))}
          </ul>
          {keys > 0 ? (
            <p className="text-sm">Keys are not rolled back; those of a deleted consumer go with it.</p>
          ) : null}
        </>
      ) : preview.isError ? (
        <p className="text-danger">The preview could not be read: {preview.error.message}</p>
      ) : (
        <SkeletonLines lines={3} label="Loading the preview" />
      )}
      {wanted.map((id) => (
        <Field
          key={id}
          label={`API key of ${nameOf(id)}`}
          hint="Its address would change, and a stored secret never goes to a new address."
        >
          <Input
            type="password"
            autoComplete="off"
            value={secrets[id] ?? ''}
            onChange={(event) => setSecrets({ ...secrets, [id]: event.target.value })}
          />
        </Field>
      ))}
      {problem ? (
        <Callout tone="danger" role="alert" title={problem.title}>
          <p>{problem.detail}</p>
          <RequestId id={problem.requestId} />
        </Callout>
      ) : null}
    </ConfirmDialog>
  )
}
