'use client'

import { useState } from 'react'
import { ApiProblem, apiSend } from '@/components/data/api'
import { useSaved } from '@/components/data/save'
import { ProblemCallout } from '@/components/resource/resource-form'
import { Button } from '@/components/ui/button'
import { Dialog } from '@/components/ui/dialog'
import { RadioCards } from '@/components/ui/radio-cards'
import type { Key, KeyWithSecret } from '@/lib/resources/keys/schema'

const GRACES = [
  { value: '0', label: 'At once', hint: 'The old secret is refused by the next call. For a leak.' },
  { value: '3600', label: '1 hour', hint: 'Time for a deployment that is under way.' },
  { value: '86400', label: '24 hours', hint: 'Both secrets work for a day.' },
  { value: '259200', label: '3 days', hint: 'Over a weekend.' },
  { value: '604800', label: '7 days', hint: 'For applications that are released weekly.' },
] as const

/** A new secret for the same key; the old one works on for a chosen time. */
export function RotateDialog({
  rotated: target,
  onClose,
  onRotated,
}: {
  /** Null: closed. */
  rotated: Key | null
  onClose: () => void
  /** Takes the secret: it is nowhere else. */
  onRotated: (key: KeyWithSecret) => void
}) {
  const saved = useSaved()
  const [grace, setGrace] = useState('86400')
  const [running, setRunning] = useState(false)
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const rotate = async () => {
    if (!target) return
    setRunning(true)
    setProblem(null)
    try {
      const answer = await apiSend<KeyWithSecret>('POST', `/keys/${target.id}/rotate`, {
        graceSeconds: Number(grace),
      })
      saved(answer, `Rotated ${target.name}`)
      onRotated(answer.data)
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      setProblem(error)
    } finally {
      setRunning(false)
    }
  }
  return (
    <Dialog
      open={target !== null}
      onOpenChange={onClose}
      title={`Rotate ${target?.name ?? 'key'}`}
      description="It gets a new secret, and keeps its name, routes and history."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" loading={running} onClick={() => void rotate()}>
            Rotate key
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        {problem ? <ProblemCallout problem={problem} /> : null}
        {target?.previousUntil && Date.parse(target.previousUntil) > Date.now() ? (
          <p className="text-sm text-warn">
            The secret before the last rotation (…{target.previousLast4}) still works, and ends with this
            rotation.
          </p>
        ) : null}
        <p className="text-sm font-medium">How long the old secret still works</p>
        <RadioCards
          label="How long the old secret still works"
          value={grace}
          onChange={setGrace}
          options={GRACES}
        />
      </div>
    </Dialog>
  )
}
