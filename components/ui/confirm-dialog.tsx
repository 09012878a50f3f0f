'use client'

import { AlertDialog as Radix } from 'radix-ui'
import { type ReactNode, useState } from 'react'
import { Button } from './button'
import { OVERLAY } from './dialog'
import { Field } from './field'
import { Input } from './input'

/** Asks before what can't be taken back. `typeToConfirm` is the name that has to be typed first. */
export function ConfirmDialog(props: {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  /** What happens then, to whom. */
  children: ReactNode
  confirmLabel: string
  typeToConfirm?: string | undefined
  danger?: boolean
  /** Shown while it runs; a rejection keeps the dialog open. */
  onConfirm: () => Promise<unknown> | undefined
}) {
  return (
    <Radix.Root open={props.open} onOpenChange={props.onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={OVERLAY} />
        <Radix.Content className="fixed top-1/2 left-1/2 z-40 flex max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)] max-w-md -translate-x-1/2 -translate-y-1/2 flex-col rounded-card border bg-surface shadow-float outline-none">
          <ConfirmBody {...props} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

function ConfirmBody({
  onOpenChange,
  title,
  children,
  confirmLabel,
  typeToConfirm,
  danger = true,
  onConfirm,
}: Parameters<typeof ConfirmDialog>[0]) {
  const [typed, setTyped] = useState('')
  const [running, setRunning] = useState(false)
  const blocked = typeToConfirm !== undefined && typed.trim() !== typeToConfirm
  const confirm = async () => {
    if (blocked || running) return
    setRunning(true)
    try {
      await onConfirm()
      onOpenChange(false)
    } catch {
      // Whoever runs it has told the person; the dialog stays for another try.
      setRunning(false)
    }
  }
  return (
    <form
      className="flex min-h-0 flex-col"
      onSubmit={(event) => {
        event.preventDefault()
        event.stopPropagation()
        void confirm()
      }}
    >
      <div className="min-h-0 overflow-auto px-5 pt-4 pb-4">
        <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
        <Radix.Description asChild>
          <div className="mt-1 flex flex-col gap-2 text-base text-muted">{children}</div>
        </Radix.Description>
        {typeToConfirm === undefined ? null : (
          <Field
            className="mt-4"
            label={
              <>
                Type <span className="font-mono break-all">{typeToConfirm}</span> to confirm
              </>
            }
          >
            <Input
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
              autoFocus
            />
          </Field>
        )}
      </div>
      <footer className="flex flex-wrap justify-end gap-2 border-t px-5 py-3">
        <Radix.Cancel asChild>
          <Button>Cancel</Button>
        </Radix.Cancel>
        <Button type="submit" variant={danger ? 'danger' : 'primary'} disabled={blocked} loading={running}>
          {confirmLabel}
        </Button>
      </footer>
    </form>
  )
}
