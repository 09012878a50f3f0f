import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GatewayError } from '../gateway-error.ts'
import { collectingLog } from '../journal/journal-testing.ts'
import type { CompiledConfiguration } from '../snapshot/compiled-configuration.ts'
import {
  type AdminConfiguration,
  adminConfiguration,
  key,
  provider,
  route,
  sha256,
  smallConfiguration,
  team,
} from '../testing/configuration-builder.ts'
import { FAKE_TOKEN, type FakeAdmin, startFakeAdmin } from '../testing/fake-admin.ts'
import { EMPTY_SIMULATION, simulatedCall } from '../testing/simulation.ts'
import { type AdminClient, createAdminClient } from './admin-client.ts'
import { type ControlChannel, type ControlLimits, startControlChannel } from './control-channel.ts'

async function until(condition: () => boolean, what = 'the condition'): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`${what} did not come true`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

let configuration: AdminConfiguration
let admin: FakeAdmin
let channel: ControlChannel | null = null
let client: AdminClient | null = null
let current: CompiledConfiguration | null = null
let swaps: number[] = []
let logged: string[] = []

beforeEach(async () => {
  configuration = adminConfiguration(smallConfiguration())
  admin = await startFakeAdmin(configuration)
  current = null
  swaps = []
})
afterEach(async () => {
  channel?.stop()
  client?.close()
  await admin.close()
})

function connect(limits: Partial<ControlLimits> = {}, token = FAKE_TOKEN, urls = [admin.url]): void {
  const { log, events } = collectingLog()
  logged = events
  client = createAdminClient({ urls, token, onMoved: () => channel?.move() })
  channel = startControlChannel({
    admin: client,
    gatewayId: 'gw_0123456789abcdef',
    version: 'test',
    hostname: 'host',
    log,
    random: () => 0.5,
    current: () => current,
    swap: (next) => {
      swaps.push(next.revision)
      current = next
    },
    simulate: ({ routeId }) => {
      if (routeId !== 'route_1') throw new GatewayError('model_not_found')
      return EMPTY_SIMULATION
    },
    probe: async ({ provider: probed, model }) => ({
      ok: true,
      message: `reached ${probed.name} with ${model ?? 'no model'}`,
      status: 200,
      code: null,
      latencyMs: 3,
      models: [],
    }),
    limits: { minBackoffMs: 5, maxBackoffMs: 20, ...limits },
  })
}

