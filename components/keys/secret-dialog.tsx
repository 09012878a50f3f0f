'use client'

import { type ReactNode, useState } from 'react'
import { Button } from '@/components/ui/button'
import { Callout } from '@/components/ui/callout'
import { CheckboxField } from '@/components/ui/checkbox'
import { CodeTabs } from '@/components/ui/code-block'
import { CopyButton } from '@/components/ui/copy-button'
import { Dialog } from '@/components/ui/dialog'

/**
 * A secret, this once. It lives in the state of whoever made it: in no URL, no storage, no query cache. Esc and a click
 * outside ask first, for there is no way to see it again.
 */
export function SecretDialog({
  title,
  description,
  secret,
  samples,
  onClose,
  children,
}: {
  title: string
  description: ReactNode
  secret: string
  samples: readonly { title: string; code: string }[]
  onClose: () => void
  children?: ReactNode
}) {
  const [stored, setStored] = useState(false)
  const [asking, setAsking] = useState(false)
  const tryToClose = () => {
    if (stored) onClose()
    else setAsking(true)
  }
  return (
    <Dialog
      open
      onOpenChange={tryToClose}
      closeLabel={null}
      width="lg"
      title={title}
      description={description}
      onInteractOutside={(event) => {
        event.preventDefault()
      }}
      footer={
        asking ? (
          <div role="alert" className="flex w-full flex-wrap items-center gap-2">
            <p className="mr-auto text-sm">Close without storing it? It can't be shown again.</p>
            <Button autoFocus onClick={() => setAsking(false)}>
              Keep it open
            </Button>
            <Button variant="danger" onClick={onClose}>
              Close anyway
            </Button>
          </div>
        ) : (
          <Button variant="primary" disabled={!stored} onClick={onClose}>
            Done
          </Button>
        )
      }
    >
      <div className="flex flex-col gap-4">
        <div className="flex items-center gap-2 rounded-card border border-accent bg-accent-soft py-2 pr-2 pl-3">
          <code data-testid="secret" className="min-w-0 flex-1 font-mono text-sm break-all select-all">
            {secret}
          </code>
          <CopyButton text={secret} what="secret" label="Copy" />
        </div>
        <Callout tone="warn">It is shown this once. Gatehouse keeps only a hash of it.</Callout>
        {children}
        <CodeTabs label="Use it" samples={samples} />
        <CheckboxField
          label="I stored it"
          hint="In a password manager, or where the application reads its environment."
          checked={stored}
          onCheckedChange={(on) => {
            setStored(on === true)
            setAsking(false)
          }}
        />
      </div>
    </Dialog>
  )
}
