'use client'

import { OneChoice } from '@/components/resource/one-choice'
import { SeveralChoice } from '@/components/resource/several-choice'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Segmented } from '@/components/ui/tabs'
import type { RuleConditions } from '@/lib/contract/routing'
import { NamedRows } from '../named-rows'
import { CONDITIONS, type ConditionKind, type NameOf } from './rule-words'
import { TimeFields } from './time-fields'

interface ConditionProps {
  kind: ConditionKind
  when: RuleConditions
  nameOf: NameOf
  onChange: (part: RuleConditions) => void
}

const YES: Readonly<Partial<Record<ConditionKind, readonly [string, string]>>> = {
  tools: ['Offered', 'Not offered'],
  images: ['There are', 'There are none'],
  json: ['Asked for', 'Not asked for'],
  stream: ['Streamed', 'Not streamed'],
}

/** The controls of one condition. */
export function ConditionFields({ kind, when, nameOf, onChange }: ConditionProps) {
  switch (kind) {
    case 'inputTokens':
      return (
        <Range unit="tokens" value={when.inputTokens} onChange={(inputTokens) => onChange({ inputTokens })} />
      )
    case 'complexity':
      return (
        <Range unit="of 100" value={when.complexity} onChange={(complexity) => onChange({ complexity })} />
      )
    case 'tools':
    case 'images':
    case 'json':
    case 'stream': {
      const [yes, no] = YES[kind] ?? ['Yes', 'No']
      return (
        <Segmented
          label={CONDITIONS[kind].label}
          value={when[kind] ? 'yes' : 'no'}
          onChange={(choice) => onChange({ [kind]: choice === 'yes' })}
          options={[
            { value: 'yes', label: yes },
            { value: 'no', label: no },
          ]}
        />
      )
    }
    case 'tags':
      return <NamedRows noun="tag" value={when.tags ?? {}} onChange={(tags) => onChange({ tags })} />
    case 'teamIds':
      return (
        <Field label="One of the teams">
          <SeveralChoice
            path="/teams"
            nouns="teams"
            values={when.teamIds ?? []}
            nameOf={(id) => nameOf('team', id)}
            onChange={(teamIds) => onChange({ teamIds })}
          />
        </Field>
      )
    case 'consumerIds':
      return (
        <Field label="One of the consumers">
          <SeveralChoice
            path="/consumers"
            nouns="consumers"
            values={when.consumerIds ?? []}
            nameOf={(id) => nameOf('consumer', id)}
            onChange={(consumerIds) => onChange({ consumerIds })}
          />
        </Field>
      )
    case 'timeOfDay':
      return <TimeFields value={when.timeOfDay} onChange={(timeOfDay) => onChange({ timeOfDay })} />
    case 'budgetLeft':
      return <BudgetFields value={when.budgetLeft} onChange={(budgetLeft) => onChange({ budgetLeft })} />
  }
}

interface Bounds {
  min?: number | undefined
  max?: number | undefined
}

function Range({
  unit,
  value = {},
  onChange,
}: {
  unit: string
  value: Bounds | undefined
  onChange: (value: Bounds) => void
}) {
  const bound = (name: keyof Bounds, label: string) => (
    <Field label={label} className="w-32">
      <Input
        type="number"
        min={0}
        value={Number.isFinite(value[name]) ? value[name] : ''}
        onChange={(event) => {
          const { [name]: _old, ...rest } = value
          onChange(event.target.value === '' ? rest : { ...rest, [name]: event.target.valueAsNumber })
        }}
      />
    </Field>
  )
  return (
    <div className="flex flex-wrap items-end gap-3">
      {bound('min', 'At least')}
      {bound('max', 'At most')}
      <span className="pb-1.5 text-sm text-muted">{unit}</span>
    </div>
  )
}

function BudgetFields({
  value = { budgetId: '', below: 0 },
  onChange,
}: {
  value: RuleConditions['budgetLeft']
  onChange: (value: NonNullable<RuleConditions['budgetLeft']>) => void
}) {
  return (
    <div className="grid items-start gap-3 sm:grid-cols-[1fr_9rem]">
      <Field label="Budget">
        <OneChoice
          path="/budgets"
          noun="budget"
          value={value.budgetId || null}
          onChange={(budgetId) => onChange({ ...value, budgetId })}
        />
      </Field>
      <Field label="Less than, percent">
        <Input
          type="number"
          min={0}
          max={100}
          step="any"
          value={Number.isFinite(value.below) ? Math.round(value.below * 1e6) / 1e4 : ''}
          onChange={(event) => onChange({ ...value, below: event.target.valueAsNumber / 100 })}
        />
      </Field>
    </div>
  )
}
