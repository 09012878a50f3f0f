/** Signing in and out by next-auth's own endpoints. */
import { ApiProblem } from '@/components/data/api'

const INVALID = 'CredentialsSignin'

/** @returns null when signed in, else what to tell the person. */
export async function signIn(email: string, password: string): Promise<string | null> {
  let response: Response
  try {
    response = await post('/api/auth/callback/credentials', { email, password })
  } catch {
    return 'The admin did not answer. Check your network, then try again.'
  }
  const body = (await response.json().catch(() => null)) as { url?: string } | null
  const error = body?.url ? new URL(body.url, location.origin).searchParams.get('error') : INVALID
  if (error === null && response.ok) return null
  return !error || error === INVALID ? 'Email or password is not right.' : error
}

/** Ends the session everywhere at once, and forgets what this tab has read. */
export async function signOut(): Promise<void> {
  const response = await post('/api/auth/signout', {})
  if (!response.ok) throw new ApiProblem(response.status, { title: 'Signing out failed' }, response.headers)
  location.assign('/sign-in')
}

/** Only a path of this very origin: `//evil.example` and `/\evil.example` are other hosts. */
export function safeReturnTo(returnTo: string | null | undefined): string {
  if (!returnTo?.startsWith('/') || !URL.canParse(returnTo, location.origin)) return '/'
  const url = new URL(returnTo, location.origin)
  return url.origin === location.origin && url.pathname !== '/sign-in'
    ? url.pathname + url.search + url.hash
    : '/'
}

async function post(path: string, fields: Record<string, string>): Promise<Response> {
  const token = (await (await fetch('/api/auth/csrf', { cache: 'no-store' })).json()) as { csrfToken: string }
  return fetch(path, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      ...fields,
      csrfToken: token.csrfToken,
      json: 'true',
      callbackUrl: location.origin,
    }),
  })
}
