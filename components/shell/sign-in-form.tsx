'use client'

import { useSearchParams } from 'next/navigation'
import { type KeyboardEvent, useState } from 'react'
import { Button } from '@/components/ui/button'
import { Callout } from '@/components/ui/callout'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { safeReturnTo, signIn } from './session'

export function SignInForm() {
  const search = useSearchParams()
  const [error, setError] = useState<string | null>(null)
  const [capsLock, setCapsLock] = useState(false)
  const [running, setRunning] = useState(false)
  const noteCapsLock = (event: KeyboardEvent) => setCapsLock(event.getModifierState('CapsLock'))
  const submit = async (form: FormData) => {
    setRunning(true)
    setError(null)
    const refused = await signIn(String(form.get('email') ?? ''), String(form.get('password') ?? ''))
    if (refused === null) {
      // A whole load: nothing that somebody else's session has read stays in this tab.
      location.assign(safeReturnTo(search.get('returnTo')))
      return
    }
    setError(refused)
    setRunning(false)
  }
  return (
    <form
      className="flex flex-col gap-4"
      // Without JavaScript (or before it) the password must not end up in the address bar.
      method="post"
      onSubmit={(event) => {
        event.preventDefault()
        void submit(new FormData(event.currentTarget))
      }}
    >
      {error ? (
        <Callout tone="danger" role="alert">
          {error}
        </Callout>
      ) : search.get('reason') === 'signed-out' ? (
        <Callout role="status">Your session has ended. Sign in to go on where you were.</Callout>
      ) : null}
      <Field label="Email">
        <Input type="email" name="email" autoComplete="username" required autoFocus className="h-9" />
      </Field>
      <Field label="Password" hint={capsLock ? 'Caps lock is on.' : undefined}>
        <Input
          type="password"
          name="password"
          autoComplete="current-password"
          required
          className="h-9"
          onKeyDown={noteCapsLock}
          onKeyUp={noteCapsLock}
        />
      </Field>
      <Button type="submit" variant="primary" size="lg" loading={running}>
        Sign in
      </Button>
    </form>
  )
}
