'use client'

import { useId, useState } from 'react'
import { cn } from './cn'
import { CopyButton } from './copy-button'

/** Code to read and to copy; scrolls inside itself, also by keyboard. */
export function CodeBlock({
  code,
  title,
  className,
  wrap = false,
}: {
  code: string
  title: string
  className?: string
  wrap?: boolean
}) {
  return (
    <div className={cn('overflow-hidden rounded-card border bg-sunken', className)}>
      <div className="flex h-8 items-center justify-between border-b pr-0.5 pl-3 text-xs text-muted">
        {title}
        <CopyButton text={code} what={title} />
      </div>
      <Code code={code} title={title} wrap={wrap} />
    </div>
  )
}

/** The same thing in several languages, behind small tabs. */
export function CodeTabs({
  samples,
  label,
  className,
}: {
  samples: readonly { title: string; code: string }[]
  label: string
  className?: string
}) {
  const id = useId()
  const [chosen, setChosen] = useState(0)
  const sample = samples[chosen] ?? samples[0]
  if (!sample) return null
  return (
    <div className={cn('overflow-hidden rounded-card border bg-sunken', className)}>
      <div className="flex h-9 items-center justify-between border-b pr-1">
        <fieldset aria-label={label} className="flex h-full">
          {samples.map((other, index) => (
            <button
              key={other.title}
              type="button"
              aria-pressed={index === chosen}
              aria-controls={id}
              onClick={() => setChosen(index)}
              className="-mb-px border-b-2 border-transparent px-3 text-xs font-medium text-muted -outline-offset-2 hover:text-fg aria-pressed:border-accent aria-pressed:text-fg"
            >
              {other.title}
            </button>
          ))}
        </fieldset>
        <CopyButton text={sample.code} what={`${sample.title} snippet`} />
      </div>
      <Code id={id} code={sample.code} title={sample.title} />
    </div>
  )
}

function Code({
  id,
  code,
  title,
  wrap = false,
}: {
  id?: string
  code: string
  title: string
  wrap?: boolean
}) {
  return (
    <section
      id={id}
      aria-label={title}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1).
      tabIndex={0}
      className="max-h-96 overflow-auto -outline-offset-2"
    >
      <pre className={cn('p-3 font-mono text-xs leading-5', wrap && 'break-words whitespace-pre-wrap')}>
        <code>{code}</code>
      </pre>
    </section>
  )
}
