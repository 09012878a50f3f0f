/**
 * What the suite over all endpoints knows of each: who may call it, and a call that goes well. An operation without
 * its line here fails the suite.
 */
import { randomUUID } from 'node:crypto'
import { db } from '../server/db.ts'
import { newId } from '../server/ids.ts'
import type { Answer, Call } from './testing.ts'

/** Roles for the deployment, and `a:` in team A. */
export const CALLERS = [
  'owner',
  'admin',
  'finance',
  'team-admin',
  'developer',
  'viewer',
  'a:team-admin',
  'a:developer',
  'a:viewer',
] as const
export type Caller = (typeof CALLERS)[number]

/** What a good call needs around it; `teamId` is the team in which it makes its objects. */
export interface World {
  readonly call: Call
  readonly owner: string
  readonly teamId: string
  readonly providerId: string
}

export interface GoodCall {
  readonly path: string
  readonly body?: unknown
}

export interface Case {
  readonly callers: readonly Caller[]
  /** Makes what the call needs, and tells the call. Absent: the operation's own room proves it, see `provedIn`. */
  readonly good?: (world: World) => Promise<GoodCall>
  readonly provedIn?: string
  /** A second object like the first collides. */
  readonly unique?: true
  /** Needs a session, so no token can show the good case here; session.db.test.ts does. */
  readonly session?: true
}

const EVERYONE = CALLERS
const ADMINS: Caller[] = ['owner', 'admin']
const MANAGERS: Caller[] = [...ADMINS, 'team-admin', 'a:team-admin']
const KEY_HOLDERS: Caller[] = [...MANAGERS, 'developer', 'a:developer']
const READERS: Caller[] = [...ADMINS, 'finance', 'viewer']

export const unique = (word: string) => `${word}-${randomUUID().slice(0, 8)}`

