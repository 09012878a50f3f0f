import { READ_ONLY } from '../server/read-only-connections.ts'
import { type FieldError, type Problem, problem } from './problem.ts'

/** Postgres' SQLSTATE or Prisma's code, wherever in the chain of causes it stands. */
interface Trouble {
  readonly codes: ReadonlySet<string>
  readonly text: string
  readonly fields: readonly string[]
}

const AWAY = new Set([
  // Prisma: not reachable, timed out, closed, pool or transaction could not start
  ...['P1000', 'P1001', 'P1002', 'P1003', 'P1008', 'P1010', 'P1011', 'P1017', 'P2024', 'P2037'],
  // Postgres: shutting down, starting up, too many connections, a statement that took too long
  ...['57P01', '57P02', '57P03', '53300', '57014', '25P03', READ_ONLY],
  // Node
  ...['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENOENT'],
])
const AWAY_TEXT =
  /timeout exceeded when trying to connect|connection terminated|query read timeout|not queryable|server closed the connection|unable to start a transaction|DatabaseNotReachable|SocketTimeout|ConnectionClosed|TooManyConnections/i

/** Whether the database, not the request, is at fault. */
export function isDatabaseAway(error: unknown): boolean {
  const { codes, text } = read(error)
  return [...codes].some((code) => AWAY.has(code) || code.startsWith('08')) || AWAY_TEXT.test(text)
}

/** Two transactions collided and one was undone whole: it may run again. */
export function isCollision(error: unknown): boolean {
  const { codes, text } = read(error)
  return (
    codes.has('40001') ||
    codes.has('40P01') ||
    codes.has('P2034') ||
    text.includes('TransactionWriteConflict')
  )
}

/** The connection led to a server that only reads, as after a failover: nothing was changed, and others may lead elsewhere. */
export function isReadOnly(error: unknown): boolean {
  return read(error).codes.has(READ_ONLY)
}

/** What the caller can be told of a constraint that stood in the way; null for everything else. */
export function constraintProblem(error: unknown): Problem | null {
  const { codes, fields } = read(error)
  if (codes.has('P2002') || codes.has('23505')) {
    const field = fields.find((name) => !/(^|_)id$/i.test(name)) ?? fields[0]
    const errors: FieldError[] = field ? [{ path: camel(field), message: 'is already taken' }] : []
    return problem('conflict', field ? `Another one with this ${camel(field)} exists.` : undefined, errors, {
      cause: error,
    })
  }
  if (codes.has('P2003') || codes.has('23503') || codes.has('23001')) {
    return problem(
      'conflict',
      'Something that this refers to, or that refers to it, was changed meanwhile.',
      [],
      {
        cause: error,
      },
    )
  }
  if (codes.has('P2025')) return problem('not_found', undefined, [], { cause: error })
  return null
}

const camel = (column: string) => column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

function read(error: unknown): Trouble {
  const codes = new Set<string>()
  const fields: string[] = []
  let text = ''
  let at: unknown = error
  for (let depth = 0; depth < 6 && at !== null && typeof at === 'object'; depth++) {
    const item = at as Record<string, unknown>
    for (const name of ['code', 'originalCode']) {
      const code = item[name]
      if (typeof code === 'string') codes.add(code)
    }
    for (const name of ['message', 'kind', 'name', 'originalMessage']) {
      const words = item[name]
      if (typeof words === 'string') text += `${words}\n`
    }
    fields.push(...constraintFields(item.constraint))
    const meta = item.meta as Record<string, unknown> | undefined
    if (Array.isArray(meta?.target)) fields.push(...meta.target.map(String))
    at = (meta?.driverAdapterError as unknown) ?? item.cause
  }
  return { codes, text, fields }
}

/** The adapter tells either the fields or the index, by whose name they are found. */
function constraintFields(constraint: unknown): string[] {
  const known = constraint as { fields?: string[]; index?: string } | undefined
  if (known?.fields) return known.fields.map((field) => field.replaceAll('"', ''))
  if (known?.index === 'prices_scope_model_from_key') return ['model']
  const last = known?.index && /_([a-z]+)_key$/.exec(known.index)?.[1]
  return last ? [last] : []
}
