import type { Method, Operation } from './operation.ts'

export type Match =
  | { readonly kind: 'found'; readonly operation: Operation; readonly params: Record<string, string> }
  /** The address exists, the method does not. */
  | { readonly kind: 'method'; readonly allow: readonly Method[] }
  | { readonly kind: 'none' }

/** Finds the operation of a method and a path below `/api/v1`. A literal segment comes before a parameter. */
export function createRouter(operations: readonly Operation[]): (method: string, path: string) => Match {
  const routes = operations
    .map((operation) => ({ operation, segments: operation.path.split('/').slice(1) }))
    .sort((a, b) => parameters(a.segments) - parameters(b.segments))
  for (const [at, { operation }] of routes.entries()) {
    const twin = routes.find(
      (other, index) =>
        index < at &&
        (other.operation.id === operation.id ||
          (other.operation.method === operation.method && other.operation.path === operation.path)),
    )
    if (twin) throw new Error(`two operations collide: ${twin.operation.id} and ${operation.id}`)
  }
  return (method, path) => {
    const wanted = decode(path)
    if (!wanted) return { kind: 'none' }
    const here = routes.filter(({ segments }) => fits(segments, wanted))
    const literals = here[0] && parameters(here[0].segments)
    // `/providers/test` is not the provider `test`.
    const best = here.filter(({ segments }) => parameters(segments) === literals)
    const lookup = method === 'HEAD' ? 'GET' : method
    const found = best.find(({ operation }) => operation.method === lookup)
    if (found) return { kind: 'found', operation: found.operation, params: read(found.segments, wanted) }
    if (best.length > 0) return { kind: 'method', allow: best.map(({ operation }) => operation.method) }
    return { kind: 'none' }
  }
}

const isParameter = (segment: string) => segment.startsWith('{')
const parameters = (segments: readonly string[]) => segments.filter(isParameter).length

function decode(path: string): string[] | null {
  try {
    return path.split('/').slice(1).map(decodeURIComponent)
  } catch {
    return null
  }
}

function fits(segments: readonly string[], wanted: readonly string[]): boolean {
  return (
    segments.length === wanted.length &&
    segments.every((segment, at) => (isParameter(segment) ? wanted[at] !== '' : segment === wanted[at]))
  )
}

function read(segments: readonly string[], wanted: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    segments.flatMap((segment, at) =>
      isParameter(segment) ? [[segment.slice(1, -1), wanted[at] ?? '']] : [],
    ),
  )
}
