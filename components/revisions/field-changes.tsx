import { cn } from '@/components/ui/cn'
import type { FieldChange } from './value-text'
import { valueText } from './value-text'

/** Field by field: what it was and what it is, with − and + beside the colours. */
export function FieldChanges({ fields }: { fields: readonly FieldChange[] }) {
  if (fields.length === 0) return <p className="text-sm text-muted">No field differs.</p>
  // What was made has no "before" worth a line each, what was deleted no "after".
  const made = fields.every((field) => field.before == null)
  const gone = fields.every((field) => field.after == null)
  return (
    <dl className="grid gap-x-4 sm:grid-cols-[minmax(6rem,14rem)_minmax(0,1fr)]">
      {fields.map((field, index) => (
        <div key={field.path} className="contents">
          <dt
            className={cn(
              'pt-1.5 font-mono text-xs break-words text-muted sm:py-1.5',
              index > 0 && 'sm:border-t',
            )}
          >
            {field.path}
          </dt>
          <dd className={cn('min-w-0 pb-1.5 sm:py-1.5', index > 0 && 'sm:border-t')}>
            {made && !gone ? null : (
              <Value
                sign="−"
                word="was"
                text={valueText(field.before)}
                className="bg-danger-soft text-danger"
              />
            )}
            {gone && !made ? null : (
              <Value sign="+" word="is" text={valueText(field.after)} className="bg-ok-soft text-ok" />
            )}
          </dd>
        </div>
      ))}
    </dl>
  )
}

function Value({
  sign,
  word,
  text,
  className,
}: {
  sign: string
  word: string
  text: string | null
  className: string
}) {
  if (text === null) return null
  return (
    <div
      className={`flex gap-2 px-2 py-0.5 font-mono text-xs first:rounded-t-[4px] last:rounded-b-[4px] ${className}`}
    >
      <span aria-hidden>{sign}</span>
      <span className="sr-only">{word}</span>
      <span className="min-w-0 break-words whitespace-pre-wrap">{text}</span>
    </div>
  )
}
