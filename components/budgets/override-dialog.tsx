'use client'

import { useState } from 'react'
import { Controller } from 'react-hook-form'
import { apiSend } from '@/components/data/api'
import { toastProblem, useSaved } from '@/components/data/save'
import { inDays } from '@/components/resource/expiry-field'
import { ResourceForm, useResourceForm } from '@/components/resource/resource-form'
import { ConfirmDialog } from '@/components/ui/confirm-dialog'
import { Dialog } from '@/components/ui/dialog'
import { Field } from '@/components/ui/field'
import { Input, Textarea } from '@/components/ui/input'
import { useTimeZone } from '@/components/ui/time-zone'
import { formatUsd } from '@/lib/format/money'
import { fromLocalInput, toLocalInput } from '@/lib/format/time'
import { type Budget, budgetOverride } from '@/lib/resources/budgets/schema'

interface Values {
  amountUsd: string
  until: string
  reason: string
}

/** Another amount for a time, such as a launch: the budget itself stays as it is. */
export function OverrideDialog({
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
      title={`Override ${budget.value.name}`}
      description="Another amount applies until then, on all gateways at once. The reason stands in the audit log."
    >
      <OverrideForm budget={budget} onClose={onClose} />
    </Dialog>
  )
}

function OverrideForm({
  budget: { value: budget, etag },
  onClose,
}: {
  budget: { value: Budget; etag: string | null }
  onClose: () => void
}) {
  const saved = useSaved()
  const { timeZone } = useTimeZone()
  // Of the moment that the dialog opened.
  const [end] = useState(() => budget.current.to ?? inDays(7))
  const form = useResourceForm<Values, Values>(budgetOverride, {
    amountUsd: budget.override?.amountUsd ?? '',
    until: budget.override?.until ?? end,
    reason: budget.override?.reason ?? '',
  })
  const { errors } = form.formState
  return (
    <ResourceForm
      form={form}
      etag={etag}
      valuesOf={(current) => {
        const theirs = current.override as Values | null
        return theirs ?? { amountUsd: String(current.amountUsd), until: end, reason: '' }
      }}
      submitLabel="Override budget"
      onCancel={onClose}
      onSubmit={async (input, ifMatch) => {
        const answer = await apiSend<Budget>('POST', `/budgets/${budget.id}/override`, input, { ifMatch })
        onClose()
        saved(answer, `Overrode budget ${budget.name}`)
      }}
    >
      <div className="grid items-start gap-4 sm:grid-cols-2">
        <Field
          label="Amount, USD"
          required
          error={errors.amountUsd?.message}
          hint={`In place of ${formatUsd(budget.amountUsd)}; what is spent stays spent`}
        >
          <Input
            autoFocus
            inputMode="decimal"
            className="text-right"
            autoComplete="off"
            {...form.register('amountUsd', { setValueAs: (value: string) => value.trim() })}
          />
        </Field>
        <Controller
          control={form.control}
          name="until"
          render={({ field }) => (
            <Field label="Until" required error={errors.until?.message} hint={timeZone}>
              <Input
                type="datetime-local"
                value={field.value ? toLocalInput(field.value, timeZone) : ''}
                onChange={(event) => field.onChange(fromLocalInput(event.target.value, timeZone) ?? '')}
              />
            </Field>
          )}
        />
      </div>
      <Field label="Reason" required error={errors.reason?.message}>
        <Textarea {...form.register('reason')} rows={2} />
      </Field>
    </ResourceForm>
  )
}

export function EndOverrideDialog({
  budget: { value: budget, etag },
  open,
  onClose,
}: {
  budget: { value: Budget; etag: string | null }
  open: boolean
  onClose: () => void
}) {
  const saved = useSaved()
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={onClose}
      title={`End the override of ${budget.name}?`}
      confirmLabel="End override"
      danger={false}
      onConfirm={async () => {
        try {
          const answer = await apiSend<Budget>('DELETE', `/budgets/${budget.id}/override`, undefined, {
            ifMatch: etag,
          })
          saved(answer, `Ended the override of ${budget.name}`)
        } catch (error) {
          toastProblem(error, 'The override was not ended')
          throw error
        }
      }}
    >
      <p>{formatUsd(budget.amountUsd)} applies again at once. What was spent stays spent.</p>
    </ConfirmDialog>
  )
}
