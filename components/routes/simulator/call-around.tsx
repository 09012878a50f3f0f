'use client'

import { type ReactNode, useState } from 'react'
import { OneChoice } from '@/components/resource/one-choice'
import { Button } from '@/components/ui/button'
import { Field, FieldGroup } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { useTimeZone } from '@/components/ui/time-zone'
import { fromLocalInput, toLocalInput } from '@/lib/format/time'
import { NamedRows } from '../named-rows'
import type { SimulatedAsk } from './simulated-ask'

/** What a route may heed beyond the request itself: whose call it is, its headers, the time. */
export function CallAround({
  ask,
  set,
  error,
}: {
  ask: SimulatedAsk
  set: (part: Partial<SimulatedAsk>) => void
  error: (member: string) => string | undefined
}) {
  const { timeZone } = useTimeZone()
  const isPast = ask.by === 'call'
  return (
    <div className="flex flex-col gap-3">
      <Fold
        title="Whose call it is"
        hasError={['keyId', 'endUser', 'tags'].some((member) => error(member) !== undefined)}
      >
        <Field
          label="Key"
          optional
          error={error('keyId')}
          hint={
            isPast
              ? 'None: as the call had it.'
              : 'None: nobody’s. Its team, consumer, budgets and limits take part.'
          }
        >
          <OneChoice path="/keys" noun="key" value={ask.keyId} onChange={(keyId) => set({ keyId })} />
        </Field>
        {ask.keyId === null ? null : (
          <Button size="sm" className="self-start" onClick={() => set({ keyId: null })}>
            No key
          </Button>
        )}
        <Field label="End user" optional error={error('endUser')}>
          <Input
            value={ask.endUser}
            onChange={(event) => set({ endUser: event.target.value })}
            autoComplete="off"
            spellCheck={false}
          />
        </Field>
        <FieldGroup
          legend="Tags"
          error={error('tags')}
          {...(isPast ? { hint: 'None: as the call had them.' } : {})}
        >
          <NamedRows noun="tag" value={ask.tags} onChange={(tags) => set({ tags })} />
        </FieldGroup>
      </Fold>
      <Fold
        title="Headers and time"
        hasError={['headers', 'at'].some((member) => error(member) !== undefined)}
      >
        <FieldGroup
          legend="Headers"
          error={error('headers')}
          hint="For a route whose calls stick by one of them."
        >
          <NamedRows noun="header" value={ask.headers} onChange={(headers) => set({ headers })} />
        </FieldGroup>
        <Field
          label="Time"
          optional
          error={error('at')}
          hint={`Empty: now. For rules by the time of day, and prices. ${timeZone}`}
        >
          <Input
            type="datetime-local"
            value={ask.at ? toLocalInput(ask.at, timeZone) : ''}
            onChange={(event) => set({ at: fromLocalInput(event.target.value, timeZone) })}
          />
        </Field>
      </Fold>
    </div>
  )
}

/** Opens by itself with what is wrong inside. */
function Fold({ title, hasError, children }: { title: string; hasError: boolean; children: ReactNode }) {
  const [open, setOpen] = useState(false)
  const [had, setHad] = useState(hasError)
  if (had !== hasError) {
    setHad(hasError)
    if (hasError) setOpen(true)
  }
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="text-sm font-medium">{title}</summary>
      <div className="flex flex-col gap-3 pt-3">{children}</div>
    </details>
  )
}
