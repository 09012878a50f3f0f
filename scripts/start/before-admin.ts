import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { portProblem } from '../free-port.ts'
import { connectionProblem, migrate } from '../migration/apply.ts'
import type { Migration } from '../migration/history.ts'
import { UserError } from '../user-error.ts'
import type { AdminValues } from './child-env.ts'
import type { Settings } from './settings.ts'
import { stepWhenNeeded } from './steps.ts'

export interface Preparation {
  /** Done when the database is known to answer, before it is changed. */
  build?: () => Promise<void>
  /** Default: `prisma/migrations`. */
  migrations?: Migration[]
}

/**
 * What a deployment's admin needs before it serves: its settings, a free port, a database that answers and is
 * migrated, a password for the first user. Throws UserError.
 */
export async function prepareAdmin(
  settings: Settings,
  { build, migrations }: Preparation = {},
): Promise<AdminValues> {
  const { databaseUrl, secret } = settings
  if (databaseUrl === null)
    throw new UserError('npm run start:admin needs DATABASE_URL: the Postgres that all admins share.')
  if (secret === null)
    throw new UserError('npm run start:admin needs GATEHOUSE_SECRET: the same one for all admins.')
  await checkPorts(settings, ['admin'])
  await checkDatabase(databaseUrl)
  await build?.()
  await migrateDatabase(databaseUrl, migrations)
  let { adminPassword } = settings
  if (adminPassword === null && (await hasNoUser(databaseUrl))) {
    adminPassword = randomBytes(12).toString('base64url')
    console.log(`  first user: ${settings.adminEmail} with the password ${adminPassword} (shown this once)`)
  }
  return { databaseUrl, secret, adminPassword }
}

export async function checkPorts(settings: Settings, which: ('admin' | 'gateway')[]): Promise<void> {
  for (const name of which) {
    const [variable, port] =
      name === 'admin'
        ? (['PORT', settings.adminPort] as const)
        : (['GATEWAY_PORT', settings.gatewayPort] as const)
    const problem = await portProblem(port, settings.host)
    if (problem === null) continue
    if (problem === 'EADDRINUSE') {
      throw new UserError(
        `${variable} ${port} on ${settings.host} is taken: stop what listens there, or choose another, as in ${variable}=${port + 100} npm start.`,
      )
    }
    throw new UserError(
      `The ${name} cannot listen on ${settings.host}:${port} (${problem}): check HOST and ${variable}.`,
    )
  }
}

export async function checkDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    throw new UserError(connectionProblem(url, error))
  } finally {
    await client.end().catch(() => {})
  }
}

export async function migrateDatabase(url: string, migrations?: Migration[]): Promise<void> {
  const options = migrations ? { migrations } : {}
  await stepWhenNeeded('migrated the database', async () => (await migrate(url, options)).length > 0)
}

/** Only a database without users gets a first one, so only then is there a password to make. */
export async function hasNoUser(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ none: boolean }>('SELECT NOT EXISTS (SELECT 1 FROM users) AS none')
    return rows[0]?.none === true
  } finally {
    await client.end()
  }
}
