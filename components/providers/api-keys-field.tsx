'use client'

import { Plus, RotateCcw, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Controller, type UseFormReturn } from 'react-hook-form'
import { Button, IconButton } from '@/components/ui/button'
import { Callout } from '@/components/ui/callout'
import { FieldError, FieldGroup } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Time } from '@/components/ui/time'
import { MAX_API_KEYS, type Provider, type ProviderCredentialsPatch } from '@/lib/resources/providers/schema'
import { leavesKeysBehind } from './moved-address'
import type { ProviderValues } from './provider-form'

/** A line of the editor: one that is stored, unless something was typed to replace it; or a new one. */
interface Line {
  readonly id: number
  readonly stored: number | null
  readonly typed: string | null
}
type Stored = Provider['credentials'][string]

/**
 * Write-only: a stored key shows as its last four and the time it was set, and can be replaced or taken away alone.
 * The value stays absent, which keeps all, until something is changed.
 */
export function ApiKeysField({
  form,
  provider,
}: {
  form: UseFormReturn<ProviderValues, unknown, unknown>
  provider: Provider | null
}) {
  const stored = provider?.credentials.apiKey ?? []
  const [kind, baseUrl, allowPrivateNetwork] = form.watch(['kind', 'baseUrl', 'allowPrivateNetwork'])
  const moves = provider !== null && leavesKeysBehind(provider, { kind, baseUrl, allowPrivateNetwork })
  const { isSubmitted } = form.formState
  // What was wrong at an address may be right at another one.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a move says something new.
  useEffect(() => {
    if (isSubmitted) void form.trigger('credentials')
  }, [moves])
  return (
    <Controller
      control={form.control}
      name="credentials"
      render={({ field, formState }) => {
        const errors = formState.errors.credentials as KeyErrors | undefined
        return (
          <KeyList
            stored={stored}
            isOptional={kind === 'openai-compatible'}
            moves={moves}
            errors={errors}
            onChange={(value) => field.onChange(value)}
          />
        )
      }}
    />
  )
}

interface KeyErrors {
  readonly message?: string
  readonly apiKey?: { readonly message?: string } & readonly ({ readonly message?: string } | undefined)[]
}

function KeyList({
  stored,
  isOptional,
  moves,
  errors,
  onChange,
}: {
  stored: Stored
  isOptional: boolean
  /** The address is to be another one: what is stored does not go there. */
  moves: boolean
  errors: KeyErrors | undefined
  onChange: (value: ProviderCredentialsPatch | undefined) => void
}) {
  const [lines, setLines] = useState<readonly Line[]>(() => firstLines(stored))
  const change = (next: readonly Line[]) => {
    setLines(next)
    onChange(keptValue(next, stored.length))
  }
  const edit = (id: number, typed: string | null) =>
    change(lines.map((line) => (line.id === id ? { ...line, typed } : line)))
  const whole = errors?.message ?? errors?.apiKey?.message
  const gone = stored.length - lines.filter((line) => line.stored !== null && line.typed === null).length
  return (
    <FieldGroup
      legend={
        <>
          {stored.length > 1 || lines.length > 1 ? 'API keys' : 'API key'}
          {isOptional ? <span className="ml-1.5 text-xs font-normal text-muted">optional</span> : null}
        </>
      }
      hint="Encrypted, and never shown again. Calls are spread over several; one that the vendor refuses is left out."
    >
      <ul className="flex flex-col gap-2 empty:hidden">
        {lines.map((line, index) => (
          <KeyLine
            key={line.id}
            line={line}
            name={lines.length > 1 ? `API key ${index + 1}` : 'API key'}
            hint={line.stored === null ? undefined : stored[line.stored]}
            moves={moves}
            error={errors?.apiKey?.[index]?.message ?? (lines.length === 1 ? whole : undefined)}
            onType={(typed) => edit(line.id, typed)}
            onRemove={
              lines.length > 1 || line.stored !== null
                ? () => change(lines.filter((one) => one.id !== line.id))
                : null
            }
          />
        ))}
      </ul>
      {whole && lines.length !== 1 ? <FieldError>{whole}</FieldError> : null}
      <div className="flex flex-wrap gap-2">
        {lines.length < MAX_API_KEYS ? (
          <Button size="sm" onClick={() => change([...lines, newLine(lines)])}>
            <Plus aria-hidden />
            {lines.length === 0 ? 'Add key' : 'Add another key'}
          </Button>
        ) : null}
        {gone > 0 && !moves ? (
          <Button size="sm" variant="ghost" onClick={() => change(firstLines(stored))}>
            <RotateCcw aria-hidden />
            Keep all as stored
          </Button>
        ) : null}
      </div>
      {moves ? (
        <Callout tone="warn" role="status" title="Stored keys do not go to a new address">
          {stored.length === 1
            ? 'Enter the key anew, or take it away. With the address as it was, it stays as stored.'
            : 'Enter each key anew, or take it away. With the address as it was, they stay as stored.'}
        </Callout>
      ) : gone > 0 ? (
        <Callout tone="warn">
          {gone === 1 ? 'A stored key is' : `${gone} stored keys are`} taken away when you save, and can't be
          read again. Calls in flight finish with {gone === 1 ? 'it' : 'them'}.
        </Callout>
      ) : null}
    </FieldGroup>
  )
}

