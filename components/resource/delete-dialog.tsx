'use client'

import { type ReactNode, useState } from 'react'
import { ApiProblem, apiSend } from '@/components/data/api'
import { useSaved } from '@/components/data/save'
import { Callout } from '@/components/ui/callout'
import { ConfirmDialog } from '@/components/ui/confirm-dialog'
import { RequestId } from '@/components/ui/states'

interface User {
  type: string
  id: string
  name: string
}

/** Deletes one object after its name has been typed; a refusal (who still uses it) is shown in the dialog. */
export function DeleteDialog({
  open,
  onOpenChange,
  noun,
  name,
  path,
  onDeleted,
  children,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  /** "team", "provider" */
  noun: string
  name: string
  /** Of the object, below `/api/v1`. */
  path: string
  onDeleted?: () => void
  /** What goes with it. */
  children: ReactNode
}) {
  const saved = useSaved()
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={(next) => {
        setProblem(null)
        onOpenChange(next)
      }}
      title={`Delete ${noun} ${name}?`}
      confirmLabel={`Delete ${noun}`}
      typeToConfirm={name}
      onConfirm={async () => {
        try {
          const answer = await apiSend('DELETE', path)
          onDeleted?.()
          saved(answer, `Deleted ${noun} ${name}`)
        } catch (error) {
          setProblem(error instanceof ApiProblem ? error : null)
          throw error
        }
      }}
    >
      {children}
      {problem ? <InUse problem={problem} /> : null}
    </ConfirmDialog>
  )
}

function InUse({ problem }: { problem: ApiProblem }) {
  const users = Array.isArray(problem.body.usedBy) ? (problem.body.usedBy as User[]) : []
  return (
    <Callout tone="danger" role="alert" title={problem.title}>
      <p className="text-fg">{problem.detail}</p>
      {users.length > 0 ? (
        <ul className="mt-1 list-disc pl-4 text-fg">
          {users.map((user) => (
            <li key={user.id}>
              {user.type} <span className="font-mono text-xs">{user.name}</span>
            </li>
          ))}
        </ul>
      ) : null}
      <RequestId id={problem.requestId} />
    </Callout>
  )
}
