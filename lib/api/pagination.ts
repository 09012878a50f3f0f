import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { canonicalJson } from '../contract/content-hash.ts'
import { deriveKey } from '../server/secrets.ts'
import { problem } from './problem.ts'

export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(2_000).optional().describe('`nextCursor` of the page before'),
  q: z.string().trim().min(1).max(200).optional().describe('Finds the text anywhere in names'),
})

/** The query of a list: its page, what it may be sorted by (`-` is falling), and its filters. */
export function listQuery<F extends z.ZodRawShape = Record<never, never>>(
  sorts: readonly string[],
  filters: F = {} as F,
) {
  const orders = sorts.flatMap((field) => [field, `-${field}`]) as [string, ...string[]]
  const fallback = sorts.includes('createdAt') ? '-createdAt' : `-${sorts[0]}`
  return pageQuery.extend({ sort: z.enum(orders).default(fallback) }).extend(filters)
}

/** The answer of a list. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.object({
    data: z.array(item),
    nextCursor: z.string().nullable().describe('Null on the last page'),
  })
}

interface ListInput {
  readonly limit: number
  readonly cursor?: string | undefined
  readonly sort: string
}

/**
 * One page by keyset: rows inserted or removed meanwhile neither repeat nor skip others. `find` gets Prisma's where,
 * order and take; the order ends in the id, which makes it total. The column of a sort must not be nullable.
 * @throws Problem 400 for a cursor that is not of this list with these filters.
 */
export async function listPage<Row extends { readonly id: string }, T>(
  list: string,
  query: ListInput,
  find: (page: {
    where: Record<string, unknown>
    orderBy: Record<string, 'asc' | 'desc'>[]
    take: number
  }) => Promise<Row[]>,
  render: (row: Row) => T,
): Promise<{ data: T[]; nextCursor: string | null }> {
  const descending = query.sort.startsWith('-')
  const field = descending ? query.sort.slice(1) : query.sort
  const { cursor, limit, ...filters } = query
  const scope = `${list} ${canonicalJson(filters)}`
  const after = cursor === undefined ? null : openCursor(cursor, scope)
  const beyond = descending ? 'lt' : 'gt'
  // The bound says nothing that the alternatives do not; but an index can begin there.
  const where = after
    ? {
        [field]: { [`${beyond}e`]: after[0] },
        OR: [{ [field]: { [beyond]: after[0] } }, { [field]: after[0], id: { [beyond]: after[1] } }],
      }
    : {}
  const order = descending ? 'desc' : 'asc'
  const rows = await find({ where, orderBy: [{ [field]: order }, { id: order }], take: limit + 1 })
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  const value = last && (last as Record<string, unknown>)[field]
  return {
    data: shown.map(render),
    nextCursor: last
      ? sealCursor([value instanceof Date ? value.toISOString() : String(value), last.id], scope)
      : null,
  }
}

/** A cursor for a place in a list; only for the same list, sort and filters does it open again. */
export function sealCursor(place: readonly string[], scope: string): string {
  const text = Buffer.from(JSON.stringify(place)).toString('base64url')
  return `${text}.${sign(text, scope)}`
}

/** @throws Problem 400 */
export function openCursor(cursor: string, scope: string): string[] {
  const [text = '', signature = ''] = cursor.split('.')
  const expected = Buffer.from(sign(text, scope))
  const given = Buffer.from(signature)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw problem('invalid_cursor', 'Take `nextCursor` of the page before, with the same filters and sort.', [
      { path: 'cursor', message: 'does not belong to this list' },
    ])
  }
  return JSON.parse(Buffer.from(text, 'base64url').toString()) as string[]
}

function sign(text: string, scope: string): string {
  return createHmac('sha256', deriveKey('cursor'))
    .update(`${scope}\n${text}`)
    .digest('base64url')
    .slice(0, 22)
}

/** Matches the text anywhere, case aside; `%`, `_` and `\` stand for themselves. */
export function containsText(text: string): { contains: string; mode: 'insensitive' } {
  return { contains: text.replace(/[\\%_]/g, '\\$&'), mode: 'insensitive' }
}
