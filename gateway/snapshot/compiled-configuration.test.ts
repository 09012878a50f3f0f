import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { entityHash, nextHash } from '../../lib/contract/content-hash.ts'
import type { Entity } from '../../lib/contract/entities.ts'
import {
  adminConfiguration,
  consumer,
  key,
  price,
  provider,
  route,
  sha256,
  smallConfiguration,
  team,
} from '../testing/configuration-builder.ts'
import { type CompiledConfiguration, compile } from './compiled-configuration.ts'
import { PersistentMap } from './persistent-map.ts'
import { RefusedConfiguration, readChangeSet, readSnapshot } from './received.ts'

const wire = <T>(value: T): unknown => JSON.parse(JSON.stringify(value))
const compiled = (entities: Entity[]) => {
  const admin = adminConfiguration(entities)
  return compile(readSnapshot(wire(admin.snapshot()))).then((configuration) => ({ admin, configuration }))
}
const apply = (configuration: CompiledConfiguration, changeSet: unknown) =>
  configuration.apply(readChangeSet(wire(changeSet)))

const AT = Date.UTC(2026, 10, 1)

describe('look-ups', () => {
  test('a key is found by its hash and by the one before a rotation, with its consumer and team', async () => {
    const rotated = key('key_1', 'consumer_1', { previousHash: sha256('old'), previousUntil: 5 })
    const { configuration } = await compiled([team('team_1'), consumer('consumer_1', 'team_1'), rotated])
    for (const hash of [rotated.hash, sha256('old')]) {
      expect(configuration.keyByHash(hash)).toMatchObject({
        key: { id: 'key_1' },
        consumer: { id: 'consumer_1' },
        team: { id: 'team_1' },
      })
    }
    expect(configuration.keyByHash(sha256('other'))).toBeUndefined()
  })

  test('a disabled route has no name; a key may use all routes or those it is confined to', async () => {
    const { configuration } = await compiled([
      ...smallConfiguration(),
      route('route_2', 'b-model', ['provider_1'], { enabled: false }),
      route('route_3', 'a-model', ['provider_1']),
      key('key_2', 'consumer_1', { allowedRoutes: ['route_3', 'route_2', 'route_gone'] }),
    ])
    expect(configuration.routeByName('b-model')).toBeUndefined()
    expect(configuration.routeById('route_2')?.route.name).toBe('b-model')
    const any = configuration.keyByHash(sha256('secret of key_1'))?.key
    const confined = configuration.keyByHash(sha256('secret of key_2'))?.key
    if (!any || !confined) throw new Error('no key')
    expect(configuration.routeNamesFor(any)).toEqual(['a-model', 'gpt-4o'])
    expect(configuration.routeNamesFor(confined)).toEqual(['a-model'])
    const gpt = configuration.routeByName('gpt-4o')?.route
    expect(gpt && [configuration.mayUse(any, gpt), configuration.mayUse(confined, gpt)]).toEqual([
      true,
      false,
    ])
  })

  test('a price for the provider comes before one for its kind before the catalogue, each from its moment on', async () => {
    const { configuration } = await compiled([
      ...smallConfiguration(),
      provider('provider_2'),
      price('price_kind', { effectiveFrom: 1_000 }),
      price('price_own', { providerId: 'provider_1', providerKind: null, effectiveFrom: 2_000, version: 3 }),
    ])
    const entity = configuration.routeByName('gpt-4o')?.targets[0]?.provider
    if (!entity) throw new Error('no provider')
    expect(configuration.pricing(entity, 'gpt-4o', 999)?.version).toMatch(/^catalogue@/)
    expect(configuration.pricing(entity, 'gpt-4o', 1_000)?.version).toBe('price_kind@1')
    expect(configuration.pricing(entity, 'gpt-4o', 2_000)?.version).toBe('price_own@3')
    expect(configuration.pricing(provider('provider_2'), 'gpt-4o', 2_000)?.version).toBe('price_kind@1')
    expect(configuration.pricing(entity, 'no-such-model', AT)).toBeNull()
  })
})

