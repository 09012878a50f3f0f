'use client'

import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Button, IconButton } from './button'

/** Copies `text`; says so for two seconds, also to screen readers. With a `label` it is a button with words. */
export function CopyButton({
  text,
  what,
  label,
  className,
  onCopied,
}: {
  text: string
  /** What is copied, for the button's name: "Copy key id". */
  what: string
  label?: string
  className?: string
  onCopied?: () => void
}) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle')
  useEffect(() => {
    if (state === 'idle') return
    const timer = setTimeout(() => setState('idle'), 2000)
    return () => clearTimeout(timer)
  }, [state])
  const copy = async () => {
    const done = await copyText(text)
    setState(done ? 'copied' : 'failed')
    if (done) onCopied?.()
  }
  const icon = state === 'copied' ? <Check className="text-ok" aria-hidden /> : <Copy aria-hidden />
  const said = state === 'copied' ? 'Copied' : state === 'failed' ? 'Select and copy by hand' : ''
  return (
    <>
      {label ? (
        <Button onClick={() => void copy()} className={className}>
          {icon}
          {said || label}
        </Button>
      ) : (
        <IconButton
          label={said || `Copy ${what}`}
          size="sm"
          onClick={() => void copy()}
          className={className}
        >
          {icon}
        </IconButton>
      )}
      <span role="status" className="sr-only">
        {said}
      </span>
    </>
  )
}

/** The clipboard needs a secure context; over plain http on a LAN the old command still works. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    area.style.position = 'fixed'
    area.style.opacity = '0'
    // Inside the open dialog, or its focus trap would take the focus away again.
    const host = document.activeElement?.closest('[role=dialog],[role=alertdialog]') ?? document.body
    host.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    return done
  }
}
