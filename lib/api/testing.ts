/** The management API in a test: a database of its own, and callers of every role. No server, no browser. */
import { createTestDatabase, type TestDatabase } from '../../scripts/testing/postgres.ts'
import { operations } from '../resources/registry.ts'
import type { Role } from '../resources/roles.ts'
import { db } from '../server/db.ts'
import { newId } from '../server/ids.ts'
import { toRoleColumn } from '../server/role-column.ts'
import { hashSecret, makeSecret } from '../server/secrets.ts'
import { createApi } from './execute.ts'

export const TEST_ORIGIN = 'http://admin.test'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a test asserts what is in it.
  readonly body: any
  readonly text: string
}

export interface CallOptions {
  readonly token?: string | null
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>

/** Call it in beforeAll, before anything reads the environment. */
export async function startTestApi(given?: TestDatabase): Promise<{ call: Call; database: TestDatabase }> {
  const database = given ?? (await createTestDatabase())
  Object.assign(process.env, {
    DATABASE_URL: database.url,
    GATEHOUSE_SECRET: 'a secret for tests that is long enough 0123456789',
    GATEHOUSE_ADMIN_URL: TEST_ORIGIN,
    PORT: '3000',
    GATEWAY_PORT: '4000',
  })
  const api = createApi(operations)
  const call: Call = async (method, path, { token, body, headers = {} } = {}) => {
    const response = await api(
      new Request(`${TEST_ORIGIN}/api/v1${path}`, {
        method,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    )
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text && response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : null,
    }
  }
  return { call, database }
}

/** A user with these roles and a token of theirs. */
export async function makeUser(
  roles: { role?: Role | null; teams?: Record<string, Role> },
  options: { passwordHash?: string; scopes?: string[] } = {},
): Promise<{ id: string; email: string; token: string }> {
  const id = newId('user')
  const email = `${id}@example.com`
  const memberships = [
    ...(roles.role ? [{ id: newId('mem'), teamId: null, role: toRoleColumn(roles.role) }] : []),
    ...Object.entries(roles.teams ?? {}).map(([teamId, role]) => ({
      id: newId('mem'),
      teamId,
      role: toRoleColumn(role),
    })),
  ]
  await db.user.create({
    data: {
      id,
      email,
      name: `User ${id.slice(-6)}`,
      passwordHash: options.passwordHash ?? null,
      memberships: { create: memberships },
    },
  })
  return { id, email, token: await makeToken(id, options.scopes) }
}

export async function makeToken(userId: string, scopes: string[] = ['*']): Promise<string> {
  const secret = makeSecret('gha_')
  await db.accessToken.create({
    data: {
      id: newId('tok'),
      name: 'test',
      userId,
      scopes,
      hash: hashSecret(secret),
      prefix: secret.slice(0, 8),
      last4: secret.slice(-4),
    },
  })
  return secret
}
