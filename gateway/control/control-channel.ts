/**
 * The gateway's end of the control channel: it dials an admin, applies what comes, and says so. It never takes away a
 * configuration: cut off, refused or confused, the gateway keeps serving what it has.
 */
import { z } from 'zod'
import {
  type Acknowledgement,
  controlMessage,
  PING_MS,
  PROTOCOL_VERSION,
} from '../../lib/contract/control.ts'
import { type CompiledConfiguration, compile } from '../snapshot/compiled-configuration.ts'
import { RefusedConfiguration, readChangeSet, readSnapshot } from '../snapshot/received.ts'
import { isLongSnapshot, parseLongSnapshot } from '../snapshot/sliced-json.ts'
import type { AdminClient } from './admin-client.ts'
import { type AnsweringOptions, createAnswering } from './answering.ts'

export interface ControlChannelOptions extends AnsweringOptions {
  readonly version: string
  readonly hostname: string
  readonly random: () => number
  readonly current: () => CompiledConfiguration | null
  /** Makes a configuration the running one. */
  readonly swap: (configuration: CompiledConfiguration) => void
  /** Somebody looks at what is held and counted, for so long. */
  readonly onWatch?: (forMs: number) => void
  /** The stream is up: a good moment to ship what waits and to renew the lease. */
  readonly onConnected?: () => void
  readonly limits?: Partial<ControlLimits>
}

export interface ControlLimits {
  readonly minBackoffMs: number
  readonly maxBackoffMs: number
  readonly silenceMs: number
  /** After the admin has refused this gateway. */
  readonly refusedMs: number
  readonly maxLineBytes: number
  readonly postTimeoutMs: number
}

export const DEFAULT_CONTROL_LIMITS: ControlLimits = {
  minBackoffMs: 100,
  maxBackoffMs: 5_000,
  silenceMs: 3 * PING_MS,
  refusedMs: 60_000,
  maxLineBytes: 256 * 1024 * 1024,
  postTimeoutMs: 5_000,
}

export interface ControlChannel {
  /** Dials again: the posts of this gateway reach another admin than its stream. */
  move(): void
  stop(): void
}

const minProtocol = z.int().optional()
const head = z.object({ epoch: z.string().min(1).max(64), revision: z.int().min(0), minProtocol })
const changeHead = z.object({ epoch: z.string(), from: z.int(), to: z.int(), minProtocol })