describe('a change set', () => {
  test('any sequence of changes gives what compiling the result from nothing gives', async () => {
    const step = fc.record({
      kind: fc.integer({ min: 0, max: 5 }),
      n: fc.integer({ min: 0, max: 5 }),
      off: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 12 }),
        async (sets) => {
          const { admin, configuration: first } = await compiled([
            ...smallConfiguration(),
            consumer('consumer_2', 'team_1'),
          ])
          let configuration = first
          for (const set of sets) {
            const changes = set.map(({ kind, n, off }): Entity | { delete: Entity } => {
              const entity = [
                team(`team_x${n}`, off ? 'renamed' : 'named'),
                key(`key_x${n}`, off ? 'consumer_1' : 'consumer_2', {
                  previousHash: off ? sha256(`old ${n}`) : null,
                }),
                route(`route_x${n}`, `name-${n}`, ['provider_1'], { enabled: off }),
                price(`price_x${n}`, { effectiveFrom: off ? 5 : 10, model: `model-${n % 2}` }),
                provider(`provider_x${n}`, { credentialsVersion: off ? '2' : '1' }),
                key(`key_x${n}`, 'consumer_1', { expiresAt: 7 }),
              ][kind]
              if (!entity) throw new Error('unreachable')
              return kind !== 4 && off && n > 3 ? { delete: entity } : entity
            })
            configuration = apply(configuration, admin.change(...changes))
          }
          const fresh = await compile(readSnapshot(wire(admin.snapshot())))
          expect(configuration.hash).toBe(fresh.hash)
          expect(configuration.entityCount).toBe(fresh.entityCount)
          for (let n = 0; n < 6; n += 1) {
            for (const secret of [`secret of key_x${n}`, `old ${n}`]) {
              expect(configuration.keyByHash(sha256(secret))).toEqual(fresh.keyByHash(sha256(secret)))
            }
            expect(configuration.routeByName(`name-${n}`)).toEqual(fresh.routeByName(`name-${n}`))
            const entity = provider('provider_1')
            for (const at of [4, 5, 10]) {
              const price = configuration.pricing(entity, `model-${n % 2}`, at)
              expect(price).toEqual(fresh.pricing(entity, `model-${n % 2}`, at))
            }
          }
        },
      ),
      { numRuns: process.env.GATEHOUSE_TEST_LONG === '1' ? 2_000 : 60 },
    )
  })

  test('the running configuration stays as it is, with the changed provider only in the next one', async () => {
    const { admin, configuration } = await compiled(smallConfiguration())
    const before = configuration.routeByName('gpt-4o')
    const next = apply(
      configuration,
      admin.change(provider('provider_1', { credentials: { apiKey: 'new' }, credentialsVersion: '2' })),
    )
    expect(next.routeByName('gpt-4o')?.targets[0]?.provider.credentials).toEqual({ apiKey: 'new' })
    expect(configuration.routeByName('gpt-4o')).toBe(before)
    expect(next.revision).toBe(2)
  })

  test('may move a name from one route to another, and bring a reference before what it points at', async () => {
    const { admin, configuration } = await compiled(smallConfiguration())
    const next = apply(
      configuration,
      admin.change(
        route('route_2', 'gpt-4o', ['provider_9']),
        { delete: route('route_1', 'gpt-4o', ['provider_1']) },
        provider('provider_9'),
      ),
    )
    expect(next.routeByName('gpt-4o')?.targets[0]?.provider.id).toBe('provider_9')
  })

  test('costs what changed, not how many keys there are', async () => {
    const keys = Array.from({ length: 100_000 }, (_, n) => key(`key_${n}`, 'consumer_1'))
    const { admin, configuration } = await compiled([
      team('team_1'),
      consumer('consumer_1', 'team_1'),
      ...keys,
    ])
    const one = apply(configuration, admin.change({ delete: keys[50_000] as Entity }))
    expect(one.keyByHash(sha256('secret of key_50000'))).toBeUndefined()
    expect(one.keyByHash(sha256('secret of key_49999'))).toBeDefined()
    expect(configuration.keyByHash(sha256('secret of key_50000'))).toBeDefined()
    // Five indexes of 64 branches, and in those touched one branch of 64 and one bucket of about 25.
    expect(one.copiedEntries).toBeLessThan(1_000)
    const ten = apply(one, admin.change(...keys.slice(0, 10).map((entity) => ({ delete: entity as Entity }))))
    expect(ten.copiedEntries).toBeLessThan(10 * 300 + 1_000)
  }, 60_000)
})

test('the servers that are to be looked after are those whose provider asks for it now', async () => {
  const own = (options: object) =>
    provider('provider_own', { kind: 'openai-compatible', options: { ...options } })
  const check = { healthCheck: { path: '/models', intervalSeconds: 10 } }
  const source = adminConfiguration([...smallConfiguration(), own(check)])
  let configuration = await compile(source.snapshot())
  const looked = () => [...configuration.checkedProviders()].map(({ id }) => id)
  expect(looked()).toEqual(['provider_own'])
  for (const [next, expected] of [
    [own({}), []],
    [own(check), ['provider_own']],
    // As a newer admin may ask for it.
    [own({ healthCheck: { ...check.healthCheck, method: 'HEAD' } }), ['provider_own']],
    [own({ healthCheck: { ...check.healthCheck, intervalSeconds: 0.1 } }), []],
    [provider('provider_own', { kind: 'openai', options: check }), []],
    [own(check), ['provider_own']],
    [{ delete: own(check) }, []],
  ] as const) {
    configuration = configuration.apply(source.change(next))
    expect(looked()).toEqual(expected)
  }
})

