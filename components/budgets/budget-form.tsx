'use client'

import { Controller } from 'react-hook-form'
import { apiSend } from '@/components/data/api'
import { useSaved } from '@/components/data/save'
import { PolicyHead } from '@/components/policies/policy-head'
import { ResourceForm, useResourceForm } from '@/components/resource/resource-form'
import { Dialog } from '@/components/ui/dialog'
import { Field, FieldGroup } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { RadioCards } from '@/components/ui/radio-cards'
import { Select } from '@/components/ui/select'
import { SwitchField } from '@/components/ui/switch'
import { useTimeZone } from '@/components/ui/time-zone'
import { type Budget, budgetInput, budgetPatch } from '@/lib/resources/budgets/schema'
import type { ScopeInput } from '@/lib/resources/policies/schema'
import { AlertSharesField } from './alert-shares-field'
import { ENFORCEMENTS, ON_EXHAUSTED, ON_UNBOUNDED, PERIOD_NAMES, PERIODS, RESERVATIONS } from './budget-words'

type Values = Pick<
  Budget,
  | 'name'
  | 'amountUsd'
  | 'period'
  | 'enforcement'
  | 'alertAt'
  | 'onExhausted'
  | 'onUnbounded'
  | 'reservation'
  | 'holdWaitMs'
  | 'enabled'
> & { scope: ScopeInput }

const NEW: Values = {
  name: '',
  scope: { type: 'team', id: null, each: true },
  amountUsd: '',
  period: 'month',
  enforcement: 'hard',
  alertAt: [0.5, 0.8, 1],
  onExhausted: 'reject',
  onUnbounded: 'reject',
  reservation: 'estimate',
  holdWaitMs: 2_000,
  enabled: true,
}
/** At midnight of which zone: an hour is one everywhere, and what never resets has none. */
const ZONED = ['day', 'week', 'month', 'quarter']

export function CreateBudgetDialog({
  open,
  onClose,
  onCreated,
}: {
  open: boolean
  onClose: () => void
  onCreated: (budget: Budget) => void
}) {
  return (
    <Dialog
      open={open}
      onOpenChange={onClose}
      width="lg"
      title="Create budget"
      description="It starts from what those whom it counts have spent in this period already."
    >
      <BudgetForm budget={null} onDone={onClose} onSaved={onCreated} />
    </Dialog>
  )
}

export function EditBudgetDialog({
  budget,
  onClose,
}: {
  budget: { value: Budget; etag: string | null }
  onClose: () => void
}) {
  return (
    <Dialog
      open
      onOpenChange={onClose}
      width="lg"
      title={`Edit ${budget.value.name}`}
      description="An edit resets nothing: what was spent stays spent."
    >
      <BudgetForm budget={budget} onDone={onClose} />
    </Dialog>
  )
}

