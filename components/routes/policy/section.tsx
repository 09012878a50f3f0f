'use client'

import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { memberAt, type RouteDocument } from '../route-document'

/** What each part of the editor is given. */
export interface SectionProps {
  document: RouteDocument
  set: (path: string, value: unknown) => void
  /** At the very path. */
  error: (path: string) => string | undefined
}

export function NumberField({
  label,
  hint,
  path,
  nullable = false,
  document,
  error,
  set,
}: SectionProps & { label: string; hint?: string; path: string; nullable?: boolean }) {
  const value = memberAt(document, path)
  return (
    <Field label={label} hint={hint} error={error(path)} optional={nullable}>
      <Input
        type="number"
        step="any"
        value={typeof value === 'number' && !Number.isNaN(value) ? value : ''}
        onChange={(event) =>
          set(path, event.target.value === '' && nullable ? null : event.target.valueAsNumber)
        }
      />
    </Field>
  )
}

/** A group of targets, by its name. One that no target is in stays to be seen, and to be mended. */
export function groupOptions(groups: readonly string[], chosen: string) {
  return (
    <>
      {chosen === '' ? <option value="">Choose a group</option> : null}
      {groups.map((group) => (
        <option key={group} value={group}>
          {group}
        </option>
      ))}
      {chosen !== '' && !groups.includes(chosen) ? (
        <option value={chosen}>{chosen} (no target is in it)</option>
      ) : null}
    </>
  )
}