describe('configuration', () => {
  test('a configuration of thousands, and a change right behind it, are applied in their order', async () => {
    await admin.close()
    const teams = Array.from({ length: 5_000 }, (_, n) => team(`team_many_${n}`))
    configuration = adminConfiguration([...smallConfiguration(), ...teams])
    admin = await startFakeAdmin(configuration)
    connect()
    await until(() => admin.openStreams() > 0)
    admin.send(configuration.change({ delete: key('key_1', 'consumer_1') }))
    await until(() => current?.revision === 2)
    expect(swaps).toEqual([1, 2])
    expect(current?.keyByHash(sha256('secret of key_1'))).toBeUndefined()
    expect(current?.entityCount).toBe(smallConfiguration().length - 1 + teams.length)
  })

  test('a new gateway gets the whole, then changes, and acknowledges each with its hash', async () => {
    connect()
    await until(() => current?.revision === 1)
    admin.send(configuration.change({ delete: key('key_1', 'consumer_1') }))
    await until(() => admin.acknowledgements.length === 2)
    expect(current?.keyByHash(sha256('secret of key_1'))).toBeUndefined()
    expect(admin.acknowledgements.map(({ revision, status }) => [revision, status])).toEqual([
      [1, 'applied'],
      [2, 'applied'],
    ])
    expect(admin.acknowledgements.at(-1)?.hash).toBe(configuration.hash())
  })

  test('a change set cut into single bytes, and many in one packet, are the same', async () => {
    connect()
    await until(() => current?.revision === 1)
    const text = `${JSON.stringify(configuration.change(team('team_ü', 'Grüße')))}\n`
    const bytes = Buffer.from(text)
    for (let index = 0; index < bytes.length; index += 1) {
      admin.sendRaw(bytes.subarray(index, index + 1))
      if (index % 40 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await until(() => current?.revision === 2)
    const many = Array.from({ length: 50 }, (_, n) => JSON.stringify(configuration.change(team(`team_${n}`))))
    admin.sendRaw(`${many.join('\n')}\n`)
    await until(() => current?.revision === 52)
    expect(current?.hash).toBe(configuration.hash())
  })

  test('a bad revision is refused by name, the last good one stays, and a later good one is taken', async () => {
    connect()
    await until(() => current?.revision === 1)
    const bad = route('route_9', 'x', ['provider_gone'])
    admin.send(configuration.change(bad))
    await until(() => admin.acknowledgements.some((ack) => ack.status === 'refused'))
    expect(admin.acknowledgements.at(-1)).toMatchObject({ revision: 2, status: 'refused' })
    expect(admin.acknowledgements.at(-1)?.reason).toMatch(/route route_9 points at provider provider_gone/)
    expect(current?.revision).toBe(1)
    // The admin goes on from what it sent: the gateway asks for the whole.
    admin.send(configuration.change({ delete: bad }))
    await until(() => current?.revision === 3)
    expect(admin.streams.at(-1)?.revision).toBeUndefined()
    await until(() => admin.acknowledgements.at(-1)?.revision === 3)
    expect(admin.acknowledgements.at(-1)?.status).toBe('applied')
  })

  test('missed changes, a wrong hash and a new epoch each lead to the whole', async () => {
    connect()
    await until(() => current?.revision === 1)
    configuration.change(team('team_missed'))
    admin.send(configuration.change(team('team_2')))
    await until(() => current?.revision === 3)

    admin.send({ ...configuration.change(team('team_3')), hash: sha256('wrong') })
    await until(() => current?.revision === 4)
    expect(admin.acknowledgements.some((ack) => ack.revision === 4 && ack.status === 'refused')).toBe(true)

    configuration.epoch = 'restored'
    configuration.revision = 1
    admin.send(configuration.change(team('team_4')))
    await until(() => current?.epoch === 'restored')
    expect(current?.revision).toBe(2)
    expect(current?.hash).toBe(configuration.hash())
  })

  test('an older revision of the same epoch never overwrites a newer one', async () => {
    connect()
    await until(() => current?.revision === 1)
    const old = configuration.snapshot()
    admin.send(configuration.change(team('team_2')))
    await until(() => current?.revision === 2)
    admin.send(old)
    admin.send(configuration.change(team('team_3')))
    await until(() => current?.revision === 3)
    expect(swaps).toEqual([1, 2, 3])
    expect(logged).toContain('control.older_snapshot')
  })

  test('the same change set twice is applied once', async () => {
    connect()
    await until(() => current?.revision === 1)
    const changes = configuration.change(team('team_2'))
    admin.send(changes)
    admin.send(changes)
    await until(() => admin.acknowledgements.filter((ack) => ack.revision === 2).length === 2)
    expect(swaps).toEqual([1, 2])
    expect(admin.streams).toHaveLength(1)
  })

  test('what lies between a snapshot that takes time and now is applied after it, in order', async () => {
    configuration = adminConfiguration([
      ...smallConfiguration(),
      ...Array.from({ length: 5_000 }, (_, n) => key(`key_x${n}`, 'consumer_1')),
    ])
    await admin.close()
    admin = await startFakeAdmin(configuration)
    admin.greet = false
    connect()
    await until(() => admin.openStreams() === 1)
    admin.send(configuration.snapshot())
    for (let n = 0; n < 20; n += 1) admin.send(configuration.change(team(`team_${n}`)))
    await until(() => current?.revision === 21)
    expect(swaps[0]).toBe(1)
    expect(admin.streams).toHaveLength(1)
  })
})

describe('the connection', () => {
  test('cut again and again, the gateway keeps what it has and comes back with its revision', async () => {
    connect()
    await until(() => current?.revision === 1)
    for (let round = 0; round < 5; round += 1) {
      const before = admin.streams.length
      admin.cut()
      expect(current?.revision).toBe(1)
      await until(() => admin.streams.length > before && admin.openStreams() === 1)
    }
    expect(admin.streams.at(-1)).toMatchObject({ epoch: 'epoch-1', revision: 1 })
    expect(swaps).toEqual([1])
  })

  test('a silent admin is hung up on', async () => {
    admin.greet = false
    connect({ silenceMs: 60 })
    await until(() => admin.streams.length >= 3)
  })

  test('an admin that refuses is asked again later, not at once', async () => {
    admin.greet = false
    connect({ refusedMs: 200 })
    await until(() => admin.openStreams() === 1)
    const at = Date.now()
    admin.send({ kind: 'refused', reason: 'too old' })
    await until(() => admin.streams.length === 2)
    expect(Date.now() - at).toBeGreaterThanOrEqual(195)
    expect(logged).toContain('control.refused')
  })

  test('a wrong token, garbage, an endless line: nothing of it stops the gateway', async () => {
    connect({}, 'wrong')
    await until(() => logged.includes('control.disconnected'))
    channel?.stop()
    connect({ maxLineBytes: 10_000 })
    await until(() => current?.revision === 1)
    admin.sendRaw('this is not JSON\n')
    await until(() => admin.streams.length >= 2 && admin.openStreams() === 1)
    admin.sendRaw('x'.repeat(50_000))
    await until(() => admin.streams.length >= 3 && admin.openStreams() === 1)
    admin.send({ kind: 'something-new', value: 1 })
    admin.send({ kind: 'changes', nonsense: true })
    await until(() => admin.streams.length >= 4 && admin.openStreams() === 1)
    admin.send(configuration.change(team('team_2')))
    await until(() => current?.revision === 2)
  })

  test('a message too long to hold is refused by name and not asked for again at once', async () => {
    connect({ maxLineBytes: 20_000, refusedMs: 300 })
    await until(() => current?.revision === 1)
    const before = admin.streams.length
    admin.greet = false
    admin.send(configuration.change(team('team_large', 'x'.repeat(500_000))))
    await until(() => admin.acknowledgements.at(-1)?.status === 'refused')
    const at = Date.now()
    expect(admin.acknowledgements.at(-1)).toMatchObject({
      revision: 2,
      reason: 'the message is longer than 20000 bytes',
    })
    await until(() => admin.streams.length > before)
    expect(Date.now() - at).toBeGreaterThanOrEqual(200)
    expect(current?.revision).toBe(1)
  })

  test('a probe is answered while configuration goes on', async () => {
    connect()
    await until(() => current?.revision === 1)
    admin.send({
      kind: 'probe',
      probeId: 'p1',
      provider: provider('provider_x'),
      model: 'gpt-4o',
      timeoutMs: 500,
    })
    await until(() => admin.probes.length === 1)
    expect(admin.probes[0]).toMatchObject({
      probeId: 'p1',
      ok: true,
      message: 'reached provider_x with gpt-4o',
    })
  })

  test('a simulated call is answered with what would become of it, or with what is wrong with it', async () => {
    connect()
    await until(() => current?.revision === 1)
    admin.send({ kind: 'simulate', askId: 's1', call: simulatedCall({ routeId: 'route_1' }) })
    admin.send({ kind: 'simulate', askId: 's2', call: simulatedCall({ routeId: 'route_2' }) })
    await until(() => admin.simulations.length === 2)
    const byId = new Map(admin.simulations.map(({ askId, ...answer }) => [askId, answer]))
    expect(byId.get('s1')).toMatchObject({ simulation: EMPTY_SIMULATION, problem: null })
    expect(byId.get('s2')).toMatchObject({
      simulation: null,
      problem: { message: 'No such model for this key.', param: null },
    })
  })
})