export function startControlChannel(options: ControlChannelOptions): ControlChannel {
  const { admin, log, gatewayId } = options
  const limits = { ...DEFAULT_CONTROL_LIMITS, ...options.limits }
  let stopped = false
  let stream: ReturnType<AdminClient['stream']> | null = null
  let timer: NodeJS.Timeout | null = null
  let failures = 0
  let reported = ''
  /** The next stream asks for everything: what we hold does not fit what the admin sends. */
  let askWhole = false
  /** Pings in a row that told of a newer revision than ours, or of another content of it, with nothing coming. */
  let behindPings = 0
  let refusedRevision = -1
  const answer = createAnswering(options, limits.postTimeoutMs)
  dial()

  function dial(): void {
    timer = null
    if (stopped) return
    const current = askWhole ? null : options.current()
    const query = new URLSearchParams({
      gatewayId,
      protocol: String(PROTOCOL_VERSION),
      version: options.version,
      hostname: options.hostname,
      ...(current ? { epoch: current.epoch, revision: String(current.revision) } : {}),
    })
    /** Messages behind one that takes time: order is kept. */
    const queue: string[] = []
    let busy = false
    behindPings = 0
    const mine = admin.stream(`/api/control/stream?${query}`, {
      silenceMs: limits.silenceMs,
      maxLineBytes: limits.maxLineBytes,
      onOpen: () => {
        log('info', 'control.connected', { revision: current?.revision ?? null })
        reported = ''
        options.onConnected?.()
      },
      onLine: (line) => {
        if (stream !== mine) return
        queue.push(line)
        work()
      },
      onTooLong: (beginning) => {
        if (stream === mine) refuseUnread(beginning)
      },
      onEnd: (reason, status) => {
        if (stream === mine) redial(reason, status === 401 || status === 403 ? limits.maxBackoffMs : 0)
      },
    })
    stream = mine

    function work(): void {
      while (!busy && stream === mine) {
        const line = queue.shift()
        if (line === undefined) return
        const done = handle(line)
        if (done === null) continue
        busy = true
        mine.pause()
        void done.finally(() => {
          busy = false
          mine.resume()
          work()
        })
      }
    }
  }

  function redial(reason: string, atLeastMs = 0): void {
    stream?.close()
    stream = null
    if (stopped) return
    failures += 1
    // Said once until it changes: an admin may be away for hours.
    if (reason !== reported) {
      reported = reason
      log('warn', 'control.disconnected', {
        message: 'The admin is not connected; the gateway serves what it has.',
        reason,
        revision: options.current()?.revision ?? null,
      })
    }
    const ceiling = Math.min(limits.maxBackoffMs, limits.minBackoffMs * 2 ** Math.min(failures - 1, 16))
    timer = setTimeout(dial, Math.max(atLeastMs, ceiling * (0.5 + options.random() / 2)))
  }

  function resync(reason: string): void {
    askWhole = true
    redial(reason)
  }

  /** Null when it is done already; changes are, so that an acknowledgement leaves in the same turn of the loop. */
  function handle(line: string): Promise<void> | null {
    if (isLongSnapshot(line))
      return parseLongSnapshot(line).then(applySnapshot, () => redial('a line that is not JSON'))
    let message: { kind?: unknown }
    try {
      message = JSON.parse(line) as { kind?: unknown }
    } catch {
      redial('a line that is not JSON')
      return null
    }
    switch (message.kind) {
      case 'changes':
        applyChanges(message)
        return null
      case 'snapshot':
        return applySnapshot(message)
      case 'ping':
        heardPing(message)
        return null
      case 'probe':
      case 'simulate':
        answer(message)
        return null
      case 'watch': {
        const watch = controlMessage.safeParse(message)
        if (watch.success && watch.data.kind === 'watch') options.onWatch?.(watch.data.forMs)
        return null
      }
      case 'refused': {
        const reason = z.object({ reason: z.string().max(2_000) }).safeParse(message)
        log('error', 'control.refused', {
          message: 'The admin does not take this gateway. It keeps what it has and asks again later.',
          reason: reason.data?.reason ?? 'no reason given',
        })
        redial('refused by the admin', limits.refusedMs)
        return null
      }
      default:
        // A newer admin may say more than this gateway knows.
        return null
    }
  }

  function applyChanges(message: unknown): void {
    const named = changeHead.safeParse(message)
    if (!named.success) {
      resync('a change set that can not be read')
      return
    }
    const { epoch, from, to } = named.data
    const current = options.current()
    if (current && current.epoch === epoch && to <= current.revision) {
      // Said before, or by an admin that lags: a newer revision is never overwritten by an older one.
      if (to === current.revision) acknowledge(current, 'applied')
      return
    }
    if (!current || current.epoch !== epoch || current.revision !== from) {
      resync(`changes from revision ${from} do not follow ${current?.revision ?? 'nothing'}`)
      return
    }
    try {
      requireProtocol(named.data.minProtocol)
      const next = current.apply(readChangeSet(message))
      options.swap(next)
      acknowledge(next, 'applied')
      applied(next, 'changes')
    } catch (error) {
      refuse({ epoch, revision: to }, error, message)
      if (error instanceof RefusedConfiguration && error.diverged)
        resync('the content differs from the admin’s')
    }
  }

  async function applySnapshot(message: unknown): Promise<void> {
    const named = head.safeParse(message)
    if (!named.success) {
      resync('a snapshot that can not be read')
      return
    }
    const { epoch, revision } = named.data
    try {
      requireProtocol(named.data.minProtocol)
      const snapshot = readSnapshot(message)
      const current = options.current()
      if (current && current.epoch === epoch) {
        if (revision < current.revision) {
          log('warn', 'control.older_snapshot', { revision, current: current.revision })
          return
        }
        if (revision === current.revision && snapshot.hash === current.hash) {
          askWhole = false
          failures = 0
          acknowledge(current, 'applied')
          return
        }
      }
      const next = await compile(snapshot)
      if (stopped) return
      options.swap(next)
      acknowledge(next, 'applied')
      askWhole = false
      applied(next, 'snapshot')
    } catch (error) {
      askWhole = false
      refuse({ epoch, revision }, error, message)
    }
  }

  function applied(configuration: CompiledConfiguration, by: string): void {
    failures = 0
    behindPings = 0
    log('info', 'control.applied', { by, epoch: configuration.epoch, revision: configuration.revision })
  }

  function refuse(at: { epoch: string; revision: number }, error: unknown, message: unknown): void {
    const reason =
      error instanceof RefusedConfiguration
        ? error.message.slice(0, 2_000)
        : 'the gateway failed to compile it'
    refusedRevision = at.revision
    log('error', 'control.refused_revision', {
      message: 'A revision was refused; the one before stays in force.',
      revision: at.revision,
      reason,
      ...(error instanceof RefusedConfiguration ? {} : { error }),
    })
    const hash = z.object({ hash: z.string().regex(/^[0-9a-f]{64}$/) }).safeParse(message)
    acknowledge({ ...at, hash: hash.data?.hash ?? '0'.repeat(64) }, 'refused', reason)
  }

  /** A message that can't even be held names what it is at its beginning. Asked for at once again it would be as long. */
  function refuseUnread(beginning: string): void {
    const epoch = /"epoch":"([^"]{1,64})"/.exec(beginning)?.[1]
    const revision = Number(/"(?:revision|to)":(\d{1,15})/.exec(beginning)?.[1])
    const reason = `the message is longer than ${limits.maxLineBytes} bytes`
    const named = epoch !== undefined && Number.isSafeInteger(revision)
    if (named) refuse({ epoch, revision }, new RefusedConfiguration(reason), null)
    redial(reason, named ? limits.refusedMs : 0)
  }

  function acknowledge(
    { epoch, revision, hash }: { epoch: string; revision: number; hash: string },
    status: Acknowledgement['status'],
    reason?: string,
  ): void {
    const body: Acknowledgement = { gatewayId, epoch, revision, hash, status, ...(reason ? { reason } : {}) }
    admin.post('/api/control/ack', JSON.stringify(body), limits.postTimeoutMs).then(
      (answer) => {
        if (answer.status >= 300) log('warn', 'control.ack_refused', { status: answer.status, revision })
      },
      // The next lease renewal carries the revision too.
      (error: unknown) => log('warn', 'control.ack_failed', { revision, error }),
    )
  }

  function heardPing(message: unknown): void {
    const ping = z
      .object({ epoch: z.string(), currentRevision: z.int(), hash: z.string().optional() })
      .safeParse(message)
    const current = options.current()
    if (!ping.success) return
    const { epoch, currentRevision, hash } = ping.data
    const behind = !current || current.epoch !== epoch || current.revision < currentRevision
    // A database that was put back and went on to the same number: only the content tells.
    const differs = current?.revision === currentRevision && hash !== undefined && hash !== current.hash
    if (!behind && !differs) {
      failures = 0
      behindPings = 0
      return
    }
    behindPings += 1
    // The admin believes that we have it. One ping may cross a change on its way; two do not.
    if (behindPings >= 2 && currentRevision !== refusedRevision)
      resync(behind ? 'the admin is ahead and sends nothing' : 'the content differs from the admin’s')
  }

  return {
    move: () => {
      if (stream !== null) redial('another admin answers where this one does not')
    },
    stop: () => {
      stopped = true
      if (timer !== null) clearTimeout(timer)
      stream?.close()
      stream = null
    },
  }
}

/** @throws RefusedConfiguration when the admin says that this build would not do what the revision means. */
function requireProtocol(needed: number | undefined): void {
  if (needed === undefined || needed <= PROTOCOL_VERSION) return
  throw new RefusedConfiguration(
    `this revision needs a gateway that speaks version ${needed} of the control channel, and this one speaks ${PROTOCOL_VERSION}: update the gateway`,
  )
}
