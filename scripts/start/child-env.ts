import { hkdfSync } from 'node:crypto'
import { type Settings, urlHost } from './settings.ts'

type Env = Record<string, string | undefined>

/** Some four times what the admin holds at its busiest (docs/benchmarks.md). The Dockerfile says the same. */
const ADMIN_HEAP_MB = 1_024

export interface AdminValues {
  databaseUrl: string
  secret: string
  /** Given while there is no user yet: the admin then makes the first one. */
  adminPassword: string | null
}

/** What the admin process gets: everything it holds is its to know. */
export function adminEnv(base: Env, settings: Settings, values: AdminValues): NodeJS.ProcessEnv {
  const env: Env = {
    ...inherited(base),
    NODE_ENV: 'production',
    NEXT_TELEMETRY_DISABLED: '1',
    HOST: settings.host,
    PORT: String(settings.adminPort),
    DATA_DIR: settings.dataDir,
    DATABASE_URL: values.databaseUrl,
    GATEHOUSE_SECRET: values.secret,
    GATEHOUSE_ADMIN_EMAIL: settings.adminEmail,
    GATEHOUSE_ADMIN_PASSWORD: values.adminPassword ?? undefined,
    GATEHOUSE_ADMIN_TOKEN: base.GATEHOUSE_ADMIN_TOKEN,
    GATEHOUSE_GATEWAY_TOKEN: gatewayToken(settings, values.secret),
    GATEHOUSE_ADMIN_URL: settings.adminUrl,
    GATEHOUSE_GATEWAY_URL: settings.gatewayUrl,
    GATEHOUSE_TIME_ZONE: settings.timeZone,
    NEXTAUTH_URL: settings.adminUrl,
    NEXTAUTH_SECRET: derive(values.secret, 'gatehouse/nextauth').toString('hex'),
    NODE_OPTIONS: withHeapLimit(base.NODE_OPTIONS),
  }
  return defined(env)
}

/** What the gateway gets: neither the root secret nor the database; it could not even lose them. */
export function gatewayEnv(
  base: Env,
  settings: Settings,
  token: string,
  upstream: { controlUrl?: string; databaseUrl?: string | null; drainMs?: number } = {},
): NodeJS.ProcessEnv {
  const env: Env = {
    ...inherited(base),
    NODE_ENV: 'production',
    HOST: settings.host,
    GATEWAY_PORT: String(settings.gatewayPort),
    DATA_DIR: settings.dataDir,
    GATEHOUSE_CONTROL_URL: upstream.controlUrl ?? `http://${urlHost(settings.host)}:${settings.adminPort}`,
    GATEHOUSE_GATEWAY_TOKEN: token,
    // A gateway on its own knows only where it is told that the console is: a guess would let a page call it.
    GATEHOUSE_ADMIN_URL: upstream.controlUrl === undefined ? settings.adminUrl : base.GATEHOUSE_ADMIN_URL,
    GATEHOUSE_GATEWAY_URL: settings.gatewayUrl,
    GATEHOUSE_TIME_ZONE: settings.timeZone,
    GATEHOUSE_DRAIN_MS: String(upstream.drainMs ?? settings.drainMs),
    GATEHOUSE_RESERVED_PORTS: reservedPorts(base, upstream.databaseUrl ?? null),
    PORT: undefined,
  }
  return defined(env)
}

/** The ports of our own stores, which no provider may be on: the gateway learns the numbers and nothing else. */
function reservedPorts(base: Env, databaseUrl: string | null): string | undefined {
  const ports = new Set(base.GATEHOUSE_RESERVED_PORTS?.split(',').map((port) => port.trim()))
  if (databaseUrl !== null) ports.add(new URL(databaseUrl).port || '5432')
  if (base.REDIS_URL) ports.add(URL.parse(base.REDIS_URL)?.port || '6379')
  return ports.size > 0 ? [...ports].join(',') : undefined
}

/** The token by which gateways of this deployment sign in: given, or derived from the root secret. */
export function gatewayToken(settings: Settings, secret: string): string {
  return settings.gatewayToken ?? derive(secret, 'gatehouse/gateway-token').toString('base64url')
}

function derive(secret: string, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', info, 32))
}

/** Ours to hand out one by one, libpq's that would mislead a client, and what npm adds. */
const WITHHELD =
  /^(DATABASE_URL|GATEHOUSE_(SECRET|ADMIN_EMAIL|ADMIN_PASSWORD|ADMIN_TOKEN|GATEWAY_TOKEN)|NEXTAUTH_.*|PG[A-Z]+|npm_.*|INIT_CWD|GATEHOUSE_LAUNCHER.*)$/

/** Node lets a heap grow to four times what lives in it where the limit is far, and to less where it is near. */
function withHeapLimit(options = ''): string {
  return options.includes('--max-old-space-size')
    ? options
    : `${options} --max-old-space-size=${ADMIN_HEAP_MB}`.trim()
}

function inherited(base: Env): Env {
  return Object.fromEntries(Object.entries(base).filter(([name]) => !WITHHELD.test(name)))
}

function defined(env: Env): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined),
  ) as NodeJS.ProcessEnv
}
