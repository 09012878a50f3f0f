import { z } from 'zod'
import { ADMINS, TEAM_MANAGERS } from '../../api/actor.ts'
import { operation } from '../../api/operation.ts'
import { containsText, listOf, listPage, listQuery } from '../../api/pagination.ts'
import { problem } from '../../api/problem.ts'
import type { Prisma } from '../../server/db.ts'
import { timestamp } from '../fields.ts'
import { idParams } from '../rows.ts'
import { type AuditEntry, auditEntry } from './schema.ts'

const permission = {
  scope: 'audit-log:read',
  roles: [...ADMINS, 'finance', 'viewer'],
  teamRoles: TEAM_MANAGERS,
} as const

export const auditLogOperations = [
  operation({
    id: 'auditLog.list',
    method: 'GET',
    path: '/audit-log',
    summary: 'Read the audit log',
    description: 'Whoever runs a team reads what happened in it.',
    tag: 'Audit log',
    permission,
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
        renderEntry,
      )
    },
  }),
  operation({
    id: 'auditLog.get',
    method: 'GET',
    path: '/audit-log/{id}',
    summary: 'Read an entry of the audit log',
    tag: 'Audit log',
    permission,
    params: idParams,
    response: auditEntry,
    async run(context, { params }) {
      const teams = context.visibleTeams()
      const row = await context.db.auditEntry.findFirst({
        where: { id: params.id, ...(teams ? { teamId: { in: teams } } : {}) },
      })
      if (!row) throw problem('not_found', 'There is no such entry.')
      return renderEntry(row)
    },
  }),
]

function renderEntry(row: Prisma.AuditEntryGetPayload<object>): AuditEntry {
  const at = row.at.toISOString()
  return {
    ...row,
    at,
    createdAt: at,
    updatedAt: at,
    version: 1,
    actorType: auditEntry.shape.actorType.parse(row.actorType),
    difference: auditEntry.shape.difference.parse(row.difference),
  }
}
