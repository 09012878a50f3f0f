'use client'

import { Plus, X } from 'lucide-react'
import { useState } from 'react'
import { Button, IconButton } from '@/components/ui/button'
import { Input } from '@/components/ui/input'

type Named = Readonly<Record<string, string>>

const EXAMPLES = { tag: ['env', 'prod'], header: ['x-session', 'abc'] } as const

/** Values by name. Two rows of one name, as while it is typed, stay two until one of them is left. */
export function NamedRows({
  noun,
  value,
  onChange,
}: {
  noun: keyof typeof EXAMPLES
  value: Named
  onChange: (values: Record<string, string>) => void
}) {
  const [rows, setRows] = useState(() => Object.entries(value))
  if (JSON.stringify(Object.fromEntries(rows)) !== JSON.stringify(value)) setRows(Object.entries(value))
  const change = (next: [string, string][]) => {
    setRows(next)
    onChange(Object.fromEntries(next))
  }
  const set = (at: number, row: [string, string]) =>
    change(rows.map((other, one) => (one === at ? row : other)))
  const [nameExample, valueExample] = EXAMPLES[noun]
  return (
    <div className="flex flex-col gap-2">
      {rows.map(([name, text], at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row has no identity but its place while its name is typed.
        <div key={at} className="grid grid-cols-[1fr_auto_1fr_auto] items-center gap-1.5">
          <Input
            aria-label={`Name of ${noun} ${at + 1}`}
            value={name}
            onChange={(event) => set(at, [event.target.value, text])}
            placeholder={nameExample}
            autoComplete="off"
            spellCheck={false}
          />
          <span className="text-sm text-muted">is</span>
          <Input
            aria-label={`Value of ${noun} ${at + 1}`}
            value={text}
            onChange={(event) => set(at, [name, event.target.value])}
            placeholder={valueExample}
            autoComplete="off"
            spellCheck={false}
          />
          <IconButton
            label={`Remove ${noun} ${at + 1}`}
            size="sm"
            onClick={() => change(rows.filter((_, one) => one !== at))}
          >
            <X aria-hidden />
          </IconButton>
        </div>
      ))}
      <div>
        <Button
          size="sm"
          disabled={rows.some(([name]) => name === '')}
          onClick={() => change([...rows, ['', '']])}
        >
          <Plus aria-hidden />
          Add {noun}
        </Button>
      </div>
    </div>
  )
}
