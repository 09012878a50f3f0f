import { z } from 'zod'
import { ADMINS, TEAM_MANAGERS } from '../../api/actor.ts'
import { operation } from '../../api/operation.ts'
import { containsText, listOf, listPage, listQuery } from '../../api/pagination.ts'
import { timestamp } from '../fields.ts'
import { type AuditEntry, auditEntry } from './schema.ts'

export const auditLogOperations = [
  operation({
    id: 'auditLog.list',
    method: 'GET',
    path: '/audit-log',
    summary: 'Read the audit log',
    description: 'Whoever runs a team reads what happened in it.',
    tag: 'Audit log',
    permission: {
      scope: 'audit-log:read',
      roles: [...ADMINS, 'finance', 'viewer'],
      teamRoles: TEAM_MANAGERS,
    },
    query: listQuery(['at'], {
      from: timestamp.optional(),
      to: timestamp.optional().describe('Exclusive'),
      actorId: z.string().optional(),
      action: z.string().optional().describe('`key.create`, or `key.` for all of keys'),
      targetType: z.string().optional(),
      targetId: z.string().optional(),
      teamId: z.string().optional(),
    }),
    response: listOf(auditEntry),
    run(context, { query }) {
      const teams = context.visibleTeams()
      const { from, to, actorId, action, targetType, targetId, teamId, q } = query
      return listPage(
        'audit-log',
        query,
        ({ where, ...order }) =>
          context.db.auditEntry.findMany({
            where: {
              AND: [
                where,
                teams ? { teamId: { in: teams } } : {},
                from ? { at: { gte: new Date(from) } } : {},
                to ? { at: { lt: new Date(to) } } : {},
                actorId ? { actorId } : {},
                action ? { action: action.endsWith('.') ? { startsWith: action } : action } : {},
                targetType ? { targetType } : {},
                targetId ? { targetId } : {},
                teamId ? { teamId } : {},
                q ? { OR: [{ targetName: containsText(q) }, { actorName: containsText(q) }] } : {},
              ],
            },
            ...order,
          }),
        (row): AuditEntry => ({
          ...row,
          at: row.at.toISOString(),
          actorType: auditEntry.shape.actorType.parse(row.actorType),
          difference: auditEntry.shape.difference.parse(row.difference),
        }),
      )
    },
  }),
]
