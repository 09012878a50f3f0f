import { Controller, type FieldValues, type UseFormReturn } from 'react-hook-form'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import type { ScopeInput } from '@/lib/resources/policies/schema'
import { ScopeField } from './scope-field'

interface Head {
  name: string
  scope: ScopeInput
}

/** What the forms of limits and budgets begin with: a name, and whom it counts. */
export function PolicyHead<V extends Head & FieldValues, C, O>({ form }: { form: UseFormReturn<V, C, O> }) {
  // A form that has more fields has these two.
  const { register, control, formState } = form as unknown as UseFormReturn<Head>
  const { errors } = formState
  return (
    <>
      <Field
        label="Name"
        required
        error={errors.name?.message}
        hint="Whoever is refused reads it in the answer"
      >
        <Input {...register('name')} autoFocus autoComplete="off" />
      </Field>
      <Controller
        control={control}
        name="scope"
        render={({ field }) => (
          <ScopeField
            value={field.value}
            onChange={field.onChange}
            error={errors.scope?.id?.message ?? errors.scope?.message}
          />
        )}
      />
    </>
  )
}
