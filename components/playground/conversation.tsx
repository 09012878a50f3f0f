'use client'

import { Plus, X } from 'lucide-react'
import { Button, IconButton } from '@/components/ui/button'
import { Field } from '@/components/ui/field'
import { Textarea } from '@/components/ui/input'
import { ImageField } from './image-field'
import { emptyTurn, type Prompt, type Role, type Turn } from './prompt'
import { ToolCalls } from './tool-calls'

const ROLES: Record<Role, string> = { user: 'User', assistant: 'Assistant', tool: 'Tool result' }

/** The system prompt and the turns, each to be changed; an answer can be taken in as a turn. */
export function Conversation({
  prompt,
  onChange,
  error,
}: {
  prompt: Prompt
  onChange: (prompt: Prompt) => void
  /** Of a turn, by its place. */
  error: (at: number) => string | undefined
}) {
  const { turns } = prompt
  const change = (at: number, turn: Turn) =>
    onChange({ ...prompt, turns: turns.map((one, other) => (other === at ? turn : one)) })
  const last = turns.at(-1)?.role
  const next = last === 'user' ? 'assistant' : 'user'
  return (
    <div className="flex flex-col gap-3">
      <Field label="System" optional>
        <Textarea
          rows={2}
          className="min-h-14"
          value={prompt.system}
          onChange={(event) => onChange({ ...prompt, system: event.target.value })}
          placeholder="How it should answer"
        />
      </Field>
      <ol className="flex flex-col gap-3">
        {turns.map((turn, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a turn is what stands at its place.
          <li key={at} className="flex flex-col gap-1.5">
            <TurnField
              turn={turn}
              onChange={(changed) => change(at, changed)}
              onRemove={
                turns.length > 1
                  ? () => onChange({ ...prompt, turns: turns.filter((_, other) => other !== at) })
                  : null
              }
              error={error(at)}
            />
          </li>
        ))}
      </ol>
      <Button
        size="sm"
        variant="ghost"
        className="self-start"
        onClick={() => onChange({ ...prompt, turns: [...turns, emptyTurn(next)] })}
      >
        <Plus aria-hidden />
        {next === 'user' ? 'Add user turn' : 'Add assistant turn'}
      </Button>
    </div>
  )
}

function TurnField({
  turn,
  onChange,
  onRemove,
  error,
}: {
  turn: Turn
  onChange: (turn: Turn) => void
  onRemove: (() => void) | null
  error: string | undefined
}) {
  const name = ROLES[turn.role]
  return (
    <>
      <div className="relative">
        <Field
          label={
            turn.role === 'tool' ? (
              <>
                {name} <span className="font-mono text-xs font-normal text-muted">{turn.toolCallId}</span>
              </>
            ) : (
              name
            )
          }
          error={error}
        >
          <Textarea
            rows={turn.role === 'user' ? 4 : 3}
            value={turn.text}
            onChange={(event) => onChange({ ...turn, text: event.target.value })}
            placeholder={turn.role === 'tool' ? 'What the tool returned' : undefined}
          />
        </Field>
        {onRemove ? (
          <IconButton
            label={`Remove this ${name.toLowerCase()} turn`}
            size="sm"
            className="absolute -top-1.5 right-0"
            onClick={onRemove}
          >
            <X aria-hidden />
          </IconButton>
        ) : null}
      </div>
      {turn.role === 'user' ? (
        <ImageField images={turn.images} onChange={(images) => onChange({ ...turn, images })} />
      ) : null}
      {turn.role === 'assistant' ? <ToolCalls calls={turn.toolCalls} /> : null}
    </>
  )
}
