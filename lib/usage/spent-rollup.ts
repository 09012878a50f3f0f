/**
 * What was charged to each end user, route, model, provider and tag, by the quarter-hour: what budgets over them read.
 * Money of an attempt belongs to its own model and provider, as the gateways count it. Simulated calls are no money.
 */
import type { Attempt, UsageEvent } from '../contract/usage-event.ts'
import { clean, type Statement } from './call-rows.ts'
import { QUARTER_MS } from './rollup.ts'

/** Scopes of budgets that the other rollups do not know. */
export const SPENT_SCOPES = ['user', 'route', 'model', 'provider', 'tag'] as const
export type SpentScope = (typeof SPENT_SCOPES)[number]

/** A call, or what a correction moves in it: then the costs are differences. */
type Charged = Pick<UsageEvent, 'at' | 'simulated' | 'endUser' | 'routeId' | 'tags'> & {
  readonly attempts: readonly Pick<Attempt, 'model' | 'providerId' | 'costPicoUsd'>[]
}

/** In the order of the key: two batches can't deadlock. */
export function addToSpent(events: readonly Charged[]): Statement | null {
  const sums = new Map<string, { key: readonly [number, SpentScope, string]; pico: bigint }>()
  for (const event of events) {
    if (event.simulated) continue
    const bucketMs = Math.floor(event.at / QUARTER_MS) * QUARTER_MS
    const add = (scope: SpentScope, subject: string | null, pico: bigint) => {
      if (subject === null || pico === 0n) return
      const key = [bucketMs, scope, clean(subject)] as const
      const id = `${String(bucketMs).padStart(16, '0')}\0${scope}\0${key[2]}`
      const sum = sums.get(id)
      if (sum) sum.pico += pico
      else sums.set(id, { key, pico })
    }
    let whole = 0n
    for (const { model, providerId, costPicoUsd } of event.attempts) {
      const pico = BigInt(costPicoUsd ?? '0')
      whole += pico
      add('model', model, pico)
      add('provider', providerId, pico)
    }
    add('user', event.endUser, whole)
    add('route', event.routeId, whole)
    for (const [name, value] of Object.entries(event.tags)) add('tag', `${name}=${value}`, whole)
  }
  if (sums.size === 0) return null
  const rows = [...sums.keys()].sort().map((id) => sums.get(id) as NonNullable<ReturnType<typeof sums.get>>)
  return {
    name: 'ingest-spent',
    text: `INSERT INTO rollup_spent AS t (bucket, scope, subject, cost_pico)
      SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::numeric[])
      ON CONFLICT (bucket, scope, subject) DO UPDATE SET cost_pico = t.cost_pico + excluded.cost_pico`,
    values: [
      rows.map(({ key }) => new Date(key[0]).toISOString()),
      rows.map(({ key }) => key[1]),
      rows.map(({ key }) => key[2]),
      rows.map(({ pico }) => pico.toString()),
    ],
  }
}
