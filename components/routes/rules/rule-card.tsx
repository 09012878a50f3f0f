'use client'

import { ChevronRight, Plus, X } from 'lucide-react'
import { useId } from 'react'
import { MoveButtons, moveByKey } from '@/components/resource/move-buttons'
import { Button, IconButton } from '@/components/ui/button'
import { CheckboxField } from '@/components/ui/checkbox'
import { cn } from '@/components/ui/cn'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuTrigger,
} from '@/components/ui/dropdown-menu'
import { Field, FieldError } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Select } from '@/components/ui/select'
import { groupOptions } from '../policy/section'
import type { RuleDraft } from '../route-document'
import { ConditionFields } from './condition-fields'
import { CONDITION_KINDS, CONDITIONS, type ConditionKind, type NameOf, ruleSentence } from './rule-words'

/** One rule: a sentence, and behind it the controls of which it is made. */
export function RuleCard({
  rule,
  place,
  count,
  groups,
  open,
  nameOf,
  errorWithin,
  onOpen,
  onChange,
  onMove,
  onRemove,
}: {
  rule: RuleDraft
  place: number
  count: number
  groups: readonly string[]
  open: boolean
  nameOf: NameOf
  /** Of a member of this rule, or of what is inside it. */
  errorWithin: (path: string) => string | undefined
  onOpen: (open: boolean) => void
  onChange: (rule: RuleDraft) => void
  onMove: (by: -1 | 1) => void
  onRemove: () => void
}) {
  const bodyId = useId()
  const name = `rule ${place + 1}`
  return (
    <li
      data-place={place}
      aria-label={`Rule ${place + 1}`}
      className="rounded-card border bg-sunken"
      onKeyDown={(event) => moveByKey(event, onMove)}
    >
      <div className="flex items-start gap-1 p-2">
        <button
          type="button"
          aria-expanded={open}
          aria-controls={bodyId}
          onClick={() => onOpen(!open)}
          className="flex min-h-7 min-w-0 flex-1 items-start gap-1.5 rounded-control px-1 py-0.5 text-left hover:bg-hover"
        >
          <ChevronRight
            className={cn('mt-0.5 size-4 shrink-0 text-muted', open && 'rotate-90')}
            aria-hidden
          />
          <span className="min-w-0">
            <span className="block text-sm font-medium">{rule.name || 'Without a name'}</span>
            <span className="block text-sm text-muted">{ruleSentence(rule, nameOf)}</span>
          </span>
        </button>
        <MoveButtons {...{ name, place, count, onMove, onRemove }} />
      </div>
      <div id={bodyId} hidden={!open} className="border-t p-3">
        <div className="flex flex-col gap-4">
          <Field label="Name" required error={errorWithin('name')}>
            <Input
              value={rule.name}
              onChange={(event) => onChange({ ...rule, name: event.target.value })}
              autoComplete="off"
            />
          </Field>
          <Conditions {...{ rule, name, nameOf, errorWithin, onChange }} />
          <div className="grid items-start gap-3 sm:grid-cols-2">
            <Field label="Asks the group" required error={errorWithin('use')}>
              <Select value={rule.use} onChange={(event) => onChange({ ...rule, use: event.target.value })}>
                {groupOptions(groups, rule.use)}
              </Select>
            </Field>
            <div className="sm:pt-6">
              <CheckboxField
                label={<span className="text-sm">And nobody else</span>}
                hint="Off: when all of the group fail, the other targets are asked."
                checked={rule.only === true}
                onCheckedChange={(on) => onChange({ ...rule, only: on === true })}
              />
            </div>
          </div>
        </div>
      </div>
    </li>
  )
}

function Conditions({
  rule,
  name,
  nameOf,
  errorWithin,
  onChange,
}: {
  rule: RuleDraft
  name: string
  nameOf: NameOf
  errorWithin: (path: string) => string | undefined
  onChange: (rule: RuleDraft) => void
}) {
  const there = CONDITION_KINDS.filter((kind) => rule.when[kind] !== undefined)
  const absent = CONDITION_KINDS.filter((kind) => rule.when[kind] === undefined)
  const remove = (kind: ConditionKind) => {
    const { [kind]: _removed, ...when } = rule.when
    onChange({ ...rule, when })
  }
  return (
    <div className="flex flex-col gap-3">
      {there.length === 0 ? (
        <p className="text-sm text-muted">
          Without a condition it always holds, and no rule below it is read.
        </p>
      ) : null}
      {there.map((kind) => {
        const error = errorWithin(`when.${kind}`)
        const { label } = CONDITIONS[kind]
        return (
          <fieldset key={kind} className="min-w-0 rounded-card border bg-surface p-3">
            <legend className="sr-only">{label}</legend>
            <div className="mb-2 flex items-center gap-2">
              <span className="mr-auto text-sm font-medium" aria-hidden>
                {label}
              </span>
              <IconButton
                label={`Remove condition ${label} of ${name}`}
                size="sm"
                onClick={() => remove(kind)}
              >
                <X aria-hidden />
              </IconButton>
            </div>
            <ConditionFields
              kind={kind}
              when={rule.when}
              nameOf={nameOf}
              onChange={(part) => onChange({ ...rule, when: { ...rule.when, ...part } })}
            />
            {error ? (
              <div className="mt-2" role="alert">
                <FieldError>{error}</FieldError>
              </div>
            ) : null}
          </fieldset>
        )
      })}
      {absent.length > 0 ? (
        <DropdownMenu>
          <DropdownMenuTrigger asChild>
            <Button size="sm" className="self-start">
              <Plus aria-hidden />
              Add condition
            </Button>
          </DropdownMenuTrigger>
          <DropdownMenuContent align="start">
            {absent.map((kind) => (
              <DropdownMenuItem
                key={kind}
                onSelect={() => onChange({ ...rule, when: { ...rule.when, ...CONDITIONS[kind].start } })}
              >
                {CONDITIONS[kind].label}
              </DropdownMenuItem>
            ))}
          </DropdownMenuContent>
        </DropdownMenu>
      ) : null}
    </div>
  )
}
