import { expect, test } from 'vitest'
import { readEnv } from '../../lib/server/env.ts'
import { nextWaitMs } from './back-off.ts'
import { adminEnv, gatewayEnv, gatewayToken } from './child-env.ts'
import { readSettings, urlHost } from './settings.ts'

const SECRET = '0123456789abcdef0123456789abcdef'

test('without an environment everything has its default', () => {
  expect(readSettings({}, '/srv/gatehouse')).toEqual({
    host: '127.0.0.1',
    adminPort: 3000,
    gatewayPort: 4000,
    dataDir: '/srv/gatehouse/.data',
    databaseUrl: null,
    secret: null,
    adminEmail: 'admin@localhost',
    adminPassword: null,
    gatewayToken: null,
    adminUrl: 'http://127.0.0.1:3000',
    gatewayUrl: 'http://127.0.0.1:4000',
    timeZone: 'UTC',
    drainMs: 8_000,
  })
})

test.each([
  [{ PORT: 'http' }, 'PORT is "http": it takes a port from 1 to 65535.'],
  [{ PORT: '0' }, 'PORT is "0"'],
  [{ GATEWAY_PORT: '65536' }, 'GATEWAY_PORT is "65536"'],
  [{ GATEWAY_PORT: '3000' }, 'PORT and GATEWAY_PORT are both 3000'],
  [{ GATEHOUSE_SECRET: 'thirty-one characters of secret' }, 'GATEHOUSE_SECRET is shorter than 32 characters'],
  [{ GATEHOUSE_ADMIN_EMAIL: 'somebody' }, 'GATEHOUSE_ADMIN_EMAIL is "somebody": it takes an address'],
  [{ GATEHOUSE_ADMIN_TOKEN: 'hunter2' }, 'GATEHOUSE_ADMIN_TOKEN takes 8 to 500 letters'],
  [{ GATEHOUSE_ADMIN_TOKEN: 'correct horse battery' }, 'GATEHOUSE_ADMIN_TOKEN takes 8 to 500 letters'],
  [{ GATEHOUSE_GATEWAY_TOKEN: 'hunter2' }, 'GATEHOUSE_GATEWAY_TOKEN takes 16 to 500 letters'],
  [{ GATEHOUSE_TIME_ZONE: 'Mars/Olympus' }, 'GATEHOUSE_TIME_ZONE is "Mars/Olympus"'],
  [{ GATEHOUSE_ADMIN_URL: 'gatehouse.example' }, 'GATEHOUSE_ADMIN_URL is "gatehouse.example"'],
  [{ JOURNAL_SYNC: 'never' }, 'JOURNAL_SYNC is "never": it takes group or settle.'],
  [{ GATEHOUSE_COUNTERS: 'many' }, 'GATEHOUSE_COUNTERS is "many"'],
  [{ GATEHOUSE_DRAIN_MS: '8s' }, 'GATEHOUSE_DRAIN_MS is "8s": it takes milliseconds from 0 to 3600000.'],
])('%o is refused by name', (env, problem) => {
  expect(() => readSettings(env, '/')).toThrow(problem)
})

test('what the start script takes, the admin takes too', () => {
  const least = {
    GATEHOUSE_SECRET: 'x'.repeat(32),
    GATEHOUSE_ADMIN_EMAIL: 'Ops@Example.com',
    GATEHOUSE_ADMIN_TOKEN: 'x'.repeat(8),
    GATEHOUSE_GATEWAY_TOKEN: 'x'.repeat(16),
    GATEHOUSE_ADMIN_URL: 'https://gatehouse.example.com/',
  }
  const values = { databaseUrl: 'postgresql://db/books', secret: least.GATEHOUSE_SECRET, adminPassword: null }
  expect(readEnv(adminEnv(least, readSettings(least, '/'), values)).adminToken).toBe('x'.repeat(8))
})

test('a token that is wrong is never repeated', () => {
  expect(() => readSettings({ GATEHOUSE_ADMIN_TOKEN: 'hunter2' }, '/')).toThrow(
    /^(?!.*hunter2).*TOKEN takes 8/,
  )
})

test('an address of a database that is wrong is never repeated', () => {
  const problem = (() => {
    try {
      readSettings({ DATABASE_URL: 'mysql://root:hunter2@db/books' }, '/')
      return ''
    } catch (error) {
      return String(error)
    }
  })()
  expect(problem).toContain('DATABASE_URL is not the address of a Postgres')
  expect(problem).not.toContain('hunter2')
})

