import { z } from 'zod'
import { ADMINS, hasScope, mayGrant, TEAM_MANAGERS, teamsWith } from '../../api/actor.ts'
import { type Context, operation } from '../../api/operation.ts'
import { containsText, listOf, listPage, listQuery } from '../../api/pagination.ts'
import { type FieldError, invalidField, problem } from '../../api/problem.ts'
import type { Prisma } from '../../server/db.ts'
import { newId } from '../../server/ids.ts'
import { fromRoleColumn, toRoleColumn } from '../../server/role-column.ts'
import { hashSecret, makeSecret } from '../../server/secrets.ts'
import { baseOf, dateOrNull, idParams, isoOrNull, lockRow, nextVersion } from '../rows.ts'
import { type AccessToken, accessToken, accessTokenInput, accessTokenWithSecret } from './schema.ts'

const tag = 'Access tokens'
const reads = { scope: 'access-tokens:read', roles: [], anyone: true }
const writes = { scope: 'access-tokens:write', roles: [], anyone: true }
const withNames = { user: { select: { name: true } }, team: { select: { name: true } } } as const
type Row = Prisma.AccessTokenGetPayload<{ include: typeof withNames }>

export const accessTokenOperations = [
  operation({
    id: 'accessTokens.list',
    method: 'GET',
    path: '/access-tokens',
    summary: 'List access tokens',
    description: 'One’s own, those of the service accounts of one’s teams; for the platform team all.',
    tag,
    permission: reads,
    query: listQuery(['createdAt', 'name'], { userId: z.string().optional() }),
    response: listOf(accessToken),
    run: (context, { query }) =>
      listPage(
        'access-tokens',
        query,
        ({ where, ...order }) =>
          context.db.accessToken.findMany({
            where: {
              AND: [
                where,
                visibleTokens(context),
                query.userId ? { userId: query.userId } : {},
                query.q ? { OR: [{ name: containsText(query.q) }, { prefix: containsText(query.q) }] } : {},
              ],
            },
            include: withNames,
            ...order,
          }),
        renderToken,
      ),
  }),
  operation({
    id: 'accessTokens.create',
    method: 'POST',
    path: '/access-tokens',
    summary: 'Create an access token',
    description:
      'The answer shows the secret: the only time that it does. No token has more power than its maker.',
    tag,
    permission: writes,
    body: accessTokenInput,
    response: accessTokenWithSecret,
    secrets: ['secret'],
    async run(context, { body }) {
      const { serviceAccount, name, scopes } = body
      if (!serviceAccount && context.actor.userId === null) {
        throw invalidField('serviceAccount', 'is required: a service account has no user to make a token for')
      }
      if (serviceAccount) await checkServiceAccount(context, serviceAccount)
      checkScopes(context, scopes)
      const secret = makeSecret('gha_')
      const row = await context.db.accessToken.create({
        data: {
          id: newId('tok'),
          name,
          userId: serviceAccount ? null : context.actor.userId,
          role: serviceAccount ? toRoleColumn(serviceAccount.role) : null,
          teamId: serviceAccount?.teamId ?? null,
          scopes,
          hash: hashSecret(secret),
          prefix: secret.slice(0, 8),
          last4: secret.slice(-4),
          expiresAt: endOf(context, body.expiresAt),
        },
        include: withNames,
      })
      noted(context, 'accessToken.create', null, row)
      return { ...renderToken(row), secret }
    },
  }),
  operation({
    id: 'accessTokens.get',
    method: 'GET',
    path: '/access-tokens/{id}',
    summary: 'Read an access token',
    tag,
    permission: reads,
    params: idParams,
    response: accessToken,
    run: async (context, { params }) => renderToken(await findToken(context, params.id)),
  }),
  operation({
    id: 'accessTokens.revoke',
    method: 'POST',
    path: '/access-tokens/{id}/revoke',
    summary: 'Revoke an access token',
    tag,
    permission: writes,
    params: idParams,
    response: accessToken,
    async run(context, { params }) {
      await lockRow(context.db, 'access_tokens', params.id)
      const old = await findToken(context, params.id)
      context.match(renderToken(old))
      const row = old.revokedAt
        ? old
        : await context.db.accessToken.update({
            where: { id: params.id },
            data: { revokedAt: context.now, version: nextVersion },
            include: withNames,
          })
      noted(context, 'accessToken.revoke', old, row)
      return renderToken(row)
    },
  }),
  operation({
    id: 'accessTokens.delete',
    method: 'DELETE',
    path: '/access-tokens/{id}',
    summary: 'Delete an access token',
    tag,
    permission: writes,
    params: idParams,
    async run(context, { params }) {
      await lockRow(context.db, 'access_tokens', params.id)
      const old = await findToken(context, params.id)
      context.match(renderToken(old))
      await context.db.accessToken.delete({ where: { id: params.id } })
      noted(context, 'accessToken.delete', old, null)
    },
  }),
]

