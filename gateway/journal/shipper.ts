/**
 * Brings events from the journal to the admin: one batch in flight, idempotent by event id, back-off with jitter.
 * It never forgets an event that the admin has not committed.
 */
import { MAX_BATCH_EVENTS } from '../../lib/contract/control.ts'
import type { Log } from '../telemetry/log.ts'
import type { Journal } from './journal-options.ts'
import type { StoredEvent } from './turn.ts'

export interface ShipAnswer {
  readonly status: number
  /** Set when the batch was booked. */
  readonly committedSequence?: number
}

export interface ShipperOptions {
  readonly journal: Journal
  readonly gatewayId: string
  /** Posts a `usageBatch`. Rejects when the admin can't be reached. */
  readonly post: (body: Buffer) => Promise<ShipAnswer>
  readonly log: Log
  readonly random: () => number
  /** Keeps an event that the admin refuses for what it is, so that those behind it can pass. */
  readonly quarantine: (event: StoredEvent) => void
  readonly limits?: Partial<ShipperLimits>
}

export interface ShipperLimits {
  readonly maxBatchEvents: number
  readonly maxBatchBytes: number
  /** From the first waiting event to its batch. */
  readonly delayMs: number
  readonly minBackoffMs: number
  readonly maxBackoffMs: number
}

export const DEFAULT_SHIPPER_LIMITS: ShipperLimits = {
  maxBatchEvents: MAX_BATCH_EVENTS,
  maxBatchBytes: 4 * 1024 * 1024 - 1_024,
  delayMs: 50,
  minBackoffMs: 100,
  maxBackoffMs: 5_000,
}

export interface Shipper {
  /** Tries at once, back-off or not: the admin is there again. */
  nudge(): void
  /** Lets a batch in flight end; starts none. */
  stop(): Promise<void>
}

/** The admin's word on a batch that no repeat will change. */
const REFUSED_FOR_GOOD = new Set([400, 413, 422])

export function startShipper(options: ShipperOptions): Shipper {
  const { journal, gatewayId, log } = options
  const limits = { ...DEFAULT_SHIPPER_LIMITS, ...options.limits }
  let timer: NodeJS.Timeout | null = null
  let flight: Promise<void> | null = null
  let stopped = false
  let failures = 0
  let maxEvents = limits.maxBatchEvents
  /** Ahead of the committed sequence only past quarantined events and damage. */
  let from = 0
  let reportedGap = 0

  journal.onSettled(() => {
    if (timer === null && flight === null) schedule(limits.delayMs)
  })
  schedule(0)

  function schedule(delayMs: number): void {
    if (stopped) return
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(start, delayMs)
  }

  function start(): void {
    timer = null
    if (stopped || flight !== null) return
    flight = shipOne()
      .catch((error: unknown): Next => {
        if (failures === 0)
          log('warn', 'usage.not_shipped', { message: 'The admin does not take usage; it waits.', error })
        return 'later'
      })
      .then((next) => {
        flight = null
        if (next === 'later') {
          failures += 1
          const ceiling = Math.min(limits.maxBackoffMs, limits.minBackoffMs * 2 ** Math.min(failures - 1, 20))
          schedule(ceiling * (0.5 + options.random() / 2))
          return
        }
        if (failures > 0) log('info', 'usage.shipping', { message: 'The admin takes usage again.' })
        failures = 0
        if (next === 'more') schedule(0)
        // An event that arrived while the batch was under way rang no bell.
        else if (journal.nextSequence > Math.max(from, journal.committedSequence + 1))
          schedule(limits.delayMs)
      })
  }

  type Next = 'more' | 'idle' | 'later'

  async function shipOne(): Promise<Next> {
    const wanted = Math.max(from, journal.committedSequence + 1)
    const end = journal.nextSequence
    const events = await journal.read(wanted, maxEvents, limits.maxBatchBytes)
    const first = events[0]
    const last = events.at(-1)
    if (!first || !last) {
      // Below `end` is nothing that could ever be shipped: what was set aside or lost must not be waited for.
      reportGap(wanted, end)
      journal.commit(end - 1)
      from = Math.max(from, end)
      return 'idle'
    }
    reportGap(wanted, first.sequence)
    const answer = await options.post(usageBatchBody(gatewayId, events))
    if (answer.committedSequence !== undefined) {
      // Never more than was sent: beyond it may stand other events under numbers that were used before.
      journal.commit(Math.min(answer.committedSequence, last.sequence))
      journal.skipTo(answer.committedSequence + 1)
      maxEvents = limits.maxBatchEvents
      if (answer.committedSequence < first.sequence) {
        throw new Error(`the admin committed ${answer.committedSequence} of a batch from ${first.sequence}`)
      }
      return journal.committedSequence + 1 < journal.nextSequence ? 'more' : 'idle'
    }
    if (!REFUSED_FOR_GOOD.has(answer.status)) throw new Error(`the admin answered ${answer.status}`)
    if (events.length > 1) {
      // One event of these is the cause: find it by halves.
      maxEvents = Math.max(1, Math.floor(events.length / 2))
      return 'more'
    }
    options.quarantine(first)
    log('error', 'usage.quarantined', {
      message:
        'The admin refuses an event for what it is. It is kept beside the journal, and those after it pass.',
      sequence: first.sequence,
      status: answer.status,
    })
    from = first.sequence + 1
    maxEvents = limits.maxBatchEvents
    return 'more'
  }

  function reportGap(wanted: number, found: number): void {
    if (found <= wanted || reportedGap >= found) return
    reportedGap = found
    log('error', 'usage.gap', {
      message: 'Events are missing from the journal: their segment was damaged or is gone.',
      from: wanted,
      to: found - 1,
    })
  }

  return {
    nudge: () => {
      if (flight === null) schedule(0)
    },
    stop: async () => {
      stopped = true
      if (timer !== null) clearTimeout(timer)
      await flight
    },
  }
}

/** The bytes of the journal as they are, with commas between. */
function usageBatchBody(gatewayId: string, events: readonly StoredEvent[]): Buffer {
  const head = Buffer.from(`{"gatewayId":${JSON.stringify(gatewayId)},"events":[`)
  let length = head.length + events.length + 1
  for (const event of events) length += event.length
  const body = Buffer.allocUnsafe(length)
  let at = head.copy(body)
  for (const event of events) {
    event.copyTo(body, at)
    at += event.length
    body[at++] = COMMA
  }
  // Over the last comma.
  body.write(']}', at - 1)
  return body
}

const COMMA = 0x2c
