import packageJson from '../../../package.json' with { type: 'json' }
import { hasScope, mayUse } from '../../api/actor.ts'
import { type Context, operation } from '../../api/operation.ts'
import { listOf, listPage, listQuery } from '../../api/pagination.ts'
import { invalidField, problem } from '../../api/problem.ts'
import { env } from '../../server/env.ts'
import { hashPassword, verifyPassword } from '../../server/passwords.ts'
import {
  revokeSessions,
  SESSION_IDLE_SECONDS,
  sessionCookieName,
  usesSecureCookies,
} from '../../server/session.ts'
import { beginSignIn, signInSucceeded, waitText } from '../../server/sign-in-throttle.ts'
import { idParams } from '../rows.ts'
import { me, passwordChange, type Session, session } from './schema.ts'

const tag = 'Me'
const anyone = { scope: null, roles: [], anyone: true }

export const meOperations = [
  operation({
    id: 'me.get',
    method: 'GET',
    path: '/me',
    summary: 'Who is calling, and what they may do',
    tag,
    permission: anyone,
    response: me,
    async run({ actor, operations }) {
      return {
        id: actor.id,
        type: actor.type === 'user' ? 'user' : 'token',
        name: actor.name,
        email: actor.email,
        role: actor.role,
        teams: actor.teams.map((team) => ({ ...team })),
        operations: operations
          .filter(({ permission }) => hasScope(actor, permission.scope) && mayUse(actor, permission))
          .map(({ id }) => id),
        deployment: {
          version: packageJson.version,
          timeZone: env.timeZone,
          adminUrl: env.adminUrl,
          gatewayUrl: env.gatewayUrl,
        },
      }
    },
  }),
  operation({
    id: 'me.sessions',
    method: 'GET',
    path: '/me/sessions',
    summary: 'Where one is signed in',
    tag,
    permission: anyone,
    query: listQuery(['createdAt', 'lastSeenAt']).omit({ q: true }),
    response: listOf(session),
    run(context, { query }) {
      const idleSince = new Date(context.now.getTime() - SESSION_IDLE_SECONDS * 1_000)
      return listPage(
        'me/sessions',
        query,
        ({ where, ...order }) =>
          context.db.session.findMany({
            where: {
              AND: [
                where,
                { userId: requireUser(context), revokedAt: null },
                { expiresAt: { gt: context.now }, lastSeenAt: { gt: idleSince } },
              ],
            },
            ...order,
          }),
        (row): Session => ({
          id: row.id,
          createdAt: row.createdAt.toISOString(),
          lastSeenAt: row.lastSeenAt.toISOString(),
          expiresAt: row.expiresAt.toISOString(),
          userAgent: row.userAgent,
          address: row.address,
          current: row.id === context.actor.sessionId,
        }),
      )
    },
  }),
  operation({
    id: 'me.endSession',
    method: 'DELETE',
    path: '/me/sessions/{id}',
    summary: 'End one of one’s sessions',
    tag,
    permission: anyone,
    params: idParams,
    async run(context, { params }) {
      // A session is never changed: there is nothing that If-Match could miss.
      context.match({ version: 1 })
      const ended = await revokeSessions(
        context.db,
        { userId: requireUser(context), only: params.id },
        context.now,
      )
      if (ended === 0) throw problem('not_found', 'There is no such session.')
      noteSession(context, 'session.end', params.id)
    },
  }),
  operation({
    id: 'me.signOut',
    method: 'POST',
    path: '/me/sign-out',
    summary: 'End this session',
    tag,
    permission: anyone,
    async run(context) {
      const { sessionId } = context.actor
      if (!sessionId)
        throw problem('invalid_request', 'An access token has no session. Revoke the token instead.')
      await revokeSessions(context.db, { userId: requireUser(context), only: sessionId }, context.now)
      const secure = usesSecureCookies() ? '; Secure' : ''
      context.headers.set(
        'set-cookie',
        `${sessionCookieName()}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax${secure}`,
      )
      noteSession(context, 'session.sign-out', sessionId)
    },
  }),
  operation({
    id: 'me.password',
    method: 'POST',
    path: '/me/password',
    summary: 'Change one’s password',
    description: 'Ends all other sessions. Guessing the present one is slowed as signing in is.',
    tag,
    permission: anyone,
    body: passwordChange,
    secrets: ['currentPassword', 'newPassword'],
    async run(context, { body }) {
      const userId = requireUser(context)
      // A token that leaked must not be able to lock its user out.
      if (!context.actor.sessionId) throw problem('forbidden', 'Sign in to change your password.')
      const row = await context.db.user.findUniqueOrThrow({ where: { id: userId } })
      const address = context.address ?? 'unknown'
      const wait = await beginSignIn(row.email, address)
      if (wait > 0) {
        throw problem('too_many_attempts', `Try again in ${waitText(wait)}.`, [], {
          headers: { 'retry-after': String(wait) },
        })
      }
      if (!(await verifyPassword(body.currentPassword, row.passwordHash))) {
        throw invalidField('currentPassword', 'is not your password')
      }
      await signInSucceeded(row.email, address)
      await context.db.user.update({
        where: { id: userId },
        data: { passwordHash: await hashPassword(body.newPassword), version: { increment: 1 } },
      })
      await revokeSessions(context.db, { userId, except: context.actor.sessionId }, context.now)
      context.audit({
        action: 'user.password',
        targetType: 'user',
        targetId: userId,
        targetName: row.email,
        before: { newPassword: false },
        after: { newPassword: true },
      })
    },
  }),
]

/** @throws Problem 400 for a service account, which is nobody. */
function requireUser(context: Context): string {
  if (context.actor.userId === null)
    throw problem('invalid_request', 'A service account has no sessions or password.')
  return context.actor.userId
}

function noteSession(context: Context, action: string, id: string): void {
  context.audit({ action, targetType: 'session', targetId: id, targetName: context.actor.email })
}