describe('refused, with what and where, and the last good one stays', () => {
  const cases: [string, (admin: ReturnType<typeof adminConfiguration>) => unknown, RegExp][] = [
    [
      'a reference to nothing',
      (admin) => admin.change(route('route_9', 'x', ['provider_9'])),
      /route route_9 points at provider provider_9/,
    ],
    [
      'a deleted provider that a route uses',
      (admin) => admin.change({ delete: provider('provider_1') }),
      /provider provider_1 is deleted/,
    ],
    [
      'two routes of one name',
      (admin) => admin.change(route('route_9', 'gpt-4o', ['provider_1'])),
      /route_9 has the same name as route route_1/,
    ],
    [
      'two keys of one secret',
      (admin) => admin.change(key('key_9', 'consumer_1', { hash: sha256('secret of key_1') })),
      /key key_9 has the same secret/,
    ],
    [
      'a field out of its bounds',
      (admin) =>
        admin.change({ ...route('route_9', 'x', ['provider_1']), retries: { attempts: 99, on: [] } }),
      /route route_9: retries.attempts/,
    ],
    [
      'a hash that does not fit',
      (admin) => ({ ...admin.change(team('team_2')), hash: sha256('other') }),
      /has the hash/,
    ],
    [
      'a lost change',
      (admin) => ({ ...admin.change(team('team_2'), team('team_3')), changes: [] }),
      /has the hash/,
    ],
    [
      'an entity without an id',
      (admin) => ({ ...admin.change(team('team_2')), changes: [{ op: 'put', entity: { type: 'team' } }] }),
      /an entity: id/,
    ],
    [
      'no list of changes',
      (admin) => ({ ...admin.change(team('team_2')), changes: 'all' }),
      /the change set: changes/,
    ],
    [
      'an entity of 2 MB',
      (admin) => admin.change(team('team_2', 'x'.repeat(2_000_000))),
      /team team_2 is larger/,
    ],
  ]
  test.each(cases)('%s', async (_name, make, reason) => {
    const { admin, configuration } = await compiled(smallConfiguration())
    expect(() => apply(configuration, make(admin))).toThrow(reason)
    try {
      apply(configuration, make(adminConfiguration(smallConfiguration())))
    } catch (error) {
      expect(error).toBeInstanceOf(RefusedConfiguration)
      expect((error as Error).message).not.toContain('vendor-secret')
    }
    expect(configuration.routeByName('gpt-4o')?.targets).toHaveLength(1)
    const { admin: other, configuration: still } = await compiled(smallConfiguration())
    expect(apply(still, other.change(team('team_2'))).revision).toBe(2)
  })

  test('an entity that stands twice in a snapshot', async () => {
    const snapshot = adminConfiguration(smallConfiguration()).snapshot()
    await expect(
      compile(readSnapshot({ ...snapshot, entities: [...snapshot.entities, team('team_1')] })),
    ).rejects.toThrow(/twice/)
  })
})

describe('a newer admin', () => {
  test('unknown types and fields count in the hash, are kept, and disturb nothing', async () => {
    const admin = adminConfiguration(smallConfiguration())
    const snapshot = wire(admin.snapshot()) as { hash: string; entities: Record<string, unknown>[] }
    const future = { type: 'guardrail', id: 'guardrail_1', amountUsd: '10', nested: { deep: [1, 2] } }
    const first = snapshot.entities[0]
    if (!first) throw new Error('no entity')
    snapshot.hash = nextHash(
      snapshot.hash,
      entityHash(first as Entity),
      entityHash({ ...first, shade: 'green' } as unknown as Entity),
    )
    snapshot.hash = nextHash(snapshot.hash, null, entityHash(future as unknown as Entity))
    snapshot.entities[0] = { ...first, shade: 'green' }
    snapshot.entities.push(future)
    const configuration = await compile(readSnapshot(snapshot))
    expect(configuration.keyByHash(sha256('secret of key_1'))?.team).not.toHaveProperty('shade')
    expect([...configuration.rawEntities()]).toContainEqual(future)
    expect([...configuration.rawEntities()]).toContainEqual({ ...first, shade: 'green' })
    const after = nextHash(configuration.hash, entityHash(future as unknown as Entity), null)
    const next = apply(configuration, {
      epoch: admin.epoch,
      from: 1,
      to: 2,
      hash: after,
      changes: [{ op: 'delete', type: 'guardrail', id: 'guardrail_1' }],
    })
    expect(next.entityCount).toBe(5)
  })
})

test('a persistent map is a map, and no version sees what a later one does', () => {
  const operation = fc.record({
    key: fc.integer({ min: 0, max: 200 }).map(String),
    value: fc.option(fc.integer({ min: 1 })),
  })
  fc.assert(
    fc.property(fc.array(fc.array(operation, { maxLength: 30 }), { maxLength: 12 }), (versions) => {
      let map = PersistentMap.empty<number>()
      const model = new Map<string, number>()
      const history: [PersistentMap<number>, Map<string, number>][] = []
      for (const operations of versions) {
        const draft = map.edit()
        for (const { key: name, value } of operations) {
          if (value === null) {
            draft.delete(name)
            model.delete(name)
          } else {
            draft.set(name, value)
            model.set(name, value)
          }
        }
        map = draft.finish()
        history.push([map, new Map(model)])
      }
      for (const [version, expected] of history) {
        expect(version.size).toBe(expected.size)
        expect([...version.values()].sort()).toEqual([...expected.values()].sort())
        for (let n = 0; n <= 200; n += 1) expect(version.get(String(n))).toBe(expected.get(String(n)))
      }
    }),
    { numRuns: 50 },
  )
})
