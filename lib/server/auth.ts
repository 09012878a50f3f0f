import 'server-only'
import type { AuthOptions } from 'next-auth'
import CredentialsProvider from 'next-auth/providers/credentials'
import { z } from 'zod'
import { clientAddress } from './client-address.ts'
import { systemClock } from './clock.ts'
import { db, type Transaction } from './db.ts'
import { env } from './env.ts'
import { newId } from './ids.ts'
import { verifyPassword } from './passwords.ts'
import {
  actorOfSession,
  createSession,
  decodeSession,
  encodeSession,
  revokeSessions,
  SESSION_SECONDS,
  sessionCookieName,
  sessionSecret,
  usesSecureCookies,
} from './session.ts'
import { beginSignIn, signInSucceeded, waitText } from './sign-in-throttle.ts'

const credentials = z.object({
  email: z.string().trim().toLowerCase().max(254),
  password: z.string().max(1_000),
})

/** An error whose message the sign-in page shows. */
class SignInError extends Error {}

/**
 * One answer for an unknown user, a wrong password and a disabled account, after the same work.
 * @returns the new session, or null.
 * @throws SignInError with the wait when there were too many failures.
 */
export async function signIn(
  input: unknown,
  from: { address: string | null; userAgent: string | null },
): Promise<{ sessionId: string; userId: string; email: string; name: string } | null> {
  const parsed = credentials.safeParse(input)
  if (!parsed.success) return null
  const { email, password } = parsed.data
  const address = from.address ?? 'unknown'
  const wait = await beginSignIn(email, address)
  if (wait > 0) throw new SignInError(`Too many failed attempts. Try again in ${waitText(wait)}.`)

  const user = await db.user.findUnique({ where: { email } })
  const matches = await verifyPassword(password, user?.passwordHash ?? null)
  if (!user || !matches || user.disabledAt) return null

  await signInSucceeded(email, address)
  const now = systemClock()
  const sessionId = await db.$transaction(async (tx) => {
    const id = await createSession(tx, { userId: user.id, now, ...from })
    await noteSession(tx, 'session.sign-in', id, user, from.address)
    return id
  })
  return { sessionId, userId: user.id, email: user.email, name: user.name }
}

/** next-auth carries the forms and cookies of signing in; what a session is and how long it lives is session.ts. */
export function authOptions(): AuthOptions {
  // next-auth reads its own address from here alone.
  process.env.NEXTAUTH_URL ??= env.adminUrl
  const secure = usesSecureCookies()
  return {
    secret: sessionSecret(),
    session: { strategy: 'jwt', maxAge: SESSION_SECONDS },
    jwt: {
      maxAge: SESSION_SECONDS,
      encode: ({ token }) =>
        typeof token?.sid === 'string' ? encodeSession(token.sid) : Promise.resolve(''),
      decode: async ({ token }) => {
        const sid = token ? await decodeSession(token) : null
        return sid ? { sid } : null
      },
    },
    useSecureCookies: secure,
    cookies: {
      sessionToken: {
        name: sessionCookieName(),
        options: { httpOnly: true, sameSite: 'lax', path: '/', secure },
      },
    },
    pages: { signIn: '/sign-in', error: '/sign-in' },
    providers: [
      CredentialsProvider({
        name: 'password',
        credentials: { email: { type: 'email' }, password: { type: 'password' } },
        async authorize(input, request) {
          const headers = new Headers(request.headers as Record<string, string> | undefined)
          try {
            const session = await signIn(input, {
              address: clientAddress(headers),
              userAgent: headers.get('user-agent'),
            })
            return (
              session && {
                id: session.userId,
                email: session.email,
                name: session.name,
                sid: session.sessionId,
              }
            )
          } catch (error) {
            if (error instanceof SignInError) throw error
            console.error('sign-in failed', error instanceof Error ? error.message : error)
            throw new Error('Signing in is not possible right now: the database does not answer.')
          }
        },
      }),
    ],
    callbacks: {
      jwt: ({ token, user }) => (user ? { sid: (user as unknown as { sid: string }).sid } : token),
      async session({ session, token }) {
        const actor = typeof token.sid === 'string' ? await actorOfSession(token.sid, systemClock()) : null
        return actor
          ? { expires: session.expires, user: { name: actor.name, email: actor.email } }
          : { expires: new Date(0).toISOString() }
      },
      redirect({ url, baseUrl }) {
        const target = URL.canParse(url, baseUrl) ? new URL(url, baseUrl) : null
        return target?.origin === new URL(baseUrl).origin ? target.href : baseUrl
      },
    },
    events: {
      async signOut({ token }) {
        if (typeof token?.sid === 'string') await endSession(token.sid)
      },
    },
  }
}

async function endSession(id: string): Promise<void> {
  const row = await db.session.findUnique({ where: { id }, include: { user: true } })
  if (!row) return
  await db.$transaction(async (tx) => {
    await revokeSessions(tx, { userId: row.userId, only: id }, systemClock())
    await noteSession(tx, 'session.sign-out', id, row.user, row.address)
  })
}

function noteSession(
  tx: Transaction,
  action: string,
  id: string,
  user: { id: string; name: string; email: string },
  address: string | null,
) {
  const actor = { actorType: 'user', actorId: user.id, actorName: user.name }
  const target = { targetType: 'session', targetId: id, targetName: user.email }
  return tx.auditEntry.create({ data: { id: newId('audit'), ...actor, action, ...target, address } })
}