async function made(world: World, path: string, body: unknown): Promise<Answer['body']> {
  const answer = await world.call('POST', path, { token: world.owner, body })
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`)
  return answer.body
}

const bodies = {
  team: () => ({ name: unique('team') }),
  consumer: (world: World) => ({ name: unique('consumer'), teamId: world.teamId }),
  provider: () => ({
    name: unique('provider'),
    kind: 'openai',
    credentials: { apiKey: `sk-${randomUUID()}` },
    limits: [{ model: null, metric: 'requests', limit: 500, windowSeconds: 60 }],
  }),
  route: (world: World) => ({
    name: unique('route'),
    targets: [{ providerId: world.providerId, model: 'm' }],
  }),
  price: (world: World) => ({
    providerId: world.providerId,
    model: unique('model'),
    inputUsdPerMillion: '2.5',
    outputUsdPerMillion: '1e1',
  }),
  limit: (world: World) => ({
    name: unique('limit'),
    scope: { type: 'team', id: world.teamId },
    metric: 'requests',
    limit: 10,
    windowSeconds: 60,
  }),
  budget: (world: World) => ({
    name: unique('budget'),
    scope: { type: 'team', id: world.teamId },
    amountUsd: '10.00',
    period: 'month',
  }),
  user: (world: World) => ({
    email: `${unique('user')}@example.com`,
    name: 'Somebody',
    password: 'correct horse battery',
    teams: [{ teamId: world.teamId, role: 'developer' }],
  }),
  token: (world: World) => ({
    name: unique('token'),
    serviceAccount: { role: 'viewer', teamId: world.teamId },
  }),
  key: async (world: World) => {
    const consumer = await made(world, '/consumers', bodies.consumer(world))
    return { name: unique('key'), consumerId: consumer.id }
  },
}

type Good = NonNullable<Case['good']>
type Maker = (world: World) => unknown | Promise<unknown>

/** The call on an object that was made for it. */
const onNew =
  (path: string, body: Maker, tail = '', sent?: () => unknown): Good =>
  async (world) => {
    const object = await made(world, path, await body(world))
    return { path: `${path}/${object.id}${tail}`, ...(sent ? { body: sent() } : {}) }
  }
const get =
  (path: string): Good =>
  async () => ({ path })
/** A new team makes a new revision. */
const onNewRevision =
  (tail: string): Good =>
  async ({ call, owner }) => {
    const { headers } = await call('POST', '/teams', { token: owner, body: bodies.team() })
    return { path: `/revisions/${headers.get('x-gatehouse-revision')}${tail}` }
  }
const create =
  (path: string, body: Maker): Good =>
  async (world) => ({ path, body: await body(world) })

export const CASES: Record<string, Case> = {
  'teams.list': { callers: EVERYONE, good: get('/teams') },
  'teams.create': { callers: ADMINS, good: create('/teams', bodies.team), unique: true },
  'teams.get': { callers: EVERYONE, good: async ({ teamId }) => ({ path: `/teams/${teamId}` }) },
  'teams.update': {
    callers: [...ADMINS, 'a:team-admin'],
    good: async ({ teamId }) => ({ path: `/teams/${teamId}`, body: bodies.team() }),
  },
  'teams.delete': { callers: ADMINS, good: onNew('/teams', bodies.team) },

  'users.list': { callers: [...READERS, 'team-admin', 'a:team-admin'], good: get('/users') },
  'users.create': { callers: [...ADMINS, 'a:team-admin'], good: create('/users', bodies.user), unique: true },
  'users.get': { callers: [...READERS, 'team-admin', 'a:team-admin'], good: onNew('/users', bodies.user) },
  'users.update': {
    callers: [...ADMINS, 'a:team-admin'],
    good: onNew('/users', bodies.user, '', () => ({ teams: [] })),
  },
  'users.delete': { callers: ADMINS, good: onNew('/users', bodies.user) },

  'consumers.list': { callers: EVERYONE, good: get('/consumers') },
  'consumers.create': { callers: MANAGERS, good: create('/consumers', bodies.consumer), unique: true },
  'consumers.get': { callers: EVERYONE, good: onNew('/consumers', bodies.consumer) },
  'consumers.policies': { callers: EVERYONE, good: onNew('/consumers', bodies.consumer, '/policies') },
  'consumers.update': {
    callers: MANAGERS,
    good: onNew('/consumers', bodies.consumer, '', () => ({ enabled: false })),
  },
  'consumers.delete': { callers: MANAGERS, good: onNew('/consumers', bodies.consumer) },

  'keys.list': { callers: EVERYONE, good: get('/keys') },
  'keys.create': { callers: KEY_HOLDERS, good: create('/keys', bodies.key), unique: true },
  'keys.get': { callers: EVERYONE, good: onNew('/keys', bodies.key) },
  'keys.policies': { callers: EVERYONE, good: onNew('/keys', bodies.key, '/policies') },
  'keys.update': {
    callers: KEY_HOLDERS,
    good: onNew('/keys', bodies.key, '', () => ({ name: unique('renamed') })),
  },
  'keys.rotate': {
    callers: KEY_HOLDERS,
    good: onNew('/keys', bodies.key, '/rotate', () => ({ graceSeconds: 60 })),
  },
  'keys.revoke': { callers: KEY_HOLDERS, good: onNew('/keys', bodies.key, '/revoke') },
  'keys.delete': { callers: KEY_HOLDERS, good: onNew('/keys', bodies.key) },

  'providers.list': { callers: READERS, good: get('/providers') },
  'providers.create': { callers: ADMINS, good: create('/providers', bodies.provider), unique: true },
  'providers.get': { callers: READERS, good: onNew('/providers', bodies.provider) },
  'providers.limits': { callers: READERS, good: onNew('/providers', bodies.provider, '/limits') },
  'providers.update': {
    callers: ADMINS,
    good: onNew('/providers', bodies.provider, '', () => ({ name: unique('renamed') })),
  },
  'providers.delete': { callers: ADMINS, good: onNew('/providers', bodies.provider) },
  'providers.test': { callers: ADMINS, good: onNew('/providers', bodies.provider, '/test', () => ({})) },
  'providers.health': { callers: READERS, good: onNew('/providers', bodies.provider, '/health') },
  'providers.history': { callers: READERS, good: onNew('/providers', bodies.provider, '/history') },
  'providerHealth.list': { callers: READERS, good: get('/provider-health') },
  'providers.testUnsaved': {
    callers: ADMINS,
    good: create('/providers/test', bodies.provider),
  },

  'routes.list': { callers: EVERYONE, good: get('/routes') },
  'routes.create': { callers: ADMINS, good: create('/routes', bodies.route), unique: true },
  'routes.get': { callers: EVERYONE, good: onNew('/routes', bodies.route) },
  'routes.update': {
    callers: ADMINS,
    good: onNew('/routes', bodies.route, '', () => ({ retries: { attempts: 1 } })),
  },
  'routes.health': { callers: EVERYONE, good: onNew('/routes', bodies.route, '/health') },
  'routes.history': { callers: READERS, good: onNew('/routes', bodies.route, '/history') },
  'routes.simulate': { callers: READERS, provedIn: 'lib/resources/routes' },
  'routes.delete': { callers: ADMINS, good: onNew('/routes', bodies.route) },

  'prices.list': { callers: EVERYONE, good: get('/prices') },
  'prices.create': { callers: [...ADMINS, 'finance'], good: create('/prices', bodies.price), unique: true },
  'prices.get': { callers: EVERYONE, good: onNew('/prices', bodies.price) },
  'prices.update': {
    callers: [...ADMINS, 'finance'],
    good: onNew('/prices', bodies.price, '', () => ({ outputUsdPerMillion: '3' })),
  },
  'prices.delete': { callers: [...ADMINS, 'finance'], good: onNew('/prices', bodies.price) },
  // What it begins goes on behind the answer.
  'prices.reprice': { callers: [...ADMINS, 'finance'], provedIn: 'lib/resources/repricings' },
  'repricings.list': { callers: READERS, good: get('/repricings') },
  'repricings.get': {
    callers: READERS,
    async good() {
      const id = newId('repricing')
      const [toAt, finishedAt] = [new Date(0), new Date()]
      const price = { priceId: newId('price'), priceVersion: 1, model: 'm' }
      await db.repricing.create({
        data: { id, ...price, toAt, finishedAt, actorType: 'user', actorName: 'Somebody' },
      })
      return { path: `/repricings/${id}` }
    },
  },
  'unpricedModels.list': { callers: READERS, good: get('/unpriced-models') },
  'priceCatalogue.list': { callers: EVERYONE, good: get('/price-catalogue') },

  'limits.list': { callers: EVERYONE, good: get('/limits') },
  'limits.create': { callers: ADMINS, good: create('/limits', bodies.limit) },
  'limits.get': { callers: EVERYONE, good: onNew('/limits', bodies.limit) },
  'limits.subjects': { callers: EVERYONE, good: onNew('/limits', bodies.limit, '/subjects') },
  'limits.update': { callers: ADMINS, good: onNew('/limits', bodies.limit, '', () => ({ limit: 20 })) },
  'limits.delete': { callers: ADMINS, good: onNew('/limits', bodies.limit) },

  'budgets.list': { callers: EVERYONE, good: get('/budgets') },
  'budgets.create': { callers: [...ADMINS, 'finance'], good: create('/budgets', bodies.budget) },
  'budgets.get': { callers: EVERYONE, good: onNew('/budgets', bodies.budget) },
  'budgets.subjects': { callers: EVERYONE, good: onNew('/budgets', bodies.budget, '/subjects') },
  'budgets.update': {
    callers: [...ADMINS, 'finance'],
    good: onNew('/budgets', bodies.budget, '', () => ({ amountUsd: '20' })),
  },
  'budgets.override': {
    callers: [...ADMINS, 'finance'],
    good: onNew('/budgets', bodies.budget, '/override', () => ({
      amountUsd: '30',
      until: '2999-01-01T00:00:00Z',
      reason: 'a launch',
    })),
  },
  'budgets.endOverride': {
    callers: [...ADMINS, 'finance'],
    good: onNew('/budgets', bodies.budget, '/override'),
  },
  'budgetAlerts.list': { callers: EVERYONE, good: get('/budget-alerts') },
  'budgets.delete': { callers: [...ADMINS, 'finance'], good: onNew('/budgets', bodies.budget) },

  'accessTokens.list': { callers: EVERYONE, good: get('/access-tokens') },
  'accessTokens.create': { callers: EVERYONE, good: create('/access-tokens', bodies.token) },
  'accessTokens.get': { callers: EVERYONE, good: onNew('/access-tokens', bodies.token) },
  'accessTokens.revoke': { callers: EVERYONE, good: onNew('/access-tokens', bodies.token, '/revoke') },
  'accessTokens.delete': { callers: EVERYONE, good: onNew('/access-tokens', bodies.token) },

  'auditLog.list': { callers: [...READERS, 'a:team-admin'], good: get('/audit-log') },
  'auditLog.get': {
    callers: [...READERS, 'a:team-admin'],
    async good(world) {
      const { id } = await made(world, '/consumers', { name: unique('consumer'), teamId: world.teamId })
      const entry = await db.auditEntry.findFirstOrThrow({ where: { targetId: id } })
      return { path: `/audit-log/${entry.id}` }
    },
  },
  'me.get': { callers: EVERYONE, good: get('/me') },
  'me.sessions': { callers: EVERYONE, good: get('/me/sessions') },
  'me.endSession': { callers: EVERYONE, session: true },
  'me.signOut': { callers: EVERYONE, session: true },
  'me.password': { callers: EVERYONE, session: true },
  'setup.get': { callers: EVERYONE, good: get('/setup') },

  'gateways.list': { callers: READERS, good: get('/gateways') },
  'gateways.get': {
    callers: READERS,
    async good() {
      const id = newId('gw')
      const at = new Date()
      await db.gateway.create({
        data: {
          id,
          hostname: 'here',
          build: 'test',
          protocol: 1,
          startedAt: at,
          leaseUntil: new Date(0),
          lastSeenAt: new Date(0),
        },
      })
      return { path: `/gateways/${id}` }
    },
  },
  'config.status': { callers: EVERYONE, good: get('/config/status') },
  'revisions.list': { callers: READERS, good: get('/revisions') },
  'revisions.get': { callers: READERS, good: onNewRevision('') },
  'revisions.diff': { callers: READERS, good: onNewRevision('/diff') },
  'revisions.rollback': { callers: ADMINS, provedIn: 'lib/resources/revisions' },
  'events.stream': { callers: EVERYONE, provedIn: 'lib/resources/events' },
  'calls.list': { callers: EVERYONE, good: get('/calls') },
  'calls.get': { callers: EVERYONE, provedIn: 'lib/usage' },
  'usage.get': { callers: EVERYONE, good: get('/usage') },

  'meta.openapi': { callers: EVERYONE, good: get('/openapi.json') },
  'meta.problems': { callers: EVERYONE, good: get('/problems') },
}
