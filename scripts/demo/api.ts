/** The management API as the demo uses it: signed in with an access token, or as the first user. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '../user-error.ts'

export class ApiFailure extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Api {
  get<T>(path: string): Promise<T>
  post<T>(path: string, body: unknown): Promise<T>
  remove(path: string): Promise<void>
  /** Every row of a collection. */
  all<T>(path: string): Promise<T[]>
}

type Environment = Readonly<Record<string, string | undefined>>

interface Credentials {
  readonly headers: Record<string, string>
}

/** Signs in at `adminUrl`. Throws a UserError that says what to do when it can't. */
export async function connect(adminUrl: string, environment: Environment): Promise<Api> {
  await findAdmin(adminUrl)
  const credentials = await signIn(adminUrl, environment)

  const call = async (method: string, where: string, body?: unknown): Promise<Response> => {
    const response = await fetch(`${adminUrl}/api/v1${where}`, {
      method,
      headers: {
        ...credentials.headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (response.ok) return response
    const problem = (await response.json().catch(() => ({}))) as { title?: string; detail?: string }
    throw new ApiFailure(
      response.status,
      `${method} ${where}: ${response.status} ${problem.detail ?? problem.title ?? ''}`.trim(),
    )
  }
  const get = async <T>(where: string) => (await (await call('GET', where)).json()) as T
  return {
    get,
    post: async <T>(where: string, body: unknown) => (await (await call('POST', where, body)).json()) as T,
    remove: async (where) => {
      await call('DELETE', where)
    },
    all: async <T>(where: string) => {
      const rows: T[] = []
      let cursor: string | null = null
      do {
        const query: string = `${where.includes('?') ? '&' : '?'}limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`
        const page: { data: T[]; nextCursor: string | null } = await get(`${where}${query}`)
        rows.push(...page.data)
        cursor = page.nextCursor
      } while (cursor)
      return rows
    },
  }
}

/** Throws a UserError when nothing answers there. */
export async function findAdmin(adminUrl: string): Promise<void> {
  await fetch(`${adminUrl}/api/health`, { signal: AbortSignal.timeout(5_000) }).catch(() => {
    throw new UserError(`No admin answers at ${adminUrl}. Start the product with "npm start" first.`)
  })
}

async function signIn(adminUrl: string, environment: Environment): Promise<Credentials> {
  const token = environment.GATEHOUSE_ADMIN_TOKEN
  if (token) return { headers: { authorization: `Bearer ${token}` } }
  const cookies = await signedInCookies(adminUrl, environment)
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  return { headers: { cookie, origin: adminUrl } }
}

/** The cookies of a session by password, by name. Throws a UserError that says what to do when it can't sign in. */
export async function signedInCookies(
  adminUrl: string,
  environment: Environment,
): Promise<ReadonlyMap<string, string>> {
  const email = environment.GATEHOUSE_ADMIN_EMAIL ?? 'admin@localhost'
  const password =
    environment.GATEHOUSE_ADMIN_PASSWORD ?? (await firstPassword(environment.DATA_DIR ?? '.data'))
  if (!password) {
    throw new UserError(
      'Say who you are: set GATEHOUSE_ADMIN_PASSWORD to your password. Where no browser is needed, GATEHOUSE_ADMIN_TOKEN with an access token does too.',
    )
  }
  return await sessionCookies(adminUrl, email, password)
}

/** The password made at the first start, which stays in the data folder; changed since, it is of no use. */
async function firstPassword(dataDir: string): Promise<string | null> {
  const text = await readFile(path.join(dataDir, 'secrets.json'), 'utf8').catch(() => null)
  if (!text) return null
  const secrets = JSON.parse(text) as { firstPassword?: string }
  return secrets.firstPassword ?? null
}

async function sessionCookies(
  adminUrl: string,
  email: string,
  password: string,
): Promise<ReadonlyMap<string, string>> {
  const jar = new Map<string, string>()
  const keep = (response: Response) => {
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      jar.set(pair.slice(0, at), pair.slice(at + 1))
    }
  }
  const cookies = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const csrf = await fetch(`${adminUrl}/api/auth/csrf`)
  keep(csrf)
  const { csrfToken } = (await csrf.json()) as { csrfToken: string }
  const answer = await fetch(`${adminUrl}/api/auth/callback/credentials`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: cookies(), origin: adminUrl, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ csrfToken, email, password, json: 'true', callbackUrl: adminUrl }),
  })
  keep(answer)
  if (![...jar.keys()].some((name) => name.endsWith('gatehouse.session'))) {
    throw new UserError(
      `${email} could not sign in. Set GATEHOUSE_ADMIN_EMAIL and GATEHOUSE_ADMIN_PASSWORD, or GATEHOUSE_ADMIN_TOKEN.`,
    )
  }
  return jar
}
