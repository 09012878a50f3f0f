/** Where two JSON documents differ, leaf by leaf. Lists are compared by place. */

export interface Change {
  /** `targets[0].model`; empty for the whole. */
  path: string
  before: unknown
  after: unknown
}

export function differences(before: unknown, after: unknown, path = ''): Change[] {
  if (Object.is(before, after)) return []
  if (Array.isArray(before) && Array.isArray(after)) {
    return Array.from({ length: Math.max(before.length, after.length) }, (_, index) =>
      differences(before[index], after[index], `${path}[${index}]`),
    ).flat()
  }
  if (isRecord(before) && isRecord(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
      differences(before[name], after[name], path ? `${path}.${name}` : name),
    )
  }
  return [{ path, before, after }]
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
