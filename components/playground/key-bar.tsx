'use client'

import { KeyRound, Timer } from 'lucide-react'
import { type RefObject, useState } from 'react'
import { apiSend } from '@/components/data/api'
import { useCan } from '@/components/data/me'
import { toastProblem, useSaved } from '@/components/data/save'
import { Button } from '@/components/ui/button'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Countdown, useNow } from '@/components/ui/time'
import type { Key } from '@/lib/resources/keys/schema'
import { MakeKeyDialog } from './make-key-dialog'
import { type PlaygroundKey, remember } from './memory'

/** The key that the calls are made with. It is in this tab's memory, and nowhere else. */
export function KeyBar({
  apiKey,
  missing,
  input,
}: {
  apiKey: PlaygroundKey | null
  /** Somebody wanted to send without one. */
  missing: boolean
  /** Gets the focus then. */
  input: RefObject<HTMLInputElement | null>
}) {
  return (
    <section aria-label="API key" className="mb-4 rounded-card border bg-surface px-4 py-3">
      {apiKey ? <KeyInUse apiKey={apiKey} /> : <KeyAsked missing={missing} input={input} />}
    </section>
  )
}

function KeyAsked({ missing, input }: { missing: boolean; input: RefObject<HTMLInputElement | null> }) {
  const can = useCan()
  const [typed, setTyped] = useState('')
  const [making, setMaking] = useState(false)
  const secret = typed.trim()
  return (
    <form
      className="flex flex-wrap items-start gap-x-3 gap-y-2"
      onSubmit={(event) => {
        event.preventDefault()
        if (secret !== '') remember({ key: { kind: 'pasted', secret } })
      }}
    >
      <Field
        label="API key"
        className="min-w-64 flex-1"
        error={missing ? 'A key is needed to call the gateway' : undefined}
        hint="The calls are real ones: its limits and budgets count them. It stays in this tab’s memory and is gone on reload."
      >
        <Input
          ref={input}
          type="password"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          placeholder="gh_…"
          autoComplete="off"
          spellCheck={false}
          data-1p-ignore
          className="font-mono"
        />
      </Field>
      <div className="flex flex-wrap gap-2 sm:mt-6">
        <Button type="submit" disabled={secret === ''}>
          <KeyRound aria-hidden />
          Use key
        </Button>
        {can('keys.create') && can('consumers.list') ? (
          <Button onClick={() => setMaking(true)}>
            <Timer aria-hidden />
            Make a key for an hour
          </Button>
        ) : null}
      </div>
      <MakeKeyDialog open={making} onOpenChange={setMaking} />
    </form>
  )
}

function KeyInUse({ apiKey }: { apiKey: PlaygroundKey }) {
  const saved = useSaved()
  const [ending, setEnding] = useState(false)
  const forget = async () => {
    if (apiKey.kind === 'pasted') return remember({ key: null })
    setEnding(true)
    try {
      saved(await apiSend<Key>('POST', `/keys/${apiKey.id}/revoke`), `Revoked ${apiKey.name}`)
      remember({ key: null })
    } catch (cause) {
      toastProblem(cause, 'The key still works')
    } finally {
      setEnding(false)
    }
  }
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
      <KeyRound className="size-4 shrink-0 text-muted" aria-hidden />
      <p className="min-w-0 flex-1 text-sm">
        <span className="mr-2 font-mono">{masked(apiKey.secret)}</span>
        <span className="text-muted">
          {apiKey.kind === 'made' ? <MadeWords apiKey={apiKey} /> : 'pasted; gone on reload'}
        </span>
      </p>
      <Button size="sm" loading={ending} onClick={() => void forget()}>
        {apiKey.kind === 'made' ? 'Revoke and forget key' : 'Forget key'}
      </Button>
    </div>
  )
}

function MadeWords({ apiKey }: { apiKey: Extract<PlaygroundKey, { kind: 'made' }> }) {
  const now = useNow(1000)
  const { consumerName, expiresAt } = apiKey
  if (expiresAt === null) return <>of {consumerName}</>
  if (Date.parse(expiresAt) <= now) return <>of {consumerName}; it has ended, make another</>
  return (
    <>
      of {consumerName}, ends in <Countdown until={expiresAt} />
    </>
  )
}

/** As the list of keys shows it; of what is no key of ours, nothing. */
function masked(secret: string): string {
  return /^gh_.{20,}$/.test(secret) ? `${secret.slice(0, 8)}…${secret.slice(-4)}` : '••••••••'
}
