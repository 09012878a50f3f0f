import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type AdminConfiguration,
  adminConfiguration,
  key,
  smallConfiguration,
} from './testing/configuration-builder.ts'
import { FAKE_TOKEN, type FakeAdmin, startFakeAdmin } from './testing/fake-admin.ts'
import { type FakeOpenAi, startFakeOpenAi } from './testing/fake-openai.ts'
import { freePort } from './testing/free-port.ts'
import { type GatewayProcess, spawnGateway } from './testing/gateway-process.ts'
import { seeded, testSeed } from './testing/seed.ts'

const LONG = process.env.GATEHOUSE_TEST_LONG === '1'

async function until(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string),
  withinMs = 15_000,
): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`in time: ${typeof what === 'string' ? what : what()}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

let directory = ''
let vendor: FakeOpenAi
let configuration: AdminConfiguration
let admin: FakeAdmin | null = null
let adminPort = 0
let port = 0
const processes: GatewayProcess[] = []

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-process-'))
  vendor = await startFakeOpenAi()
  configuration = adminConfiguration(smallConfiguration(vendor.baseUrl))
  admin = await startFakeAdmin(configuration)
  adminPort = admin.port
  port = await freePort()
})

afterEach(async () => {
  for (const started of processes.splice(0)) {
    if (started.child.exitCode === null && started.child.signalCode === null) await started.kill('SIGKILL')
  }
  await admin?.close()
  await vendor.close()
  rmSync(directory, { recursive: true, force: true })
})

function start(env: Record<string, string> = {}): GatewayProcess {
  const started = spawnGateway({
    GATEWAY_PORT: String(port),
    DATA_DIR: directory,
    GATEHOUSE_CONTROL_URL: `http://127.0.0.1:${adminPort}`,
    GATEHOUSE_GATEWAY_TOKEN: FAKE_TOKEN,
    ...env,
  })
  processes.push(started)
  return started
}

async function statusOf(url: string): Promise<number> {
  return fetch(url).then(
    async (response) => {
      await response.arrayBuffer()
      return response.status
    },
    () => 0,
  )
}

const ready = (gateway: GatewayProcess) =>
  until(
    async () => (await statusOf(`${gateway.url}/readyz`)) === 200,
    () => `ready: ${gateway.output()}`,
  )

/** The status, and the text of the answer as far as it came. */
async function call(gateway: GatewayProcess, secret = 'secret of key_1', stream = false) {
  try {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'gpt-4o',
        stream,
        messages: [{ role: 'user', content: 'Say something.' }],
      }),
    })
    const id = response.headers.get('x-gatehouse-request-id')
    return { status: response.status, id, text: await response.text() }
  } catch {
    return { status: 0, id: null, text: '' }
  }
}

describe('a start that can not succeed', () => {
  test.each([
    [{ GATEHOUSE_CONTROL_URL: '' }, /GATEHOUSE_CONTROL_URL is not set/],
    [{ GATEHOUSE_GATEWAY_TOKEN: '' }, /GATEHOUSE_GATEWAY_TOKEN is not set/],
    [{ GATEWAY_PORT: '70000' }, /GATEWAY_PORT is "70000"/],
    [{ JOURNAL_SYNC: 'sometimes' }, /JOURNAL_SYNC is "sometimes": it takes group or settle/],
    [{ DATA_DIR: '/dev/null/x' }, /can not be written/],
  ])('says so in one sentence and exits 1: %j', async (env, sentence) => {
    const gateway = start(env as Record<string, string>)
    expect((await gateway.ended).code).toBe(1)
    expect(gateway.output()).toMatch(sentence)
    expect(gateway.output()).not.toContain(FAKE_TOKEN)
  })

  test('a port that is taken, and a folder that another one holds', async () => {
    const first = start()
    await ready(first)
    const samePort = start({ DATA_DIR: join(directory, 'other') })
    expect((await samePort.ended).code).toBe(1)
    expect(samePort.output()).toMatch(/Port \d+ on 127\.0\.0\.1 is taken/)
    const second = start()
    expect((await second.ended).code).toBe(1)
    expect(second.output()).toMatch(/Another gateway is running on the data folder/)
    expect(await statusOf(`${first.url}/readyz`)).toBe(200)
  })
})