function BudgetForm({
  budget,
  onDone,
  onSaved,
}: {
  budget: { value: Budget; etag: string | null } | null
  onDone: () => void
  onSaved?: (budget: Budget) => void
}) {
  const saved = useSaved()
  const { zones } = useTimeZone()
  const form = useResourceForm<Values, unknown>(
    budget ? budgetPatch : budgetInput,
    budget ? valuesOf(budget.value) : NEW,
  )
  const { errors } = form.formState
  const values = form.watch()
  const zone = ZONED.includes(values.period) ? `, ${zones.deployment}.` : ''
  return (
    <ResourceForm
      form={form}
      etag={budget?.etag ?? null}
      submitLabel={budget ? 'Save budget' : 'Create budget'}
      onCancel={onDone}
      onSubmit={async (input, ifMatch) => {
        const answer = budget
          ? await apiSend<Budget>('PATCH', `/budgets/${budget.value.id}`, input, { ifMatch })
          : await apiSend<Budget>('POST', '/budgets', input)
        saved(answer, `${budget ? 'Saved' : 'Created'} budget ${answer.data.name}`)
        // To close the dialog is a change of the address too, and would win over the way to the new budget's page.
        if (onSaved) onSaved(answer.data)
        else onDone()
      }}
    >
      <PolicyHead form={form} />
      <div className="grid items-start gap-4 sm:grid-cols-2">
        <Field
          label="Amount, USD"
          required
          error={errors.amountUsd?.message}
          hint={values.scope.each ? 'For each of them, such as 500.00' : 'Such as 500.00'}
        >
          <Input
            inputMode="decimal"
            className="text-right"
            autoComplete="off"
            {...form.register('amountUsd', { setValueAs: (value: string) => value.trim() })}
          />
        </Field>
        <Field label="Period" hint={`${PERIODS[values.period].meaning}${zone}`}>
          <Select {...form.register('period')}>
            {PERIOD_NAMES.map((name) => (
              <option key={name} value={name}>
                {PERIODS[name].label}
              </option>
            ))}
          </Select>
        </Field>
      </div>
      <Controller
        control={form.control}
        name="alertAt"
        render={({ field }) => (
          <AlertSharesField
            value={field.value}
            onChange={field.onChange}
            error={errors.alertAt?.message ?? errors.alertAt?.find?.((one) => one)?.message}
          />
        )}
      />
      <FieldGroup legend="Kind">
        <Controller
          control={form.control}
          name="enforcement"
          render={({ field }) => (
            <RadioCards
              label="Kind"
              className="sm:grid-cols-2"
              value={field.value}
              onChange={field.onChange}
              options={Object.entries(ENFORCEMENTS).map(([value, { label, meaning }]) => ({
                value,
                label,
                hint: meaning,
              }))}
            />
          )}
        />
      </FieldGroup>
      {values.enforcement === 'hard' ? (
        <FieldGroup legend="Where there is no room">
          <div className="grid items-start gap-4 sm:grid-cols-2">
            <Field label="When it is used up" hint={ON_EXHAUSTED[values.onExhausted].meaning}>
              <Select {...form.register('onExhausted')}>{optionsOf(ON_EXHAUSTED)}</Select>
            </Field>
            <Field label="A call whose cost has no bound" hint={ON_UNBOUNDED[values.onUnbounded].meaning}>
              <Select {...form.register('onUnbounded')}>{optionsOf(ON_UNBOUNDED)}</Select>
            </Field>
            <Field label="Input is held" hint={RESERVATIONS[values.reservation].meaning}>
              <Select {...form.register('reservation')}>{optionsOf(RESERVATIONS)}</Select>
            </Field>
            <Field
              label="Wait for calls in flight, ms"
              error={errors.holdWaitMs?.message}
              hint={
                values.holdWaitMs === 0
                  ? 'A call that others leave no room for gets 429 budget_held at once.'
                  : 'So long a call waits for what others hold, then it gets 429 budget_held.'
              }
            >
              <Input
                type="number"
                min={0}
                max={60_000}
                {...form.register('holdWaitMs', { valueAsNumber: true })}
              />
            </Field>
          </div>
        </FieldGroup>
      ) : null}
      <Controller
        control={form.control}
        name="enabled"
        render={({ field }) => (
          <SwitchField
            label="On"
            hint="Off: nothing is refused by it. When it is turned on again, all that was spent meanwhile counts."
            checked={field.value}
            onCheckedChange={field.onChange}
          />
        )}
      />
    </ResourceForm>
  )
}

function optionsOf(choices: Record<string, { label: string }>) {
  return Object.entries(choices).map(([value, { label }]) => (
    <option key={value} value={value}>
      {label}
    </option>
  ))
}

function valuesOf(budget: Budget): Values {
  return {
    name: budget.name,
    // Only what this release carries can have been saved.
    scope: budget.scope as ScopeInput,
    amountUsd: budget.amountUsd,
    period: budget.period,
    enforcement: budget.enforcement,
    alertAt: budget.alertAt,
    onExhausted: budget.onExhausted,
    onUnbounded: budget.onUnbounded,
    reservation: budget.reservation,
    holdWaitMs: budget.holdWaitMs,
    enabled: budget.enabled,
  }
}
