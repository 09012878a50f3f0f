/** Runs the cases against the API and keeps the times that a caller saw. */
import { listCases, overviewCases } from './read-cases.ts'
import { type Caller, type Sizes, TOKENS } from './resources-data.ts'

export interface Timing {
  readonly group: 'list' | 'walk' | 'overview'
  readonly caller: string
  readonly endpoint: string
  readonly query: string
  readonly count: number
  /** The first answer: what it needs may still be on disk, and the code that makes it not compiled. */
  readonly firstMs: number
  /** Of all answers. */
  readonly p50Ms: number
  /** Of those after the first. */
  readonly maxMs: number
  readonly rows: number
}

type Answer = { data?: { id: string; traceId?: string }[]; nextCursor?: string | null }

const REPEATS = 4

export async function measureReads(
  origin: string,
  sizes: Sizes,
  options: { only: string | undefined; say: (text: string) => void },
): Promise<Timing[]> {
  const read = async (caller: Caller, endpoint: string, query: Record<string, string>) => {
    const started = performance.now()
    const response = await fetch(`${origin}/api/v1/${endpoint}?${new URLSearchParams(query)}`, {
      headers: { authorization: `Bearer ${TOKENS[caller]}` },
    })
    const text = await response.text()
    const ms = performance.now() - started
    // Not everybody may read everything; and what took too long has its time all the same.
    if (![200, 403, 503].includes(response.status))
      throw new Error(`${endpoint} ${JSON.stringify(query)}: ${response.status} ${text.slice(0, 300)}`)
    return {
      ms,
      status: response.status,
      answer: (response.status === 200 ? JSON.parse(text) : {}) as Answer,
    }
  }
  const wanted = (endpoint: string) =>
    options.only === undefined || options.only.split(',').includes(endpoint)
  const timings: Timing[] = []
  const keep = (timing: Omit<Timing, 'count' | 'firstMs' | 'p50Ms' | 'maxMs'>, times: number[]) => {
    const sorted = times.toSorted((a, b) => a - b)
    const later = times.slice(1)
    const done = {
      ...timing,
      count: times.length,
      firstMs: times[0] ?? 0,
      p50Ms: sorted[times.length >> 1] ?? 0,
      maxMs: Math.max(...(later.length > 0 ? later : times)),
    }
    timings.push(done)
    if (done.maxMs > 300)
      options.say(
        `  slow: ${done.caller} ${done.endpoint} ${done.query}: first ${done.firstMs.toFixed(0)}, p50 ${done.p50Ms.toFixed(0)}, max ${done.maxMs.toFixed(0)} ms`,
      )
  }

  // The first requests of a process compile its code.
  for (const caller of Object.keys(TOKENS) as Caller[])
    for (let n = 0; n < 5; n += 1) await read(caller, 'keys', {})
  const old = (
    await read('owner', 'calls', { limit: '1', to: new Date(Date.now() - 20 * 86_400_000).toISOString() })
  ).answer.data?.[0]
  for (const { caller, list, query } of listCases(sizes, Date.now(), old?.id ?? '', old?.traceId ?? '')) {
    if (!wanted(list)) continue
    const times: number[] = []
    let rows = 0
    for (let n = 0; n < REPEATS; n += 1) {
      const { ms, status, answer } = await read(caller, list, query)
      if (status === 403) break
      times.push(ms)
      rows = answer.data?.length ?? -1
      // What takes seconds is known after two.
      if (ms > 2_000 && n > 0) break
    }
    if (times.length === 0) continue
    keep({ group: 'list', caller, endpoint: list, query: words(query), rows }, times)
  }

  const walk = async (caller: Caller, list: string, query: Record<string, string>, maxPages: number) => {
    if (!wanted(list)) return
    const times: number[] = []
    let rows = 0
    let cursor: string | null = null
    for (let page = 0; page < maxPages; page += 1) {
      const { ms, answer } = await read(caller, list, {
        limit: '200',
        ...query,
        ...(cursor ? { cursor } : {}),
      })
      times.push(ms)
      rows += answer.data?.length ?? 0
      cursor = answer.nextCursor ?? null
      if (cursor === null) break
    }
    keep(
      {
        group: 'walk',
        caller,
        endpoint: list,
        query: words({ ...query, pages: cursor === null ? 'to the last' : String(maxPages) }),
        rows,
      },
      times,
    )
  }
  await walk('owner', 'keys', { sort: '-createdAt' }, 3_000)
  for (const sort of ['name', '-updatedAt']) await walk('owner', 'keys', { sort }, 300)
  await walk('team-admin', 'keys', {}, 3_000)
  await walk('developer', 'keys', {}, 3_000)
  await walk('owner', 'consumers', {}, 3_000)
  await walk('owner', 'audit-log', {}, 3_000)
  await walk('owner', 'revisions', {}, 3_000)
  await walk('owner', 'calls', {}, 50)
  const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
  await walk('owner', 'calls', { to: ago(50) }, 50)
  // The oldest ones: to the end.
  await walk(
    'owner',
    'calls',
    { to: new Date(Math.floor(Date.now() / 86_400_000 - 59) * 86_400_000 + 300_000).toISOString() },
    50,
  )
  await walk('team-admin', 'calls', { to: ago(50) }, 50)
  await walk('developer', 'calls', { to: ago(50) }, 50)

  if (!wanted('usage')) return timings
  const offsets = { UTC: 0, 'Europe/Berlin': 3_600_000, 'Asia/Kolkata': 19_800_000 }
  for (const one of overviewCases(Date.now(), offsets)) {
    // A zone that stands half an hour off is the worst case for everybody: the owner has most of it.
    if (one.timeZone === 'Asia/Kolkata' && one.caller !== 'owner') continue
    const times: number[] = []
    for (let n = 0; n < REPEATS; n += 1) {
      const started = performance.now()
      await Promise.all(one.queries.map((query) => read(one.caller, 'usage', query)))
      times.push(performance.now() - started)
      if ((times.at(-1) ?? 0) > 3_000 && n > 0) break
    }
    keep(
      {
        group: 'overview',
        caller: one.caller,
        endpoint: 'usage',
        query: `${one.range}, ${one.timeZone}`,
        rows: 5,
      },
      times,
    )
  }
  return timings
}

function words(query: Record<string, string>): string {
  return Object.entries(query)
    .map(([name, value]) => `${name}=${value.length > 40 ? `${value.slice(0, 24)}…` : value}`)
    .join('&')
}