function KeyLine({
  line,
  name,
  hint,
  moves,
  error,
  onType,
  onRemove,
}: {
  line: Line
  name: string
  hint: Stored[number] | undefined
  moves: boolean
  error: string | undefined
  onType: (typed: string | null) => void
  onRemove: (() => void) | null
}) {
  const replacing = line.stored !== null && (line.typed !== null || moves)
  return (
    <li>
      <div className="flex items-center gap-2">
        {hint && !replacing ? (
          <span className="flex h-8 min-w-0 flex-1 items-center gap-3 rounded-control border bg-sunken px-2.5 text-sm">
            <span className="font-mono">••••{hint.last4}</span>
            <span className="truncate text-xs text-muted">
              set <Time value={hint.setAt} />
            </span>
          </span>
        ) : (
          <Input
            type="password"
            aria-label={replacing ? `${name}, in place of ••••${hint?.last4}` : name}
            aria-invalid={error ? true : undefined}
            className="font-mono text-sm"
            autoComplete="off"
            spellCheck={false}
            placeholder={replacing ? `in place of ••••${hint?.last4}` : undefined}
            value={line.typed ?? ''}
            onChange={(event) => onType(event.target.value)}
          />
        )}
        {line.stored === null || moves ? null : (
          <Button
            aria-label={replacing ? `Keep ••••${hint?.last4}` : `Replace ••••${hint?.last4}`}
            onClick={() => onType(replacing ? null : '')}
          >
            {replacing ? 'Keep' : 'Replace'}
          </Button>
        )}
        {onRemove ? (
          <IconButton label={hint ? `Remove ••••${hint.last4}` : `Remove ${name}`} onClick={onRemove}>
            <X aria-hidden />
          </IconButton>
        ) : null}
      </div>
      {error ? <FieldError>{error}</FieldError> : null}
    </li>
  )
}

function firstLines(stored: Stored): Line[] {
  if (stored.length === 0) return [{ id: 0, stored: null, typed: '' }]
  return stored.map((_hint, index) => ({ id: index, stored: index, typed: null }))
}

function newLine(lines: readonly Line[]): Line {
  return { id: Math.max(-1, ...lines.map(({ id }) => id)) + 1, stored: null, typed: '' }
}

/** What a PATCH takes: absent while all stays as it is. An empty line alone is no key; beside others it is a mistake. */
function keptValue(lines: readonly Line[], storedCount: number): ProviderCredentialsPatch | undefined {
  const [only] = lines
  const isEmpty = lines.length === 1 && only?.stored === null && only.typed?.trim() === ''
  const list = isEmpty ? [] : lines.map(({ stored, typed }) => typed ?? { keep: stored ?? 0 })
  const same =
    list.length === storedCount && list.every((one, index) => typeof one !== 'string' && one.keep === index)
  if (same) return undefined
  const [first] = list
  if (first === undefined) return {}
  return { apiKey: list.length === 1 && typeof first === 'string' ? first : list }
}
