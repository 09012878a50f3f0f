import 'server-only'
import { randomBytes } from 'node:crypto'
import { db } from './db.ts'
import { env } from './env.ts'
import { newId } from './ids.ts'
import { hashPassword } from './passwords.ts'
import { hashSecret } from './secrets.ts'

export interface FirstUser {
  readonly email: string
  /** Only when it was made here: shown once. */
  readonly password: string | null
}

/**
 * At the very first start, when there is no user: makes the owner, and the access token of GATEHOUSE_ADMIN_TOKEN.
 * Several admins that start at once make one.
 * @returns the first user when it was made now, else null.
 */
export async function bootstrap(): Promise<FirstUser | null> {
  const made = env.adminPassword ? null : randomBytes(15).toString('base64url')
  const passwordHash = await hashPassword(env.adminPassword ?? made ?? '')
  return db.$transaction(
    async (tx) => {
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('gatehouse bootstrap'))`
      if ((await tx.user.count()) > 0) return null
      const user = await tx.user.create({
        data: {
          id: newId('user'),
          email: env.adminEmail,
          name: env.adminEmail.split('@')[0] ?? 'admin',
          passwordHash,
          memberships: { create: { id: newId('mem'), role: 'owner' } },
        },
      })
      const entry = { actorType: 'system', actorName: 'first start', targetType: 'user' }
      await tx.auditEntry.create({
        data: {
          ...entry,
          id: newId('audit'),
          action: 'user.create',
          targetId: user.id,
          targetName: user.email,
        },
      })
      if (env.adminToken) await createFirstToken(tx, env.adminToken)
      return { email: user.email, password: made }
    },
    { maxWait: 10_000, timeout: 20_000 },
  )
}

async function createFirstToken(tx: Parameters<Parameters<typeof db.$transaction>[0]>[0], secret: string) {
  // A short one would be told by its beginning and end.
  const shown = secret.length >= 32
  const token = await tx.accessToken.create({
    data: {
      id: newId('tok'),
      name: 'GATEHOUSE_ADMIN_TOKEN',
      role: 'admin',
      scopes: ['*'],
      hash: hashSecret(secret),
      prefix: shown ? secret.slice(0, 8) : '',
      last4: shown ? secret.slice(-4) : '',
    },
  })
  await tx.auditEntry.create({
    data: {
      id: newId('audit'),
      actorType: 'system',
      actorName: 'first start',
      action: 'accessToken.create',
      targetType: 'accessToken',
      targetId: token.id,
      targetName: token.name,
    },
  })
}
