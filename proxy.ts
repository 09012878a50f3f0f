import { type NextRequest, NextResponse } from 'next/server'
import { contentSecurityPolicy } from './lib/server/content-security-policy.ts'
import { env } from './lib/server/env.ts'

/**
 * Sends a visitor without a session cookie to the sign-in page. A convenience, never the authorisation: that is done
 * where data is read, on every request (lib/api/execute.ts): the pages themselves hold none.
 */
export function proxy(request: NextRequest): NextResponse {
  const { pathname, search } = request.nextUrl
  const signedIn = request.cookies.has('gatehouse.session') || request.cookies.has('__Host-gatehouse.session')
  // The reference holds what `/api/v1/openapi.json` tells everybody, and the problems of a refused call point to it.
  const open = pathname === '/sign-in' || pathname.startsWith('/docs/')
  if (signedIn || open) return page()
  const target = new URL('/sign-in', process.env.GATEHOUSE_ADMIN_URL || request.url)
  if (pathname !== '/') target.searchParams.set('returnTo', `${pathname}${search}`)
  return NextResponse.redirect(target)
}

/** The Playground calls the gateway as its callers do (gateway/cors.ts); every page can lead there without a reload. */
function page(): NextResponse {
  const response = NextResponse.next()
  response.headers.set('content-security-policy', contentSecurityPolicy(new URL(env.gatewayUrl).origin))
  return response
}

/** Pages alone: the API answers for itself, and files have a dot in their name. */
export const config = { matcher: ['/((?!api/|_next/|.*\\.[^/]*$).*)'] }
