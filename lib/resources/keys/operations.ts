import { z } from 'zod'
import { type Context, operation } from '../../api/operation.ts'
import { listOf, listPage, listQuery } from '../../api/pagination.ts'
import { invalidField, problem } from '../../api/problem.ts'
import { newId } from '../../server/ids.ts'
import { hashSecret, makeSecret } from '../../server/secrets.ts'
import { appliedTo } from '../policies/applied.ts'
import { appliedPolicies } from '../policies/applied-schema.ts'
import { dateOrNull, given, idParams, lockRow, nextVersion } from '../rows.ts'
import {
  findKey,
  type KeyRow,
  keyReads,
  keysOfTeams,
  keyWrites,
  matchingKeys,
  renderKey,
  resolveRoutes,
  statusWhere,
  visibleInLists,
  withNames,
} from './rows.ts'
import { type Key, key, keyInput, keyPatch, keyRotation, keyStatus, keyWithSecret } from './schema.ts'
import { keyEntityOf } from './snapshot.ts'

const tag = 'API keys'

export const keyOperations = [
  operation({
    id: 'keys.list',
    method: 'GET',
    path: '/keys',
    summary: 'List API keys',
    tag,
    permission: keyReads,
    query: listQuery(['createdAt', 'name', 'updatedAt'], {
      teamId: z.string().optional(),
      consumerId: z.string().optional(),
      userId: z.string().optional(),
      status: keyStatus.optional(),
    }),
    response: listOf(key),
    async run(context, { query }) {
      const [visible, ofTeam, matching] = await Promise.all([
        visibleInLists(context),
        query.teamId ? keysOfTeams(context, [query.teamId]) : {},
        query.q ? matchingKeys(context, query.q) : {},
      ])
      return listPage(
        'keys',
        query,
        ({ where, ...order }) =>
          context.db.apiKey.findMany({
            where: {
              AND: [
                where,
                visible,
                ofTeam,
                query.consumerId ? { consumerId: query.consumerId } : {},
                query.userId ? { userId: query.userId } : {},
                query.status ? statusWhere(query.status, context.now) : {},
                matching,
              ],
            },
            include: withNames,
            ...order,
          }),
        (row) => renderKey(row, context.now),
      )
    },
  }),
  operation({
    id: 'keys.create',
    method: 'POST',
    path: '/keys',
    summary: 'Create an API key',
    description: 'The answer shows the secret: the only time that it does. A developer’s key is their own.',
    tag,
    permission: keyWrites,
    body: keyInput,
    response: keyWithSecret,
    secrets: ['secret'],
    async run(context, { body }) {
      const consumer = await context.db.consumer.findUnique({
        where: { id: body.consumerId },
        select: { teamId: true },
      })
      const { teams, ownTeams } = context.rowScope()
      const includes = (list: readonly string[] | null) => !list || list.includes(consumer?.teamId ?? '')
      if (!consumer || (!includes(teams) && !includes(ownTeams))) {
        throw invalidField('consumerId', 'there is no such consumer')
      }
      const secret = makeSecret('gh_')
      const row = await context.db.apiKey.create({
        data: {
          id: newId('key'),
          name: body.name,
          consumerId: body.consumerId,
          userId: await ownerOf(context, body.userId, consumer.teamId),
          ...secretColumns(secret),
          expiresAt: futureDate(body.expiresAt, context.now),
          ...(await allowedColumns(context, body)),
        },
        include: withNames,
      })
      return { ...changed(context, 'key.create', null, row), secret }
    },
  }),
  operation({
    id: 'keys.get',
    method: 'GET',
    path: '/keys/{id}',
    summary: 'Read an API key',
    tag,
    permission: keyReads,
    params: idParams,
    response: key,
    run: async (context, { params }) => renderKey(await findKey(context, params.id), context.now),
  }),
  operation({
    id: 'keys.policies',
    method: 'GET',
    path: '/keys/{id}/policies',
    summary: 'List what applies to the calls of a key, and why',
    description:
      'Each limit and budget that a call with this key counts under, how near it is to its end, and the routes that it is about.',
    tag,
    permission: keyReads,
    etag: 'content',
    params: idParams,
    response: appliedPolicies,
    async run(context, { params }) {
      const { id, name, consumerId, consumer, limitsRoutes, allowedRoutes } = await findKey(
        context,
        params.id,
      )
      return appliedTo(context, {
        who: 'this key',
        teamId: consumer.teamId,
        teamName: consumer.team.name,
        consumerId,
        consumerName: consumer.name,
        keys: [{ id, name }],
        allowedRoutes: limitsRoutes ? allowedRoutes : null,
      })
    },
  }),
  operation({
    id: 'keys.update',
    method: 'PATCH',
    path: '/keys/{id}',
    summary: 'Change an API key',
    tag,
    permission: keyWrites,
    params: idParams,
    body: keyPatch,
    response: key,
    async run(context, { params, body }) {
      const old = await lockKey(context, params.id)
      const { name, userId, expiresAt } = body
      const row = await context.db.apiKey.update({
        where: { id: params.id },
        data: {
          ...given({ name }),
          ...(userId === undefined ? {} : { userId: await ownerOf(context, userId, old.consumer.teamId) }),
          ...(expiresAt === undefined ? {} : { expiresAt: futureDate(expiresAt, context.now) }),
          ...(await allowedColumns(context, body)),
          version: nextVersion,
        },
        include: withNames,
      })
      return changed(context, 'key.update', old, row)
    },
  }),
  operation({
    id: 'keys.rotate',
    method: 'POST',
    path: '/keys/{id}/rotate',
    summary: 'Give an API key a new secret',
    description: 'The answer shows the new secret once. The old one works for `graceSeconds` more.',
    tag,
    permission: keyWrites,
    params: idParams,
    body: keyRotation,
    response: keyWithSecret,
    secrets: ['secret'],
    async run(context, { params, body }) {
      const old = await lockKey(context, params.id)
      if (old.expiresAt && old.expiresAt <= context.now) {
        throw problem('conflict', 'The key has expired: give it a later end first.')
      }
      const secret = makeSecret('gh_')
      const grace = body.graceSeconds > 0
      const row = await context.db.apiKey.update({
        where: { id: params.id },
        data: {
          ...secretColumns(secret),
          previousHash: grace ? old.hash : null,
          previousUntil: grace ? new Date(context.now.getTime() + body.graceSeconds * 1_000) : null,
          previousLast4: grace ? old.last4 : null,
          rotatedAt: context.now,
          version: nextVersion,
        },
        include: withNames,
      })
      return { ...changed(context, 'key.rotate', old, row), secret }
    },
  }),
  operation({
    id: 'keys.revoke',
    method: 'POST',
    path: '/keys/{id}/revoke',
    summary: 'Revoke an API key',
    description: 'For good. The key stays in the list. One that is revoked already stays as it is.',
    tag,
    permission: keyWrites,
    params: idParams,
    response: key,
    async run(context, { params }) {
      await lockRow(context.db, 'api_keys', params.id)
      const old = await findKey(context, params.id)
      context.match(renderKey(old, context.now))
      if (old.revokedAt) return noted(context, 'key.revoke', old, old)
      const row = await context.db.apiKey.update({
        where: { id: params.id },
        data: {
          revokedAt: context.now,
          previousHash: null,
          previousUntil: null,
          previousLast4: null,
          version: nextVersion,
        },
        include: withNames,
      })
      context.publish({ type: 'key', id: row.id, name: row.name, entity: null })
      return noted(context, 'key.revoke', old, row)
    },
  }),
  operation({
    id: 'keys.delete',
    method: 'DELETE',
    path: '/keys/{id}',
    summary: 'Delete an API key',
    description: 'It stops working, and its name is free again. Calls made with it stay in the books.',
    tag,
    permission: keyWrites,
    params: idParams,
    async run(context, { params }) {
      await lockRow(context.db, 'api_keys', params.id)
      const old = await findKey(context, params.id)
      context.match(renderKey(old, context.now))
      await context.db.apiKey.delete({ where: { id: params.id } })
      context.publish({ type: 'key', id: old.id, name: old.name, entity: null })
      noted(context, 'key.delete', old, null)
    },
  }),
]

