import { ADMINS, ALL_ROLES } from '../../api/actor.ts'
import { operation } from '../../api/operation.ts'
import { listOf, openCursor, pageQuery, sealCursor } from '../../api/pagination.ts'
import { problem } from '../../api/problem.ts'
import { canonicalJson } from '../../contract/content-hash.ts'
import {
  COUNTERS_SQL,
  type GatewayRow,
  readConfigStatus,
  STATUS_SQL,
  toGateway,
} from '../../publish/status.ts'
import { pool } from '../../server/db.ts'
import { idParams } from '../rows.ts'
import { configStatus, gateway, gatewayStatus } from './schema.ts'

const tag = 'Gateways'
const reads = { scope: 'gateways:read', roles: [...ADMINS, 'finance', 'viewer'] } as const

export const gatewayOperations = [
  operation({
    id: 'gateways.list',
    method: 'GET',
    path: '/gateways',
    summary: 'List gateways',
    description: 'Each that ever held a lease, in the order of their ids.',
    tag,
    permission: reads,
    query: pageQuery.extend({ status: gatewayStatus.optional() }),
    response: listOf(gateway),
    async run(_, { query }) {
      const { limit, cursor, ...filters } = query
      const scope = `gateways ${canonicalJson(filters)}`
      const after = cursor === undefined ? '' : (openCursor(cursor, scope)[0] ?? '')
      const { rows } = await pool.query<GatewayRow>(
        `SELECT * FROM (SELECT g.*, ${STATUS_SQL} AS status, ${COUNTERS_SQL} AS counters_holder FROM gateways g, config_head h WHERE h.id = 1) g
         WHERE id > $1 AND ($2::text IS NULL OR status = $2)
           AND ($3::text IS NULL OR strpos(lower(hostname || ' ' || id || ' ' || coalesce(url, '')), lower($3)) > 0)
         ORDER BY id LIMIT $4`,
        [after, query.status ?? null, query.q ?? null, limit + 1],
      )
      const shown = rows.slice(0, limit)
      const last = rows.length > limit ? shown.at(-1) : undefined
      return { data: shown.map(toGateway), nextCursor: last ? sealCursor([last.id], scope) : null }
    },
  }),
  operation({
    id: 'gateways.get',
    method: 'GET',
    path: '/gateways/{id}',
    summary: 'Read a gateway',
    tag,
    permission: reads,
    params: idParams,
    response: gateway,
    etag: 'content',
    async run(_, { params }) {
      const { rows } = await pool.query<GatewayRow>(
        `SELECT g.*, ${STATUS_SQL} AS status, ${COUNTERS_SQL} AS counters_holder
         FROM gateways g, config_head h WHERE h.id = 1 AND g.id = $1`,
        [params.id],
      )
      if (!rows[0]) throw problem('not_found', 'There is no such gateway.')
      return toGateway(rows[0])
    },
  }),
  operation({
    id: 'config.status',
    method: 'GET',
    path: '/config/status',
    summary: 'Which revision is published, and on how many gateways it is live',
    tag,
    permission: { scope: null, roles: ALL_ROLES, anyone: true },
    response: configStatus,
    run: () => readConfigStatus(pool),
  }),
]
