import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PROTOCOL_VERSION } from '../../lib/contract/control.ts'
import { collectingLog } from '../journal/journal-testing.ts'
import type { CompiledConfiguration } from '../snapshot/compiled-configuration.ts'
import {
  type AdminConfiguration,
  adminConfiguration,
  smallConfiguration,
  team,
} from '../testing/configuration-builder.ts'
import { FAKE_TOKEN, type FakeAdmin, startFakeAdmin } from '../testing/fake-admin.ts'
import { startTcpRelay } from '../testing/tcp-relay.ts'
import { type AdminClient, createAdminClient } from './admin-client.ts'
import { type ControlChannel, type ControlLimits, startControlChannel } from './control-channel.ts'
import { createCountersLease } from './counters-lease.ts'
import { type Lease, startLease } from './lease.ts'

async function until(condition: () => boolean, what = 'the condition'): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`${what} did not come true`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

let configuration: AdminConfiguration
let admins: FakeAdmin[]
let channel: ControlChannel
let client: AdminClient
let lease: Lease | null = null
let current: CompiledConfiguration | null
const ends: (() => Promise<void> | void)[] = []

beforeEach(async () => {
  configuration = adminConfiguration(smallConfiguration())
  admins = [await startFakeAdmin(configuration), await startFakeAdmin(configuration)]
  current = null
  lease = null
})
afterEach(async () => {
  channel.stop()
  lease?.stop()
  client.close()
  for (const end of ends.splice(0)) await end()
  for (const admin of admins) await admin.close()
})

const at = (index: number) => admins[index] as FakeAdmin

function connect(urls = admins.map((admin) => admin.url), limits: Partial<ControlLimits> = {}): void {
  const { log } = collectingLog()
  client = createAdminClient({ urls, token: FAKE_TOKEN, onMoved: () => channel.move() })
  channel = startControlChannel({
    admin: client,
    gatewayId: 'gw_0123456789abcdef',
    version: 'test',
    hostname: 'host',
    log,
    random: () => 0.5,
    current: () => current,
    swap: (next) => {
      current = next
    },
    simulate: () => {
      throw new Error('nobody asks')
    },
    probe: async () => ({ ok: true, message: '', status: 200, code: null, latencyMs: 1, models: [] }),
    limits: { minBackoffMs: 5, maxBackoffMs: 20, silenceMs: 3_000, postTimeoutMs: 300, ...limits },
  })
}

function beat(): void {
  lease = startLease({
    admin: client,
    log: collectingLog().log,
    everyMs: 50,
    onAnswer: () => {},
    report: () => ({
      gatewayId: 'gw_0123456789abcdef',
      protocol: PROTOCOL_VERSION,
      version: 'test',
      hostname: 'host',
      startedAt: 1,
      epoch: null,
      revision: null,
      hash: null,
      url: null,
      state: 'ready',
      inFlight: 0,
      journal: { unshippedEvents: 0, unshippedBytes: 0, openIntents: 0 },
      rssBytes: 1,
      loopDelayP99Ms: 0,
    }),
  })
}

describe('with two admins', () => {
  test('the first is used, and when it is gone the other, with what the gateway already has', async () => {
    connect()
    await until(() => current?.revision === 1)
    expect([at(0).openStreams(), at(1).openStreams()]).toEqual([1, 0])
    await at(0).close()
    await until(() => at(1).openStreams() === 1)
    expect(at(1).streams[0]).toMatchObject({ revision: 1 })
    at(1).send(configuration.change(team('team_2')))
    await until(() => at(1).acknowledgements.at(-1)?.revision === 2)
  })

  test('the one that is not there at the start is passed over', async () => {
    const { port } = at(0)
    await at(0).close()
    connect([`http://127.0.0.1:${port}`, at(1).url])
    await until(() => current?.revision === 1)
  })

  test('one that streams but can not do its work is left for the other', async () => {
    connect()
    beat()
    await until(() => at(0).leases.length > 0 && current?.revision === 1)
    at(0).failing = 503
    await until(() => at(1).openStreams() === 1 && at(1).leases.length > 0)
    await until(() => at(0).openStreams() === 0)
  })

  test('one that swallows everything without a word is left after the silence that the channel allows', async () => {
    const relay = await startTcpRelay({ port: at(0).port })
    ends.push(() => relay.close())
    connect([`http://127.0.0.1:${relay.port}`, at(1).url], { silenceMs: 1_300 })
    await until(() => current?.revision === 1)
    relay.freeze()
    await until(() => at(1).openStreams() === 1)
    at(1).send(configuration.change(team('team_2')))
    await until(() => current?.revision === 2)
  })

  test('the same revision with another content is noticed, and mended by the whole', async () => {
    connect()
    await until(() => current?.revision === 1)
    // The database was put back, and somebody else changed something else.
    configuration.change(team('team_2'))
    configuration.revision = 1
    await until(() => current?.hash === configuration.hash())
    expect(current?.revision).toBe(1)
  })

  test('an admin that lags never takes the gateway back', async () => {
    connect()
    await until(() => current?.revision === 1)
    const old = configuration.snapshot()
    const changes = configuration.change(team('team_2'))
    at(0).send(changes)
    await until(() => current?.revision === 2)
    at(1).greet = false
    await at(0).close()
    await until(() => at(1).openStreams() === 1)
    at(1).send(old)
    at(1).send(changes)
    at(1).send(configuration.change(team('team_3')))
    await until(() => current?.revision === 3)
  })
})

describe('the counters', () => {
  const lent = (held: boolean, reason: string | null = null) => ({ counters: { held, reason } })
  let directory: string
  let changes: number
  const open = (more: { servedBefore?: boolean; mode?: 'shared' | 'independent' } = {}) =>
    createCountersLease({
      mode: 'shared',
      directory,
      servedBefore: false,
      log: collectingLog().log,
      onChange: () => {
        changes += 1
      },
      ...more,
    })

  beforeEach(() => {
    connect()
    changes = 0
    directory = mkdtempSync(join(tmpdir(), 'gatehouse-counters-'))
    ends.push(() => rmSync(directory, { recursive: true }))
  })

  test('a new gateway waits until an admin lends them; one that has served goes on without being told', () => {
    const fresh = open()
    expect(fresh.waitsFor()).toMatch(/No admin has said yet/)
    fresh.heard(lent(true))
    expect([fresh.waitsFor(), changes]).toEqual([null, 1])
    expect(open({ servedBefore: true }).waitsFor()).toBeNull()
    expect(open({ mode: 'independent' }).waitsFor()).toBeNull()
  })

  test('one that was told to wait waits over a restart too, and no longer than it must', () => {
    const second = open({ servedBefore: true })
    second.heard(lent(false, 'gw_1 holds them.'))
    expect(second.waitsFor()).toBe('gw_1 holds them.')
    const restarted = open({ servedBefore: true })
    expect(restarted.waitsFor()).toBe('gw_1 holds them.')
    restarted.heard(lent(true))
    expect(restarted.waitsFor()).toBeNull()
    expect(existsSync(join(directory, 'counters-held-elsewhere'))).toBe(false)
    expect(open({ servedBefore: true }).waitsFor()).toBeNull()
  })

  test('an admin from before there was a lease lends by saying nothing', () => {
    const fresh = open()
    fresh.heard(null)
    expect(fresh.waitsFor()).toBeNull()
  })
})
