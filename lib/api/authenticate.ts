import { actorOfAccessToken } from '../server/access-token.ts'
import { env } from '../server/env.ts'
import { actorOfSession, decodeSession, sessionCookieName } from '../server/session.ts'
import type { Actor } from './actor.ts'
import { problem } from './problem.ts'

/**
 * Who makes a request: by access token when there is one, else by the session cookie. A change by cookie must come
 * from our own pages.
 * @throws Problem 401, or 403 for a change from another site.
 */
export async function authenticate(request: Request, now: Date): Promise<Actor> {
  const authorization = request.headers.get('authorization')
  if (authorization !== null) {
    const secret = /^Bearer +([\x21-\x7e]{1,600})$/i.exec(authorization)?.[1]
    const actor = secret ? await actorOfAccessToken(secret, now) : null
    if (!actor) {
      throw problem('unauthenticated', 'The access token is not valid: unknown, revoked or expired.', [], {
        headers: { 'www-authenticate': 'Bearer realm="gatehouse", error="invalid_token"' },
      })
    }
    return actor
  }
  const cookie = readCookie(request.headers.get('cookie'), sessionCookieName())
  const sessionId = cookie ? await decodeSession(cookie) : null
  const actor = sessionId ? await actorOfSession(sessionId, now) : null
  if (!actor) {
    throw problem('unauthenticated', undefined, [], {
      headers: { 'www-authenticate': 'Bearer realm="gatehouse"' },
    })
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') refuseOtherSites(request.headers)
  return actor
}

/** A nameless caller of a public operation. */
export const ANONYMOUS: Actor = {
  type: 'user',
  id: 'anonymous',
  name: 'anonymous',
  email: null,
  userId: null,
  role: null,
  teams: [],
  scopes: [],
  sessionId: null,
  expiresAt: null,
}

/**
 * Fetch Metadata where the browser sends it (it does to https and localhost), else the Origin against our own
 * address. A browser that sends neither with a change is none that we know.
 */
function refuseOtherSites(headers: Headers): void {
  const site = headers.get('sec-fetch-site')
  if (site === 'same-origin') return
  if (site === null) {
    const origin = headers.get('origin')
    if (origin !== null && URL.canParse(origin)) {
      if (origin === new URL(env.adminUrl).origin) return
      if (new URL(origin).host === headers.get('host')) return
    }
  }
  throw problem('cross_site', 'Changes by session cookie are taken from the console’s own pages alone.')
}

function readCookie(header: string | null, name: string): string | null {
  for (const part of header?.split(';') ?? []) {
    const at = part.indexOf('=')
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim()
  }
  return null
}
