/** What is asked of the API: every list, sort and filter, common, rare and of nothing, and the reads of the overview. */
import type { Caller, Sizes } from './resources-data.ts'

export interface ListCase {
  readonly caller: Caller
  readonly list: string
  readonly query: Record<string, string>
}

const id = (prefix: string, n: number) => `${prefix}_${String(n).padStart(8, '0')}`
const DAY_MS = 86_400_000

interface ListPlan {
  readonly list: string
  readonly sorts: readonly string[]
  readonly filters: readonly Record<string, string>[]
  readonly callers: readonly Caller[]
}

export function listCases(sizes: Sizes, now: number, requestId: string, traceId: string): ListCase[] {
  const everyone: readonly Caller[] = ['owner', 'team-admin', 'developer']
  const { keys, consumers, teams, users } = sizes
  const day = (ago: number) => new Date(now - ago * DAY_MS).toISOString()
  // The largest team is the first; the last has a single consumer or none.
  const byTeam = [{ teamId: id('team', 0) }, { teamId: id('team', teams - 1) }, { teamId: 'team_none' }]
  const named = (one: string) => [
    { q: 'prod' },
    { q: 'prod-search-mobile' },
    { q: one },
    { q: one.slice(3) },
    { q: 'zq' },
    { q: 'q' },
    { q: 'no such name' },
  ]
  const plans: ListPlan[] = [
    {
      list: 'teams',
      sorts: ['createdAt', 'name', 'updatedAt'],
      filters: named('Team prod-search'),
      callers: everyone,
    },
    {
      list: 'users',
      sorts: ['createdAt', 'name', 'email', 'updatedAt'],
      filters: [...byTeam, ...named('person77@')],
      callers: ['owner', 'team-admin'],
    },
    {
      list: 'consumers',
      sorts: ['createdAt', 'name', 'updatedAt'],
      filters: [...byTeam, ...named(`-${consumers - 1}`)],
      callers: everyone,
    },
    {
      list: 'keys',
      sorts: ['createdAt', 'name', 'updatedAt'],
      filters: [
        ...byTeam,
        { consumerId: id('cons', 0) },
        { consumerId: 'cons_none' },
        { userId: id('user', 2) },
        { userId: id('user', users - 1) },
        { userId: 'user_none' },
        ...['active', 'expiring', 'expired', 'revoked', 'disabled'].map((status) => ({ status })),
        { teamId: id('team', teams - 1), status: 'expired' },
        { teamId: id('team', 0), status: 'expiring', sort: 'name' },
        { teamId: id('team', 0), q: `-${keys - 1}` },
        { teamId: id('team', 1), sort: 'name' },
        ...named(`-${keys - 1}`),
        { q: 'zq', sort: 'name' },
        { q: 'no such name', sort: 'updatedAt' },
      ],
      callers: everyone,
    },
    {
      list: 'providers',
      sorts: ['createdAt', 'name', 'updatedAt'],
      filters: [{ kind: 'openai' }, ...named('Vendor 1')],
      callers: everyone,
    },
    {
      list: 'routes',
      sorts: ['createdAt', 'name', 'updatedAt'],
      filters: [{ providerId: id('prov', 0) }, { providerId: 'prov_none' }, ...named('route-search-20')],
      callers: everyone,
    },
    {
      list: 'prices',
      sorts: ['createdAt', 'model', 'updatedAt', 'effectiveFrom'],
      filters: [{ providerId: id('prov', 0) }, { providerKind: 'openai' }, ...named('model-39')],
      callers: everyone,
    },
    { list: 'price-catalogue', sorts: [], filters: named('gpt-4o'), callers: ['owner'] },
    { list: 'access-tokens', sorts: ['createdAt', 'name'], filters: named('owner'), callers: everyone },
    { list: 'gateways', sorts: [], filters: named('gw_'), callers: ['owner'] },
    { list: 'revisions', sorts: [], filters: named('Person 77'), callers: ['owner'] },
    {
      list: 'audit-log',
      sorts: ['at'],
      filters: [
        ...byTeam,
        { from: day(40), to: day(39) },
        { from: day(500), to: day(400) },
        { actorId: id('user', 5) },
        { actorId: 'user_none' },
        { action: 'key.create' },
        { action: 'key.' },
        { action: 'no.such' },
        { targetType: 'consumer' },
        { targetType: 'nothing' },
        { targetType: 'key', targetId: id('key', 5) },
        { targetId: 'key_none' },
        ...named('Person 77'),
      ],
      callers: ['owner', 'team-admin'],
    },
    {
      list: 'calls',
      sorts: [],
      filters: [
        { from: day(1) },
        { from: day(40), to: day(39) },
        { to: day(45) },
        { from: day(500), to: day(400) },
        ...byTeam,
        { consumerId: id('cons', 0) },
        { consumerId: id('cons', consumers - 1) },
        { consumerId: 'cons_none' },
        { keyId: id('key', 0) },
        { keyId: id('key', keys - 1) },
        { keyId: 'key_none' },
        { route: 'route-search-0' },
        { route: `route-identity-${sizes.routes - 1}` },
        { route: 'no-such-route' },
        { providerId: id('prov', 0) },
        { providerId: 'prov_none' },
        { model: 'model-0' },
        { model: 'no-such-model' },
        ...['llm', 'mcp', 'http'].map((kind) => ({ kind })),
        ...['ok', 'error', 'refused'].map((outcome) => ({ outcome })),
        { code: 'provider_timeout' },
        { code: 'no_such_code' },
        { stream: 'true' },
        { stream: 'false' },
        ...['include', 'exclude', 'only'].map((simulated) => ({ simulated })),
        { teamId: id('team', 0), code: 'provider_timeout' },
        { teamId: id('team', 0), code: 'no_such_code' },
        { teamId: id('team', 0), kind: 'mcp' },
        { teamId: id('team', teams - 1), outcome: 'error', from: day(30) },
        { keyId: id('key', 0), outcome: 'refused' },
        { consumerId: id('cons', consumers - 1), model: 'model-39' },
        { route: 'route-search-0', stream: 'false', simulated: 'only' },
        { q: requestId },
        { q: traceId },
        { q: 'route-search-0' },
        { q: 'route-sea' },
        { q: 'model-3' },
        { q: 'MODEL-39' },
        { q: 'prod-billing' },
        { q: 'no such name' },
        { q: 'zq' },
        { q: 'a'.repeat(32) },
        { q: 'no such name', teamId: id('team', 0) },
      ],
      callers: everyone,
    },
  ]
  return plans.flatMap(({ list, sorts, filters, callers }) =>
    callers.flatMap((caller) => [
      ...(sorts.length === 0 ? [{}] : sorts.flatMap((sort) => [{ sort }, { sort: `-${sort}` }])).map(
        (query): ListCase => ({ caller, list, query }),
      ),
      ...filters.map((query): ListCase => ({ caller, list, query: { ...query } as Record<string, string> })),
    ]),
  )
}

