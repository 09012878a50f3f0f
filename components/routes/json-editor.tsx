'use client'

import { useState } from 'react'
import { Field } from '@/components/ui/field'
import { Textarea } from '@/components/ui/input'
import type { RouteDocument } from './route-document'

/** The same document as text. Text that is no JSON object stays as typed, and the document keeps its last good state. */
export function JsonEditor({
  document,
  onChange,
  onValid,
}: {
  document: RouteDocument
  onChange: (document: RouteDocument) => void
  onValid: (valid: boolean) => void
}) {
  const [text, setText] = useState(() => JSON.stringify(document, null, 2))
  const [error, setError] = useState<string>()
  const type = (next: string) => {
    setText(next)
    try {
      const value: unknown = JSON.parse(next)
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw new Error('it is not an object')
      setError(undefined)
      onValid(true)
      onChange(value as RouteDocument)
    } catch (cause) {
      setError(`Not JSON: ${cause instanceof Error ? cause.message : 'unreadable'}`)
      onValid(false)
    }
  }
  return (
    <Field
      label="Route as JSON"
      error={error}
      hint="As the API takes it. Members that this console doesn't know are kept."
    >
      <Textarea
        value={text}
        onChange={(event) => type(event.target.value)}
        spellCheck={false}
        rows={Math.min(48, text.split('\n').length + 1)}
        className="font-mono text-xs leading-5 whitespace-pre"
      />
    </Field>
  )
}
