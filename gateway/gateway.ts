/**
 * One gateway, put together: folder, journal, configuration, listener, control channel. It starts and serves from its
 * folder alone; the admin is somebody it talks to, not something it waits for.
 */
import { appendFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { PROTOCOL_VERSION, spentAnswer, usageReceipt } from '../lib/contract/control.ts'
import { type Clock, systemClock } from './clock.ts'
import { connectionsWithin, openFileLimit } from './connection-bound.ts'
import { createAdminClient } from './control/admin-client.ts'
import { type ControlChannel, startControlChannel } from './control/control-channel.ts'
import { type CountersLease, createCountersLease } from './control/counters-lease.ts'
import { type Lease, startLease } from './control/lease.ts'
import { createStandingWatch } from './control/standing-watch.ts'
import { openDataFolder } from './data-folder.ts'
import { withBallast } from './journal/ballast.ts'
import { openJournal } from './journal/journal.ts'
import { type JournalFs, nodeFs } from './journal/journal-fs.ts'
import type { Journal } from './journal/journal-options.ts'
import { startShipper } from './journal/shipper.ts'
import { type Adoption, startAdoption } from './limits/adoption.ts'
import { vendorLimit } from './limits/applicable.ts'
import { createCounterLedger } from './limits/counter-ledger.ts'
import { createCounters } from './limits/counters.ts'
import { createNearest } from './limits/nearest.ts'
import { createPolicing, heldMoney, overIn } from './limits/policing.ts'
import { type Listener, startListener } from './listener.ts'
import { DEFAULT_LIMITS } from './listener-limits.ts'
import { startActiveChecks } from './providers/active-checks.ts'
import { probeProvider } from './providers/probe.ts'
import { createBalancer } from './routing/balancer.ts'
import { keepHealth } from './routing/health-file.ts'
import { healthReport } from './routing/health-report.ts'
import { simulate } from './routing/simulate.ts'
import type { Settings } from './settings.ts'
import type { CompiledConfiguration } from './snapshot/compiled-configuration.ts'
import { type CopyFs, nodeCopyFs } from './snapshot/copy-fs.ts'
import { createLastGoodCopy } from './snapshot/last-good-copy.ts'
import { gatewayMetrics } from './telemetry/gateway-metrics.ts'
import type { Log } from './telemetry/log.ts'
import { startLoopWatchdog } from './telemetry/loop-watchdog.ts'
import { startProcessGauges } from './telemetry/process-gauges.ts'
import { createHttpUpstream } from './upstream/http-upstream.ts'
import { VERSION } from './version.ts'

export interface Gateway {
  readonly port: number
  readonly gatewayId: string
  /** Refuses new calls, lets those in flight finish, and leaves everything on disk. */
  stop(): Promise<void>
  /** Only what must not be lost, for a process that can not go on. */
  flush(): Promise<void>
}

/** The port can't be taken; the message is one sentence for the operator. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

const USAGE_TIMEOUT_MS = 30_000
const SPENT_TIMEOUT_MS = 30_000
/** How often counters that count nothing any more are forgotten. */
const PRUNE_MS = 60_000
/** At a stop, for calls that were cut to be booked with what they had. */
const LAST_SETTLEMENT_MS = 250
/** At a stop, what is not shipped by then waits on disk for the next start. */
const LAST_SHIPMENT_MS = 500

/** What the machine gives; tests give another. */
export interface Machine {
  readonly clock: Clock
  readonly journalFs: JournalFs
  readonly copyFs: CopyFs
}

const THIS_MACHINE: Machine = { clock: systemClock, journalFs: nodeFs, copyFs: nodeCopyFs }

/** @throws DataFolderError, ListenError, or the error of a journal that can't be read. */
export async function startGateway(settings: Settings, log: Log, machine = THIS_MACHINE): Promise<Gateway> {
  const { clock } = machine
  const folder = await openDataFolder(settings.folder, log)
  const { gatewayId } = folder
  const startedAt = clock.now()
  const upstream = createHttpUpstream({ ownPorts: settings.ownPorts })
  const copy = createLastGoodCopy({
    directory: folder.path,
    token: settings.gatewayToken,
    log,
    fs: machine.copyFs,
  })
  const watchdog = startLoopWatchdog({ clock, log })
  const tallies = createCounters(clock)
  const ledger = createCounterLedger(tallies)
  const balancer = createBalancer(clock)
  let journal: Journal
  let adoption: Adoption
  let listener: Listener
  let current: CompiledConfiguration | null
  let counters: CountersLease
  let lease: Lease | null = null
  let channel: ControlChannel | null = null
  const admin = createAdminClient({
    urls: settings.controlUrls,
    token: settings.gatewayToken,
    onMoved: () => channel?.move(),
  })
  try {
    const directory = join(folder.path, 'journal')
    const disk = withBallast(machine.journalFs, directory, clock, log)
    journal = openJournal({
      directory,
      fs: disk.fs,
      hasRoom: disk.hasRoom,
      clock,
      log,
      sync: settings.journalSync,
      atTurnEnd: setImmediate,
      counters: ledger,
    })
    try {
      current = await copy.load()
      counters = createCountersLease({
        mode: settings.counters,
        directory: folder.path,
        servedBefore: current !== null,
        log,
        onChange: () => void lease?.renew(),
      })
      adoption = startAdoption({
        ledger,
        counters: tallies,
        journal,
        inFlight: () => listener.calls(),
        ask: async (query) => {
          const body = JSON.stringify({ gatewayId, ...query })
          const answer = await admin.post('/api/control/spent', body, SPENT_TIMEOUT_MS)
          if (answer.status !== 200) throw new Error(`the admin answered ${answer.status}`)
          return spentAnswer.parse(answer.body)
        },
        clock,
        log,
      })
      listener = await startListener({
        host: settings.host,
        port: settings.port,
        configuration: () => current,
        waitsFor: counters.waitsFor,
        books: journal,
        clock,
        upstream,
        policing: createPolicing(tallies, adoption),
        balancer,
        consoleUrl: settings.adminUrl,
        report: (problem, error) => log('error', 'gateway.problem', { problem, error }),
        limits: { maxConnections: maxConnections(log) },
        metrics: {
          token: settings.metricsToken,
          metrics: () =>
            gatewayMetrics({
              revision: current?.revision ?? null,
              inFlight: listener.inFlight(),
              accepting: journal.accepting,
              journal: journal.stats(),
              copyIsSaved: copy.isSaved,
              stalls: watchdog.stalls(),
            }),
        },
      })
    } catch (error) {
      await journal.close()
      throw listenError(error, settings)
    }
  } catch (error) {
    watchdog.stop()
    await upstream.close()
    await folder.release()
    throw error
  }

  const health = await keepHealth(folder.path, balancer, clock, log)
  const checks = startActiveChecks({ upstream, balancer, clock, log, random: Math.random })
  if (current) {
    adoption.follow(current)
    checks.follow(current)
  }
  const pruning = setInterval(() => {
    if (current) tallies.prune(overIn(current.policies, clock.now()))
  }, PRUNE_MS)
  pruning.unref()

  let draining = false
  let ended = false
  const gauges = startProcessGauges()
  const host = hostname().slice(0, 255)
  const nearest = createNearest(tallies, (id, subject) => {
    const ours = current?.policies.limit(id)
    const provider = ours ? undefined : current?.providerById(id.slice(0, id.indexOf('/')))
    return ours ?? (provider && vendorLimit(provider, id, subject))
  })
  const heartbeat = startLease({
    admin,
    log,
    onAnswer: counters.heard,
    report: () => ({
      gatewayId,
      protocol: PROTOCOL_VERSION,
      version: VERSION,
      hostname: host,
      startedAt,
      epoch: current?.epoch ?? null,
      revision: current?.revision ?? null,
      hash: current?.hash ?? null,
      url: settings.gatewayUrl,
      state: draining ? 'draining' : current && counters.waitsFor() === null ? 'ready' : 'starting',
      inFlight: listener.inFlight(),
      journal: { ...journal.stats(), accepting: journal.accepting },
      held: heldMoney(tallies),
      near: nearest(),
      ...healthReport(balancer, clock),
      checks: checks.report(),
      rssBytes: gauges.rssBytes(),
      loopDelayP99Ms: gauges.loopDelayP99Ms(),
      counters: ended ? 'none' : settings.counters,
    }),
  })
  lease = heartbeat
  const standingWatch = createStandingWatch({
    standing: () => JSON.stringify([heldMoney(tallies), nearest()]),
    renew: heartbeat.renew,
    clock,
  })
  const shipper = startShipper({
    journal,
    gatewayId,
    log,
    random: Math.random,
    quarantine: (event) =>
      appendFileSync(join(folder.path, 'refused-events.jsonl'), `${event.text}\n`, { mode: 0o600 }),
    post: async (body) => {
      const answer = await admin.post('/api/control/usage', body, USAGE_TIMEOUT_MS)
      if (answer.status !== 200) return { status: answer.status }
      return { status: 200, committedSequence: usageReceipt.parse(answer.body).committedSequence }
    },
  })
  channel = startControlChannel({
    admin,
    gatewayId,
    version: VERSION,
    hostname: host,
    log,
    random: Math.random,
    current: () => current,
    swap: (next) => {
      const first = current === null
      current = next
      adoption.follow(next)
      checks.follow(next)
      copy.save(next)
      if (first) void heartbeat.renew()
    },
    simulate: (call) => simulate({ configuration: current, balancer, counters: tallies, clock }, call),
    probe: ({ provider, model, timeoutMs }) => probeProvider({ provider, model, timeoutMs, upstream, clock }),
    onWatch: standingWatch.watch,
    onConnected: () => {
      void heartbeat.renew()
      shipper.nudge()
    },
  })
  log('info', 'gateway.started', {
    gatewayId,
    port: listener.port,
    host: settings.host,
    version: VERSION,
    revision: current?.revision ?? null,
    ms: Math.round(performance.now()),
  })

  return {
    port: listener.port,
    gatewayId,
    async stop() {
      draining = true
      void heartbeat.renew()
      await listener.drain(settings.drainMs)
      await until(() => listener.inFlight() === 0, LAST_SETTLEMENT_MS)
      await until(() => journal.stats().unshippedEvents === 0, LAST_SHIPMENT_MS)
      channel?.stop()
      adoption.stop()
      checks.stop()
      standingWatch.stop()
      clearInterval(pruning)
      heartbeat.stop()
      // Nothing is counted here any more: another gateway need not wait for the lease to run out.
      ended = true
      await Promise.race([heartbeat.renew(), wait(LAST_SHIPMENT_MS)])
      gauges.stop()
      watchdog.stop()
      await Promise.race([shipper.stop(), wait(LAST_SHIPMENT_MS)])
      await health.stop()
      await journal.close()
      await copy.flush()
      admin.close()
      await upstream.close()
      await folder.release()
      log('info', 'gateway.stopped', { gatewayId, unshipped: journal.stats().unshippedEvents })
    },
    flush: async () => {
      await journal.close()
      await copy.flush()
    },
  }
}

function maxConnections(log: Log): number {
  const wanted = DEFAULT_LIMITS.maxConnections
  const openFiles = openFileLimit()
  const connections = connectionsWithin(openFiles, wanted)
  if (connections < wanted) log('warn', 'gateway.few_open_files', { openFiles, connections, wanted })
  return connections
}

function listenError(error: unknown, { host, port }: Settings): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'EADDRINUSE')
    return new ListenError(`Port ${port} on ${host} is taken: set GATEWAY_PORT to a free one.`)
  if (code === 'EACCES')
    return new ListenError(
      `Port ${port} needs more rights than this process has: set GATEWAY_PORT above 1023.`,
    )
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new ListenError(`HOST is "${host}", which is no address of this machine.`)
  return error
}

async function until(condition: () => boolean, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!condition() && performance.now() < deadline) await wait(5)
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
