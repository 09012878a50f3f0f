import { ALL_ROLES } from '../../api/actor.ts'
import { operation } from '../../api/operation.ts'
import { setup } from '../me/schema.ts'

export const setupOperations = [
  operation({
    id: 'setup.get',
    method: 'GET',
    path: '/setup',
    summary: 'How far the first set-up has come',
    tag: 'Me',
    permission: { scope: 'setup:read', roles: ALL_ROLES, teamRoles: ALL_ROLES },
    response: setup,
    async run({ db }) {
      const [found] = await db.$queryRaw<
        { provider: boolean; route: boolean; key: boolean; call: boolean; routeName: string | null }[]
      >`
        SELECT EXISTS (SELECT 1 FROM providers) AS provider,
          EXISTS (SELECT 1 FROM routes) AS route,
          EXISTS (SELECT 1 FROM api_keys WHERE revoked_at IS NULL) AS key,
          EXISTS (SELECT 1 FROM calls) AS call,
          (SELECT name FROM routes WHERE enabled ORDER BY created_at DESC, id DESC LIMIT 1) AS "routeName"`
      return found ?? { provider: false, route: false, key: false, call: false, routeName: null }
    },
  }),
]
