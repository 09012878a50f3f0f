import { z } from 'zod'
import { ALL_ROLES } from '../../api/actor.ts'
import { operation } from '../../api/operation.ts'
import { listOf, pageQuery } from '../../api/pagination.ts'
import { problem } from '../../api/problem.ts'
import { pool } from '../../server/db.ts'
import { listCalls } from '../../usage/call-list.ts'
import { findReceipt } from '../../usage/calls.ts'
import { call, callFilters, receipt } from './schema.ts'

const permission = { scope: 'calls:read', roles: ALL_ROLES, teamRoles: ALL_ROLES }

export const callOperations = [
  operation({
    id: 'calls.list',
    method: 'GET',
    path: '/calls',
    summary: 'List calls, newest first',
    description:
      'Refused calls are in it too. Developers see the calls of their own keys. `q` finds a request id, a trace id, or the beginning of a route, a model or a consumer.',
    tag: 'Calls',
    permission,
    query: pageQuery.extend(callFilters.shape),
    response: listOf(call),
    run: (context, { query }) => listCalls(pool, query, context.rowScope()),
  }),
  operation({
    id: 'calls.get',
    method: 'GET',
    path: '/calls/{requestId}',
    summary: 'Read the receipt of a call',
    description: 'The id is what the gateway sent as `x-gatehouse-request-id`.',
    tag: 'Calls',
    permission,
    params: z.strictObject({ requestId: z.string().max(60) }),
    response: receipt,
    async run(context, { params }) {
      const found = await findReceipt(pool, params.requestId, context.rowScope())
      if (!found) throw problem('not_found', 'There is no such call, or its books have not arrived yet.')
      return found
    },
  }),
]
