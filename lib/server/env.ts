import path from 'node:path'
import { z } from 'zod'
import { lazySingleton } from './singleton.ts'

/** An empty variable counts as absent: that is what `FOO= npm start` and compose files mean by it. */
const optional = z
  .string()
  .optional()
  .transform((text) => text || undefined)
const port = (fallback: number) =>
  optional
    .transform((text) => (text === undefined ? fallback : Number(text)))
    .pipe(z.int('is no port number').min(1).max(65_535))
const origin = optional.pipe(
  z
    .url({ protocol: /^https?$/, error: 'a URL such as https://gatehouse.example.com' })
    .transform((text) => text.replace(/\/+$/, ''))
    .optional(),
)
const isTimeZone = (name: string) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

const variables = z.object({
  HOST: optional.pipe(z.string().default('127.0.0.1')),
  PORT: port(3000),
  GATEWAY_PORT: port(4000),
  DATABASE_URL: z
    .string('is needed: a Postgres URL (npm start runs one for you)')
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres:// or postgresql://'),
  DATA_DIR: optional.pipe(z.string().default('.data')),
  GATEHOUSE_SECRET: z
    .string('is needed: at least 32 random characters (npm start makes one for you)')
    .min(32, 'is too short: at least 32 random characters'),
  GATEHOUSE_ADMIN_EMAIL: optional.pipe(
    z.email().max(254).toLowerCase().or(z.literal('admin@localhost')).optional(),
  ),
  GATEHOUSE_ADMIN_PASSWORD: optional,
  GATEHOUSE_ADMIN_TOKEN: optional.pipe(z.string().min(8, 'is too short').max(500).optional()),
  GATEHOUSE_GATEWAY_TOKEN: optional.pipe(
    z.string().min(16, 'is too short: at least 16 characters').optional(),
  ),
  GATEHOUSE_ADMIN_URL: origin,
  GATEHOUSE_GATEWAY_URL: origin,
  GATEHOUSE_TIME_ZONE: optional.pipe(
    z.string().refine(isTimeZone, 'is no IANA time zone, such as Europe/Berlin').default('UTC'),
  ),
})

export interface Env {
  readonly host: string
  readonly port: number
  readonly gatewayPort: number
  readonly databaseUrl: string
  /** Absolute. */
  readonly dataDir: string
  /** Root of every derived key; see secrets.ts. */
  readonly secret: string
  readonly adminEmail: string
  readonly adminPassword: string | undefined
  readonly adminToken: string | undefined
  readonly gatewayToken: string | undefined
  /** Public address of the admin, without a trailing slash. */
  readonly adminUrl: string
  /** Public address of the gateway, without a trailing slash and without `/v1`. */
  readonly gatewayUrl: string
  readonly timeZone: string
}

/** @throws Error naming every variable that is missing or wrong, never its value. */
export function readEnv(source: Record<string, string | undefined>): Env {
  const result = variables.safeParse(source)
  if (!result.success) {
    const lines = result.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`)
    throw new Error(`The environment is not usable. ${lines.join('; ')}.`)
  }
  const values = result.data
  const host = values.HOST === '0.0.0.0' || values.HOST === '::' ? 'localhost' : values.HOST
  const address = (ownPort: number) => `http://${host.includes(':') ? `[${host}]` : host}:${ownPort}`
  return {
    host: values.HOST,
    port: values.PORT,
    gatewayPort: values.GATEWAY_PORT,
    databaseUrl: values.DATABASE_URL,
    dataDir: path.resolve(values.DATA_DIR),
    secret: values.GATEHOUSE_SECRET,
    adminEmail: values.GATEHOUSE_ADMIN_EMAIL ?? 'admin@localhost',
    adminPassword: values.GATEHOUSE_ADMIN_PASSWORD,
    adminToken: values.GATEHOUSE_ADMIN_TOKEN,
    gatewayToken: values.GATEHOUSE_GATEWAY_TOKEN,
    adminUrl: values.GATEHOUSE_ADMIN_URL ?? address(values.PORT),
    gatewayUrl: values.GATEHOUSE_GATEWAY_URL ?? address(values.GATEWAY_PORT),
    timeZone: values.GATEHOUSE_TIME_ZONE,
  }
}

/** The environment of this process, parsed at its first use. */
export const env: Env = lazySingleton('env', () => readEnv(process.env))
