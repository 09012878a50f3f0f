/**
 * Tells listeners that look at budgets and limits what is held and counted, as the gateways tell it: what changed since
 * it was told last. Gateways tell it more often while they are asked to, which lasts as long as somebody looks.
 */
import 'server-only'
import type pg from 'pg'
import { formatUsd } from '../contract/money.ts'
import { WATCH_CHANNEL } from '../publish/channels.ts'
import type { LiveEvent } from '../resources/events/schema.ts'
import { limitQuantity } from '../resources/limits/snapshot.ts'
import { gatewayStandings } from '../resources/policies/gateway-standings.ts'
import { isForTeams, readSubjectTeams } from '../resources/policies/subject-teams.ts'
import { db } from '../server/db.ts'

/** Gateways are asked for longer than until the next asking. */
const ASK_EVERY_MS = 10_000

type Data = Extract<LiveEvent, { event: 'standings' }>['data']

export interface StandingsFeed {
  /** Somebody looks; gives the way to stop looking. */
  watch(): () => void
  readonly isWatched: boolean
  /** What changed since it was told last, for members of these teams (null: all); null when that is nothing. */
  read(): Promise<(teams: readonly string[] | null) => Data | null>
  close(): void
}

export function createStandingsFeed(pool: pg.Pool): StandingsFeed {
  let watchers = 0
  let timer: NodeJS.Timeout | undefined
  let told = new Map<string, bigint>()

  const ask = () => {
    pool.query('SELECT pg_notify($1, $2)', [WATCH_CHANNEL, '']).catch(() => {
      // Without a database nothing is told either; asked again in a while.
    })
  }

  const read = async () => {
    const { held, used } = await gatewayStandings(db, new Date())
    const now = new Map<string, bigint>([
      ...[...held].map(([key, amount]) => [`budget|${key}`, amount] as [string, bigint]),
      ...[...used].map(([key, amount]) => [`limit|${key}`, amount] as [string, bigint]),
    ])
    const changed = new Map([...now].filter(([key, amount]) => told.get(key) !== amount))
    // What the gateways no longer name holds nothing.
    for (const key of told.keys()) if (!now.has(key)) changed.set(key, 0n)
    told = now
    return tellable(pool, changed)
  }

  return {
    watch() {
      watchers += 1
      if (watchers === 1) timer = setInterval(ask, ASK_EVERY_MS).unref()
      ask()
      return () => {
        watchers -= 1
        if (watchers > 0) return
        clearInterval(timer)
        told = new Map()
      }
    },
    get isWatched() {
      return watchers > 0
    },
    read,
    close: () => clearInterval(timer),
  }
}

async function tellable(pool: pg.Pool, changed: ReadonlyMap<string, bigint>) {
  const parts = [...changed].map(([key, amount]) => {
    const [kind = '', id = ''] = key.split('|', 2)
    const rest = key.slice(kind.length + id.length + 2)
    const end = kind === 'budget' ? rest.lastIndexOf('|') : rest.length
    return { kind, id, subject: rest.slice(0, end), startMs: Number(rest.slice(end + 1)), amount }
  })
  const ids = (kind: string) => ({
    where: { id: { in: [...new Set(parts.filter((part) => part.kind === kind).map(({ id }) => id))] } },
  })
  const budgets = new Map((await db.budget.findMany(ids('budget'))).map((row) => [row.id, row]))
  const limits = new Map((await db.limit.findMany(ids('limit'))).map((row) => [row.id, row]))
  const policyOf = ({ kind, id }: { kind: string; id: string }) =>
    (kind === 'budget' ? budgets : limits).get(id)
  const teams = await readSubjectTeams(
    pool,
    parts.flatMap((part) => {
      const policy = policyOf(part)
      return policy?.scopeEach ? [{ type: policy.scopeType, subject: part.subject }] : []
    }),
  )
  return (visible: readonly string[] | null): Data | null => {
    const data: Data = { budgets: [], limits: [] }
    for (const part of parts) {
      const policy = policyOf(part)
      const { id, subject, amount, startMs } = part
      // What a vendor allows is a limit of its provider, which members of teams do not see.
      if (part.kind === 'limit' && id.includes('/') && visible === null)
        data.limits.push({ limitId: id, subject, used: Number(amount) })
      if (!policy) continue
      const teamId = policy.teamId ?? teams.get(`${policy.scopeType} ${subject}`) ?? null
      if (!isForTeams(visible, teamId, policy.scopeEach)) continue
      if ('metric' in policy)
        data.limits.push({ limitId: id, subject, used: limitQuantity(policy.metric, amount) })
      else
        data.budgets.push({
          budgetId: id,
          subject,
          from: policy.period === 'total' ? null : new Date(startMs).toISOString(),
          heldUsd: formatUsd(amount),
        })
    }
    return data.budgets.length + data.limits.length > 0 ? data : null
  }
}
