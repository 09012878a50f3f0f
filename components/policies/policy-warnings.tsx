import { Callout } from '@/components/ui/callout'

/** What would keep it from doing what its owner means, as the API sees it now. */
export function PolicyWarnings({
  warnings,
  className,
}: {
  warnings: readonly { readonly code: string; readonly message: string }[] | undefined
  className?: string
}) {
  if (!warnings || warnings.length === 0) return null
  const [first, ...others] = warnings
  return (
    <Callout tone="warn" role="status" title="It may not do what is meant" className={className ?? ''}>
      {others.length === 0 ? (
        <p>{first?.message}</p>
      ) : (
        <ul className="list-disc pl-4">
          {warnings.map((warning) => (
            <li key={warning.code}>{warning.message}</li>
          ))}
        </ul>
      )}
    </Callout>
  )
}