test('a wildcard address is reached on this machine', () => {
  expect(urlHost('0.0.0.0')).toBe('127.0.0.1')
  expect(urlHost('::')).toBe('[::1]')
  expect(urlHost('fd00::1')).toBe('[fd00::1]')
})

test('the gateway gets neither the root secret nor the database nor the first password', () => {
  const base = {
    PATH: '/bin',
    HTTPS_PROXY: 'http://proxy',
    DATABASE_URL: 'postgresql://me:hunter2@db/books',
    PGPASSWORD: 'hunter2',
    GATEHOUSE_SECRET: SECRET,
    GATEHOUSE_ADMIN_PASSWORD: 'hunter2',
    GATEHOUSE_ADMIN_TOKEN: 'hunter2-hunter2',
    NEXTAUTH_SECRET: 'hunter2',
    JOURNAL_SYNC: 'settle',
    REDIS_URL: 'redis://cache',
    GATEHOUSE_STDIO_COMMANDS: 'npx',
  }
  const settings = readSettings(base, '/')
  const env = gatewayEnv(base, settings, gatewayToken(settings, SECRET))
  expect(JSON.stringify(env)).not.toContain('hunter2')
  expect(JSON.stringify(env)).not.toContain(SECRET)
  expect(env).toMatchObject({
    PATH: '/bin',
    HTTPS_PROXY: 'http://proxy',
    JOURNAL_SYNC: 'settle',
    REDIS_URL: 'redis://cache',
    GATEHOUSE_STDIO_COMMANDS: 'npx',
    GATEWAY_PORT: '4000',
    GATEHOUSE_CONTROL_URL: 'http://127.0.0.1:3000',
    GATEHOUSE_DRAIN_MS: '8000',
  })
  expect(gatewayEnv(base, settings, 'token', { drainMs: 4_000 }).GATEHOUSE_DRAIN_MS).toBe('4000')
})

test('a gateway learns where the console is, and on its own only what it is told', () => {
  const adminUrl = (base: Record<string, string>, controlUrl?: string) =>
    gatewayEnv(base, readSettings(base, '/'), 'token', controlUrl === undefined ? {} : { controlUrl })
      .GATEHOUSE_ADMIN_URL
  const told = { GATEHOUSE_ADMIN_URL: 'https://gatehouse.example.com' }
  expect(adminUrl({ PORT: '3100' })).toBe('http://127.0.0.1:3100')
  expect(adminUrl(told)).toBe('https://gatehouse.example.com')
  expect(adminUrl({}, 'http://admin:3000')).toBeUndefined()
  expect(adminUrl(told, 'http://admin:3000')).toBe('https://gatehouse.example.com')
})

test('admin and gateway hold the same token, derived from the secret unless it is given', () => {
  const settings = readSettings({}, '/')
  const values = { databaseUrl: 'postgresql://db/books', secret: SECRET, adminPassword: null }
  const admin = adminEnv({}, settings, values)
  const gateway = gatewayEnv({}, settings, gatewayToken(settings, SECRET))
  expect(admin.GATEHOUSE_GATEWAY_TOKEN).toMatch(/^[\w-]{43}$/)
  expect(gateway.GATEHOUSE_GATEWAY_TOKEN).toBe(admin.GATEHOUSE_GATEWAY_TOKEN)
  expect(admin.NEXTAUTH_SECRET).toMatch(/^[0-9a-f]{64}$/)
  const given = readSettings({ GATEHOUSE_GATEWAY_TOKEN: 'given-by-somebody' }, '/')
  expect(adminEnv({}, given, values).GATEHOUSE_GATEWAY_TOKEN).toBe('given-by-somebody')
})

test('the wait before a restart doubles to ten seconds and starts anew after a healthy minute', () => {
  const waits: number[] = []
  let wait: number | null = null
  for (let i = 0; i < 8; i++) {
    wait = nextWaitMs(wait, 100)
    waits.push(wait)
  }
  expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000])
  expect(nextWaitMs(10_000, 60_000)).toBe(250)
})

test('the heap of the admin has a limit, unless the operator sets one', () => {
  const settings = readSettings({}, '/')
  const values = { databaseUrl: 'postgresql://db/books', secret: SECRET, adminPassword: null }
  const options = (given?: string) => adminEnv({ NODE_OPTIONS: given }, settings, values).NODE_OPTIONS
  expect(options()).toBe('--max-old-space-size=1024')
  expect(options('--trace-warnings')).toBe('--trace-warnings --max-old-space-size=1024')
  expect(options('--max-old-space-size=4096')).toBe('--max-old-space-size=4096')
})
