import { ALL_ROLES } from '../../api/actor.ts'
import { operation } from '../../api/operation.ts'
import { pool } from '../../server/db.ts'
import { env } from '../../server/env.ts'
import { queryUsage } from '../../usage/query.ts'
import { usageQuery, usageReport } from './schema.ts'

export const usageOperations = [
  operation({
    id: 'usage.get',
    method: 'GET',
    path: '/usage',
    summary: 'Requests, tokens, cost, errors and latency over time',
    description:
      'Ranges are half-open: `to` is not in them. Edges between quarter-hours are exact for the last 48 hours and widened to quarter-hours before; the answer says what was counted.',
    tag: 'Usage',
    permission: { scope: 'usage:read', roles: ALL_ROLES, teamRoles: ALL_ROLES },
    query: usageQuery,
    response: usageReport,
    run: (context, { query }) =>
      queryUsage(pool, query, { scope: context.rowScope(), timeZone: env.timeZone, now: context.now }),
  }),
]
