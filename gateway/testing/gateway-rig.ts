/**
 * For tests of faults: a gateway process between a fake vendor, which keeps its own invoice, and a fake admin, whose
 * books outlive it. The three tallies of a fault come from here: served, booked, seen.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { UsageEvent } from '../../lib/contract/usage-event.ts'
import { type AdminConfiguration, adminConfiguration, smallConfiguration } from './configuration-builder.ts'
import { FAKE_TOKEN, type FakeAdmin, startFakeAdmin } from './fake-admin.ts'
import { type FakeOpenAi, startFakeOpenAi } from './fake-openai.ts'
import { freePort } from './free-port.ts'
import { type GatewayProcess, spawnGateway } from './gateway-process.ts'
import { get } from './http-caller.ts'

export interface GatewayRig {
  readonly directory: string
  /** The gateway's own. */
  readonly folder: string
  readonly url: string
  readonly vendor: FakeOpenAi
  readonly configuration: AdminConfiguration
  readonly admin: FakeAdmin | null
  /** All that was ever booked, by id, by whichever admin. */
  booked(): Map<string, UsageEvent>
  /** What an admin was told that contradicts what was booked before; nothing, or the books are wrong. */
  readonly contradictions: string[]
  /** What a gateway here is started with. */
  readonly env: Record<string, string>
  start(env?: Record<string, string>): GatewayProcess
  adminLeaves(): Promise<void>
  adminReturns(): Promise<FakeAdmin>
  /** Of the books of admins that have left. */
  forget(): void
  close(): Promise<void>
}

export async function startRig(
  options: { env?: Record<string, string>; bundle?: string; directory?: string } = {},
): Promise<GatewayRig> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'gatehouse-rig-'))
  const vendor = await startFakeOpenAi()
  const configuration = adminConfiguration(smallConfiguration(vendor.baseUrl))
  let admin: FakeAdmin | null = await startFakeAdmin(configuration)
  const adminPort = admin.port
  const port = await freePort()
  const earlier = new Map<string, UsageEvent>()
  const contradictions: string[] = []
  const processes: GatewayProcess[] = []
  const own: Record<string, string> = {
    GATEWAY_PORT: String(port),
    DATA_DIR: directory,
    GATEHOUSE_CONTROL_URL: `http://127.0.0.1:${adminPort}`,
    GATEHOUSE_GATEWAY_TOKEN: FAKE_TOKEN,
    ...options.env,
  }

  const booked = (): Map<string, UsageEvent> => {
    const all = new Map(earlier)
    for (const [id, event] of admin?.booked ?? []) {
      const known = all.get(id)
      if (known && JSON.stringify(known) !== JSON.stringify(event)) contradictions.push(id)
      if (!known) all.set(id, event)
    }
    return all
  }

  return {
    directory,
    folder: join(directory, `gateway-${port}`),
    url: `http://127.0.0.1:${port}`,
    vendor,
    configuration,
    contradictions,
    env: own,
    get admin() {
      return admin
    },
    booked,
    start: (env = {}) => {
      const started = spawnGateway({ ...own, ...env }, options.bundle)
      processes.push(started)
      return started
    },
    adminLeaves: async () => {
      for (const [id, event] of booked()) earlier.set(id, event)
      await admin?.close()
      admin = null
    },
    adminReturns: async () => {
      admin ??= await startFakeAdmin(configuration, { port: adminPort })
      return admin
    },
    forget: () => {
      earlier.clear()
      contradictions.length = 0
    },
    close: async () => {
      for (const { child, kill } of processes) {
        if (child.exitCode === null && child.signalCode === null) await kill('SIGKILL')
      }
      await admin?.close()
      await vendor.close()
      if (options.directory === undefined) rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Polls until a condition holds. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string),
  withinMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`in time: ${typeof what === 'string' ? what : what()}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const isReady = async (url: string): Promise<boolean> => (await get(`${url}/readyz`)).status === 200

export const ready = (gateway: GatewayProcess): Promise<void> =>
  eventually(
    () => isReady(gateway.url),
    () => `ready: ${gateway.output()}`,
  )

/** By its metrics: the value of one of them. */
export async function metric(rig: GatewayRig, name: string): Promise<number> {
  const { text } = await get(`${rig.url}/metrics`)
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
}

/** All that the gateway has in its journal, the admin has in its books. */
export const everythingShipped = (rig: GatewayRig): Promise<void> =>
  eventually(
    async () =>
      (await metric(rig, 'gatehouse_journal_unshipped_events')) === 0 &&
      (await metric(rig, 'gatehouse_calls_in_flight')) === 0,
    'everything is shipped',
    30_000,
  )