export interface OverviewCase {
  readonly caller: Caller
  readonly range: string
  readonly timeZone: string
  /** Asked for at once, as the page does. */
  readonly queries: readonly Record<string, string>[]
}

/** The reads of the overview, as its page makes them for each range that it offers. */
export function overviewCases(now: number, offsetsMs: Record<string, number>): OverviewCase[] {
  const [minute, hour] = [60_000, 3_600_000]
  const iso = (ms: number) => new Date(ms).toISOString()
  return (['owner', 'team-admin', 'developer'] as const).flatMap((caller) =>
    Object.entries(offsetsMs).flatMap(([timeZone, offset]) => {
      const floor = (ms: number, step: number) => Math.floor((ms + offset) / step) * step - offset
      const ranges = {
        '1 h': { from: floor(now, minute) - 59 * minute, interval: 'minute', before: hour },
        '24 h': { from: floor(now, hour) - 23 * hour, interval: 'hour', before: DAY_MS },
        '7 d': { from: floor(now, hour) - (7 * 24 - 1) * hour, interval: 'hour', before: 7 * DAY_MS },
        '30 d': { from: floor(now, DAY_MS) - 29 * DAY_MS, interval: 'day', before: 30 * DAY_MS },
      }
      return Object.entries(ranges).map(([range, { from, interval, before }]): OverviewCase => {
        const span = { from: iso(from), to: iso(now), timeZone, simulated: 'exclude' }
        return {
          caller,
          range,
          timeZone,
          queries: [
            { ...span, interval },
            { ...span, interval, groupBy: 'route', top: '20' },
            { ...span, interval: 'month', groupBy: 'team' },
            { ...span, interval: 'month', groupBy: 'consumer' },
            { ...span, interval: 'month', groupBy: 'route', from: iso(from - before), to: iso(now - before) },
          ],
        }
      })
    }),
  )
}