describe('without the admin', () => {
  test('a gateway that never had a configuration lives, is not ready, and says why', async () => {
    await admin?.close()
    admin = null
    const gateway = start()
    await until(async () => (await statusOf(`${gateway.url}/healthz`)) === 200, 'alive')
    expect(await statusOf(`${gateway.url}/readyz`)).toBe(503)
    const answer = await call(gateway)
    expect(answer.status).toBe(503)
    expect(answer.text).toContain('not_configured')
  })

  test('it serves on, restarts from disk after a SIGKILL, serves, and the books are whole when the admin is back', async () => {
    const first = start()
    await ready(first)
    expect((await call(first)).status).toBe(200)
    await until(() => admin?.booked.size === 1, 'the first call is booked')
    const { gatewayId } = admin?.leases[0] ?? {}
    await until(
      () => readdirSync(join(directory, `gateway-${port}`)).includes('snapshot.bin'),
      'the copy on disk',
    )

    await admin?.close()
    expect((await call(first)).status).toBe(200)
    await first.kill('SIGKILL')
    const second = start()
    await ready(second)
    expect((await call(second)).status).toBe(200)

    admin = await startFakeAdmin(configuration, { port: adminPort })
    await until(() => admin?.booked.size === 2, 'what waited is booked')
    expect(admin.leases.every((lease) => lease.gatewayId === gatewayId)).toBe(true)
    expect([...admin.booked.values()].map((event) => event.sequence).sort()).toEqual([2, 3])
    expect(vendor.served).toHaveLength(3)
    expect(second.output()).not.toContain('vendor-secret')
    expect(second.output()).not.toContain(FAKE_TOKEN)
  })

  test('a damaged copy on disk means a start without it, not a start that fails', async () => {
    const first = start()
    await ready(first)
    await first.kill('SIGTERM')
    await admin?.close()
    admin = null
    writeFileSync(join(directory, `gateway-${port}`, 'snapshot.bin'), 'damaged')
    const second = start()
    await until(async () => (await statusOf(`${second.url}/healthz`)) === 200, 'alive')
    expect(await statusOf(`${second.url}/readyz`)).toBe(503)
    expect(second.output()).toContain('snapshot.not_used')
  })
})

describe('a revoked key', () => {
  test('is refused by the first call after the acknowledgement', async () => {
    configuration.change(...Array.from({ length: 30 }, (_, n) => key(`key_r${n}`, 'consumer_1')))
    const gateway = start()
    await ready(gateway)
    for (let n = 0; n < 30; n += 1) {
      expect((await call(gateway, `secret of key_r${n}`)).status).toBe(200)
      const change = configuration.change({ delete: key(`key_r${n}`, 'consumer_1') })
      admin?.send(change)
      await until(() => admin?.acknowledgements.at(-1)?.revision === change.to, 'acknowledged')
      expect((await call(gateway, `secret of key_r${n}`)).status).toBe(401)
    }
  })
})

describe('SIGTERM', () => {
  test('lets a stream in flight end, refuses new calls, ships what waits, and exits 0', async () => {
    const gateway = start()
    await ready(gateway)
    vendor.script([], { tokens: Array.from({ length: 40 }, (_, n) => ` word${n}`), eventDelayMs: 15 })
    const streaming = call(gateway, 'secret of key_1', true)
    await until(() => vendor.served.length === 1, 'the vendor has the call')
    const ended = gateway.kill('SIGTERM')
    await until(async () => (await statusOf(`${gateway.url}/readyz`)) !== 200, 'not ready')
    const answer = await streaming
    expect(answer.text).toContain('word39')
    expect(answer.text).toContain('[DONE]')
    expect(await ended).toEqual({ code: 0, signal: null })
    expect(admin?.booked.get(answer.id ?? '')?.status).toBe(200)
  })

  test('a second one ends it at once, and the call it cut is booked at the next start', async () => {
    const gateway = start()
    await ready(gateway)
    vendor.script([], { hang: true })
    const cut = call(gateway)
    await until(() => vendor.served.length === 1, 'the vendor has the call')
    gateway.child.kill('SIGTERM')
    await until(() => gateway.output().includes('gateway.stopping'), 'stopping')
    expect((await gateway.kill('SIGTERM')).code).toBe(1)
    expect((await cut).status).toBe(0)
    start()
    await until(() => admin?.booked.size === 1, 'booked')
    expect([...(admin?.booked.values() ?? [])][0]).toMatchObject({ status: 502, costPicoUsd: null })
  })
})

