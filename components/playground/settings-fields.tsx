'use client'

import { useState } from 'react'
import { Field } from '@/components/ui/field'
import { Input, Textarea } from '@/components/ui/input'
import { SwitchField } from '@/components/ui/switch'
import type { CallSettings } from './chat-request'
import type { Prompt } from './prompt'

const TOOL_EXAMPLE = `[{"type": "function", "function": {
  "name": "weather",
  "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}
}}]`
const SCHEMA_EXAMPLE = `{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}`

/** What of a call is not the conversation. Empty: it isn't sent, and the model's own default holds. */
export function SettingsFields({
  settings,
  onSettings,
  prompt,
  onPrompt,
  error,
}: {
  settings: CallSettings
  onSettings: (part: Partial<CallSettings>) => void
  prompt: Prompt
  onPrompt: (prompt: Prompt) => void
  error: (part: 'tools' | 'schema') => string | undefined
}) {
  return (
    <div className="flex flex-col gap-4">
      <SwitchField
        label="Streamed"
        checked={settings.stream}
        onCheckedChange={(stream) => onSettings({ stream })}
      />
      <div className="grid grid-cols-2 gap-3">
        <Field label="Temperature" optional>
          <NumberInput
            value={settings.temperature}
            isGood={(value) => value >= 0 && value <= 2}
            step="0.1"
            min={0}
            max={2}
            onChange={(temperature) => onSettings({ temperature })}
          />
        </Field>
        <Field label="Max tokens" optional>
          <NumberInput
            value={settings.maxTokens}
            isGood={(value) => Number.isInteger(value) && value >= 1}
            step="1"
            min={1}
            onChange={(maxTokens) => onSettings({ maxTokens })}
          />
        </Field>
      </div>
      <JsonDetails
        title="Tools"
        hint="A JSON list as OpenAI’s API takes it."
        example={TOOL_EXAMPLE}
        value={prompt.tools}
        error={error('tools')}
        onChange={(tools) => onPrompt({ ...prompt, tools })}
      />
      <JsonDetails
        title="Answer as JSON"
        hint="A JSON schema that the answer must fit."
        example={SCHEMA_EXAMPLE}
        value={prompt.schema}
        error={error('schema')}
        onChange={(schema) => onPrompt({ ...prompt, schema })}
      />
    </div>
  )
}

/** Shows what is typed; only what is good, or nothing, goes on. */
function NumberInput({
  value,
  isGood,
  onChange,
  ...bounds
}: {
  value: number | null
  isGood: (value: number) => boolean
  onChange: (value: number | null) => void
  step: string
  min: number
  max?: number
}) {
  const [typed, setTyped] = useState(value === null ? '' : String(value))
  const number = Number(typed)
  const bad = typed !== '' && !isGood(number)
  return (
    <Input
      type="number"
      inputMode="decimal"
      className="tabular-nums"
      {...bounds}
      value={typed}
      aria-invalid={bad || undefined}
      onChange={(event) => {
        const next = event.target.value
        setTyped(next)
        if (next === '') onChange(null)
        else if (isGood(Number(next))) onChange(Number(next))
      }}
      onBlur={() => setTyped(value === null ? '' : String(value))}
    />
  )
}

function JsonDetails({
  title,
  hint,
  example,
  value,
  error,
  onChange,
}: {
  title: string
  hint: string
  example: string
  value: string
  error: string | undefined
  onChange: (value: string) => void
}) {
  // Open where something is in it, and then as the person wants it.
  const [open, setOpen] = useState<boolean | null>(null)
  const used = value.trim() !== ''
  return (
    <details
      open={error !== undefined || (open ?? used)}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary className="text-sm font-medium">
        {title}
        {used ? null : <span className="ml-1.5 text-xs font-normal text-muted">optional</span>}
      </summary>
      <div className="pt-2">
        <Field label={<span className="sr-only">{title}</span>} hint={hint} error={error}>
          <Textarea
            rows={6}
            value={value}
            onChange={(event) => onChange(event.target.value)}
            placeholder={example}
            spellCheck={false}
            className="font-mono text-xs leading-5"
          />
        </Field>
      </div>
    </details>
  )
}
