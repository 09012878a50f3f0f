'use client'

import { zodResolver } from '@hookform/resolvers/zod'
import { Fragment, type ReactNode, useState } from 'react'
import {
  type DefaultValues,
  type FieldErrors,
  type FieldValues,
  FormProvider,
  type Path,
  type UseFormReturn,
  useForm,
  useFormState,
} from 'react-hook-form'
import { ApiProblem } from '@/components/data/api'
import { Button } from '@/components/ui/button'
import { Callout } from '@/components/ui/callout'
import { cn } from '@/components/ui/cn'
import { RequestId } from '@/components/ui/states'
import { ConflictCallout, type Current, currentOf, etagOf } from './conflict'

type Resolvable = Parameters<typeof zodResolver>[0]

/** A form over the schema that the API validates by: what passes here passes there, and the words are the same. */
export function useResourceForm<Input extends FieldValues, Output>(
  schema: { _zod: { input: unknown; output: Output } },
  defaultValues: Input,
): UseFormReturn<Input, unknown, Output> {
  return useForm<Input, unknown, Output>({
    // The schema's input is what the controls hold; zod's own generics don't line up with react-hook-form's.
    resolver: zodResolver(schema as unknown as Resolvable) as never,
    defaultValues: defaultValues as DefaultValues<Input>,
    mode: 'onTouched',
  })
}

/**
 * Submits by Enter and by its button. A refusal of the API is put at its fields (`errors[].path`) and summed up above;
 * a 412 shows theirs beside yours. What was typed always stays.
 */
export function ResourceForm<Input extends FieldValues, Output>({
  form,
  etag = null,
  valuesOf,
  onSubmit,
  submitLabel,
  onCancel,
  submitDisabled = false,
  className,
  footerStart,
  children,
}: {
  form: UseFormReturn<Input, unknown, Output>
  /** Of the object when the form opened; later ones are ignored, or somebody else's change would be overwritten unseen. */
  etag?: string | null
  /** The form's values of what a 412 says stands now, where they are not its members of the same names. */
  valuesOf?: (current: Current) => Input
  /** Gives the new ETag when the form stays open after it. */
  onSubmit: (values: Output, ifMatch: string | null) => Promise<unknown>
  submitLabel: string
  onCancel?: () => void
  submitDisabled?: boolean
  className?: string
  footerStart?: ReactNode
  children: ReactNode
}) {
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [submitting, setSubmitting] = useState(false)
  const [base, setBase] = useState(etag)
  const [round, setRound] = useState(0)
  const save = (ifMatch: string | null) =>
    form.handleSubmit(
      async (values) => {
        setProblem(null)
        setSubmitting(true)
        try {
          const next = await onSubmit(values, ifMatch)
          if (typeof next === 'string') setBase(next)
        } catch (error) {
          if (!(error instanceof ApiProblem)) throw error
          setProblem(error)
          applyProblem(form, error)
        } finally {
          setSubmitting(false)
        }
      },
      () => setProblem(null),
    )
  const current = currentOf(problem)
  const known = Object.keys(form.getValues())
  const theirs =
    current &&
    (valuesOf?.(current) ?? (Object.fromEntries(known.map((name) => [name, current[name]])) as Input))
  return (
    <FormProvider {...form}>
      <form
        noValidate
        className={cn('flex flex-col gap-4', className)}
        onSubmit={(event) => {
          // A form in a dialog stands inside the React tree of the page's form.
          event.stopPropagation()
          void save(base)(event)
        }}
      >
        {current && theirs ? (
          <ConflictCallout
            key={etagOf(current)}
            base={(form.formState.defaultValues ?? {}) as Current}
            theirs={theirs}
            yours={form.getValues()}
            onUseTheirs={() => {
              form.reset(theirs)
              setRound((count) => count + 1)
              setBase(etagOf(current))
              setProblem(null)
            }}
            onMerge={(merged) => {
              form.reset(merged as Input, { keepDefaultValues: true })
              setBase(etagOf(current))
              void save(etagOf(current))()
            }}
          />
        ) : problem ? (
          <ProblemCallout problem={problem} />
        ) : (
          <InvalidSummary form={form} />
        )}
        {/* Anew with theirs: a field that they have no value for, such as a new secret, would keep what was typed. */}
        <Fragment key={round}>{children}</Fragment>
        <div className="flex flex-wrap items-center justify-end gap-2 pt-1">
          {footerStart ? <div className="mr-auto">{footerStart}</div> : null}
          {onCancel ? <Button onClick={onCancel}>Cancel</Button> : null}
          <Button type="submit" variant="primary" loading={submitting} disabled={submitDisabled}>
            {submitLabel}
          </Button>
        </div>
      </form>
    </FormProvider>
  )
}

/** What the API refused, with every reason and the request id. */
export function ProblemCallout({ problem }: { problem: ApiProblem }) {
  return (
    <Callout tone="danger" role="alert" intoSight title={problem.title}>
      {problem.errors.length === 0 || problem.detail !== problem.title ? <p>{problem.detail}</p> : null}
      {problem.errors.length > 0 ? (
        <ul className="list-disc pl-4">
          {problem.errors.map((error) => (
            <li key={`${error.path} ${error.message}`}>
              {error.path ? <span className="font-mono text-xs">{error.path}: </span> : null}
              {error.message}
            </li>
          ))}
        </ul>
      ) : null}
      <RequestId id={problem.requestId} />
    </Callout>
  )
}

/** Errors that no field shows (a rule over several, a field behind another tab) must not vanish. */
function InvalidSummary<Input extends FieldValues, Output>({
  form,
}: {
  form: UseFormReturn<Input, unknown, Output>
}) {
  const { errors, isSubmitted } = useFormState({ control: form.control })
  const lines = flattenErrors(errors as FieldErrors)
  if (!isSubmitted || lines.length === 0) return null
  return (
    <Callout tone="danger" role="alert" title="Not saved: something is missing or not valid">
      <ul className="list-disc pl-4">
        {lines.slice(0, 8).map((line) => (
          <li key={line.path}>
            {line.path ? <span className="font-mono text-xs">{line.path}: </span> : null}
            {line.message}
          </li>
        ))}
      </ul>
    </Callout>
  )
}

export function applyProblem<Input extends FieldValues, Output>(
  form: UseFormReturn<Input, unknown, Output>,
  problem: ApiProblem,
): void {
  const known = form.getValues()
  problem.errors.forEach((error, index) => {
    const path = fieldPath(error.path)
    if (!((path.split('.')[0] as string) in known)) return
    form.setError(
      path as Path<Input>,
      { type: 'server', message: error.message },
      { shouldFocus: index === 0 },
    )
  })
}

/** `/targets/0/model`, `targets[0].model` and `targets.0.model` name the same field. */
export function fieldPath(path: string): string {
  return path
    .replace(/^\//, '')
    .replaceAll('/', '.')
    .replace(/\[(\d+)\]/g, '.$1')
}

function flattenErrors(errors: FieldErrors, prefix = ''): { path: string; message: string }[] {
  return Object.entries(errors).flatMap(([name, error]) => {
    if (!error || typeof error !== 'object') return []
    const path = prefix ? `${prefix}.${name}` : name
    const own =
      'message' in error && typeof error.message === 'string' && error.message !== ''
        ? [{ path, message: error.message }]
        : []
    const inner = Object.fromEntries(
      Object.entries(error).filter(([key]) => !['ref', 'message', 'type'].includes(key)),
    )
    return [...own, ...flattenErrors(inner as FieldErrors, path)]
  })
}
