'use client'

import { Controller, type FieldErrors, type UseFormReturn } from 'react-hook-form'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { SwitchField } from '@/components/ui/switch'
import { type HealthCheck, healthCheck } from '@/lib/contract/health-check'
import { checkSentence } from './health-check-words'
import type { ProviderValues } from './provider-form'

/** The active check of a server of one's own: off, or a path and how often it is asked for. */
export function HealthCheckFields({ form }: { form: UseFormReturn<ProviderValues, unknown, unknown> }) {
  const baseUrl = form.watch('baseUrl')
  return (
    <Controller
      control={form.control}
      name="options.healthCheck"
      render={({ field, formState }) => {
        const errors = formState.errors.options?.healthCheck as FieldErrors<HealthCheck> | undefined
        const { value } = field
        return (
          <div className="flex flex-col gap-3">
            <SwitchField
              label="Check the server"
              hint="So that one that dies while no call is under way is out before the next one comes."
              checked={value !== undefined}
              onCheckedChange={(on) => field.onChange(on ? healthCheck.parse({}) : undefined)}
            />
            {value ? (
              <div className="flex flex-col gap-3 border-l-2 pl-3 sm:ml-12">
                <div className="grid gap-3 sm:grid-cols-2">
                  <Field label="Path" error={errors?.path?.message} hint="Behind the base URL">
                    <Input
                      className="font-mono text-sm"
                      autoComplete="off"
                      spellCheck={false}
                      value={value.path}
                      onChange={(event) => field.onChange({ ...value, path: event.target.value.trim() })}
                    />
                  </Field>
                  <Field label="Every, seconds" error={errors?.intervalSeconds?.message} hint="2 to 300">
                    <Input
                      type="number"
                      min={2}
                      max={300}
                      value={Number.isNaN(value.intervalSeconds) ? '' : value.intervalSeconds}
                      onChange={(event) =>
                        field.onChange({ ...value, intervalSeconds: event.target.valueAsNumber })
                      }
                    />
                  </Field>
                </div>
                <p className="text-xs break-words text-muted">
                  {checkSentence(baseUrl, value)} Any answer below 500 but 429 says that it lives. Three
                  failures in a row take its models out, as an open circuit does; a good check has real calls
                  try them again. Checks cost nothing in the books.
                </p>
              </div>
            ) : null}
          </div>
        )
      }}
    />
  )
}
