/**
 * On which days there are calls with a given route, model, code …: what lets a search of the log leave out the days,
 * and so the partitions, that hold nothing for it. Written with the calls. A facet may name a day that holds none any
 * more; it never lacks one.
 */
import 'server-only'
import type pg from 'pg'
import type { UsageEvent } from '../contract/usage-event.ts'
import { callOutcome } from '../format/call-outcome.ts'
import { dayOf } from './call-days.ts'
import { clean, type Statement } from './call-rows.ts'

export const FACETS = [
  'kind',
  'outcome',
  'stream',
  'simulated',
  'code',
  'route',
  'served',
  'requested',
  'provider',
  'degraded',
] as const
export type Facet = (typeof FACETS)[number]

/** What is searched by the beginning of a name. */
const NAME_FACETS: readonly Facet[] = ['route', 'served', 'requested']

/** In the order of their key: two batches can't deadlock. */
export function insertFacets(events: readonly UsageEvent[]): Statement {
  const seen = new Map<string, readonly [Facet, string, string]>()
  for (const event of events) {
    const day = dayOf(event.id)
    const values: Record<Facet, string | null> = {
      kind: event.kind,
      outcome: callOutcome(event),
      stream: String(event.stream),
      simulated: String(event.simulated),
      code: clean(event.code),
      route: clean(event.route),
      served: clean(event.servedModel),
      requested: clean(event.requestedModel),
      provider: clean(event.providerId),
      degraded: event.degraded ? 'true' : null,
    }
    for (const facet of FACETS) {
      const value = values[facet]
      if (value !== null) seen.set(`${facet}\0${value}\0${day}`, [facet, value, day])
    }
  }
  const rows = [...seen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
  return {
    name: 'ingest-facets',
    text: `INSERT INTO call_facets (facet, value, day) SELECT * FROM unnest($1::text[], $2::text[], $3::date[])
      ON CONFLICT DO NOTHING`,
    values: [0, 1, 2].map((column) => rows.map((row) => row[column])),
  }
}

/**
 * Days with calls for which each of the conditions holds by itself, newest first: a condition is a list of facets, one
 * of which has to hold.
 */
export async function daysWith(
  db: Pick<pg.ClientBase, 'query'>,
  conditions: readonly (readonly [Facet, string][])[],
  range: { from: string | null; to: string | null },
): Promise<string[]> {
  const wanted = conditions.flatMap((facets, index) =>
    facets.map(([facet, value]) => ({ index, facet, value })),
  )
  const { rows } = await db.query<{ day: string }>({
    name: 'call-days',
    text: `SELECT day::text FROM call_facets f
      JOIN unnest($1::int[], $2::text[], $3::text[]) AS w(n, wfacet, wvalue) ON f.facet = wfacet AND f.value = wvalue
      WHERE ($4::date IS NULL OR day >= $4) AND ($5::date IS NULL OR day <= $5)
      GROUP BY day HAVING count(DISTINCT n) = $6 ORDER BY day DESC`,
    values: [
      wanted.map(({ index }) => index),
      wanted.map(({ facet }) => facet),
      wanted.map(({ value }) => value),
      range.from,
      range.to,
      conditions.length,
    ],
  })
  return rows.map((row) => row.day)
}

/** Every day with calls has at least one kind of them. */
export const ANY_CALL: readonly [Facet, string][] = [
  ['kind', 'llm'],
  ['kind', 'mcp'],
  ['kind', 'http'],
]

const MAX_NAMES = 2_000

/** Routes and models in the log whose name begins with the text, case aside. */
export async function namesBeginning(
  pool: pg.Pool,
  text: string,
): Promise<{ facet: Facet; value: string }[]> {
  const { rows } = await pool.query<{ facet: Facet; value: string }>(
    `SELECT DISTINCT facet, value FROM call_facets
     WHERE facet = ANY($1) AND lower(value) COLLATE "C" LIKE lower($2) || '%' LIMIT ${MAX_NAMES}`,
    [NAME_FACETS, text.replace(/[\\%_]/g, '\\$&')],
  )
  return rows
}
