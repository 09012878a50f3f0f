'use client'

import { Waypoints } from 'lucide-react'
import { useState } from 'react'
import { ApiProblem, apiSend } from '@/components/data/api'
import { fieldPath, ProblemCallout } from '@/components/resource/resource-form'
import { Button } from '@/components/ui/button'
import { Callout } from '@/components/ui/callout'
import { Card } from '@/components/ui/card'
import { CheckboxField } from '@/components/ui/checkbox'
import { Field } from '@/components/ui/field'
import { Input, Textarea } from '@/components/ui/input'
import { Segmented } from '@/components/ui/tabs'
import type { Simulation } from '@/lib/contract/simulation'
import { CallAround } from './call-around'
import { SimulatedAnswer } from './simulated-answer'
import { askBody, FIRST_ASK, type SimulatedAsk } from './simulated-ask'

interface Minded {
  readonly path: string
  readonly message: string
}

/** Asks a gateway what would become of a call on the route as it is saved. */
export function Simulator({ routeId, hasChanges }: { routeId: string; hasChanges: boolean }) {
  const [ask, setAsk] = useState(FIRST_ASK)
  const [simulation, setSimulation] = useState<Simulation | null>(null)
  const [minded, setMinded] = useState<readonly Minded[]>([])
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [running, setRunning] = useState(false)
  const set = (part: Partial<SimulatedAsk>) => setAsk({ ...ask, ...part })
  /** The place of an error inside the request is told with it. */
  const error = (member: string) => {
    const found = minded.find(({ path }) => path === member || path.startsWith(`${member}.`))
    if (!found) return undefined
    return found.path === member ? found.message : `${found.path.slice(member.length + 1)}: ${found.message}`
  }
  const run = async () => {
    const asked = askBody(ask)
    setProblem(null)
    setMinded('body' in asked ? [] : [asked])
    if (!('body' in asked)) return
    setRunning(true)
    try {
      setSimulation((await apiSend<Simulation>('POST', `/routes/${routeId}/simulate`, asked.body)).data)
    } catch (cause) {
      if (!(cause instanceof ApiProblem)) throw cause
      setSimulation(null)
      const errors = cause.errors.map(({ path, message }) => ({ path: fieldPath(path), message }))
      setMinded(errors)
      // What is told at a field needs no second place.
      const shown = ['request', 'callId', 'keyId', 'endUser', 'tags', 'headers', 'at']
      if (errors.length === 0 || !errors.every(({ path }) => shown.includes(path.split('.')[0] ?? '')))
        setProblem(cause)
    } finally {
      setRunning(false)
    }
  }
  return (
    <Card
      className="xl:sticky xl:top-16 xl:max-h-[calc(100dvh-5rem)] xl:overflow-y-auto"
      title="Simulator"
      description="Where would a call go now, and why? Nothing is sent to a provider."
    >
      <form
        noValidate
        aria-label="Simulator"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          void run()
        }}
      >
        {hasChanges ? (
          <Callout tone="warn">It tells of the route as it is saved; your changes are not.</Callout>
        ) : null}
        <Segmented
          label="A call by"
          className="self-start"
          value={ask.by}
          onChange={(by) => set({ by })}
          options={[
            { value: 'message', label: 'Message' },
            { value: 'request', label: 'Request' },
            { value: 'call', label: 'Past call' },
          ]}
        />
        <AskField ask={ask} set={set} error={error} />
        <CallAround ask={ask} set={set} error={error} />
        <Button type="submit" loading={running} className="self-start">
          {running ? null : <Waypoints aria-hidden />}
          Simulate
        </Button>
      </form>
      <div role="status" className="mt-4 empty:hidden">
        {problem ? <ProblemCallout problem={problem} /> : null}
        {simulation ? <SimulatedAnswer simulation={simulation} /> : null}
      </div>
    </Card>
  )
}

function AskField({
  ask,
  set,
  error,
}: {
  ask: SimulatedAsk
  set: (part: Partial<SimulatedAsk>) => void
  error: (member: string) => string | undefined
}) {
  if (ask.by === 'call') {
    return (
      <Field
        label="Call"
        error={error('callId')}
        hint="Its size, tags and owner are known, not what it said."
      >
        <Input
          value={ask.callId}
          onChange={(event) => set({ callId: event.target.value })}
          className="font-mono text-sm"
          placeholder="Request id"
          autoComplete="off"
          spellCheck={false}
        />
      </Field>
    )
  }
  if (ask.by === 'request') {
    return (
      <Field label="Chat request as JSON" error={error('request')}>
        <Textarea
          value={ask.request}
          onChange={(event) => set({ request: event.target.value })}
          rows={8}
          spellCheck={false}
          className="font-mono text-xs leading-5"
        />
      </Field>
    )
  }
  return (
    <div className="flex flex-col gap-2">
      <Field label="Message" error={error('request')}>
        <Textarea value={ask.message} onChange={(event) => set({ message: event.target.value })} rows={3} />
      </Field>
      <CheckboxField
        label={<span className="text-sm">Streamed</span>}
        checked={ask.stream}
        onCheckedChange={(on) => set({ stream: on === true })}
      />
    </div>
  )
}
