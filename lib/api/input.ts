import type { z } from 'zod'
import { parseJson } from './json-text.ts'
import { type FieldError, problem } from './problem.ts'

export const MAX_BODY_BYTES = 1_048_576

/**
 * The body as a JSON value; an absent body is undefined.
 * @throws Problem 400, 413 or 415
 */
export async function readJsonBody(request: Request): Promise<unknown> {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) throw tooLarge()
  const bytes = await readBytes(request)
  if (bytes.length === 0) return undefined
  const [type] = (request.headers.get('content-type') ?? '').split(';')
  if (type?.trim().toLowerCase() !== 'application/json') {
    throw problem('unsupported_media_type', 'Send the body as application/json.')
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw problem('invalid_json', 'The body is not valid UTF-8.')
  }
  return parseJson(text)
}

async function readBytes(request: Request): Promise<Uint8Array> {
  if (!request.body) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const tooLarge = () => problem('too_large', `A body may have at most ${MAX_BODY_BYTES} bytes.`)

/**
 * The query as an object. A parameter given twice is a 400: which one would count? An empty one, as scripts send it
 * that have no cursor yet, is `undefined`: not given, and still no parameter that the address may not know.
 */
export function readQuery(search: URLSearchParams): Record<string, string | undefined> {
  const query: Record<string, string | undefined> = Object.create(null)
  for (const [name, value] of search) {
    if (name in query)
      throw problem('invalid_request', `The parameter ${name} is given twice.`, [
        { path: name, message: 'is given twice' },
      ])
    query[name] = value === '' ? undefined : value
  }
  return { ...query }
}

/** @throws Problem 400 with the path of everything that is wrong. */
export function parseInput<T extends z.ZodType>(
  schema: T | undefined,
  value: unknown,
  where: 'path' | 'query' | 'body',
): z.output<T> | undefined {
  const unstorable = schema ? storageErrors(value, []) : []
  if (unstorable.length > 0) throw invalid(unstorable, where)
  if (!schema) {
    const extra = value === undefined ? [] : Object.keys(Object(value))
    if (extra.length > 0)
      throw invalid(
        extra.map((path) => ({ path, message: unknownField(where) })),
        where,
      )
    return undefined
  }
  const result = schema.safeParse(value, { error: fieldMessage })
  if (result.success) return result.data
  throw invalid(fieldErrors(result.error.issues, where), where)
}

function invalid(errors: FieldError[], where: string) {
  const first = errors[0]
  const detail = first && (first.path ? `${first.path}: ${first.message}` : `The ${where} ${first.message}`)
  return problem(
    'invalid_request',
    errors.length > 1 ? `${detail} (and ${errors.length - 1} more)` : detail,
    errors,
  )
}

const unknownField = (where: string) =>
  where === 'query' ? 'is no parameter of this address' : 'is not known here'

function fieldErrors(issues: readonly z.core.$ZodIssue[], where: string): FieldError[] {
  return issues.flatMap((issue): FieldError[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: pathText([...issue.path, key]), message: unknownField(where) }))
    }
    return [{ path: pathText(issue.path), message: issue.message }]
  })
}

/** Zod's own words, save where they name types to somebody who left a field out. */
function fieldMessage(issue: { code?: string; input?: unknown }): string | undefined {
  return issue.input === undefined && (issue.code === 'invalid_type' || issue.code === 'invalid_value')
    ? 'is required'
    : undefined
}

/** `targets[0].providerId` */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part),
    '',
  )
}

/**
 * Only what was sent, at every depth: a PATCH keeps what is absent, though the schema that it shares with POST would
 * fill in a default.
 */
export function onlySent(parsed: unknown, sent: unknown): unknown {
  if (!isRecord(parsed) || !isRecord(sent)) return parsed
  return Object.fromEntries(
    Object.entries(parsed).flatMap(([key, value]) =>
      key in sent ? [[key, onlySent(value, sent[key])]] : [],
    ),
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** Postgres stores neither U+0000 nor half a surrogate pair. */
function storageErrors(value: unknown, path: PropertyKey[]): FieldError[] {
  if (typeof value === 'string') {
    if (!value.includes('\0') && value.isWellFormed()) return []
    return [{ path: pathText(path), message: 'has a character that cannot be stored' }]
  }
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, item]) =>
    storageErrors(item, [...path, Array.isArray(value) ? Number(key) : key]),
  )
}
