'use client'

import { useState } from 'react'
import { ApiProblem, apiSend } from '@/components/data/api'
import { useMe } from '@/components/data/me'
import { useSaved } from '@/components/data/save'
import { OneChoice } from '@/components/resource/one-choice'
import { ProblemCallout } from '@/components/resource/resource-form'
import { Button } from '@/components/ui/button'
import { Dialog } from '@/components/ui/dialog'
import { Field } from '@/components/ui/field'
import type { KeyWithSecret } from '@/lib/resources/keys/schema'
import { remember } from './memory'

const HOUR_MS = 3_600_000

/** A key that ends by itself, of a consumer that the person may make keys for: whose limits and budgets count. */
export function MakeKeyDialog({
  open,
  onOpenChange,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
}) {
  const me = useMe()
  const saved = useSaved()
  const [consumerId, setConsumerId] = useState<string | null>(null)
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [making, setMaking] = useState(false)
  const make = async () => {
    if (consumerId === null) return
    setMaking(true)
    setProblem(null)
    try {
      // Straight into memory: a mutation's cache would keep the secret.
      const answer = await makeKey(`Playground of ${me.name}`, consumerId)
      const { secret, id, name, consumerName, expiresAt } = answer.data
      saved(answer, `Created key ${name}`)
      remember({ key: { kind: 'made', secret, id, name, consumerName, expiresAt } })
      onOpenChange(false)
    } catch (cause) {
      if (!(cause instanceof ApiProblem)) throw cause
      setProblem(cause)
    } finally {
      setMaking(false)
    }
  }
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      width="sm"
      title="Make a key for an hour"
      description="It ends by itself, and at once when you forget it here. Its calls are charged to the team of the consumer."
      footer={
        <>
          <Button onClick={() => onOpenChange(false)}>Cancel</Button>
          <Button
            variant="primary"
            loading={making}
            disabled={consumerId === null}
            onClick={() => void make()}
          >
            Make key
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        {problem ? <ProblemCallout problem={problem} /> : null}
        <Field label="Consumer" hint="Its limits and budgets count the calls.">
          <OneChoice path="/consumers" noun="consumer" value={consumerId} onChange={setConsumerId} />
        </Field>
      </div>
    </Dialog>
  )
}

/** Names are a consumer's to give once, and a key that has ended keeps its own: then this one has its time too. */
async function makeKey(name: string, consumerId: string) {
  const now = Date.now()
  const create = (given: string) =>
    apiSend<KeyWithSecret>('POST', '/keys', {
      name: given,
      consumerId,
      expiresAt: new Date(now + HOUR_MS).toISOString(),
    })
  try {
    return await create(name)
  } catch (cause) {
    if (!(cause instanceof ApiProblem) || cause.status !== 409) throw cause
    return create(`${name}, ${new Date(now).toISOString().slice(0, 19)}Z`)
  }
}
