/** A value of a configuration as a person reads it, and the fields that differ, in a stable order. */
export interface FieldChange {
  readonly path: string
  readonly before: unknown
  readonly after: unknown
}

/** `undefined` is "not there": shown as nothing, unlike null and the empty text. */
export function valueText(value: unknown): string | null {
  if (value === undefined) return null
  if (value === null) return 'none'
  if (value === '') return '""'
  if (typeof value === 'string') return value
  if (typeof value === 'object') return JSON.stringify(value, null, 2)
  return String(value)
}

export function fromAudit(difference: Readonly<Record<string, readonly [unknown, unknown]>>): FieldChange[] {
  return Object.entries(difference)
    .map(([path, [before, after]]) => ({ path, before, after }))
    .sort((a, b) => a.path.localeCompare(b.path))
}

export interface ChangeCounts {
  readonly create: number
  readonly update: number
  readonly delete: number
}

export function countChanges(changes: readonly { op: keyof ChangeCounts }[]): ChangeCounts {
  const counts = { create: 0, update: 0, delete: 0 }
  for (const change of changes) counts[change.op] += 1
  return counts
}

/** `2 created, 1 deleted`; `nothing` when there is none. */
export function countsText(counts: ChangeCounts): string {
  const parts = [
    counts.create > 0 ? `${counts.create} created` : null,
    counts.update > 0 ? `${counts.update} changed` : null,
    counts.delete > 0 ? `${counts.delete} deleted` : null,
  ].filter((part) => part !== null)
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}

/**
 * The providers whose credentials a rollback asks for: `credentials.prov_x` or `credentials/prov_x/apiKey` in the
 * errors of its refusal.
 */
export function wantedCredentials(errors: readonly { path: string }[]): string[] {
  const ids = errors.flatMap((error) => {
    const [first, id] = error.path.replace(/^\//, '').split(/[./[\]]+/)
    return first === 'credentials' && id ? [id] : []
  })
  return [...new Set(ids)]
}
