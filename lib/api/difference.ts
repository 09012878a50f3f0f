import { isDeepStrictEqual } from 'node:util'

/** Every change moves these; they say nothing. */
const SILENT = new Set(['id', 'version', 'createdAt', 'updatedAt'])

/** `{field: [before, after]}` of what differs, secrets as "changed" alone. */
export function difference(
  before: Readonly<Record<string, unknown>> | null | undefined,
  after: Readonly<Record<string, unknown>> | null | undefined,
  secrets: readonly string[],
): Record<string, [unknown, unknown]> {
  const fields = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])
  const changed: Record<string, [unknown, unknown]> = {}
  for (const field of fields) {
    if (SILENT.has(field)) continue
    const [from, to] = [before?.[field] ?? null, after?.[field] ?? null]
    if (isDeepStrictEqual(from, to)) continue
    changed[field] = secrets.includes(field)
      ? [from === null ? null : 'set', to === null ? null : 'changed']
      : [withoutSecrets(from, secrets), withoutSecrets(to, secrets)]
  }
  return changed
}

/** A copy in which no field of these names is left, at any depth. */
export function withoutSecrets(value: unknown, secrets: readonly string[]): unknown {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, secrets))
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !secrets.includes(key))
      .map(([key, item]) => [key, withoutSecrets(item, secrets)]),
  )
}