/** The key, locked, If-Match honoured. @throws Problem 409 for a revoked one, which nothing brings back. */
async function lockKey(context: Context, id: string): Promise<KeyRow> {
  await lockRow(context.db, 'api_keys', id)
  const row = await findKey(context, id)
  context.match(renderKey(row, context.now))
  if (row.revokedAt) throw problem('conflict', 'The key is revoked: create a new one.')
  return row
}

const secretColumns = (secret: string) => ({
  hash: hashSecret(secret),
  prefix: secret.slice(0, 8),
  last4: secret.slice(-4),
})

/** A developer's key is always their own; whoever runs the team may name any user. */
async function ownerOf(context: Context, userId: string | null, teamId: string): Promise<string | null> {
  const { teams, userId: self } = context.rowScope()
  if (teams !== null && !teams.includes(teamId)) {
    if (self === null) throw problem('forbidden', 'A service account has no keys of its own.')
    if (userId !== null && userId !== self)
      throw problem('forbidden', 'Your keys are your own: leave userId out.')
    return self
  }
  if (
    userId !== null &&
    !(await context.db.user.findUnique({ where: { id: userId }, select: { id: true } }))
  ) {
    throw invalidField('userId', 'there is no such user')
  }
  return userId
}

function futureDate(text: string | null, now: Date): Date | null {
  const date = dateOrNull(text)
  if (date && date <= now) throw invalidField('expiresAt', 'is in the past')
  return date
}

/** Absent keeps, null lifts the limit, a list is resolved. */
async function allowedColumns(
  context: Context,
  body: { allowedRoutes?: string[] | null | undefined; allowedToolsets?: string[] | null | undefined },
) {
  const { allowedRoutes, allowedToolsets } = body
  if (allowedToolsets && allowedToolsets.length > 0) {
    throw invalidField('allowedToolsets[0]', 'there is no such toolset')
  }
  return {
    ...(allowedRoutes === undefined
      ? {}
      : {
          limitsRoutes: allowedRoutes !== null,
          allowedRoutes: allowedRoutes ? await resolveRoutes(context, allowedRoutes) : [],
        }),
    ...(allowedToolsets === undefined
      ? {}
      : { limitsToolsets: allowedToolsets !== null, allowedToolsets: [] }),
  }
}

function changed(context: Context, action: string, before: KeyRow | null, row: KeyRow): Key {
  context.publish({ type: 'key', id: row.id, name: row.name, entity: keyEntityOf(row) })
  return noted(context, action, before, row)
}

function noted(context: Context, action: string, before: KeyRow | null, after: KeyRow): Key
function noted(context: Context, action: string, before: KeyRow, after: null): void
function noted(
  context: Context,
  action: string,
  before: KeyRow | null,
  after: KeyRow | null,
): Key | undefined {
  const row = after ?? before
  const rendered = after && renderKey(after, context.now)
  context.audit({
    action,
    targetType: 'key',
    targetId: row?.id ?? null,
    targetName: row?.name ?? null,
    teamId: row?.consumer.teamId ?? null,
    before: before && renderKey(before, context.now),
    after: rendered,
  })
  return rendered ?? undefined
}
