import { readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { SecretFileError, withSecretFiles } from '../../lib/contract/secret-files.ts'
import { UserError } from '../user-error.ts'

/** The environment of `npm start`, parsed: ARCHITECTURE and README describe the variables. */
export interface Settings {
  host: string
  adminPort: number
  gatewayPort: number
  dataDir: string
  /** null: the embedded Postgres. */
  databaseUrl: string | null
  secret: string | null
  adminEmail: string
  adminPassword: string | null
  gatewayToken: string | null
  /** Public addresses. */
  adminUrl: string
  gatewayUrl: string
  timeZone: string
  /** How long the gateway's calls in flight may still take after SIGTERM. */
  drainMs: number
}

type Env = Record<string, string | undefined>

/**
 * Puts the content of `GATEHOUSE_SECRET_FILE` and its kind in the place of their names, for us and whoever inherits
 * from us. Throws UserError.
 */
export function takeSecretFiles(env: Env): void {
  try {
    const taken = withSecretFiles(env, (file) => readFileSync(file, 'utf8'))
    for (const name of Object.keys(env)) if (!(name in taken)) delete env[name]
    Object.assign(env, taken)
  } catch (error) {
    throw error instanceof SecretFileError ? new UserError(error.message) : error
  }
}

/** Throws UserError naming the variable that is wrong and what it takes. */
export function readSettings(env: Env, root: string): Settings {
  const host = text(env, 'HOST') ?? '127.0.0.1'
  const adminPort = port(env, 'PORT', 3000)
  const gatewayPort = port(env, 'GATEWAY_PORT', 4000)
  if (adminPort === gatewayPort) {
    throw new UserError(
      `PORT and GATEWAY_PORT are both ${adminPort}: the console and the gateway need one each.`,
    )
  }
  const secret = text(env, 'GATEHOUSE_SECRET')
  if (secret !== null && secret.length < 32) {
    throw new UserError(
      'GATEHOUSE_SECRET is shorter than 32 characters: take 32 random bytes, as `openssl rand -hex 32` prints them.',
    )
  }
  token(env, 'GATEHOUSE_ADMIN_TOKEN', 8)
  oneOf(env, 'JOURNAL_SYNC', ['group', 'settle'])
  oneOf(env, 'GATEHOUSE_COUNTERS', ['shared', 'independent'])
  return {
    host,
    adminPort,
    gatewayPort,
    dataDir: path.resolve(root, text(env, 'DATA_DIR') ?? '.data'),
    databaseUrl: databaseUrl(env),
    secret,
    adminEmail: adminEmail(env),
    adminPassword: text(env, 'GATEHOUSE_ADMIN_PASSWORD'),
    gatewayToken: token(env, 'GATEHOUSE_GATEWAY_TOKEN', 16),
    adminUrl: httpUrl(env, 'GATEHOUSE_ADMIN_URL') ?? `http://${urlHost(host)}:${adminPort}`,
    gatewayUrl: httpUrl(env, 'GATEHOUSE_GATEWAY_URL') ?? `http://${urlHost(host)}:${gatewayPort}`,
    timeZone: timeZone(env),
    drainMs: drainMs(env),
  }
}

/** How this machine reaches what listens on HOST: a wildcard address is not one to connect to. */
export function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::' || host === '[::]') return '[::1]'
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

function text(env: Env, name: string): string | null {
  const value = env[name]?.trim()
  return value ? value : null
}

function port(env: Env, name: string, fallback: number): number {
  const value = text(env, name)
  if (value === null) return fallback
  const number = Number(value)
  if (/^\d+$/.test(value) && number >= 1 && number <= 65_535) return number
  throw new UserError(`${name} is "${value}": it takes a port from 1 to 65535.`)
}

function drainMs(env: Env): number {
  const value = text(env, 'GATEHOUSE_DRAIN_MS')
  if (value === null) return 8_000
  if (/^\d+$/.test(value) && Number(value) <= 3_600_000) return Number(value)
  throw new UserError(`GATEHOUSE_DRAIN_MS is "${value}": it takes milliseconds from 0 to 3600000.`)
}

function oneOf(env: Env, name: string, values: string[]): void {
  const value = text(env, name)
  if (value !== null && !values.includes(value)) {
    throw new UserError(`${name} is "${value}": it takes ${values.join(' or ')}.`)
  }
}

/** As it goes into a header. It is a secret: never repeated. */
function token(env: Env, name: string, leastLength: number): string | null {
  const value = text(env, name)
  if (value === null || (/^[\x21-\x7e]{1,500}$/.test(value) && value.length >= leastLength)) return value
  throw new UserError(
    `${name} takes ${leastLength} to 500 letters, digits and signs of ASCII, without spaces, as \`openssl rand -hex 32\` prints them.`,
  )
}

function adminEmail(env: Env): string {
  const value = text(env, 'GATEHOUSE_ADMIN_EMAIL') ?? 'admin@localhost'
  if (value === 'admin@localhost' || (z.email().safeParse(value).success && value.length <= 254)) return value
  throw new UserError(`GATEHOUSE_ADMIN_EMAIL is "${value}": it takes an address like ops@example.com.`)
}

function databaseUrl(env: Env): string | null {
  const value = text(env, 'DATABASE_URL')
  if (value === null) return null
  // The value itself holds a password: it is never repeated.
  if (!/^postgres(ql)?:\/\//.test(value) || !URL.canParse(value)) {
    throw new UserError(
      'DATABASE_URL is not the address of a Postgres: write postgresql://user:password@host:5432/database.',
    )
  }
  return value
}

function httpUrl(env: Env, name: string): string | null {
  const value = text(env, name)
  if (value === null) return null
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) {
    throw new UserError(`${name} is "${value}": it takes an address like https://gatehouse.example.com.`)
  }
  return value.replace(/\/+$/, '')
}

function timeZone(env: Env): string {
  const value = text(env, 'GATEHOUSE_TIME_ZONE') ?? 'UTC'
  try {
    new Intl.DateTimeFormat('en', { timeZone: value })
    return value
  } catch {
    throw new UserError(`GATEHOUSE_TIME_ZONE is "${value}": it takes a name like Europe/Berlin.`)
  }
}