describe('killed at any moment amid traffic', () => {
  test(
    'every attempt that the vendor saw is in the books exactly once',
    async () => {
      const seed = testSeed('killed at any moment')
      const random = seeded(seed)
      const rounds = LONG ? 200 : 6
      vendor.script([], { tokens: [' one', ' two', ' three', ' four'], eventDelayMs: 4, delayMs: 3 })
      let gateway = start()
      await ready(gateway)
      const seen = new Map<string, number>()
      for (let round = 0; round < rounds; round += 1) {
        // The admin is sometimes away, sometimes loses its answers, sometimes refuses.
        if (admin && random() < 0.5) {
          await admin.close()
          remember(admin, seen)
          admin = null
        } else if (!admin) {
          admin = await startFakeAdmin(configuration, { port: adminPort })
        }
        if (admin) {
          admin.usageBehaviour = () => {
            const dice = random()
            return dice < 0.4 ? 'ok' : dice < 0.6 ? 'drop' : dice < 0.8 ? 'reset' : 503
          }
        }
        const target = gateway
        const traffic = Array.from({ length: 8 }, async () => {
          for (let n = 0; n < 50; n += 1) {
            const answer = await call(target, 'secret of key_1', random() < 0.5)
            if (answer.status === 0) return
          }
        })
        await new Promise((resolve) => setTimeout(resolve, 30 + random() * 250))
        await gateway.kill('SIGKILL')
        await Promise.all(traffic)
        gateway = start({ JOURNAL_SYNC: random() < 0.5 ? 'settle' : 'group' })
        await ready(gateway)
      }
      if (admin) {
        await admin.close()
        remember(admin, seen)
      }
      const last = await startFakeAdmin(configuration, { port: adminPort })
      admin = last
      await gateway.kill('SIGTERM')
      gateway = start()
      await until(() => {
        const lease = last.leases.at(-1)
        return lease !== undefined && lease.journal.unshippedEvents === 0 && lease.state === 'ready'
      }, 'everything is shipped')
      remember(last, seen)

      // The vendor's own tally, by the id that each request carried.
      const tally = new Map<string, number>()
      for (const { requestId } of vendor.served) {
        expect(requestId, `seed ${seed}`).not.toBeNull()
        tally.set(requestId ?? '', (tally.get(requestId ?? '') ?? 0) + 1)
      }
      expect(tally.size).toBeGreaterThan(rounds)
      const missing = [...tally].filter(([id, attempts]) => seen.get(id) !== attempts)
      expect(missing, `seed ${seed}`).toEqual([])
      // What the books hold beyond it, the vendor may or may not have seen: nothing else.
      const surplus = [...seen].filter(([id]) => !tally.has(id))
      expect(
        surplus.filter(([id]) => events.get(id) !== 'unknown'),
        `seed ${seed}`,
      ).toEqual([])
    },
    LONG ? 1_200_000 : 120_000,
  )

  const events = new Map<string, string>()

  /** Adds an admin's books to what is known; the same event in two of them must be the same. */
  function remember(from: FakeAdmin, seen: Map<string, number>): void {
    for (const event of from.booked.values()) {
      const known = seen.get(event.id)
      if (known !== undefined) expect(known).toBe(event.attempts.length)
      seen.set(event.id, event.attempts.length)
      events.set(event.id, event.attempts.at(-1)?.outcome ?? 'none')
    }
  }
})