function visibleTokens(context: Context): Prisma.AccessTokenWhereInput {
  const managed = teamsWith(context.actor, ADMINS, TEAM_MANAGERS)
  if (managed === null) return {}
  const { userId } = context.actor
  return { OR: [...(userId ? [{ userId }] : []), { role: { not: null }, teamId: { in: managed } }] }
}

/** @throws Problem 404, also for a token of somebody else. */
async function findToken(context: Context, id: string): Promise<Row> {
  const row = await context.db.accessToken.findFirst({
    where: { AND: [{ id }, visibleTokens(context)] },
    include: withNames,
  })
  if (!row) throw problem('not_found', 'There is no such access token.')
  return row
}

async function checkServiceAccount(
  context: Context,
  { role, teamId }: NonNullable<z.infer<typeof accessTokenInput>['serviceAccount']>,
): Promise<void> {
  if (!mayGrant(context.actor, role, teamId)) {
    throw problem('forbidden', `Your roles do not reach to ${role}.`, [
      { path: 'serviceAccount.role', message: 'needs a role at least as high' },
    ])
  }
  if (
    teamId !== null &&
    !(await context.db.team.findUnique({ where: { id: teamId }, select: { id: true } }))
  ) {
    throw invalidField('serviceAccount.teamId', 'there is no such team')
  }
}

/** @throws Problem 400 for a scope that opens nothing, 403 for each that the token that makes this one does not have. */
function checkScopes(context: Context, scopes: readonly string[]): void {
  const known = new Set(['*', ...context.operations.map(({ permission }) => permission.scope)])
  const unknown = scopes.findIndex((scope) => !known.has(scope))
  if (unknown >= 0) throw invalidField(`scopes[${unknown}]`, 'there is no such scope')
  const errors = scopes.flatMap((scope, at): FieldError[] =>
    hasScope(context.actor, scope) ? [] : [{ path: `scopes[${at}]`, message: 'is beyond your own token' }],
  )
  if (errors.length > 0) throw problem('forbidden', 'No token has more power than its maker.', errors)
}

function endOf(context: Context, text: string | null): Date | null {
  const end = dateOrNull(text)
  if (end && end <= context.now) throw invalidField('expiresAt', 'is in the past')
  const own = context.actor.expiresAt
  if (own && (!end || end > own))
    throw invalidField('expiresAt', `is after the end of your own token, ${own.toISOString()}`)
  return end
}

function noted(context: Context, action: string, before: Row | null, after: Row | null): void {
  const row = after ?? before
  context.audit({
    action,
    targetType: 'accessToken',
    targetId: row?.id ?? null,
    targetName: row?.name ?? null,
    teamId: row?.teamId ?? null,
    before: before && renderToken(before),
    after: after && renderToken(after),
  })
}

function renderToken(row: Row): AccessToken {
  return {
    ...baseOf(row),
    name: row.name,
    userId: row.userId,
    userName: row.user?.name ?? null,
    role: row.role === null ? null : fromRoleColumn(row.role),
    teamId: row.teamId,
    teamName: row.team?.name ?? null,
    scopes: row.scopes,
    prefix: row.prefix,
    last4: row.last4,
    expiresAt: isoOrNull(row.expiresAt),
    revokedAt: isoOrNull(row.revokedAt),
    lastUsedAt: isoOrNull(row.lastUsedAt),
  }
}
