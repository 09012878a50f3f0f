/** Two people's changes of one document, member by member. A list is one member: half of each would be neither's. */

type Document = Readonly<Record<string, unknown>>

export interface MergeRow {
  /** `timeouts.idleMs` */
  readonly path: string
  readonly base: unknown
  readonly theirs: unknown
  readonly yours: unknown
  /** Whose change it is; both changed it, each in their own way: the person has to choose. */
  readonly changedBy: 'them' | 'you' | 'both'
}

/** Where theirs and yours differ. What they do not have (a new password, say) is yours alone and is no row. */
export function mergeRows(base: Document, theirs: Document, yours: Document): MergeRow[] {
  return rowsOf(base, theirs, yours, '')
}

/** Theirs, with your value at each of these paths; what they do not have stays as you have it. */
export function mergedDocument(
  theirs: Document,
  yours: Document,
  keepYours: ReadonlySet<string>,
): Record<string, unknown> {
  return mergeAt(theirs, yours, keepYours, '') as Record<string, unknown>
}

function rowsOf(base: unknown, theirs: unknown, yours: unknown, path: string): MergeRow[] {
  if (isRecord(theirs) && isRecord(yours)) {
    return Object.keys(yours).flatMap((name) =>
      theirs[name] === undefined
        ? []
        : rowsOf(isRecord(base) ? base[name] : undefined, theirs[name], yours[name], join(path, name)),
    )
  }
  if (same(theirs, yours)) return []
  const changedBy = same(base, yours) ? 'them' : same(base, theirs) ? 'you' : 'both'
  return [{ path, base, theirs, yours, changedBy }]
}

function mergeAt(theirs: unknown, yours: unknown, keepYours: ReadonlySet<string>, path: string): unknown {
  if (path !== '' && keepYours.has(path)) return yours
  if (!isRecord(theirs) || !isRecord(yours)) return theirs === undefined ? yours : theirs
  const names = [...new Set([...Object.keys(theirs), ...Object.keys(yours)])]
  return Object.fromEntries(
    names.map((name) => [name, mergeAt(theirs[name], yours[name], keepYours, join(path, name))]),
  )
}

function join(path: string, name: string): string {
  return path ? `${path}.${name}` : name
}

function same(one: unknown, other: unknown): boolean {
  // Empty and absent are one to a form.
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
