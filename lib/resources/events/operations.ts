import { z } from 'zod'
import { ALL_ROLES, authorize, rowScope } from '../../api/actor.ts'
import { authenticate } from '../../api/authenticate.ts'
import { operation } from '../../api/operation.ts'
import { Problem } from '../../api/problem.ts'
import { openEventStream } from '../../live/event-stream.ts'
import { liveHub } from '../../live/live-hub.ts'
import { systemClock } from '../../server/clock.ts'

const permission = { scope: 'events:read', roles: ALL_ROLES, teamRoles: ALL_ROLES }

export const eventOperations = [
  operation({
    id: 'events.stream',
    method: 'GET',
    path: '/events',
    summary: 'Listen to what happens, as server-sent events',
    description:
      'Events `call`, `usage`, `budgetAlert`, `config` and `reset`, of what the caller may see; with `watch=standings` also `standings`: money held and limits used, as it changes. Send `Last-Event-ID` (or `lastEventId`, where a new stream cannot carry the header) to read on after a break; `reset` says that something was missed: read again what you show.',
    tag: 'Events',
    permission,
    contentType: 'text/event-stream',
    query: z.strictObject({
      watch: z.enum(['standings']).optional(),
      lastEventId: z.string().max(60).optional(),
    }),
    async run(context, { query }) {
      const { request } = context
      const stream = openEventStream(liveHub(), {
        scope: context.rowScope(),
        lastEventId: request.headers.get('last-event-id') ?? query.lastEventId ?? null,
        watchesStandings: query.watch === 'standings',
        signal: request.signal,
        async recheck() {
          try {
            const actor = await authenticate(request, systemClock())
            authorize(actor, permission)
            return rowScope(actor, permission)
          } catch (error) {
            if (error instanceof Problem && (error.status === 401 || error.status === 403)) return null
            throw error
          }
        },
      })
      return new Response(stream, {
        headers: {
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-store, no-transform',
          'x-accel-buffering': 'no',
        },
      })
    },
  }),
]
