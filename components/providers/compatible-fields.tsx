'use client'

import { Controller, type UseFormReturn } from 'react-hook-form'
import { CheckboxField } from '@/components/ui/checkbox'
import { Field } from '@/components/ui/field'
import { Select } from '@/components/ui/select'
import type { ProviderValues } from './provider-form'
import { COMPATIBLE_VENDORS, KINDS } from './provider-kinds'

type Form = UseFormReturn<ProviderValues, unknown, unknown>

/** Fills in a known vendor's address and what it is set up without. It is no setting: nothing of it is stored. */
export function VendorField({ form }: { form: Form }) {
  const baseUrl = form.watch('baseUrl')
  return (
    <Field label="Vendor" optional hint="Fills in its address, and leaves out what it would refuse.">
      <Select
        value={COMPATIBLE_VENDORS.find((vendor) => vendor.baseUrl === baseUrl)?.name ?? ''}
        onChange={({ target }) => {
          const vendor = COMPATIBLE_VENDORS.find(({ name }) => name === target.value)
          const dirty = { shouldDirty: true }
          form.setValue('baseUrl', vendor?.baseUrl ?? null, dirty)
          form.setValue('options.outputCap', vendor?.options?.outputCap ?? 'both', dirty)
          form.setValue('options.askForUsage', vendor?.options?.askForUsage, dirty)
          const name = form.getValues('name')
          if (vendor && (name === '' || name in KINDS || COMPATIBLE_VENDORS.some((one) => one.name === name)))
            form.setValue('name', vendor.name, dirty)
          form.clearErrors()
        }}
      >
        <option value="">Another, or a server of your own</option>
        {COMPATIBLE_VENDORS.map(({ name, label }) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </Select>
    </Field>
  )
}

/** What it is sent, where vendors differ. Absent is the usual, so that it is what is chosen until somebody chooses. */
export function CompatibleFields({ form }: { form: Form }) {
  return (
    <>
      <Field
        label="Cap on the output"
        error={form.formState.errors.options?.outputCap?.message}
        hint="Under which name it is sent. Some servers read the older one alone, or refuse the newer; a server in front of OpenAI refuses both together."
      >
        <Select
          {...form.register('options.outputCap', {
            setValueAs: (value: string | undefined) => (value === 'both' ? undefined : value),
          })}
        >
          <option value="both">max_tokens and max_completion_tokens</option>
          <option value="max_completion_tokens">max_completion_tokens alone</option>
          <option value="max_tokens">max_tokens alone</option>
        </Select>
      </Field>
      <Controller
        control={form.control}
        name="options.askForUsage"
        render={({ field }) => (
          <CheckboxField
            label="Ask for the usage of streams"
            hint="Off for a vendor that refuses stream_options and tells its usage unasked. Without a usage, a stream is estimated."
            checked={field.value ?? true}
            onCheckedChange={(on) => field.onChange(on === true ? undefined : false)}
          />
        )}
      />
    </>
  )
}
