'use client'

import { OneChoice } from '@/components/resource/one-choice'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Select } from '@/components/ui/select'
import { Segmented } from '@/components/ui/tabs'
import type { ScopeInput } from '@/lib/resources/policies/schema'
import { SCOPE_KINDS, SCOPES, type ScopeKind } from './scope-words'

/** Whom it counts: a kind, then each one of it for itself, or one by name. */
export function ScopeField({
  value,
  onChange,
  error,
}: {
  value: ScopeInput
  onChange: (value: ScopeInput) => void
  error: string | undefined
}) {
  const { noun, path, example } = SCOPES[value.type]
  const each = value.each ?? false
  return (
    <div className="grid items-start gap-4 sm:grid-cols-2">
      <Field label="Counts" hint={hintOf(value.type, each)}>
        <Select
          value={value.type}
          onChange={(event) => {
            const type = event.target.value as ScopeKind
            onChange({ type, id: null, each: type !== 'organization' })
          }}
        >
          {SCOPE_KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {kind === 'organization' ? 'The whole organization' : `By ${SCOPES[kind].noun}`}
            </option>
          ))}
        </Select>
      </Field>
      {value.type === 'organization' ? null : (
        <div className="flex min-w-0 flex-col gap-3 sm:pt-6">
          <Segmented
            label={`Which ${noun}`}
            className="self-start"
            value={each ? 'each' : 'one'}
            onChange={(choice) => onChange({ ...value, id: null, each: choice === 'each' })}
            options={[
              { value: 'each', label: `Each ${noun}` },
              { value: 'one', label: `One ${noun}` },
            ]}
          />
          {each ? null : path === null ? (
            <Field label={sentence(noun)} required hint={example} error={error}>
              <Input
                value={value.id ?? ''}
                onChange={(event) => onChange({ ...value, id: event.target.value || null })}
                className="font-mono text-sm"
                autoComplete="off"
                spellCheck={false}
              />
            </Field>
          ) : (
            <Field label={sentence(noun)} required error={error ? `choose a ${noun}` : undefined}>
              <OneChoice
                key={path}
                path={path}
                noun={noun}
                value={value.id ?? null}
                onChange={(id) => onChange({ ...value, id })}
              />
            </Field>
          )}
        </div>
      )}
    </div>
  )
}

function hintOf(type: ScopeKind, each: boolean): string {
  if (type === 'organization') return 'All traffic together.'
  return each ? `Every ${SCOPES[type].noun} has the whole amount for itself.` : 'The traffic of one alone.'
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
